"""Turns become alerts, and are counted by day, device and severity as a loop would count them."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.alerts import EventKind, Severity
from edge_agent.detect.backtest.episodes import Tally, Turn
from edge_agent.detect.backtest.report import load
from edge_agent.detect.backtest.span import US_PER_H, WINDOW_US, Span

ZONE = ZoneInfo("Asia/Shanghai")
#: 2026-07-14 20:00 to 2026-07-17 02:00 on the campus.
SPAN = Span(1_784_030_400_000_000, 1_784_030_400_000_000 + 54 * US_PER_H, ZONE)
MINUTE_US = 60_000_000


def turn(
    kind: EventKind, minute: int, *, device: str = "a", start: int | None = None, severity: int = 2
) -> Turn:
    begin = minute if start is None else start
    times = SPAN.from_us + minute * MINUTE_US, SPAN.from_us + begin * MINUTE_US
    return Turn("rule", device, kind, *times, severity)


def tally(*turns: Turn, most: int = 100) -> Tally:
    made = Tally({"rule": 1}, SPAN, most)
    made.take(turns)
    made.finish()
    return made


def test_the_days_of_a_span_are_those_of_the_campus() -> None:
    assert SPAN.days == ["2026-07-14", "2026-07-15", "2026-07-16", "2026-07-17"]
    assert np.diff(SPAN.edges_us).tolist() == [4 * US_PER_H, 24 * US_PER_H, 24 * US_PER_H, 2 * US_PER_H]


def test_a_day_on_which_the_clock_was_set_back_has_25_hours() -> None:
    span = Span(1_792_792_800_000_000, 1_792_792_800_000_000 + 49 * US_PER_H, ZoneInfo("Europe/Berlin"))
    assert span.days == ["2026-10-24", "2026-10-25"]
    assert np.diff(span.edges_us).tolist() == [24 * US_PER_H, 25 * US_PER_H]


def test_a_change_of_severity_makes_the_gravest_count() -> None:
    made = tally(
        turn(EventKind.RAISE, 5, start=0),
        turn(EventKind.CHANGE, 10, severity=4, start=0),
        turn(EventKind.CHANGE, 20, severity=3, start=0),
        turn(EventKind.CLEAR, 65, start=0),
    )
    (one,) = made.kept
    assert (one.severity, [severity for _, severity in one.changes]) == (4, [4, 3])
    assert made.by_severity[Severity.CRITICAL] == 1
    assert made.by_device["a"].hours == 1


def test_what_came_before_the_span_or_without_a_begin_is_not_counted() -> None:
    made = tally(
        turn(EventKind.CLEAR, 5),
        turn(EventKind.RAISE, -60, device="b"),
        turn(EventKind.CLEAR, -30, device="b"),
        turn(EventKind.RAISE, -60, device="c"),
        turn(EventKind.CLEAR, 30, device="c", start=-60),
        turn(EventKind.RAISE, 54 * 60, device="d"),
    )
    assert (made.by_day.sum(), made.hours_by_day.sum(), made.open_at_end) == (0, 0.5, 0)
    assert [one.device for one in made.kept] == ["c"]


def test_a_moment_is_raised_and_over_at_once() -> None:
    made = tally(turn(EventKind.MOMENT, 5, start=4), turn(EventKind.MOMENT, 6, start=5))
    assert [(one.raised_us, one.moment) for one in made.kept] == [
        (SPAN.from_us + 5 * MINUTE_US, True),
        (SPAN.from_us + 6 * MINUTE_US, True),
    ]
    assert (made.by_window[0], made.hours_by_day.sum()) == (2, 0)


def test_more_than_is_kept_is_counted_all_the_same() -> None:
    made = tally(*(turn(EventKind.MOMENT, minute) for minute in range(10)), most=4)
    assert (len(made.kept), made.cut, made.by_day.sum()) == (4, 6, 10)


lives = st.lists(st.integers(-300, 54 * 60 + 300), unique=True, min_size=1, max_size=30).map(sorted)


@given(lives, lives)
def test_counts_equal_the_loop(first: list[int], second: list[int]) -> None:
    turns, hours, alerts = [], 0.0, 0
    for device, minutes in (("a", first), ("b", second)):
        for number, minute in enumerate(minutes):
            raises = number % 2 == 0
            turns.append(turn(EventKind.RAISE if raises else EventKind.CLEAR, minute, device=device))
            if raises:
                end = minutes[number + 1] if number + 1 < len(minutes) else 54 * 60
                hours += max(0, min(end, 54 * 60) - max(minute, 0)) / 60
                alerts += 0 <= minute < 54 * 60
    made = tally(*turns)
    assert made.by_day.sum() == made.by_window.sum() == alerts
    assert sum(made.by_severity.values()) == alerts
    assert made.hours_by_day.sum() == pytest.approx(hours)
    assert sum(count.hours for count in made.by_device.values()) == pytest.approx(hours)


def test_the_load_tells_a_flood_from_a_busy_hour() -> None:
    windows = np.zeros(200, np.int32)
    windows[7], windows[20:40] = 11, 10
    told = load(windows, SPAN.from_us)
    assert told == {
        "windows": 200,
        "median": 0.0,
        "p95": 10.0,
        "max": 11,
        "flood_windows": 1,
        "flood_share": 0.005,
        "busiest_us": SPAN.from_us + 7 * WINDOW_US,
    }
    assert load(np.zeros(3, np.int32), 0)["busiest_us"] is None
