"""Speed figures against twins that count vehicle by vehicle."""

from __future__ import annotations

import datetime as dt
import functools
import math
import statistics
from itertools import pairwise
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.campus.calendars import Hours
from devices.campus.loading import load_campus
from devices.campus.rule_head import Only
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule, SpeedLimit
from devices.model.codes import VehicleClass
from hub.reports import speed
from hub.reports.speed import Passes

SHANGHAI = ZoneInfo("Asia/Shanghai")
BERLIN = ZoneInfo("Europe/Berlin")
H = 3_600_000_000
#: 2026-07-01 00:00 in Shanghai, a Wednesday.
START_US = 1_782_835_200_000_000
SPEEDS = st.lists(st.floats(3, 120).map(lambda v: round(v, 1)), max_size=40)


@functools.cache
def small() -> Campus:
    return load_campus(Path(__file__).parents[1] / "site" / "site.yaml")


def passes(
    speeds: list[float],
    hours: list[float] | None = None,
    limit: float = 30.0,
    lanes: list[tuple[int, bool]] | None = None,
) -> Passes:
    hours, lanes = hours or [0.0] * len(speeds), lanes or [(0, False)] * len(speeds)
    return Passes(
        device=np.array([radar for radar, _ in lanes], np.int64),
        time_us=np.array([START_US + round(hour * H) for hour in hours], np.int64),
        kmh=np.array(speeds, np.float64),
        away=np.array([away for _, away in lanes], np.bool_),
        limit=np.full(len(speeds), limit),
    )


@settings(deadline=None)
@given(SPEEDS, st.integers(1, 100))
def test_a_percentile_is_the_speed_at_or_below_which_so_many_travel(
    speeds: list[float], percent: int
) -> None:
    found = speed.percentile(np.sort(np.array(speeds)), percent)
    if not speeds:
        assert found is None
        return
    slow = min(v for v in speeds if sum(w <= v for w in speeds) * 100 >= percent * len(speeds))
    assert found == slow


@settings(deadline=None)
@given(SPEEDS)
def test_the_pace_is_the_band_with_the_most_vehicles(speeds: list[float]) -> None:
    found = speed.pace(np.sort(np.array(speeds)))
    if not speeds:
        assert found is None
        return
    most = max(sum(low <= v <= low + 10 for v in speeds) for low in speeds)
    assert found is not None
    assert found[2] == most / len(speeds)
    assert sum(found[0] <= v <= found[1] for v in speeds) == most


@settings(deadline=None)
@given(SPEEDS)
def test_each_pass_falls_into_one_band(speeds: list[float]) -> None:
    found = speed.histogram(np.sort(np.array(speeds)))
    edges, counts = found["edges"], found["counts"]
    assert len(edges) == len(counts) + 1
    slow = [sum(low <= v < high for v in speeds) for low, high in pairwise(edges)]
    assert counts == slow
    assert sum(counts) == len(speeds)


@settings(deadline=None)
@given(
    st.lists(st.tuples(st.floats(3, 120), st.floats(0, 24 * 40)), max_size=30),
    st.sampled_from([SHANGHAI, BERLIN]),
)
def test_hours_and_days_are_those_of_the_campus(rows: list[tuple[float, float]], zone: ZoneInfo) -> None:
    given_ = passes([v for v, _ in rows], [h for _, h in rows])
    moments = [dt.datetime.fromtimestamp(t / 1e6, zone) for t in given_.time_us.tolist()]
    by_hour = speed.by_hour(given_, zone)
    assert [row["passes"] for row in by_hour] == [sum(m.hour == h for m in moments) for h in range(24)]
    over = [v > 30 for v, _ in rows]
    assert [row["over"] for row in by_hour] == [
        sum(o for o, m in zip(over, moments, strict=True) if m.hour == h) for h in range(24)
    ]
    by_day = speed.by_day(given_, zone)
    assert {row["day"]: row["passes"] for row in by_day} == {
        str(day): sum(m.date() == day for m in moments) for day in {m.date() for m in moments}
    }
    for row in by_day:
        midnight = dt.datetime.fromtimestamp(row["day_us"] / 1e6, zone)
        assert (str(midnight.date()), midnight.hour, midnight.minute) == (row["day"], 0, 0)


def test_the_night_when_the_clock_is_set_is_counted_by_the_wall_clock() -> None:
    spring = dt.datetime(2026, 3, 29, 0, 30, tzinfo=BERLIN)  # 02:00 becomes 03:00
    first_us = int(spring.timestamp()) * 1_000_000
    local = speed.local_us(np.array([first_us, first_us + H, first_us + 2 * H], np.int64), BERLIN)
    assert [value // H % 24 for value in local.tolist()] == [0, 1, 3]


@settings(deadline=None)
@given(st.lists(st.integers(0, 60 * 24 * 20), max_size=60))
def test_limits_are_those_of_place_and_moment(minutes: list[int]) -> None:
    campus = small()
    rule = campus.rules["speeding"]
    assert isinstance(rule, SpeedingRule)
    time_us = START_US + np.array(minutes, np.int64) * 60_000_000
    nobody = np.zeros(len(minutes), np.uint8)
    found = speed.limits(rule, campus.devices["hq1-radar-1"], campus, time_us, nobody)
    for value, moment_us in zip(found.tolist(), time_us.tolist(), strict=True):
        moment = dt.datetime.fromtimestamp(moment_us / 1e6, SHANGHAI)
        night = moment.hour >= 22 or moment.hour < 6
        day_off = moment.weekday() >= 5
        assert value == (20 if night else 25 if day_off else 30)


def test_without_a_rule_there_is_no_limit_and_nobody_is_above_it() -> None:
    moment, nobody = np.array([START_US], np.int64), np.zeros(1, np.uint8)
    found = speed.limits(None, small().devices["hq1-radar-1"], small(), moment, nobody)
    assert math.isnan(found[0])
    report = speed.report(passes([80.0], limit=float("nan")), SHANGHAI)
    assert (report["limit_kmh"], report["over_share"]) == (None, 0.0)


def test_a_report_of_nothing_says_nothing() -> None:
    report = speed.report(passes([]), SHANGHAI)
    assert (report["passes"], report["p85"], report["mean"], report["over_share"]) == (0, None, None, None)
    assert report["histogram"] == {"edges": [0.0, 5.0], "counts": [0]}
    assert (report["by_day"], report["lanes"], report["std"], report["pace"]) == ([], [], None, None)


def test_a_report_by_hand() -> None:
    speeds = [20.0, 22.0, 24.0, 26.0, 28.0, 30.0, 32.0, 34.0, 45.0, 60.0]
    report = speed.report(passes(speeds), SHANGHAI)
    assert report | {"by_hour": [], "by_day": [], "lanes": [], "histogram": {}} == {
        "limit_kmh": 30.0,
        "passes": 10,
        "mean": 32.1,
        "std": 12.11,
        "p15": 22.0,
        "p50": 28.0,
        "p85": 45.0,
        "max": 60.0,
        "over": 4,
        "over_share": 0.4,
        "pace": [20.0, 30.0, 0.6],
        "histogram": {},
        "by_hour": [],
        "by_day": [],
        "lanes": [],
        "minimum_sample": 100,
    }


LANES = st.lists(
    st.tuples(
        st.floats(3, 120).map(lambda v: round(v, 1)),
        st.floats(0, 24 * 5),
        st.tuples(st.integers(0, 2), st.booleans()),
    ),
    max_size=40,
)


@settings(deadline=None)
@given(LANES)
def test_each_lane_and_direction_has_its_own_figures(
    rows: list[tuple[float, float, tuple[int, bool]]],
) -> None:
    given_ = passes([v for v, _, _ in rows], [h for _, h, _ in rows], lanes=[lane for _, _, lane in rows])
    found = speed.lanes(given_, SHANGHAI)
    assert [(row["device"], row["direction"]) for row in found] == [
        (radar, "receding" if away else "approaching")
        for radar, away in sorted({lane for _, _, lane in rows})
    ]
    for row in found:
        lane = (row["device"], row["direction"] == "receding")
        own = sorted(v for v, _, other in rows if other == lane)
        times = [START_US + round(h * H) for _, h, other in rows if other == lane]
        hours = [dt.datetime.fromtimestamp(t / 1e6, SHANGHAI).hour for t in times]
        assert row["passes"] == len(own)
        assert row["mean"] == pytest.approx(statistics.fmean(own), abs=0.006)
        assert (row["std"] is None) == (len(own) < 2)
        if len(own) > 1:
            assert row["std"] == pytest.approx(statistics.stdev(own), abs=0.006)
        for percent in (15, 50, 85):
            assert row[f"p{percent}"] == next(
                v for n, v in enumerate(own, 1) if n * 100 >= percent * len(own)
            )
        assert row["over"] == sum(v > 30 for v in own)
        assert row["over_share"] == row["over"] / len(own)
        assert [hour["passes"] for hour in row["by_hour"]] == [hours.count(h) for h in range(24)]


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 3600)), min_size=1, max_size=30))
def test_coverage_is_the_share_of_the_time_in_hours_that_were_heard(hours: list[tuple[bool, int]]) -> None:
    found = speed.coverage(
        np.array([[heard for heard, _ in hours]]), np.array([us for _, us in hours], np.int64)
    )
    whole = sum(us for _, us in hours)
    if whole:
        assert found[0] == pytest.approx(sum(us for heard, us in hours if heard) / whole)
    else:
        assert math.isnan(found[0])


def test_a_limit_counts_by_the_class_of_the_vehicle_and_inside_the_hours_of_the_rule() -> None:
    rule = small().rules["speeding"]
    assert isinstance(rule, SpeedingRule)
    emergency = SpeedLimit(classes=("emergency",), limit_kmh=60)
    only = Only(hours=(Hours(start="08:00", end="12:00"),))
    changed = rule.model_copy(update={"limits": (emergency,), "only": only})
    times = START_US + np.array([9, 9, 13], np.int64) * H
    vehicle = np.array([0, VehicleClass.EMERGENCY, VehicleClass.EMERGENCY], np.uint8)
    found = speed.limits(changed, small().devices["hq1-radar-1"], small(), times, vehicle)
    np.testing.assert_array_equal(found, [30.0, 60.0, math.nan])
