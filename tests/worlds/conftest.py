"""Fixtures of the canaries: a world that holds them, the app as it runs outside tests, and its whole log."""

from __future__ import annotations

import io
import logging
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from flask import Flask

from scheduler.web import logs

from .planted import Planted, plant


@pytest.fixture
def said(clock: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What is logged at the finest level, by us and by every library."""
    written = io.StringIO()
    monkeypatch.setattr(sys, "stderr", written)
    handler = logging.StreamHandler(written)
    handler.setFormatter(logs.WithoutArguments())
    logging.getLogger().addHandler(handler)
    yield written
    logging.getLogger().removeHandler(handler)


@pytest.fixture
def served(make_app: Callable[..., Flask], app: Flask, context: Any, said: io.StringIO) -> Iterator[Flask]:
    """The app as it runs outside tests: faults are answered, and everything is logged."""
    yield make_app(TESTING=False, LOG_LEVEL="debug")
    logs.init_app(app)


@pytest.fixture
def world(served: Flask, clock: Any) -> Planted:
    return plant()
