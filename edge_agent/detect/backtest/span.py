"""The span of a backtest: its days by the campus's clock, and its windows of ten minutes."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from dataclasses import dataclass
from functools import cached_property
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

US_PER_H: Final = 3_600_000_000
WINDOW_US: Final = 600_000_000


@dataclass(frozen=True)
class Span:
    """[from_us, to_us), looked at by days of a time zone."""

    from_us: int
    to_us: int
    timezone: ZoneInfo

    @cached_property
    def days(self) -> list[str]:
        """Every day that the span touches."""
        first, last = self._date(self.from_us), self._date(self.to_us - 1)
        return [(first + dt.timedelta(n)).isoformat() for n in range((last - first).days + 1)]

    @cached_property
    def edges_us(self) -> npt.NDArray[np.int64]:
        """Where the days begin, int64 (days + 1,): the first cut to the span, the last being its end."""
        midnights = [
            dt.datetime.combine(dt.date.fromisoformat(day), dt.time(), self.timezone).timestamp()
            for day in self.days[1:]
        ]
        inner = [round(second * 1e6) for second in midnights]
        return np.array([self.from_us, *inner, self.to_us], np.int64)

    @cached_property
    def _edges(self) -> list[int]:
        edges: list[int] = self.edges_us.tolist()
        return edges

    @property
    def windows(self) -> int:
        """How many windows of ten minutes; the last may be shorter."""
        return -(-(self.to_us - self.from_us) // WINDOW_US)

    def holds(self, time_us: int) -> bool:
        """Whether a moment lies inside."""
        return self.from_us <= time_us < self.to_us

    def day_of(self, time_us: int) -> int:
        """Number of the day in which a moment of the span lies."""
        return bisect_right(self._edges, time_us) - 1

    def window_of(self, time_us: int) -> int:
        """Number of the window in which a moment of the span lies."""
        return (time_us - self.from_us) // WINDOW_US

    def add_hours(self, by_day: npt.NDArray[np.float64], begin_us: int, end_us: int) -> float:
        """Add how many hours of [begin, end) lie in each day, float64 (days,); returns all of them."""
        begin_us, end_us = max(begin_us, self.from_us), min(end_us, self.to_us)
        first_us = begin_us
        while begin_us < end_us:
            day = self.day_of(begin_us)
            until_us = min(self._edges[day + 1], end_us)
            by_day[day] += (until_us - begin_us) / US_PER_H
            begin_us = until_us
        return max(0, end_us - first_us) / US_PER_H

    def _date(self, time_us: int) -> dt.date:
        return dt.datetime.fromtimestamp(time_us // 1_000_000, self.timezone).date()
