"""Fixtures of the tests of her link: a town, and a phone."""

from typing import Any

import pytest
from flask import Flask

from ...support.her_phone import Phone
from ...support.her_town import Town


@pytest.fixture
def town(context: Any, clock: Any) -> Town:
    """A small town on the clock's Monday."""
    return Town()


@pytest.fixture
def phone(app: Flask) -> Phone:
    """Her phone, with nothing opened yet."""
    return Phone(app)
