"""Searching by row and time equals looking through all lines."""

from __future__ import annotations

from typing import Literal

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.detect.lines import search

#: Far apart enough that row and time do not fit into one number.
TIMES = st.sampled_from([-1, 0, 1, 2, 3, 1_000, 1 << 45, 1 << 61])
LINES = st.lists(st.tuples(st.integers(0, 40), TIMES), max_size=12)


@given(LINES, LINES, st.sampled_from(["left", "right"]))
def test_equals_looking_through_all_lines(
    lines: list[tuple[int, int]], wanted: list[tuple[int, int]], side: Literal["left", "right"]
) -> None:
    lines.sort()
    row, time, wanted_row, wanted_time = (
        np.array([line[k] for line in of], np.int64) for of in (lines, wanted) for k in range(2)
    )
    found = search(row, time, wanted_row, wanted_time, side)
    slow = [sum(line < one or (side == "right" and line == one) for line in lines) for one in wanted]
    assert found.tolist() == slow
