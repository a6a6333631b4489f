"""Colours of a theme, and whether words in them can be read (WCAG 2.2, 1.4.3 and 1.4.11)."""

from __future__ import annotations

import re
from typing import NamedTuple

_HEX = re.compile(r"#?([0-9a-fA-F]{6})")
#: Least contrast of words, and of what shows where something can be pressed or typed into.
WORDS, SHAPES = 4.5, 3.0
_INK, _SOFT, _PAPER = "#2b2333", "#5d5366", "#fffdfa"


class Palette(NamedTuple):
    """Every colour of her pages that a theme sets, each as #rrggbb, made of the two that were chosen."""

    main: str
    deep: str
    mint: str
    edge: str
    accent: str
    sand: str
    line: str
    top_left: str
    top_right: str


def read(typed: str) -> str | None:
    """A colour as #rrggbb in small letters; None when it is none."""
    found = _HEX.fullmatch(typed.strip())
    return f"#{found[1].lower()}" if found else None


def _parts(colour: str) -> tuple[int, int, int]:
    return int(colour[1:3], 16), int(colour[3:5], 16), int(colour[5:7], 16)


def mix(colour: str, other: str, share: float) -> str:
    """So much (0 to 1) of `colour`, the rest of `other`."""
    mixed = (round(a * share + b * (1 - share)) for a, b in zip(_parts(colour), _parts(other), strict=True))
    return "#" + "".join(f"{part:02x}" for part in mixed)


def _luminance(colour: str) -> float:
    linear = [
        part / 255 / 12.92 if part / 255 <= 0.04045 else ((part / 255 + 0.055) / 1.055) ** 2.4
        for part in _parts(colour)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    """How far two colours stand out from each other, from 1 to 21."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def palette(main: str, accent: str) -> Palette:
    """The colours of her pages with these two: `main` of buttons and links, `accent` of edges and the background."""
    white = "#ffffff"
    return Palette(
        main, mix(main, "#000000", 0.72), mix(main, white, 0.1), mix(main, white, 0.28), accent,
        mix(accent, white, 0.12), mix(accent, "#e4e0dc", 0.2), mix(accent, white, 0.3), mix(main, white, 0.18),
    )  # fmt: skip


def unreadable(main: str, accent: str) -> dict[str, str]:
    """What speaks against these two, by field: nothing when every word and every edge of her pages can be seen."""
    made = palette(main, accent)
    wrong: dict[str, str] = {}
    words = [("#ffffff", made.main), (made.main, _PAPER), (made.main, made.mint), (made.deep, made.mint)]
    if any(contrast(*pair) < WORDS for pair in words):
        wrong["main"] = "White words on this colour cannot be read. Choose a darker one."
    on_accent = [(_INK, made.top_left), (_SOFT, made.sand), (_INK, made.sand)]
    if any(contrast(*pair) < WORDS for pair in on_accent):
        wrong["accent"] = "Words on a light tone of this colour cannot be read. Choose a lighter one."
    elif contrast(made.main, made.sand) < SHAPES:
        wrong.setdefault("main", "Buttons in this colour cannot be told from the background. Choose a darker one.")
    return wrong
