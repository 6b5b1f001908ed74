"""Recorded hours of a month against a twin; which hours and days count."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.reports.cameras_rates import Stretch
from hub.reports.cameras_recorded import HOUR_US, LATE_US, days, hours, shares, told

SHANGHAI = ZoneInfo("Asia/Shanghai")
HOURS = 26
SHARE = st.sampled_from([100.0, 100.0, 99.0, 98.0, 40.0, 0.0, math.nan])


def month(day: dt.date = dt.date(2026, 6, 17)) -> Stretch:
    return Stretch.of_month(day, SHANGHAI, 1 << 60)


@settings(deadline=None)
@given(st.lists(st.lists(SHARE, min_size=HOURS, max_size=HOURS), min_size=1, max_size=3))
def test_hours_and_days_are_those_that_one_counts_by_hand(cameras: list[list[float]]) -> None:
    found = shares(np.array(cameras), [slice(0, 5), slice(5, 12)])
    for row, camera in enumerate(cameras):
        known = [0.0 if math.isnan(one) else one for one in camera]
        complete = [sum(known[a:b]) >= 99 * (b - a) for a, b in ((0, 5), (5, 12))]
        assert math.isclose(found["time"][row], sum(known) / 100 / HOURS)
        assert math.isclose(found["unknown"][row], sum(map(math.isnan, camera)) / HOURS)
        assert (found["days"][row], found["last_day"][row]) == (sum(complete) / 2, float(complete[1]))


def test_without_an_hour_or_a_day_there_is_no_rate() -> None:
    found = shares(np.empty((2, 0)), [])
    assert all(np.isnan(column).all() for column in found.values())
    assert np.isnan(shares(np.full((2, 3), 100.0), [])["days"]).all()


def test_an_hour_counts_some_time_after_its_end_and_is_told_at_its_end() -> None:
    june = month()
    now_us = june.from_us + 30 * HOUR_US + LATE_US
    assert (hours(june, now_us - 1), hours(june, now_us)) == (29, 30)
    assert hours(june, june.from_us) == hours(june, 0) == 0
    assert hours(june, 1 << 60) == 30 * 24
    assert told(june, 30) == (june.from_us + HOUR_US, june.from_us + 31 * HOUR_US)


def test_only_whole_days_of_the_campus_count() -> None:
    june = month()
    assert days(june, 23, SHANGHAI) == []
    assert days(june, 49, SHANGHAI) == [
        (dt.date(2026, 6, 1), slice(0, 24)),
        (dt.date(2026, 6, 2), slice(24, 48)),
    ]
    assert len(days(june, 30 * 24, SHANGHAI)) == 30


def test_a_day_on_which_clocks_change_has_as_many_hours_as_it_has() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    march = Stretch.of_month(dt.date(2026, 3, 1), berlin, 1 << 60)
    found = dict(days(march, hours(march, 1 << 60), berlin))
    lengths = {day.day: one.stop - one.start for day, one in found.items()}
    assert (lengths[28], lengths[29], lengths[30], len(lengths)) == (24, 23, 24, 31)
