"""The detection core against its slow twin, and against itself however the data is cut and it is restarted."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from devices.campus.rules import StaleRule
from devices.model.alerts import AlertEvent, EventKind, alert_id
from devices.model.errors import ConfigRefused
from devices.model.samples import SampleBatch
from edge_agent.detect.block import NEVER, Block
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.twin import slow_rules
from tests.edge_agent.detect.twin.cases import CASES
from tests.edge_agent.detect.twin.slow_rules import Told
from tests.edge_agent.detect.twin.slow_values import readings
from tests.edge_agent.detect.twin.stories import AGENT, Case, Delivery, deliveries, rule, samples_of

EXAMPLES = settings(max_examples=30, deadline=None, phases=[Phase.explicit, Phase.generate])


def started(case: Case, now_us: int) -> Detection:
    return Detection(case.campus, AGENT, case.campus.points_of(AGENT), now_us)


def fast(case: Case, samples: SampleBatch) -> list[AlertEvent]:
    return started(case, case.since_us).step(samples, case.until_us).events


def told(events: Iterable[AlertEvent]) -> list[Told]:
    lines = [
        (e.rule, e.device, e.kind.value, e.time_us, e.start_us, int(e.severity), e.value, e.limit)
        for e in events
    ]
    return sorted(lines, key=lambda line: line[:2] + line[3:4])


def rounded(lines: list[Told], since_us: int) -> list[tuple[Any, ...]]:
    """Times in seconds, numbers without their last digits: sums in another order differ there."""

    def number(value: float) -> float | None:
        return None if math.isnan(value) else float(f"{value:.9g}") + 0.0

    return [
        (*line[:3], (line[3] - since_us) / 1e6, (line[4] - since_us) / 1e6, line[5], *map(number, line[6:]))
        for line in lines
    ]


def assert_named(case: Case, events: Iterable[AlertEvent]) -> None:
    """Every event has the name that its rule, thing and begin make, and says whether it latches."""
    for event in events:
        rule = case.campus.rules[event.rule]
        assert event.id == alert_id(rule.id, rule.version, event.device, event.start_us)
        assert event.latch == rule.latch


def assert_equal(case: Case, samples: SampleBatch) -> None:
    slow = slow_rules.events(case.campus, AGENT, samples, case.since_us, case.until_us)
    events, at = fast(case, samples), case.since_us
    assert rounded(told(events), at) == rounded(slow, at)
    assert_named(case, events)


@pytest.mark.parametrize("name", CASES)
@EXAMPLES
@given(data=st.data())
def test_the_core_tells_what_its_slow_twin_tells(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    assert_equal(case, data.draw(samples_of(case)))


def block_of(case: Case, samples: SampleBatch) -> Block:
    """History as it lies in memory: what is held at every moment at which anything was read, and at the end."""
    table = case.campus.points_of(AGENT)
    said = readings(table, samples)
    steps = sorted({time for known in said.values() for time, _ in known} | {case.until_us})
    value = np.full((len(table), len(steps)), math.nan)
    at_us = np.full((len(table), len(steps)), NEVER, np.int64)
    for row, name in enumerate(table.names):
        for time, read in said[name]:
            first = steps.index(time)
            value[row, first:], at_us[row, first:] = read, time
    return Block(value, at_us, np.array(steps, np.int64))


@pytest.mark.parametrize("name", CASES)
@EXAMPLES
@given(data=st.data())
def test_history_in_memory_tells_what_its_samples_tell_wherever_it_is_cut(
    name: str, data: st.DataObject
) -> None:
    case = CASES[name]
    samples = data.draw(samples_of(case))
    block = block_of(case, samples)
    cuts = sorted(data.draw(st.sets(st.integers(1, block.steps), max_size=4)) | {0, block.steps})
    detection = started(case, case.since_us)
    events: list[AlertEvent] = []
    for first, last in itertools.pairwise(cuts):
        for findings in detection.play(block.cut(first, last)):
            events += findings.events()
    whole, by_samples = played(case, [Delivery(samples, case.until_us)])
    assert in_order(events) == in_order(whole)
    assert saved(detection) == saved(by_samples)


def in_order(events: Iterable[AlertEvent]) -> list[str]:
    """Events whole, in one order for all cuts; as text, in which NaN is equal to itself."""
    return [repr(e) for e in sorted(events, key=lambda e: (e.time_us, e.rule, e.device, e.kind != "raise"))]


def saved(detection: Detection) -> dict[str, bytes]:
    return detection.save_judged() | detection.save_held()


def played(case: Case, parts: Iterable[Delivery]) -> tuple[list[AlertEvent], Detection]:
    detection = started(case, case.since_us)
    events: list[AlertEvent] = []
    for part in parts:
        events += detection.step(part.batch, part.until_us).events
        if part.returns_us is not None:
            kept = saved(detection)
            detection = started(case, part.returns_us)
            assert detection.restore(kept, part.returns_us) == []
    return events, detection


@pytest.mark.parametrize("name", CASES)
@EXAMPLES
@given(data=st.data())
def test_any_cut_and_any_restart_give_the_same_events_and_state(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    samples = data.draw(samples_of(case))
    # For silence a restart matters: the agent's own absence is nobody's silence.
    may_restart = not any(isinstance(rule, StaleRule) and rule.enabled for rule in case.campus.rules.values())
    parts = data.draw(deliveries(case, samples, may_restart=may_restart))
    whole, at_once = played(case, [Delivery(samples, case.until_us)])
    pieces, piecewise = played(case, parts)
    assert in_order(pieces) == in_order(whole)
    assert saved(piecewise) == saved(at_once)


@pytest.mark.parametrize("name", CASES)
@settings(EXAMPLES, max_examples=15)
@given(data=st.data())
def test_late_readings_never_tell_of_a_time_before_what_was_told(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    samples = data.draw(samples_of(case))
    batches = data.draw(st.integers(1, 6))
    numbers = st.lists(st.integers(0, batches - 1), min_size=len(samples), max_size=len(samples))
    comes = np.array(data.draw(numbers), np.int64)
    detection = started(case, case.since_us)
    out: dict[tuple[str, str], AlertEvent] = {}
    for number in range(batches):
        until_us = case.since_us + (case.until_us - case.since_us) * (number + 1) // batches
        for event in detection.step(samples[comes == number], until_us).events:
            before = out.pop((event.rule, event.device), None)
            assert (before is None) == (event.kind is EventKind.RAISE)
            assert before is None or (before.id == event.id and before.time_us <= event.time_us)
            assert event.time_us <= until_us
            if event.kind is not EventKind.CLEAR:
                out[event.rule, event.device] = event


LEAVES = (
    {"point": "pressure_mpa", "below": 0.15},
    {"point": "pressure_mpa", "above": 0.15, "dead_band": 0.02},
    {"point": "pressure_mpa", "below": {"schedule": [{"hours": {"end": "10:30"}, "limit": 0.18}]}},
    {"point": "fault", "equals": "on"},
    {"point": "running", "count": {"becomes": "on", "within_s": 600}, "above": 0.5},
    {"point": "position", "one_of": ["off", "manual"]},
    {"point": "tank_level_m", "rate": {"over_s": 900, "per": "hour"}, "below": 0.0},
    {"point": "tank_level_m", "flat_s": 600},
)
POINTS: dict[str, tuple[float, ...]] = {
    "pump.pressure_mpa": (0.1, 0.14, 0.15, 0.16, 0.2),
    "pump.fault": (0, 1),
    "pump.running": (0, 1),
    "pump.position": (0, 1, 2),
    "pump.tank_level_m": (1.0, 2.0),
}


def expressions() -> st.SearchStrategy[dict[str, Any]]:
    def joined(parts: st.SearchStrategy[dict[str, Any]]) -> st.SearchStrategy[dict[str, Any]]:
        several = st.lists(parts, min_size=1, max_size=2)
        return st.one_of(
            several.map(lambda all_of: {"all": all_of}),
            several.map(lambda any_of: {"any": any_of}),
            parts.map(lambda negated: {"not": negated}),
        )

    return st.recursive(st.sampled_from(LEAVES), joined, max_leaves=4)


@st.composite
def any_rules(draw: st.DrawFn, name: str) -> dict[str, Any]:
    """A rule of any shape about the pump."""
    seconds = st.sampled_from([0, 0, 60, 180])

    def level() -> dict[str, Any]:
        return {
            "severity": draw(st.sampled_from(["low", "high", "critical"])),
            "when": [draw(expressions())],
            "on_delay_s": draw(seconds),
            "off_delay_s": draw(seconds),
        }

    delays = {"on_delay_s": draw(seconds), "off_delay_s": draw(seconds)}
    if delays["on_delay_s"] and draw(st.booleans()):
        delays |= {
            "good_share": draw(st.sampled_from([0.5, 1.0])),
            "fresh_s": draw(st.sampled_from([120, 600])),
        }
    if draw(st.booleans()):
        delays["only"] = {"hours": [{"start": "10:10", "end": "10:35"}]}
    when = [draw(expressions()) for _ in range(draw(st.sampled_from([1, 1, 1, 2])))]
    levels = [level() for _ in range(draw(st.integers(0, 2)))]
    return rule(name, when=when, levels=levels, **delays)


@st.composite
def any_cases(draw: st.DrawFn) -> Case:
    """One rule of any shape, or two of which one holds the other back."""
    rules = [draw(any_rules("free"))]
    if draw(st.booleans()):
        rules.append(draw(any_rules("spare")))
        rules[0]["held_back_by"] = [{"rule": "spare", "on": draw(st.sampled_from(["device", "area"]))}]
    return Case(rules, POINTS, most=90)


@pytest.mark.timeout(600)
@settings(EXAMPLES, max_examples=120)
@given(data=st.data())
def test_rules_of_any_shape_equal_the_twin(data: st.DataObject) -> None:
    case = data.draw(any_cases())
    try:
        _ = case.campus
    except ConfigRefused:
        return  # conditions that can never hold together
    samples = data.draw(samples_of(case))
    assert_equal(case, samples)
    parts = data.draw(deliveries(case, samples, may_restart=True))
    pieces, _ = played(case, parts)
    assert in_order(pieces) == in_order(fast(case, samples))
