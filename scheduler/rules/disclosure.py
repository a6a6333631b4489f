"""What a report may say of small numbers, so that nobody in it can be told from the rest (NEEDS.md N19).

Below five nothing is said, nought among it, and everything else is rounded to the nearest five, each number by itself,
as NHS England publishes hospital figures. Tables of the same appointments have the same sum, and now and then that
would narrow down a small number; then a larger one is left out beside it (`together`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

LEAST, STEP = 5, 5
#: A share or a middle of fewer people than this says too much of each of them.
LEAST_OF_A_SHARE = 20


def shown(count: int) -> int | None:
    """A number of people or appointments as a report may show it; None for one below five, nought among them."""
    return None if count < LEAST else (count + STEP // 2) // STEP * STEP


def share(part: int | None, whole: int | None) -> int | None:
    """How many in a hundred, made of two numbers as they are shown: it tells no more than they do. None when it would
    rest on too few."""
    if part is None or whole is None or whole < LEAST_OF_A_SHARE:
        return None
    return min(100, round(100 * part / whole))


def middle(counts: Mapping[int, int]) -> int | None:
    """The median of values that occur so many times each; None of too few."""
    total = sum(counts.values())
    if total < LEAST_OF_A_SHARE:
        return None
    seen = 0
    for value in sorted(counts):
        seen += counts[value]
        if 2 * seen >= total:
            return value
    return None


_NO_END = 10**9
#: As many numbers must a small one seem to be, with all that is shown beside it.
_MUST_SEEM = 3


def _range(published: int | None, left_out: bool) -> tuple[int, int]:
    """What a reader knows of a number."""
    if left_out:
        return 0, _NO_END
    return (0, LEAST - 1) if published is None else (max(LEAST, published - 2), published + 2)


def together(tables: Sequence[Mapping[str, int]]) -> list[dict[str, int | None]]:
    """Tables of the same things, each told apart in another way, as they may be shown side by side: their sums are the
    same, and a reader may use that. None is for what is not shown.

    A number below five must still look as if it could be any of three at least. Where it does not, the smallest other
    number of its table is left out too, until it does.
    """
    out: list[set[str]] = [set() for _ in tables]
    while True:
        known = [
            {name: _range(shown(count), name in gone) for name, count in table.items()}
            for table, gone in zip(tables, out, strict=True)
        ]
        least = max((sum(low for low, _ in table.values()) for table in known), default=0)
        most = min((sum(high for _, high in table.values()) for table in known), default=0)
        if not any(
            _narrowed(table, known[place], least, most) and _leave_out(table, out[place])
            for place, table in enumerate(tables)
        ):
            return [
                {name: None if name in gone else shown(count) for name, count in table.items()}
                for table, gone in zip(tables, out, strict=True)
            ]


def _narrowed(table: Mapping[str, int], known: Mapping[str, tuple[int, int]], least: int, most: int) -> bool:
    lows, highs = sum(low for low, _ in known.values()), sum(high for _, high in known.values())
    for name, count in table.items():
        low, high = known[name]
        narrower = max(low, least - (highs - high)), min(high, most - (lows - low))
        if count < LEAST and narrower[1] - narrower[0] + 1 < _MUST_SEEM:
            return True
    return False


def _leave_out(table: Mapping[str, int], gone: set[str]) -> bool:
    left = [(count, name) for name, count in table.items() if count >= LEAST and name not in gone]
    if left:
        gone.add(min(left)[1])
    return bool(left)
