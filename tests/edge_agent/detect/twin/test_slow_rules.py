"""The slow twin itself, against tables that were worked out by hand. Times are minutes after the start."""

from __future__ import annotations

import math
from typing import Any

import pytest

from devices.model.samples import SampleBatch
from tests.edge_agent.detect.twin.slow_rules import Told, events
from tests.edge_agent.detect.twin.stories import AGENT, Case, Rules, rule

MINUTE = 60_000_000
MEDIUM, HIGH, CRITICAL = 2, 3, 4
#: Minute, point, value.
Line = tuple[float, str, float]
NAN = math.nan


def played(
    rules: Rules, lines: list[Line], *, start: str = "2026-07-20 10:00", hours: float = 1
) -> list[Told]:
    case = Case(rules, {}, start, hours)
    table = case.campus.points_of(AGENT)
    batch = SampleBatch.of(
        [table.row[point] for _, point, _ in lines],
        [case.since_us + round(minute * MINUTE) for minute, _, _ in lines],
        [value for _, _, value in lines],
    )
    told = events(case.campus, AGENT, batch, case.since_us, case.until_us)
    at = case.since_us
    return [
        (*line[:3], (line[3] - at) / MINUTE, (line[4] - at) / MINUTE, *line[5:])  # type: ignore[misc]
        for line in told
    ]


def pump(name: str, *values: tuple[float, float]) -> list[Line]:
    return [(minute, f"pump.{name}", value) for minute, value in values]


def short(told: list[Told]) -> list[tuple[Any, ...]]:
    """Kind, time and start."""
    return [line[2:5] for line in told]


def one(when: list[dict[str, Any]], **more: Any) -> Rules:
    return [rule("spare", when=when, **more)]


LOW = {"point": "pressure_mpa", "below": 0.15}


@pytest.mark.parametrize(
    ("delays", "values", "expected"),
    [
        # At 3 it is normal within the dead band only: nothing ends before 5.
        (
            {"dead_band": 0.03},
            [(1, 0.1), (3, 0.16), (5, 0.2)],
            [("raise", 1, 1, MEDIUM, 0.1), ("clear", 5, 1, MEDIUM, 0.2)],
        ),
        # In the band at first: false.
        ({"dead_band": 0.03}, [(1, 0.16), (3, 0.1)], [("raise", 3, 3, MEDIUM, 0.1)]),
        # Ends just when it is due: raised and cleared at once.
        (
            {"on_delay_s": 120},
            [(1, 0.1), (3, 0.2)],
            [("raise", 3, 1, MEDIUM, 0.2), ("clear", 3, 1, MEDIUM, 0.2)],
        ),
        ({"on_delay_s": 121}, [(1, 0.1), (3, 0.2)], []),
        # The break from 5 to 6 is shorter than the off-delay, that from 9 on is not.
        (
            {"on_delay_s": 60, "off_delay_s": 120},
            [(1, 0.1), (5, 0.2), (6, 0.1), (9, 0.2)],
            [("raise", 2, 1, MEDIUM, 0.1), ("clear", 11, 1, MEDIUM, 0.2)],
        ),
        # A missing reading is none.
        ({}, [(1, 0.1), (3, NAN), (4, 0.2)], [("raise", 1, 1, MEDIUM, 0.1), ("clear", 4, 1, MEDIUM, 0.2)]),
    ],
)
def test_a_limit_with_delays_and_a_dead_band(
    delays: dict[str, float], values: list[tuple[float, float]], expected: list[tuple[Any, ...]]
) -> None:
    band = {"dead_band": delays.pop("dead_band")} if "dead_band" in delays else {}
    told = played(one([{**LOW, **band}], **delays), pump("pressure_mpa", *values))
    assert [line[2:7] for line in told] == expected
    assert {line[7] for line in told} <= {0.15}


def test_not_and_any_keep_what_is_unknown_unknown() -> None:
    either = {"any": [{"point": "fault", "equals": "on"}, {"not": {"point": "running", "equals": "on"}}]}
    # Not known at 1 (running was never read); true at 2; false at 4; true by the fault at 6.
    lines = [*pump("fault", (1, 0), (6, 1)), *pump("running", (2, 0), (4, 1))]
    assert short(played(one([either]), lines)) == [("raise", 2, 2), ("clear", 4, 2), ("raise", 6, 6)]


def test_a_rate_begins_when_the_first_reading_is_old_enough_and_ends_with_its_window() -> None:
    falls = {"point": "tank_level_m", "rate": {"over_s": 600, "per": "hour"}, "below": -5.0}
    # At 11 the reading of 1 is ten minutes old: (9 - 10) * 6 = -6. At 18 the 9 of 8 is: 0.
    told = played(one([falls]), pump("tank_level_m", (1, 10), (8, 9)))
    assert [line[2:8] for line in told] == [
        ("raise", 11, 11, MEDIUM, -6, -5),
        ("clear", 18, 11, MEDIUM, 0, -5),
    ]


def test_starts_are_counted_within_a_window_that_is_open_at_its_old_end() -> None:
    often = {"point": "stabiliser_running", "count": {"becomes": "on", "within_s": 600}, "above": 1.5}
    # The 1 at minute 1 is a first reading; starts at 3 and 7; that of 3 leaves at 13.
    lines = pump("stabiliser_running", (1, 1), (2, 0), (3, 1), (4, 1), (5, 0), (7, 1))
    told = played(one([often]), lines)
    assert [line[2:7] for line in told] == [("raise", 7, 7, MEDIUM, 2), ("clear", 13, 7, MEDIUM, 1)]


def test_flat_is_shown_by_a_reading_and_not_by_the_clock() -> None:
    flat = {"point": "heartbeat", "flat_s": 300}
    # Five minutes are over at 6; the reading that shows it comes at 8.
    told = played(one([flat]), pump("heartbeat", (1, 7), (2, 7), (8, 7), (10, 8), (30, 9)))
    assert short(told) == [("raise", 8, 8), ("clear", 10, 8)]


def test_bits_members_and_what_differs() -> None:
    bit = [rule("spare", ("ac",), when=[{"point": "fault_code", "bit": 2, "equals": 1.0}])]
    codes = [(minute, "ac.fault_code", code) for minute, code in ((1, 3.0), (2, 4.0), (3, 8.0))]
    assert [line[2:5] + line[6:8] for line in played(bit, codes)] == [
        ("raise", 2, 2, 1, 1),
        ("clear", 3, 2, 0, 1),
    ]
    members = {"point": "position", "one_of": ["off", "manual"]}
    assert short(played(one([members]), pump("position", (1, 1), (2, 2), (3, 0), (4, 1)))) == [
        ("raise", 2, 2),
        ("clear", 4, 2),
    ]
    told = played(one([{"point": "position", "differs": "auto"}]), pump("position", (1, 2), (2, 1)))
    assert [line[2:8] for line in told] == [("raise", 1, 1, MEDIUM, 2, 1), ("clear", 2, 1, MEDIUM, 1, 1)]


def test_a_schedule_changes_the_limit_at_its_hour_and_judges_nothing_elsewhere() -> None:
    hours = {"start": "10:00", "end": "10:30"}
    limit = {"schedule": [{"hours": hours, "limit": 0.3}]}
    # From 10:30 there is no limit: the alert stays, and the value of 40 changes nothing.
    lines = pump("pressure_mpa", (5, 0.2), (40, 0.5))
    assert short(played(one([{**LOW, "below": limit}]), lines)) == [("raise", 5, 5)]
    limit["otherwise"] = 0.1  # type: ignore[assignment]
    told = played(one([{**LOW, "below": limit}]), lines)
    assert [line[2:8] for line in told] == [
        ("raise", 5, 5, MEDIUM, 0.2, 0.3),
        ("clear", 30, 5, MEDIUM, 0.2, 0.1),
    ]


def test_another_point_is_a_limit() -> None:
    less = {"point": "pool_level_m", "below": {"point": "tank_level_m", "times": 2.0, "plus": 1.0}}
    lines = [*pump("pool_level_m", (1, 6)), *pump("tank_level_m", (2, 3), (4, 2))]
    told = played(one([less]), lines)
    assert [line[2:8] for line in told] == [("raise", 2, 2, MEDIUM, 6, 7), ("clear", 4, 2, MEDIUM, 6, 5)]


def test_hours_and_exemptions_end_and_begin_a_condition() -> None:
    only = {"hours": [{"start": "10:10", "end": "10:20"}, {"start": "10:15", "end": "10:30"}]}
    told = played(one([LOW], only=only), pump("pressure_mpa", (1, 0.1)))
    assert short(told) == [("raise", 10, 10), ("clear", 30, 10)]
    # The pump is free of the rule until the end of the 15th, 24:00 is minute 60.
    free = [rule("free", when=[LOW])]
    told = played(free, pump("pressure_mpa", (1, 0.1)), start="2026-07-15 23:00", hours=2)
    assert short(told) == [("raise", 60, 60)]


def test_what_is_unknown_when_the_hours_come_does_not_hold() -> None:
    only = {"hours": [{"start": "10:00", "end": "10:10"}, {"start": "10:20", "end": "10:50"}]}
    limit = {"schedule": [{"hours": {"start": "10:00", "end": "10:15"}, "limit": 0.3}]}
    told = played(one([{**LOW, "below": limit}], only=only), pump("pressure_mpa", (5, 0.2)))
    assert short(told) == [("raise", 5, 5), ("clear", 10, 5)]


def test_levels_count_after_their_delays_and_only_while_the_alert_is_out() -> None:
    levels = [
        {"severity": "critical", "when": [{"point": "fault", "equals": "on"}], "off_delay_s": 120},
        {"severity": "high", "on_delay_s": 600},
    ]
    # 1 low; 2 raised; 4 fault: critical; fault over at 5, counts until 7; since 11 low for ten minutes: high.
    lines = [*pump("pressure_mpa", (1, 0.1), (20, 0.2)), *pump("fault", (0.5, 0), (4, 1), (5, 0))]
    told = played(one([LOW], on_delay_s=60, off_delay_s=60, levels=levels), lines)
    assert [line[2:6] for line in told] == [
        ("raise", 2, 1, MEDIUM),
        ("change", 4, 1, CRITICAL),
        ("change", 7, 1, MEDIUM),
        ("change", 11, 1, HIGH),
        ("change", 20, 1, MEDIUM),
        ("clear", 21, 1, MEDIUM),
    ]


def test_too_few_good_readings_put_the_raise_off() -> None:
    # Fresh in 1..3 and 8..10 and so on; half of ten minutes are full at 1+2+2+1 -> minute 13.
    lines = pump("pressure_mpa", (1, 0.1), (8, 0.1), (12, 0.1), (20, 0.1))
    told = played(one([LOW], on_delay_s=600, good_share=0.5, fresh_s=120), lines)
    assert short(told) == [("raise", 13, 1)]


def test_a_cause_holds_an_alert_back_until_it_clears() -> None:
    cause = rule("spare", when=[{"point": "fault", "equals": "on"}])
    held = rule("free", when=[LOW], on_delay_s=60, held_back_by=[{"rule": "spare", "on": "device"}])
    fault = pump("fault", (1, 1), (10, 0))
    told = played([cause, held], [*fault, *pump("pressure_mpa", (2, 0.1))])
    assert [line[0:1] + line[2:5] for line in told] == [
        ("free", "raise", 10, 2),
        ("spare", "raise", 1, 1),
        ("spare", "clear", 10, 1),
    ]
    # Over when the cause clears: nothing. Begun before the cause: it is out already and stays.
    told = played([cause, held], [*fault, *pump("pressure_mpa", (2, 0.1), (10, 0.2))])
    assert [line for line in told if line[0] == "free"] == []
    told = played([cause, held], [*pump("fault", (3, 1)), *pump("pressure_mpa", (1, 0.1))])
    assert [line[2:5] for line in told if line[0] == "free"] == [("raise", 2, 1)]


def test_a_dead_link_speaks_for_its_devices_and_a_dead_device_for_itself() -> None:
    device = rule("spare", ("pump", "meter"), kind="stale", after_s=300)
    link = rule("free", ("pump", "meter"), kind="stale", of="link", after_s=300)
    meter = [(minute, "meter.power_w", 1.0) for minute in (1, 2, 4, 6, 20)]
    told = played([device, link], [*pump("fault", (1, 0)), *meter])
    assert [line[:5] for line in told] == [
        # Heard at 6 the last time: silent from 11 to 20, and again from 25 on.
        ("free", "gw-a", "raise", 11, 6),
        ("free", "gw-a", "clear", 20, 6),
        ("free", "gw-a", "raise", 25, 20),
        # The pump was heard at 1, and at 6 the link spoke; the meter's silence is the link's.
        ("spare", "pump", "raise", 6, 1),
    ]
    assert [line[6:8] for line in told[:2]] == [(300, 300), (840, 300)]


def test_a_silent_device_waits_for_its_link_to_speak() -> None:
    device = rule("spare", kind="stale", after_s=300, on_delay_s=60, off_delay_s=60)
    meter = [(minute, "meter.power_w", 1.0) for minute in (1, 9)]
    told = played([device], [*pump("fault", (1, 0), (30, 0)), *meter])
    assert short(told) == [("raise", 10, 1), ("clear", 31, 1)]


def test_energy_above_stand_by_counts_from_the_hours_on_and_only_where_it_is_known() -> None:
    much = {"point": "power_w", "energy": {"stand_by": 1000.0}, "above": 0.5}
    only = {"hours": [{"start": "10:10", "end": "10:50"}]}
    rules = [rule("spare", ("meter",), when=[much], only=only, fresh_s=900)]
    # 2 kW above stand-by: from 10 to 15 (the reading of 0 is old then), from 20 on; 15 minutes make 0.5 kWh.
    lines = [(0.0, "meter.power_w", 3000.0), (20.0, "meter.power_w", 3000.0), (34.0, "meter.power_w", 3000.0)]
    lines += [(40.0, "meter.power_w", 900.0)]
    told = played(rules, [(minute or 0.001, point, value) for minute, point, value in lines])
    [raised, cleared] = told
    # ... of which 0.001 minutes are missing at no place that counts; above the limit one millisecond later.
    assert (raised[2], raised[4]) == ("raise", raised[3])
    assert raised[3] == pytest.approx(30 - 0.001 + 1 / 60_000, abs=1e-6)
    assert raised[6] == pytest.approx(0.5, abs=1e-5)
    assert cleared[2:4] == ("clear", 40)


def test_what_is_usual_is_the_median_of_like_hours() -> None:
    usual = {"usual": {"days": 5, "least": 2, "coverage": 0.5, "times": 2.0, "at_least": 3.0}}
    rules = one([{"point": "room_c", "above": usual}], fresh_s=3600)
    day = 24 * 60
    # Workdays from Monday the 20th: 10 at 10:00 on Monday, 20 on Tuesday, median 15, limit 30 on Wednesday.
    lines = pump(
        "room_c", (1, 10), (60, 0), (day + 1, 20), (day + 60, 0), (2 * day + 5, 30.5), (2 * day + 50, 0)
    )
    told = played(rules, lines, hours=72)
    [raised, cleared] = [line for line in told if line[3] < 2 * day + 60]
    assert raised[2:5] == ("raise", 2 * day + 5, 2 * day + 5)
    assert raised[6:8] == (30.5, 30)
    assert cleared[2:4] == ("clear", 2 * day + 50)


def test_a_usual_number_of_starts_is_that_of_whole_days() -> None:
    count = {"becomes": "on", "within_s": 86400}
    usual = {"usual": {"days": 3, "least": 1, "per": "day", "like": "any", "coverage": 0.4, "plus": 1.0}}
    rules = one([{"point": "running", "count": count, "above": usual}], fresh_s=86400)
    # From Monday noon: one start on Monday; on Tuesday the limit is 1 + 1: the third start is one too many.
    lines = pump("running", (1, 0), (2, 1), (3, 0))
    for minute in (900, 1000, 1100, 1420):
        lines += pump("running", (minute, 1), (minute + 1, 0))
    told = played(rules, lines, start="2026-07-20 12:00", hours=30)
    assert [line[2:4] + line[6:8] for line in told if line[3] < 1440] == [("raise", 1000, 3, 2)]


def test_a_set_point_is_judged_by_the_mode_the_unit_is_in() -> None:
    rules = [rule("spare", ("ac",), kind="setpoint", on_delay_s=60)]
    lines = [(1.0, "split.on", 1.0), (1.0, "split.mode", 1.0), (1.0, "split.setpoint_c", 24.0)]
    # 25.9 is within the dead band; heating at 25.9 is too warm, and goes on; off ends it.
    lines += [(5.0, "split.setpoint_c", 25.9), (6.0, "split.mode", 2.0), (9.0, "split.on", 0.0)]
    told = played(rules, lines)
    assert [line[2:5] + line[6:8] for line in told] == [("raise", 2, 1, 24, 26), ("clear", 9, 1, 25.9, 20)]
