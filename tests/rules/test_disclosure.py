"""What a report says of small numbers tells of nobody, however its tables are put together."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from scheduler.rules import disclosure

counts = st.integers(0, 400)


@given(counts)
def test_a_number_below_five_is_not_shown_and_nought_is_not_told_from_four(count: int) -> None:
    assert (disclosure.shown(count) is None) == (count < 5)


@given(counts)
def test_what_is_shown_stands_for_five_numbers_or_six(count: int) -> None:
    shown = disclosure.shown(count)
    if shown is not None:
        assert sum(disclosure.shown(other) == shown for other in range(420)) >= 5 or shown == 5
        assert abs(shown - count) <= 2


#: Tables of the same things: each cuts the same total in another way, with small parts among the large.
@st.composite
def tables(draw: st.DrawFn) -> list[dict[str, int]]:
    total = draw(st.integers(0, 60))
    found = []
    for _ in range(draw(st.integers(1, 3))):
        cuts = sorted(draw(st.lists(st.integers(0, total), max_size=3)))
        parts = [b - a for a, b in zip([0, *cuts], [*cuts, total], strict=True)]
        found.append({str(place): part for place, part in enumerate(parts)})
    return found


def could_be(published: list[dict[str, int | None]], place: int, name: str, value: int) -> bool:
    """Whether a reader who knows how this is made, and not what was left out, must think it possible."""

    def numbers(shown: int | None) -> range:
        # What is not shown is below five, or was left out beside such a number: a reader cannot tell, and may take it
        # for the smaller. The stricter reader here does.
        return range(5) if shown is None else range(max(5, shown - 2), shown + 3)

    def sums(table: dict[str, int | None], fixed: dict[str, int]) -> set[int]:
        found = {0}
        for each, shown in table.items():
            found = {one + other for one in found for other in ([fixed[each]] if each in fixed else numbers(shown))}
        return found

    ways = [sums(table, {name: value} if at == place else {}) for at, table in enumerate(published)]
    return bool(set.intersection(*ways))


@given(tables())
def test_a_small_number_still_looks_as_if_it_were_any_of_three_at_least(found: list[dict[str, int]]) -> None:
    published = disclosure.together(found)
    for place, table in enumerate(found):
        left_out = any(count >= 5 and published[place][name] is None for name, count in table.items())
        for name, count in table.items():
            if count < 5:
                assert published[place][name] is None
                if not left_out and all(
                    published[at][each] is not None or many < 5
                    for at, other in enumerate(found)
                    for each, many in other.items()
                ):
                    assert sum(could_be(published, place, name, value) for value in range(5)) >= 3


@given(tables())
def test_nothing_is_shown_but_rounded_numbers_and_most_of_them_are(found: list[dict[str, int]]) -> None:
    for table, published in zip(found, disclosure.together(found), strict=True):
        assert set(table) == set(published)
        assert all(many is None or many == disclosure.shown(table[name]) for name, many in published.items())
        if all(count >= 5 for count in table.values()):
            assert None not in published.values()


def test_a_larger_number_is_left_out_where_the_sum_would_tell_the_small_one() -> None:
    small = {"a": 8, "b": 8, "c": 8, "d": 8, "e": 0}
    assert disclosure.together([small, {"all": 32}])[0] == {"a": None, "b": 10, "c": 10, "d": 10, "e": None}


@given(st.dictionaries(st.integers(0, 60), st.integers(0, 40), max_size=20))
def test_the_middle_has_half_on_either_side(found: dict[int, int]) -> None:
    middle, total = disclosure.middle(found), sum(found.values())
    if middle is None:
        assert total < 20
    else:
        assert 2 * sum(many for day, many in found.items() if day <= middle) >= total
        assert 2 * sum(many for day, many in found.items() if day >= middle) >= total


@given(counts, counts)
def test_a_share_of_too_few_is_not_shown_and_none_is_above_a_hundred(part: int, rest: int) -> None:
    share = disclosure.share(disclosure.shown(part), disclosure.shown(part + rest))
    assert (share is None) == (part < 5 or part + rest < 18)
    assert share is None or 0 < share <= 100
