"""One day of the campus as rules see it: its date, and its first and last microsecond."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Self
from zoneinfo import ZoneInfo


@dataclass(frozen=True, slots=True)
class Day:
    """A local date and the UTC microseconds [first_us, last_us] that belong to it."""

    date: dt.date
    first_us: int
    last_us: int
    timezone: ZoneInfo

    @classmethod
    def of(cls, time_us: int, timezone: ZoneInfo) -> Self:
        """The day in which a moment lies."""
        date = dt.datetime.fromtimestamp(max(time_us, 0) / 1e6, timezone).date()
        return cls(
            date,
            _midnight_us(date, timezone),
            _midnight_us(date + dt.timedelta(days=1), timezone) - 1,
            timezone,
        )

    def next(self, not_after_us: int) -> Day:
        """The day after this one; where more than a month lies between, the day of `not_after_us` at once."""
        if not_after_us - self.last_us > 31 * 86_400_000_000:
            return Day.of(not_after_us, self.timezone)
        return Day.of(self.last_us + 1, self.timezone)


def _midnight_us(date: dt.date, timezone: ZoneInfo) -> int:
    return round(dt.datetime.combine(date, dt.time(), timezone).timestamp() * 1e6)
