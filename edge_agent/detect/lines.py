"""Searching among things that lie by row and then by time."""

from __future__ import annotations

from typing import Final, Literal

import numpy as np

from edge_agent.detect.block import Rows, Times

_LARGEST: Final = 1 << 62


def search(
    row: Rows, time_us: Times, wanted_row: Rows, wanted_us: Times, side: Literal["left", "right"]
) -> Rows:
    """Where each wanted (row, time) would stand, int64 (wanted,), as `numpy.searchsorted` says it.

    Args:
        row: int64 (n,), ascending, none negative.
        time_us: int64 (n,), ascending within a row.
        wanted_row: int64 (wanted,), none negative.
        wanted_us: int64 (wanted,).
        side: before or after what is equal.
    """
    if not len(row) or not len(wanted_row):
        return np.zeros(len(wanted_row), np.int64)
    first, last = int(time_us.min()), int(time_us.max())
    width = last - first + 3
    if width < _LARGEST // (int(max(row[-1], wanted_row.max())) + 1):
        within = np.clip(wanted_us, first - 1, last + 1) - first + 1
        keys, wanted = row * width + (time_us - first + 1), wanted_row * width + within
    else:  # so far apart that row and time do not fit into one number: their ranks do
        times, rank = np.unique(np.concatenate([time_us, wanted_us]), return_inverse=True)
        keys = row * len(times) + rank[: len(row)]
        wanted = wanted_row * len(times) + rank[len(row) :]
    return np.searchsorted(keys, wanted, side)
