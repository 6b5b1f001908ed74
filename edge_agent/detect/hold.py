"""On-delay and off-delay: which changes of a condition last long enough to raise or to clear an alert.

Times are those of the samples, not of the ticks: an alert raises at `begin + on_delay` exactly, however the
data was cut into blocks, and a restart in the middle of a delay loses nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from edge_agent.detect.block import NEVER, Flags, Rows, Times
from edge_agent.detect.cells import Cells

ENDLESS: Final = 1 << 62


@dataclass(frozen=True, slots=True)
class HoldState:
    """Where each row stands.

    latched:  bool  (rows,)  the condition after the last step
    since_us: int64 (rows,)  when that began; NEVER if it always was so
    raised:   bool  (rows,)  an alert is out
    start_us: int64 (rows,)  when the condition of that alert began
    """

    latched: Flags
    since_us: Times
    raised: Flags
    start_us: Times

    @classmethod
    def quiet(cls, rows: int) -> Self:
        """Nothing holds, nothing is raised."""
        never = np.full(rows, NEVER, np.int64)
        return cls(np.zeros(rows, np.bool_), never, np.zeros(rows, np.bool_), never.copy())

    def next_due(self, on_us: int, off_us: int) -> int:
        """When the next delay is over if nothing changes; a very late time if none is running."""
        waits = (self.latched != self.raised) & (self.since_us != NEVER)
        if not waits.any():
            return ENDLESS
        return int((self.since_us[waits] + np.where(self.latched[waits], on_us, off_us)).min())


@dataclass(frozen=True, slots=True)
class Turns:
    """Raises and clears, in the order of rows and then of time; columns of one length.

    row:      int64 (n,)
    step:     int64 (n,)  step at whose end it was certain
    raises:   bool  (n,)  raise or clear
    time_us:  int64 (n,)  begin + delay
    start_us: int64 (n,)  when the condition of the alert began
    """

    row: Rows
    step: Rows
    raises: Flags
    time_us: Times
    start_us: Times


def hold(
    state: HoldState,
    cells: Cells,
    latched: Flags,
    change_us: Times,
    until_us: Times,
    *,
    on_us: int,
    off_us: int,
) -> tuple[HoldState, Turns]:
    """Judge one block.

    Args:
        state: where the rows stand before it.
        cells: moments of the block; between two of them nothing changes.
        latched: bool (cells,), the condition.
        change_us: int64 (cells,), the time that counts where the condition changes.
        until_us: int64 (steps,), up to when each step is certain.
        on_us: microseconds the condition must hold to raise.
        off_us: microseconds its absence must hold to clear.
    """
    if len(cells) == 0 or _stays(state, latched, until_us, on_us, off_us):
        return state, _no_turns()
    row, first, is_true, begin = _runs(state, cells, latched, change_us)
    last_of_row = np.append(row[1:] != row[:-1], True)
    end = np.where(last_of_row, until_us[-1], np.append(begin[1:], 0))
    stop = np.where(last_of_row, len(until_us) - 1, np.append(first[1:], 0))
    due = begin + np.where(is_true, on_us, off_us)
    counts = np.where(begin == NEVER, is_true, end >= due)
    before, after = _raised_around(row, is_true, counts, state.raised)
    start = _alert_starts(row, begin, counts & is_true & ~before, state.start_us)
    turned = np.flatnonzero(before != after)
    certain = np.searchsorted(until_us, due[turned])
    turns = Turns(
        row=row[turned],
        step=np.minimum(np.maximum(certain, first[turned]), stop[turned]),
        raises=after[turned],
        time_us=due[turned],
        start_us=start[turned],
    )
    return HoldState(is_true[last_of_row], begin[last_of_row], after[last_of_row], start[last_of_row]), turns


def _stays(state: HoldState, latched: Flags, until_us: Times, on_us: int, off_us: int) -> bool:
    """Say whether a single step brings nothing new: the usual case when live, and worth a short way."""
    if len(until_us) != 1 or not np.array_equal(latched, state.latched):
        return False
    return state.next_due(on_us, off_us) > int(until_us[0])


def _runs(
    state: HoldState, cells: Cells, latched: Flags, change_us: Times
) -> tuple[Rows, Rows, Flags, Times]:
    """Row, first step, value and begin of each run of equal values; each row's first run is the state, step -1."""
    before = np.where(cells.starts, state.latched[cells.row], np.append(False, latched[:-1]))
    new = np.flatnonzero(latched != before)
    row = np.concatenate([np.arange(len(state.latched)), cells.row[new]])
    order = np.argsort(row, kind="stable")
    first = np.concatenate([np.full(len(state.latched), -1), cells.step[new]])
    is_true = np.concatenate([state.latched, latched[new]])
    begin = np.concatenate([state.since_us, change_us[new]])
    return row[order], first[order], is_true[order], begin[order]


def _raised_around(row: Rows, is_true: Flags, counts: Flags, raised: Flags) -> tuple[Flags, Flags]:
    """Whether an alert is out before and after each run: the last that counted decides, else the state."""
    index = np.arange(len(row))
    first = np.searchsorted(row, row)
    last_count = np.maximum.accumulate(np.where(counts, index, -1))
    after = np.where(last_count >= first, is_true[last_count], raised[row])
    before = np.where(index == first, raised[row], np.append(False, after[:-1]))
    return before, after


def _alert_starts(row: Rows, begin: Times, raising: Flags, start_us: Times) -> Times:
    """Begin of the condition of the alert that is out during or just before each run."""
    index = np.arange(len(row))
    last_raise = np.maximum.accumulate(np.where(raising, index, -1))
    return np.where(last_raise >= np.searchsorted(row, row), begin[last_raise], start_us[row])


def _no_turns() -> Turns:
    none = np.empty(0, np.int64)
    return Turns(none, none, np.empty(0, np.bool_), none, none)
