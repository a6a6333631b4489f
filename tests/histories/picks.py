"""What chooses in a history: Hypothesis, which can shrink what it chose, or a lot with a seed, which is quick."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any, Protocol, TypeVar

from hypothesis import strategies as st

T = TypeVar("T")


class Pick(Protocol):
    """Chooses one of several."""

    def one(self, among: Sequence[T]) -> T:
        """One of these, of which there is at least one. The first are the simplest."""


class FromHypothesis:
    """Chooses by the draws of a running Hypothesis example."""

    def __init__(self, data: Any) -> None:
        self._data = data

    def one(self, among: Sequence[T]) -> T:
        return among[self._data.draw(st.integers(0, len(among) - 1))] if len(among) > 1 else among[0]


class FromSeed:
    """Chooses by lot."""

    def __init__(self, seed: int | str) -> None:
        self._lot = random.Random(seed)

    def one(self, among: Sequence[T]) -> T:
        return self._lot.choice(among)
