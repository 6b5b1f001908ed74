"""Time lines of faults: when each step is due, and what a wrong file is told."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.errors import ConfigRefused
from devices.sim.scenario import Scenario, load_scenario

ROOT = Path(__file__).parents[3]
ABOUT = {"zh": "试", "en": "test"}
STEPS = [
    {"at_s": 0, "target": "a", "fault": "silent"},
    {"at_s": 5, "target": "b", "fault": "silent"},
    {"at_s": 12, "target": "c", "fault": "silent"},
]


def made(**more: object) -> Scenario:
    return Scenario.model_validate({"scenario": "x", "about": ABOUT, "steps": STEPS, **more})


def times(scenario: Scenario, after_s: float, until_s: float) -> list[tuple[float, str]]:
    return [(time_s, step.target) for time_s, step in scenario.due(after_s, until_s)]


def test_step_is_due_once_when_its_time_is_reached() -> None:
    scenario = made()
    assert times(scenario, -1, 0) == [(0, "a")]
    assert times(scenario, 0, 4.9) == []
    assert times(scenario, 4.9, 100) == [(5, "b"), (12, "c")]
    assert times(scenario, 100, 1e6) == []


def test_steps_behind_the_mark_come_again() -> None:
    scenario = made(repeat_from_s=4, repeat_s=10)
    assert times(scenario, -1, 33) == [
        (0, "a"), (5, "b"), (12, "c"), (15, "b"), (22, "c"), (25, "b"), (32, "c"),
    ]  # fmt: skip


@given(cuts=st.lists(st.floats(0, 200), max_size=20))
def test_cutting_the_time_anywhere_changes_nothing(cuts: list[float]) -> None:
    scenario = made(repeat_from_s=4, repeat_s=10)
    ends = [*sorted(cuts), 200.0]
    pieces = [
        due for begin, end in zip([-1.0, *ends], ends, strict=False) for due in times(scenario, begin, end)
    ]
    assert pieces == times(scenario, -1, 200)


def test_step_behind_the_repetition_is_refused() -> None:
    with pytest.raises(ValueError, match="begins anew at 11 s"):
        made(repeat_from_s=1, repeat_s=10)


def test_every_problem_of_a_file_is_told_at_once(tmp_path: Path, small: Campus) -> None:
    path = tmp_path / "scenario.yaml"
    path.write_text(
        "scenario: bad\nabout: {zh: 坏, en: bad}\nsteps:\n"
        "- {at_s: 0, target: metr-1, fault: silent}\n"
        "- {at_s: 0, target: meter-1, fault: manual}\n"
        "- {at_s: 0, target: pump-1, fault: manul, expect: [no-such-rule]}\n",
        "utf-8",
    )
    with pytest.raises(ConfigRefused) as refused:
        load_scenario(path, small)
    told = {problem.path: (problem.found, problem.expected) for problem in refused.value.problems}
    assert told == {
        "steps.0.target": ("'metr-1'", "a known id (did you mean 'meter-1'?)"),
        "steps.1.fault": (
            "manual on meter-1",
            "silent, slow, exception, garbled, stuck, counter-reset, counter-glitch, counter-rollover",
        ),
        "steps.2.fault": ("'manul'", "a known id (did you mean 'manual'?)"),
        "steps.2.expect": ("'no-such-rule'", "a known id"),
    }


def test_demo_scenario_fits_the_demo_campus(demo: Campus) -> None:
    scenario = load_scenario(ROOT / "config/demo/scenario.yaml", demo)
    first = [step for _, step in scenario.due(-1, 40)]
    families = {demo.rules[rule].family for step in first for rule in step.expect}
    assert {"traffic", "cooling", "fire"} <= families
    assert all(step.expect for step in scenario.steps)


def test_demo_scenario_leaves_the_board_calm(demo: Campus) -> None:
    scenario = load_scenario(ROOT / "config/demo/scenario.yaml", demo)
    for hour in range(1, 5):
        assert len(scenario.due(hour * 3600, (hour + 1) * 3600)) <= 20
        assert scenario.due(hour * 3600, (hour + 1) * 3600)
