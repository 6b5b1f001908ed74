"""Seasons and working calendars: dates in the campus's own time zone, with make-up workdays in both directions."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from devices.model.points import ID_PATTERN
from devices.model.texts import Said
from devices.profiles.profile import Words
from devices.profiles.strict import Strict

Id = Annotated[str, StringConstraints(pattern=rf"^{ID_PATTERN}$")]
LEAP_YEAR = 2024


def _day_of_some_year(value: str) -> str:
    try:
        dt.date.fromisoformat(f"{LEAP_YEAR}-{value}")
    except ValueError:
        raise ValueError(Said("一年中的日期 MM-DD", "a day of the year, MM-DD")) from None
    return value


MonthDay = Annotated[str, StringConstraints(pattern=r"^\d\d-\d\d$"), AfterValidator(_day_of_some_year)]
Clock = Annotated[str, StringConstraints(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$")]


def _date(value: object) -> object:
    if not isinstance(value, str):
        return value
    try:
        return dt.date.fromisoformat(value)
    except ValueError as error:
        raise ValueError(Said("日历中的日期 YYYY-MM-DD", str(error))) from None


Date = Annotated[dt.date, BeforeValidator(_date)]
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
_WEEKDAYS: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Period(StrEnum):
    """What the date asks of air conditioning; in TRANSITION a reading is never a violation."""

    COOLING = "cooling"
    HEATING = "heating"
    TRANSITION = "transition"


class Span(Strict):
    """Days of every year from `first` to `last`, both included; may run over New Year."""

    first: MonthDay
    last: MonthDay

    def holds(self, day: dt.date) -> bool:
        """Say whether `day` is in the span."""
        text = f"{day:%m-%d}"
        if self.first <= self.last:
            return self.first <= text <= self.last
        return text >= self.first or text <= self.last


class Season(Strict):
    """Cooling and heating spans; without sites it counts for all that have no own one."""

    sites: tuple[Id, ...] = ()
    cooling: Span
    heating: Span

    def period(self, day: dt.date) -> Period:
        """Return what `day` belongs to."""
        if self.cooling.holds(day):
            return Period.COOLING
        return Period.HEATING if self.heating.holds(day) else Period.TRANSITION


class Holiday(Strict):
    """Days off, both ends included."""

    name: Words
    first: Date
    last: Date

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if self.last < self.first:
            raise ValueError(Said("last：不早于 first", "last: not before first"))
        return self


class Calendar(Strict):
    """Working days and hours. A make-up workday (a worked weekend day) wins over holidays and weekdays."""

    id: Id
    workdays: tuple[Weekday, ...] = ("mon", "tue", "wed", "thu", "fri")
    start: Clock = "08:30"
    end: Clock = "17:30"
    holidays: tuple[Holiday, ...] = ()
    make_up_workdays: tuple[Date, ...] = ()

    def is_workday(self, day: dt.date) -> bool:
        """Say whether people work on `day`."""
        if day in self.make_up_workdays:
            return True
        if any(holiday.first <= day <= holiday.last for holiday in self.holidays):
            return False
        return _WEEKDAYS[day.weekday()] in self.workdays


class Hours(Strict):
    """A part of some days, [start, end); an end before the start runs over midnight."""

    start: Clock = "00:00"
    end: Clock = "24:00"
    days: Literal["all", "workdays", "days-off"] = "all"
    calendar: Id | None = Field(None, description="Needed for workdays and days-off.")

    @model_validator(mode="after")
    def _not_empty(self) -> Self:
        if self.start == self.end:
            raise ValueError(
                Said(
                    "end：与 start 不同的时间；全天为 00:00 至 24:00",
                    "end: another time than start; the whole day is 00:00 to 24:00",
                )
            )
        return self

    @model_validator(mode="after")
    def _calendar_given(self) -> Self:
        if self.days != "all" and self.calendar is None:
            raise ValueError(Said("calendar：days 不是 all 时必填", "calendar: needed where days is not all"))
        return self

    def hold(self, moment: dt.datetime, calendar: Calendar | None) -> bool:
        """Say whether local `moment` is inside; past midnight the day on which the span began decides."""
        text, day = f"{moment:%H:%M}", moment.date()
        if self.start <= self.end:
            inside = self.start <= text < self.end
        else:
            inside = text >= self.start or text < self.end
            day = day - dt.timedelta(days=1) if text < self.end else day
        if not inside or self.days == "all" or calendar is None:
            return inside
        return calendar.is_workday(day) == (self.days == "workdays")
