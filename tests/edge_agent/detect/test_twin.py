"""The detection core against its slow twin, and against itself however the data is cut and it is restarted."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from devices.campus.rules import StaleRule
from devices.model.alerts import AlertEvent
from devices.model.errors import ConfigRefused
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.twin import slow_rules
from tests.edge_agent.detect.twin.cases import CASES
from tests.edge_agent.detect.twin.slow_rules import Told
from tests.edge_agent.detect.twin.stories import AGENT, Case, Delivery, deliveries, rule, samples_of

EXAMPLES = settings(max_examples=40, deadline=None, phases=[Phase.explicit, Phase.generate])


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


def assert_equal(case: Case, samples: SampleBatch) -> None:
    slow = slow_rules.events(case.campus, AGENT, samples, case.since_us, case.until_us)
    at = case.since_us
    assert rounded(told(fast(case, samples)), at) == rounded(slow, at)


@pytest.mark.parametrize("name", CASES)
@EXAMPLES
@given(data=st.data())
def test_the_core_tells_what_its_slow_twin_tells(name: str, data: st.DataObject) -> None:
    case = CASES[name]
    assert_equal(case, data.draw(samples_of(case)))


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
        if part.restarts:
            kept = saved(detection)
            detection = started(case, part.until_us)
            assert detection.restore(kept, part.until_us) == []
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
    whole, at_once = played(case, [Delivery(samples, case.until_us, restarts=False)])
    pieces, piecewise = played(case, parts)
    assert in_order(pieces) == in_order(whole)
    assert saved(piecewise) == saved(at_once)


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
        several = st.lists(parts, min_size=1, max_size=3)
        return st.one_of(
            several.map(lambda all_of: {"all": all_of}),
            several.map(lambda any_of: {"any": any_of}),
            parts.map(lambda negated: {"not": negated}),
        )

    return st.recursive(st.sampled_from(LEAVES), joined, max_leaves=6)


@st.composite
def any_cases(draw: st.DrawFn) -> Case:
    minutes = st.sampled_from([0, 0, 60, 180])
    made = rule(
        "spare",
        when=draw(st.lists(expressions(), min_size=1, max_size=2)),
        on_delay_s=draw(minutes),
        off_delay_s=draw(minutes),
    )
    levels = [
        {
            "severity": draw(st.sampled_from(["low", "high", "critical"])),
            "when": [draw(expressions())],
            "on_delay_s": draw(minutes),
            "off_delay_s": draw(minutes),
        }
    ]
    return Case([made | ({"levels": levels} if draw(st.booleans()) else {})], POINTS, most=40)


@settings(EXAMPLES, max_examples=300)
@given(data=st.data())
def test_expressions_of_any_shape_equal_the_twin(data: st.DataObject) -> None:
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
