"""Words on a theme's colours can be read, and a theme of which they cannot is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules import colours
from scheduler.web.manage.theme import SUGGESTED

any_colour = st.integers(0, 0xFFFFFF).map(lambda value: f"#{value:06x}")


@pytest.mark.parametrize(
    ("one", "other", "known"),
    [("#000000", "#ffffff", 21.0), ("#777777", "#ffffff", 4.48), ("#1b665b", "#1b665b", 1), ("#ff0000", "#ffffff", 4)],
)
def test_contrast_is_that_of_the_guidelines(one: str, other: str, known: float) -> None:
    assert colours.contrast(one, other) == pytest.approx(known, abs=0.01)
    assert colours.contrast(other, one) == colours.contrast(one, other)


@pytest.mark.parametrize(("words", "main", "accent"), SUGGESTED)
def test_the_pairs_that_we_suggest_can_be_read(words: object, main: str, accent: str) -> None:
    assert colours.unreadable(main, accent) == {}


@given(any_colour, any_colour)
def test_whatever_is_accepted_can_be_read_wherever_words_stand(main: str, accent: str) -> None:
    if colours.unreadable(main, accent):
        return
    c = colours.palette(main, accent)
    ink, soft, paper, white = "#2b2333", "#5d5366", "#fffdfa", "#ffffff"
    for words, behind in (
        (white, c.main), (white, c.deep), (c.main, paper), (c.deep, paper), (c.deep, c.mint), (ink, c.sand),
        (soft, c.sand), (ink, c.top_left), (ink, c.top_right), (ink, c.mint), (c.deep, c.sand), (soft, paper),
    ):  # fmt: skip
        assert colours.contrast(words, behind) >= 4.5, (words, behind)
    assert colours.contrast(c.main, c.sand) >= 3


@given(st.text(max_size=8))
def test_only_a_colour_is_read_as_one(typed: str) -> None:
    found = colours.read(typed)
    assert found is None or (len(found) == 7 and found == found.lower() and int(found[1:], 16) >= 0)
