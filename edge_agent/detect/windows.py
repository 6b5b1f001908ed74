"""Quantities that look back over a window: rates and counts."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge_agent.detect.block import ENDLESS, Floats, Rows, Times, shifted
from edge_agent.detect.quantities import Columns, MadeOf, PointValue, Stretch
from edge_agent.detect.trace import Moments, Trace

PER_S: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


class Delay:
    """A trace that comes again so much later."""

    def __init__(self, rows: int, by_us: int) -> None:
        self._by_us = by_us
        self.now = np.full(rows, np.nan)
        self._row: Rows = np.empty(0, np.int64)
        self._time_us: Times = np.empty(0, np.int64)
        self._value: Floats = np.empty(0)

    def trace(self, source: Trace, until_us: int) -> Trace:
        """Take a trace in and give out what is due."""
        row = np.concatenate([self._row, source.row])
        time = np.concatenate([self._time_us, source.time_us + self._by_us])
        value = np.concatenate([self._value, source.value])
        due = time <= until_us
        self._row, self._time_us, self._value = row[~due], time[~due], value[~due]
        out = Trace.of(row[due], time[due], value[due], self.now)
        self.now = self.now.copy()
        self.now[out.row] = out.value  # by row and time: the last counts
        return out

    def next_us(self) -> int:
        """When the next change is due."""
        return int(self._time_us.min(initial=ENDLESS))

    def queue(self) -> Columns:
        """What waits."""
        return {"row": self._row, "time_us": self._time_us, "value": self._value}

    def restore(self, now: Floats, queue: Columns) -> None:
        """Continue from saved state."""
        self.now = now
        self._row, self._time_us, self._value = queue["row"], queue["time_us"], queue["value"]

    def shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._time_us = shifted(self._time_us, by_us)


class Windowed(MadeOf):
    """Something made of a value now, and of the same one window ago."""

    def __init__(self, value: PointValue, rows: int, window_s: float) -> None:
        super().__init__(value)
        self._then = Delay(rows, round(window_s * 1e6))

    def next_us(self) -> int:
        """When the next change leaves the window."""
        return self._then.next_us()

    def own_columns(self) -> Columns:
        """What was then."""
        return {"then": self._then.now}

    def own_queues(self) -> dict[str, Columns]:
        """The changes within the window."""
        return {"window": self._then.queue()}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from saved state."""
        self._then.restore(columns["then"], queues["window"])

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._then.shift(by_us)


class Rate(Windowed):
    """How fast a value changes: its difference over a window, per second, minute, hour or day."""

    def __init__(self, value: PointValue, rows: int, over_s: float, per: str) -> None:
        super().__init__(value, rows, over_s)
        self._factor = PER_S[per] / over_s

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes: those of the value, and again when they leave the window."""
        now = self._value.trace(stretch)
        then = self._then.trace(now, stretch.until_us)
        moments = Moments(len(now.before), [now, then])
        return moments.trace((moments.filled(0) - moments.filled(1)) * self._factor)


class Count(Windowed):
    """How often a value became a certain one within a window; a first reading is no change."""

    def __init__(self, value: PointValue, becomes: Floats, within_s: float) -> None:
        """`becomes` is float64 (rows,)."""
        super().__init__(value, len(becomes), within_s)
        self._becomes = becomes
        self._total = np.full(len(becomes), np.nan)
        #: How often in all, of the stretch that was given last.
        self.totals = Trace.still(self._total)

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes: one more when it becomes, one less when that leaves the window."""
        value = self._value.trace(stretch)
        moments = Moments(len(value.before), [value])
        now = moments.filled(0)
        became = now == self._becomes[moments.row]
        became[1:] &= (now[:-1] == now[:-1]) & (now[:-1] != now[1:])
        became[moments.first] = False
        count = np.cumsum(became)
        count = count - count[moments.first[moments.row]] + np.nan_to_num(self._total)[moments.row]
        self.totals = moments.trace(np.where(np.isnan(now), np.nan, count))
        self.totals = Trace(self.totals.row, self.totals.time_us, self.totals.value, self._total)
        self._total = self._total.copy()
        self._total[self.totals.row] = self.totals.value
        then = self._then.trace(self.totals, stretch.until_us)
        both = Moments(len(value.before), [self.totals, then])
        return both.trace(both.filled(0) - np.nan_to_num(both.filled(1)))

    def own_columns(self) -> Columns:
        """What was then, and how often in all."""
        return super().own_columns() | {"total": self._total}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from saved state."""
        super().own_restore(columns, queues)
        self._total = columns["total"]
