"""Dates and hours of a campus: seasons, holidays, make-up workdays, hours over midnight, exemptions that end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.campus.calendars import Calendar, Hours, Period, Season, Span
from devices.campus.loading import load_campus
from devices.campus.site import Campus

D = dt.date
NATIONAL_DAY = {"name": {"zh": "国庆", "en": "National Day"}, "first": "2026-10-01", "last": "2026-10-07"}
OFFICE = Calendar.model_validate(
    {"id": "office", "holidays": [NATIONAL_DAY], "make_up_workdays": ["2026-09-20", "2026-10-10"]}
)


@pytest.fixture
def campus(site: Callable[..., Path]) -> Campus:
    return load_campus(site())


@pytest.mark.parametrize(
    ("day", "worked"),
    [
        (D(2026, 9, 18), True),  # Friday
        (D(2026, 9, 19), False),  # Saturday
        (D(2026, 9, 20), True),  # Sunday, made up
        (D(2026, 9, 30), True),
        (D(2026, 10, 1), False),  # holiday, Thursday
        (D(2026, 10, 7), False),  # last day of it, Wednesday
        (D(2026, 10, 8), True),
        (D(2026, 10, 10), True),  # Saturday, made up
        (D(2026, 10, 11), False),
        (D(2027, 10, 1), True),  # no notice for that year yet: a Friday
    ],
)
def test_workday_follows_holidays_and_make_up_days_in_both_directions(day: dt.date, *, worked: bool) -> None:
    assert OFFICE.is_workday(day) == worked


def test_make_up_workday_inside_a_holiday_is_worked() -> None:
    calendar = OFFICE.model_copy(update={"make_up_workdays": (D(2026, 10, 3),)})
    assert calendar.is_workday(D(2026, 10, 3))
    assert not calendar.is_workday(D(2026, 10, 4))


def days(span: Span) -> Iterator[dt.date]:
    """The slow twin: every day of 2026 and 2028 that the span names, counted one by one."""
    first, last = (tuple(map(int, text.split("-"))) for text in (span.first, span.last))
    for year in (2026, 2028):
        day = D(year, 1, 1)
        while day.year == year:
            here = (day.month, day.day)
            if first <= here <= last if first <= last else here >= first or here <= last:
                yield day
            day += dt.timedelta(days=1)


MONTH_DAYS = st.dates(D(2028, 1, 1), D(2028, 12, 31)).map(lambda day: f"{day:%m-%d}")


@given(first=MONTH_DAYS, last=MONTH_DAYS)
def test_span_holds_its_days_also_over_new_year(first: str, last: str) -> None:
    span = Span(first=first, last=last)
    every = [D(year, 1, 1) + dt.timedelta(days=n) for year in (2026, 2028) for n in range(366)]
    assert {day for day in every if day.year in {2026, 2028} and span.holds(day)} == set(days(span))


def test_season_over_new_year_knows_heating_cooling_and_between() -> None:
    season = Season.model_validate(
        {"cooling": {"first": "06-01", "last": "09-30"}, "heating": {"first": "12-01", "last": "03-15"}}
    )
    winter = (D(2026, 12, 31), D(2027, 1, 1), D(2027, 3, 15))
    assert {season.period(day) for day in winter} == {Period.HEATING}
    assert season.period(D(2026, 6, 1)) is Period.COOLING
    assert season.period(D(2026, 3, 16)) is Period.TRANSITION
    assert season.period(D(2026, 11, 30)) is Period.TRANSITION


def test_season_of_a_site_wins_over_the_general_one(campus: Campus) -> None:
    assert campus.period("one", D(2026, 11, 20)) is Period.TRANSITION
    assert campus.period("two", D(2026, 11, 20)) is Period.HEATING


@pytest.mark.parametrize("wrong", ["02-30", "13-01", "00-10", "6-1", "06/01", "0601"])
def test_day_that_no_year_has_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Span(first=wrong, last="12-31")


def test_leap_day_is_a_day() -> None:
    span = Span(first="02-29", last="02-29")
    assert span.holds(D(2028, 2, 29))
    assert not span.holds(D(2027, 3, 1))


def test_holiday_that_ends_before_it_begins_is_refused() -> None:
    turned = NATIONAL_DAY | {"first": "2026-10-07", "last": "2026-10-01"}
    with pytest.raises(ValidationError, match="not before first"):
        Calendar.model_validate({"id": "x", "holidays": [turned]})


def at(text: str) -> dt.datetime:
    return dt.datetime.fromisoformat(text)


@pytest.mark.parametrize(
    ("start", "end", "moment", "inside"),
    [
        ("07:30", "09:00", "2026-11-23T07:29:59", False),
        ("07:30", "09:00", "2026-11-23T07:30:00", True),
        ("07:30", "09:00", "2026-11-23T08:59:59", True),
        ("07:30", "09:00", "2026-11-23T09:00:00", False),
        ("22:00", "06:00", "2026-11-23T23:30:00", True),
        ("22:00", "06:00", "2026-11-23T05:59:59", True),
        ("22:00", "06:00", "2026-11-23T06:00:00", False),
        ("22:00", "06:00", "2026-11-23T21:59:59", False),
        ("00:00", "24:00", "2026-11-23T00:00:00", True),
        ("00:00", "24:00", "2026-11-23T23:59:59", True),
        ("18:00", "24:00", "2026-11-23T23:59:59", True),
        ("18:00", "24:00", "2026-11-24T00:00:00", False),
    ],
)
def test_hours_hold_from_start_to_before_end(start: str, end: str, moment: str, *, inside: bool) -> None:
    assert Hours(start=start, end=end).hold(at(moment), None) == inside


@pytest.mark.parametrize(
    ("which", "moment", "inside"),
    [
        ("workdays", "2026-11-20T23:00:00", True),  # Friday night
        ("workdays", "2026-11-21T03:00:00", True),  # its morning after: the night began on Friday
        ("workdays", "2026-11-21T23:00:00", False),  # Saturday night
        ("workdays", "2026-11-23T03:00:00", False),  # Monday morning belongs to Sunday night
        ("days-off", "2026-11-23T03:00:00", True),
        ("workdays", "2026-09-20T23:00:00", True),  # a Sunday, made up
        ("days-off", "2026-10-01T23:00:00", True),  # a Thursday, holiday
        ("workdays", "2026-10-01T05:00:00", True),  # Wednesday's night
        ("all", "2026-10-01T23:00:00", True),
    ],
)
def test_day_on_which_a_night_began_decides(which: str, moment: str, *, inside: bool) -> None:
    hours = Hours.model_validate({"start": "22:00", "end": "06:00", "days": which, "calendar": "office"})
    assert hours.hold(at(moment), OFFICE) == inside


def test_hours_of_no_length_and_of_workdays_without_a_calendar_are_refused() -> None:
    with pytest.raises(ValidationError, match="00:00 to 24:00"):
        Hours(start="08:00", end="08:00")
    with pytest.raises(ValidationError, match="needed where days is not all"):
        Hours(days="workdays")


@pytest.mark.parametrize("wrong", ["8:00", "24:01", "25:00", "12:60", "noon"])
def test_hour_that_no_clock_shows_is_refused(wrong: str) -> None:
    with pytest.raises(ValidationError):
        Hours(start=wrong)


@pytest.mark.parametrize(
    ("rule", "device", "day", "free"),
    [
        ("setpoint", "ac-1", D(2026, 12, 31), True),  # the last day counts
        ("setpoint", "ac-1", D(2027, 1, 1), False),
        ("setpoint", "ac-0", D(2026, 12, 31), False),
        ("hot", "ac-0", D(2026, 6, 30), True),  # by its area
        ("hot", "ac-0", D(2026, 7, 1), False),
        ("speed", "ac-1", D(2026, 1, 1), False),
    ],
)
def test_exemption_counts_for_its_rule_and_thing_until_its_last_day(
    campus: Campus, rule: str, device: str, day: dt.date, *, free: bool
) -> None:
    assert (campus.exempt(rule, campus.devices[device], day) is not None) == free
