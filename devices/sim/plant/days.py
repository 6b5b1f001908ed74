"""Local days: whether people work, what the season asks of air conditioning, and how busy an hour is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.campus.calendars import Period
from devices.campus.site import Campus

Minutes = npt.NDArray[np.float64]
US_PER_S: Final = 1_000_000
US_PER_MINUTE: Final = 60 * US_PER_S


@dataclass(frozen=True, slots=True)
class Moment:
    """A local time: `day` and the minutes since its midnight."""

    day: dt.date
    minute: float


@dataclass(frozen=True, slots=True)
class Day:
    """One local day of the whole campus; workday and heating hold for each site id."""

    date: dt.date
    workday: dict[str, bool]
    heating: dict[str, bool]

    @property
    def number(self) -> int:
        """Proleptic ordinal, a seed for what is drawn once a day."""
        return self.date.toordinal()


class Almanac:
    """Turns UTC microseconds into local days; `offset_us` lets people behave as if it were another time."""

    def __init__(self, campus: Campus, offset_us: int = 0) -> None:
        self._campus = campus
        self._offset_us = offset_us
        self._days: dict[dt.date, Day] = {}

    def moment(self, time_us: int) -> Moment:
        """The local day and minute that people follow at `time_us`."""
        local = dt.datetime.fromtimestamp((time_us + self._offset_us) / US_PER_S, self._campus.timezone)
        minute = local.hour * 60 + local.minute + local.second / 60 + local.microsecond / 60e6
        return Moment(local.date(), minute)

    def day(self, date: dt.date) -> Day:
        """What is known of a date; remembered, since every step asks."""
        if date not in self._days:
            self._days = {date: self._look_up(date)}
        return self._days[date]

    def _look_up(self, date: dt.date) -> Day:
        campus = self._campus
        workday: dict[str, bool] = {}
        for site in campus.sites.values():
            calendar = campus.calendars.get(site.calendar or "")
            workday[site.id] = calendar.is_workday(date) if calendar else date.weekday() < 5  # noqa: PLR2004 - Saturday
        heating = {site: campus.period(site, date) is not Period.COOLING for site in campus.sites}
        return Day(date, workday, heating)


def between(minute: float, spans: tuple[tuple[float, float], ...]) -> bool:
    """Say whether `minute` is inside one of the spans [start, end)."""
    return any(start <= minute < end for start, end in spans)
