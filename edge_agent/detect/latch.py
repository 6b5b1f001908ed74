"""Conditions with a dead band: true from the moment they rise until the moment they fall."""

from __future__ import annotations

import numpy as np

from edge_agent.detect.block import Flags
from edge_agent.detect.cells import Cells


def latch(rises: Flags, falls: Flags, before: Flags) -> Flags:
    """Hold a condition from the step it rises until the step it falls.

    Args:
        rises: bool (rows, steps); wins where both are true.
        falls: bool (rows, steps).
        before: bool (rows,), the condition just before the first step.

    Returns:
        bool (rows, steps).
    """
    if rises.shape[1] == 1:  # live: the same in one line
        return rises | (before[:, None] & ~falls)
    steps = np.arange(rises.shape[1])
    last_event = np.maximum.accumulate(np.where(rises | falls, steps, -1), axis=1)
    held = np.take_along_axis(rises, np.maximum(last_event, 0), axis=1) if rises.shape[1] else rises
    return np.where(last_event < 0, before[:, None], held)


def latch_cells(cells: Cells, rises: Flags, falls: Flags, before: Flags) -> Flags:
    """The same on cells: `rises` and `falls` are bool (cells,), `before` bool (rows,); returns bool (cells,)."""
    if len(cells) == len(before):  # live: one cell a row
        return rises | (before & ~falls)
    index = np.arange(len(cells))
    last_event = np.maximum.accumulate(np.where(rises | falls, index, -1))
    first = np.maximum.accumulate(np.where(cells.starts, index, 0))
    return np.where(last_event >= first, rises[last_event], before[cells.row])
