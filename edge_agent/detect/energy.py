"""Energy above stand-by, since the hours of a rule began."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge_agent.detect.block import ENDLESS, Floats, Rows, Times
from edge_agent.detect.integral import QUANTUM, Running, Summed
from edge_agent.detect.quantities import Columns, Quantity, Stretch
from edge_agent.detect.trace import Moments, Trace

#: Quanta x ms in a kWh, for a power in W.
KWH: Final = round(3.6e9 / QUANTUM)
#: Place of the hours among what it is made of.
ALLOWED: Final = 3


class EnergyAbove(Quantity):
    """kWh above stand-by while power is above it, 0 while it is not; NaN where either is not known."""

    def __init__(
        self, parts: tuple[Quantity, Quantity, Quantity, Quantity], rows: int, limit_kwh: float
    ) -> None:
        """`parts` are power, stand-by, whether both are known, and whether these are hours of the rule.

        Where the hours begin the count begins anew.
        """
        self._parts = parts
        self._limit = round(limit_kwh * KWH)
        self._running = Running.none(rows)
        self._next_us = 0
        self._summed: Summed | None = None

    def at(self, row: Rows, time_us: Times) -> Floats:
        """KWh of some rows at their times in the stretch that was given last, float64 (n,)."""
        summed = self._summed
        assert summed is not None
        allowed = summed.moments.filled(ALLOWED)[summed.moments.at(row, time_us)]
        return np.where(allowed > 0, summed.at(row, time_us) / KWH, 0.0)

    def points(self) -> tuple[Rows, ...]:
        """Points of the power and of stand-by."""
        return tuple(point for part in self._parts for point in part.points())

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes, and the moments at which it passes the limit."""
        traces = [part.trace(stretch) for part in self._parts]
        moments = Moments(len(traces[0].before), traces)
        power, stand_by, known, allowed = (moments.filled(number) for number in range(ALLOWED + 1))
        above = np.where((known > 0) & (allowed > 0), np.maximum(power - stand_by, 0.0), 0.0)
        anew = np.zeros(len(moments), np.bool_)
        anew[1:] = (allowed[1:] > 0) & (allowed[:-1] <= 0)
        anew[moments.first] = False
        summed = Summed.of(moments, above, self._running, anew)
        self._running, self._summed = summed.after(self._running), summed
        kwh = self._told(summed.sum, power, stand_by, allowed)
        passes = self._passes(summed)
        now = np.flatnonzero((passes > stretch.since_us) & (passes <= stretch.until_us))
        last = moments.last
        self._next_us = int(
            np.where(passes[last] > stretch.until_us, passes[last], ENDLESS).min(initial=ENDLESS)
        )
        changes = np.flatnonzero(~moments.is_first)
        return Trace.of(
            np.concatenate([moments.row[changes], moments.row[now]]),
            np.concatenate([moments.time_us[changes], passes[now]]),
            np.concatenate([kwh[changes], summed.at(moments.row[now], passes[now]) / KWH]),
            kwh[moments.first],
        )

    def _told(self, total: Rows, power: Floats, stand_by: Floats, allowed: Floats) -> Floats:
        kwh = np.where((power > stand_by) & (allowed > 0), total / KWH, 0.0)
        return np.where(np.isnan(power) | np.isnan(stand_by), np.nan, kwh)

    def _passes(self, summed: Summed) -> Rows:
        """When the sum passes the limit between a moment and the next; ENDLESS where it does not."""
        moments = summed.moments
        end = np.append(np.where(moments.is_first[1:], ENDLESS, moments.time_us[1:]), ENDLESS)
        left = self._limit - summed.sum
        rises = (summed.rate > 0) & (left >= 0)
        wait_ms = np.where(rises, left, 0) // np.maximum(summed.rate, 1) + 1
        time_us = (summed.time_ms + wait_ms) * 1000
        return np.where(rises & (time_us < end), time_us, ENDLESS)

    def next_us(self) -> int:
        """When the first row passes the limit, or its hours or readings change."""
        return min(self._next_us, *(part.next_us() for part in self._parts))

    def parts(self) -> dict[str, Quantity]:
        """Power and stand-by; the others remember nothing."""
        return {"power": self._parts[0], "by": self._parts[1]}

    def own_columns(self) -> Columns:
        """The sums."""
        return {"sum": self._running.sum, "at_us": self._running.at_us}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: ARG002 - it has none
        """Continue from saved state."""
        self._running = Running(columns["sum"], columns["at_us"])

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._running = self._running.shifted(by_us)
        self._next_us = 0
        for part in self._parts[2:]:
            part.shift(by_us)
