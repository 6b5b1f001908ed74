"""Sums over time in whole numbers, so that they are the same however the time was cut into stretches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from edge_agent.detect.block import NEVER, Flags, Floats, Rows, Times, shifted
from edge_agent.detect.trace import Moments

#: Values count in steps of this; with milliseconds an hour of 10 million fits into 64 bits.
QUANTUM: Final = 1e-4
_MOST: Final = 1e7


@dataclass(frozen=True, slots=True)
class Running:
    """A sum over time of each row: sum int64 (rows,) in quanta x ms, up to at_us int64 (rows,)."""

    sum: Rows
    at_us: Times

    @classmethod
    def none(cls, rows: int) -> Self:
        """Nothing has been summed."""
        return cls(np.zeros(rows, np.int64), np.full(rows, NEVER, np.int64))

    def begun(self, since_us: int) -> Running:
        """Rows that never had a moment begin now."""
        return Running(self.sum, np.where(self.at_us == NEVER, since_us, self.at_us))

    def shifted(self, by_us: int) -> Running:
        """The clock was set."""
        return Running(self.sum, shifted(self.at_us, by_us))


@dataclass(frozen=True, slots=True)
class Summed:
    """A running sum at the moments of a stretch: sum, rate and time_ms int64 (moments,)."""

    moments: Moments
    sum: Rows
    rate: Rows
    time_ms: Times

    @classmethod
    def of(cls, moments: Moments, value: Floats, before: Running, starts_anew: Flags | None = None) -> Self:
        """Sum `value`, float64 (moments,), from each moment to the next; where it is NaN nothing is added.

        `starts_anew` is bool (moments,): the sum is 0 there.
        """
        rate = np.rint(np.clip(np.nan_to_num(value), -_MOST, _MOST) / QUANTUM).astype(np.int64)
        time_ms = moments.time_us // 1000
        first = moments.first
        second = np.minimum(first + 1, len(moments) - 1)
        unknown = before.at_us == NEVER
        time_ms[first] = np.where(unknown, time_ms[second], before.at_us // 1000)
        added = np.zeros(len(moments), np.int64)
        added[1:] = rate[:-1] * (time_ms[1:] - time_ms[:-1])
        added[first] = 0
        total = np.cumsum(added)
        total += (before.sum - total[first])[moments.row]
        if starts_anew is not None:
            last = np.maximum.accumulate(np.where(starts_anew, np.arange(len(moments)), -1))
            counts = last >= first[moments.row]
            total = np.where(counts, total - total[np.maximum(last, 0)], total)
        return cls(moments, total, rate, time_ms)

    def at(self, row: Rows, time_us: Times) -> Rows:
        """The sum of each `row` at its moment."""
        place = self.moments.at(row, time_us)
        return self.sum[place] + self.rate[place] * (time_us // 1000 - self.time_ms[place])

    def after(self, before: Running) -> Running:
        """Where each row stands at its last moment."""
        last = self.moments.last
        stays = last == self.moments.first
        at_us = np.where(stays, before.at_us, self.moments.time_us[last])
        return Running(self.sum[last], at_us)
