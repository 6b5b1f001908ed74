"""On-delay and off-delay: which runs of a condition last long enough to raise or to clear an alert.

Times are those of the readings, not of the ticks: an alert raises at `begin + on_delay` exactly, however the
data was cut into blocks, and a restart in the middle of a delay loses nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, Flags, Rows, Times
from edge_agent.detect.trace import Moments

#: Rows, begins and due times of runs -> when each may raise at the earliest; ENDLESS: that is not known yet.
Postpone = Callable[[Rows, Times, Times], Times]
ALWAYS: Final[Postpone] = lambda _row, _begin, due: due  # noqa: E731 - the plain case of a callable


@dataclass(frozen=True, slots=True)
class HoldState:
    """Where each row stands.

    latched:  bool  (rows,)  the condition after the last moment
    since_us: int64 (rows,)  when that began; NEVER if it always was so
    name_us:  int64 (rows,)  what an alert of this run would be named by, usually the same
    raised:   bool  (rows,)  an alert is out
    start_us: int64 (rows,)  what that alert is named by; never moves
    """

    latched: Flags
    since_us: Times
    name_us: Times
    raised: Flags
    start_us: Times

    @classmethod
    def quiet(cls, rows: int) -> Self:
        """Nothing holds, nothing is raised."""
        never = np.full(rows, NEVER, np.int64)
        return cls(np.zeros(rows, np.bool_), never, never.copy(), np.zeros(rows, np.bool_), never.copy())

    def next_due(self, on_us: int, off_us: int) -> int:
        """When the next delay is over if nothing changes; a very late time if none is running."""
        waits = (self.latched != self.raised) & (self.since_us != NEVER)
        if not waits.any():
            return ENDLESS
        return int((self.since_us[waits] + np.where(self.latched[waits], on_us, off_us)).min())


@dataclass(frozen=True, slots=True)
class Turns:
    """Raises and clears, by row and then by time; columns of one length.

    row:      int64 (n,)
    raises:   bool  (n,)  raise or clear
    time_us:  int64 (n,)  begin + delay
    start_us: int64 (n,)  what the alert is named by
    """

    row: Rows
    raises: Flags
    time_us: Times
    start_us: Times

    def __len__(self) -> int:
        return len(self.row)


_NONE: Final = np.empty(0, np.int64)
NOTHING: Final = Turns(_NONE, np.empty(0, np.bool_), _NONE, _NONE)


def hold(
    state: HoldState,
    moments: Moments,
    latched: Flags,
    name_us: Times,
    until_us: int,
    *,
    on_us: int,
    off_us: int,
    postpone: Postpone = ALWAYS,
) -> tuple[HoldState, Turns]:
    """Judge one stretch.

    Args:
        state: where the rows stand before it.
        moments: at which the condition may change; each row's first one is the state.
        latched: bool (moments,), the condition from each moment on.
        name_us: int64 (moments,), what an alert is named by whose condition begins at a moment.
        until_us: up to when everything is known.
        on_us: microseconds the condition must hold to raise.
        off_us: microseconds its absence must hold to clear.
        postpone: when a run that has lasted long enough may raise.
    """
    newest = moments.time_us[moments.last]
    known_us = max(until_us, int(newest.max(initial=until_us)))
    if known_us < state.next_due(on_us, off_us) and (latched == state.latched[moments.row]).all():
        return state, NOTHING
    new = np.empty(len(latched), np.bool_)
    new[0:1] = True
    np.not_equal(latched[1:], latched[:-1], out=new[1:])
    new[moments.first] = True
    first = np.flatnonzero(new)
    row, is_true = moments.row[first], latched[first]
    old = moments.is_first[first]
    begin = np.where(old, state.since_us[row], moments.time_us[first])
    name = np.where(old, state.name_us[row], name_us[first])
    last_of_row = np.append(row[1:] != row[:-1], True) if len(row) else np.empty(0, np.bool_)
    end = np.where(last_of_row, np.maximum(newest[row], until_us), np.append(begin[1:], 0))
    soonest = begin + np.where(is_true, on_us, off_us)
    due = np.where(is_true, postpone(row, begin, soonest), soonest)
    # A run that ends when it is due has lasted long enough, but has no moment left into which it could be put off.
    lasts = last_of_row | (end > np.maximum(begin, np.where(due > soonest, due, begin)))
    counts = np.where(begin == NEVER, is_true, (end >= due) & lasts)
    before, after = _raised_around(row, is_true, counts, state.raised)
    start = _alert_starts(row, name, counts & is_true & ~before, state.start_us)
    turned = np.flatnonzero(before != after)
    turns = Turns(row[turned], after[turned], due[turned], start[turned])
    final = HoldState(
        is_true[last_of_row], begin[last_of_row], name[last_of_row], after[last_of_row], start[last_of_row]
    )
    return final, turns


def _raised_around(row: Rows, is_true: Flags, counts: Flags, raised: Flags) -> tuple[Flags, Flags]:
    """Whether an alert is out before and after each run: the last that counted decides, else the state."""
    index = np.arange(len(row))
    first = np.searchsorted(row, row)
    last_count = np.maximum.accumulate(np.where(counts, index, -1))
    after = np.where(last_count >= first, is_true[last_count], raised[row])
    before = np.where(index == first, raised[row], np.append(False, after[:-1]))
    return before, after


def _alert_starts(row: Rows, name: Times, raising: Flags, start_us: Times) -> Times:
    """Name of the alert that is out during or just before each run."""
    index = np.arange(len(row))
    last_raise = np.maximum.accumulate(np.where(raising, index, -1))
    return np.where(last_raise >= np.searchsorted(row, row), name[last_raise], start_us[row])
