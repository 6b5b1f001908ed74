"""Gaps between readings: what is steady is never ordered, and the gaps are those of the loop all the same."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.detect.block import ENDLESS, NEVER
from edge_agent.detect.heard import BatchHeard, Groups

MEMBERS = [[0, 3], [1], [2, 4]]
POINTS = 6  # the last one belongs to nothing


def slow_gaps(
    readings: list[tuple[int, int]], before: list[int], over: int, until: int
) -> list[tuple[int, int, int]]:
    found = []
    for thing, points in enumerate(MEMBERS):
        last = max(before[point] for point in points)
        for time in sorted(time for point, time in readings if point in points):
            if time - last > over or last == NEVER:
                found.append((thing, last, time))
            last = time
        if until - last >= over or last == NEVER:
            found.append((thing, last, ENDLESS))
    return found


@given(
    st.sets(st.tuples(st.integers(0, POINTS - 1), st.integers(31, 99)), max_size=25),
    st.lists(st.sampled_from([NEVER, 5, 20, 30]), min_size=POINTS, max_size=POINTS),
    st.integers(1, 40),
)
def test_gaps_equal_the_loop(readings: set[tuple[int, int]], before: list[int], over: int) -> None:
    point, time_us = np.array(sorted(readings), np.int64).reshape(-1, 2).T
    heard = BatchHeard(point, time_us, np.array(before, np.int64))
    gaps = heard.gaps(Groups.of(MEMBERS, POINTS), over, 100)
    found = list(zip(gaps.thing.tolist(), gaps.last_us.tolist(), gaps.next_us.tolist(), strict=True))
    assert found == slow_gaps(sorted(readings), before, over, 100)
