"""Coverage: how much of a delay good readings covered, for rules that ask for a share of it."""

from __future__ import annotations

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, Rows, Times
from edge_agent.detect.hold import HoldState
from edge_agent.detect.integral import QUANTUM, Running, Summed
from edge_agent.detect.known import Known
from edge_agent.detect.quantities import Columns, Stretch
from edge_agent.detect.trace import Moments

PER_MS = round(1 / QUANTUM)


class Coverage:
    """When enough of a run was covered by good readings."""

    def __init__(self, known: Known, rows: int, wanted_us: int) -> None:
        """`wanted_us` of the time since a run began have to be covered."""
        self.known = known
        self._wanted = wanted_us // 1000 * PER_MS
        self._running = Running.none(rows)
        #: What was covered in all when the present run of each row began.
        self._at_begin = np.zeros(rows, np.int64)
        self._summed: Summed | None = None

    def look(self, stretch: Stretch) -> None:
        """Take a stretch in."""
        trace = self.known.trace(stretch)
        moments = Moments(len(trace.before), [trace])
        self._running = self._running.begun(stretch.since_us)
        self._summed = Summed.of(moments, moments.filled(0), self._running)

    def enough_from(self, row: Rows, begin_us: Times, state: HoldState) -> Times:
        """When the runs of `row` that began at `begin_us` were covered enough; ENDLESS: not yet."""
        summed = self._summed
        assert summed is not None
        target = self._begins(summed, row, begin_us, state) + self._wanted
        moments = summed.moments
        ranks = np.unique(np.concatenate([summed.sum, target]))
        width = len(ranks) + 1
        keys = moments.row * width + np.searchsorted(ranks, summed.sum)
        place = np.searchsorted(keys, row * width + np.searchsorted(ranks, target)) - 1
        place = np.maximum(place, moments.first[row])
        rate = summed.rate[place]
        left = np.maximum(target - summed.sum[place], 0)
        wait_ms = -(-left // np.maximum(rate, 1))
        reached = (rate > 0) | (left == 0)
        return np.where(reached, (summed.time_ms[place] + wait_ms) * 1000, ENDLESS)

    def _begins(self, summed: Summed, row: Rows, begin_us: Times, state: HoldState) -> Rows:
        """What was covered in all when each run began."""
        carried = (begin_us == state.since_us[row]) | (begin_us == NEVER)
        return np.where(carried, self._at_begin[row], summed.at(row, np.maximum(begin_us, 0)))

    def keep(self, before: HoldState, after: HoldState) -> None:
        """Remember where the rows stand after the stretch."""
        summed = self._summed
        assert summed is not None
        rows = np.arange(len(after.since_us))
        self._at_begin = self._begins(summed, rows, after.since_us, before)
        self._running = summed.after(self._running)

    def columns(self) -> Columns:
        """State, one line a row."""
        return {
            "covered": self._running.sum,
            "covered_at_us": self._running.at_us,
            "covered_at_begin": self._at_begin,
        }

    def restore(self, columns: Columns) -> None:
        """Continue from saved state."""
        self._running = Running(columns["covered"], columns["covered_at_us"])
        self._at_begin = columns["covered_at_begin"]

    def shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._running = self._running.shifted(by_us)
        self.known.shift(by_us)
