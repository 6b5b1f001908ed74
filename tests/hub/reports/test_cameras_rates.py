"""Rates over time against a twin that looks at one step after the other; months and checks by the campus's clock."""

from __future__ import annotations

import datetime as dt
import math
from zoneinfo import ZoneInfo

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.reports.cameras_rates import STEP_S, US_PER_S, Stretch, Trouble, held, rates, shares, troubled

STEP_US = STEP_S * US_PER_S
SHANGHAI = ZoneInfo("Asia/Shanghai")
STEPS = 12
CAMERA = st.tuples(
    st.lists(st.sampled_from([0.0, 0.0, 1.0, 10.0, math.nan, math.nan]), min_size=STEPS, max_size=STEPS),
    st.integers(0, 3),
    st.lists(st.tuples(st.integers(-3, 14), st.integers(0, 6) | st.none()), max_size=3),
)


def twin(link: list[float], steps: int, alerts: list[tuple[int, int | None]]) -> tuple[float, float, float]:
    """Shares of steps in which one camera is online, good, unknown; alerts begin a third into a step."""
    online = good = unknown = 0
    for now in range(STEPS):
        recent = [v for v in link[max(0, now - steps) : now + 1] if not math.isnan(v)]
        bad = any(
            first + 1 / 3 <= now and (length is None or now < first + 1 / 3 + length)
            for first, length in alerts
        )
        unknown += not recent
        online += bool(recent) and recent[-1] == 0
        good += bool(recent) and recent[-1] == 0 and not bad
    return online / STEPS, good / STEPS, unknown / STEPS


@settings(deadline=None)
@given(st.lists(CAMERA, min_size=1, max_size=5))
def test_cameras_together_are_rated_as_one_by_one(
    cameras: list[tuple[list[float], int, list[tuple[int, int | None]]]],
) -> None:
    stretch = Stretch(0, STEPS * STEP_US)
    link = held(np.array([one[0] for one in cameras]), np.array([one[1] for one in cameras], np.int64))
    troubles = [
        Trouble(row, start := first * STEP_US + STEP_US // 3, None if n is None else start + n * STEP_US)
        for row, (_, _, alerts) in enumerate(cameras)
        for first, n in alerts
    ]
    found = shares(link, troubled(link.shape, stretch, troubles), np.arange(STEPS))
    got = zip(found["online"], found["good"], found["unknown"], strict=True)
    np.testing.assert_allclose(list(got), [twin(*one) for one in cameras])


def test_a_month_begins_and_ends_by_the_clock_of_the_campus_and_ends_now() -> None:
    month = Stretch.of_month(dt.date(2026, 6, 17), SHANGHAI, 1 << 60)
    day = dt.datetime.fromtimestamp(month.from_us / US_PER_S, SHANGHAI)
    assert (day.isoformat(), len(month)) == ("2026-06-01T00:00:00+08:00", 30 * 144)
    assert len(Stretch.of_month(dt.date(2026, 12, 31), SHANGHAI, 1 << 60)) == 31 * 144
    assert len(Stretch.of_month(dt.date(2026, 6, 17), SHANGHAI, month.from_us + 90 * US_PER_S)) == 1
    assert len(Stretch.of_month(dt.date(2026, 6, 17), SHANGHAI, month.from_us - 1)) == 0


def test_the_spot_check_is_the_step_of_ten_o_clock_of_each_day_that_has_come_so_far() -> None:
    month = Stretch.of_month(dt.date(2026, 6, 1), SHANGHAI, 1 << 60)
    assert month.snapshots(SHANGHAI).tolist() == [60 + 144 * day for day in range(30)]
    ten_us = month.from_us + 10 * 3600 * US_PER_S
    assert Stretch(month.from_us, ten_us).snapshots(SHANGHAI).tolist() == []
    assert Stretch(month.from_us, ten_us + 1).snapshots(SHANGHAI).tolist() == [60]


def test_groups_are_averaged_over_their_cameras_and_without_a_check_there_is_no_rate() -> None:
    link = np.array([[0.0, 0.0], [0.0, math.nan], [1.0, 1.0]])
    bad = np.zeros_like(link, np.bool_)
    bad[0, 1] = True
    time, none = shares(link, bad, np.arange(2)), shares(link, bad, np.empty(0, np.int64))
    recording = {"time": np.array([1.0, 0.5, math.nan])}
    found = rates(time, none, recording, ["a", "a", "b"])
    assert (found["a"]["recording"], found["b"]["recording"]) == ({"time": 0.75}, {"time": None})
    assert found["a"]["time"] == {"online": 0.75, "good": 0.5, "unknown": 0.25}
    assert (found["a"]["points"], found["b"]["time"]["online"]) == (2, 0.0)
    assert found["a"]["snapshot"] == {"online": None, "good": None, "unknown": None}
    assert rates(time, none, recording)[""]["time"]["online"] == 0.5
