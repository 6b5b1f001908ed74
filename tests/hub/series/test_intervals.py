from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from hub.series.intervals import Intervals

ranges = st.tuples(st.integers(0, 60), st.integers(0, 6)).map(lambda pair: (pair[0], pair[0] + pair[1]))


@given(st.lists(ranges, max_size=30))
def test_intervals_hold_what_a_plain_set_holds(added: list[tuple[int, int]]) -> None:
    intervals, plain = Intervals(), set()
    for low, high in added:
        intervals.add(low, high)
        plain |= set(range(low, high + 1))
    assert {number for number in range(80) if number in intervals} == plain
    pairs = list(intervals)
    assert all(high + 1 < low for (_, high), (low, _) in itertools.pairwise(pairs)), pairs


def test_numbers_that_follow_each_other_cost_one_pair() -> None:
    intervals = Intervals()
    for number in [*range(1, 5000), *range(6000, 5000, -1)]:
        intervals.add(number, number)
    assert list(intervals) == [(1, 4999), (5001, 6000)]
    intervals.add(5000, 5000)
    assert list(intervals) == [(1, 6000)]
