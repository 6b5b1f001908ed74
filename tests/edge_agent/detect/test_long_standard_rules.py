"""Shipped rules that look hours and weeks back: each raises on the fault that it is for and is quiet without it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.samples import SampleBatch
from devices.sim.past.story import HOUR_US, Story
from devices.sim.plant.pumps import PumpRoom
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.long_stories import (
    HOUR,
    LONG_STORIES,
    PIPE,
    after,
    demo,
    pulses,
    start_us,
    still,
    told,
)


@pytest.mark.parametrize("rule", LONG_STORIES)
def test_rule_raises_in_the_right_words_and_clears(rule: str) -> None:
    story = LONG_STORIES[rule]
    events = [event for event in told(story, story.says, [rule]) if event.kind is not EventKind.CHANGE]
    kinds = [EventKind.RAISE] if story.clear_s is None else [EventKind.RAISE, EventKind.CLEAR]
    assert [event.kind for event in events] == kinds
    assert (events[0].message.zh, events[0].message.en) == (story.zh, story.en)
    assert since_s(story.start, events[0]) == pytest.approx(story.raise_s)
    assert story.clear_s is None or since_s(story.start, events[1]) == pytest.approx(story.clear_s)
    assert {event.device for event in events} == {story.device}


@pytest.mark.parametrize("rule", LONG_STORIES)
def test_rule_is_quiet_without_its_fault(rule: str) -> None:
    story = LONG_STORIES[rule]
    assert told(story, {**story.says, **story.sound}, [rule]) == []


def since_s(start: str, event: AlertEvent) -> float:
    return (event.time_us - start_us(start)) / 1e6


def test_stabiliser_that_starts_each_minute_makes_the_alert_graver() -> None:
    story = LONG_STORIES["stabiliser-starts-hour"]
    often = {"stabiliser_running": after(HOUR, still(0.0), pulses(still(60), 10))}
    events = told(story, often, ["stabiliser-starts-hour"])
    said = [(event.kind, event.severity, since_s(story.start, event)) for event in events]
    assert said[:2] == [
        (EventKind.RAISE, Severity.MEDIUM, 16 * 60),
        (EventKind.CHANGE, Severity.HIGH, 31 * 60),
    ]


def test_pressure_that_is_low_already_is_not_told_to_fall() -> None:
    story = LONG_STORIES["pipe-pressure-falling"]
    burst = {"pressure_mpa": after(3600, lambda s: max(0.7 - 0.1 * (s - 3600), 0.05), still(0.7))}
    rules = ["low-pressure", "low-network-pressure", "pipe-pressure-falling"]
    events = told(story, burst, rules)
    assert [event.rule for event in events] == ["low-pressure"]


def test_pump_rooms_of_the_simulator_stay_quiet_also_where_the_pipe_leaks() -> None:
    table, begin_us = demo().points_of("edge-hq1"), start_us("2026-07-15 00:00")
    fire = {
        name: rule for name, rule in demo().rules.items() if rule.family == "fire" and rule.kind == "when"
    }
    detection = Detection(replace(demo(), rules=fire), "edge-hq1", table, begin_us)
    room, events = PumpRoom(leaking=True), []
    points = [name for name in room.readings() if f"hq1-pump-1.{name}" in table.row]
    rows = [*(table.row[f"hq1-pump-1.{name}"] for name in points), table.row[f"{PIPE}.pressure_mpa"]]
    for hour in range(26):
        values = np.empty((HOUR // 2, len(rows)))
        for line in values:
            room.step(2.0)
            readings = room.readings()
            line[:] = [*(readings[name] for name in points), room.pressure_at("network")]
        times = begin_us + hour * HOUR_US + 2_000_000 * np.arange(1, len(values) + 1)
        batch = SampleBatch.of(np.tile(rows, len(values)), np.repeat(times, len(rows)), values.ravel())
        events += detection.step(batch, int(times[-1])).events
    assert events == []


def test_shipped_rules_raise_nothing_on_simulated_days_but_what_people_do() -> None:
    end_us, hours = start_us("2026-07-16 00:00"), 36
    story = Story(demo(), 7, end_us, hours)
    story.simulate()
    told_hours = sorted(story.hours(), key=lambda hour: -hour.number)
    rules = {name: rule for name, rule in demo().rules.items() if rule.kind in {"when", "setpoint"}}
    raised = set()
    for agent in demo().agents:
        table = demo().points_of(agent)
        row = np.array([table.row.get(name, -1) for name in story.names])
        detection = Detection(replace(demo(), rules=rules), agent, table, end_us - hours * HOUR_US)
        for hour in told_hours:
            order = np.argsort(hour.batch.time_us, kind="stable")
            order = order[row[hour.batch.point[order]] >= 0]
            batch = SampleBatch.of(
                row[hour.batch.point[order]], hour.batch.time_us[order], hour.batch.value[order]
            )
            outcome = detection.step(batch, end_us - (hour.number - 1) * HOUR_US)
            raised |= {event.rule for event in outcome.events}
    assert raised == {"setpoint"}
