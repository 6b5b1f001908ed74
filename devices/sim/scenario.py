"""A time line of faults, and which alerts it should bring: a file beside the site file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Self

from pydantic import Field, model_validator

from devices.campus.calendars import Id
from devices.campus.checks import near
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem
from devices.profiles.profile import Words
from devices.profiles.strict import Strict, load
from devices.sim.effects import fault_targets
from devices.sim.wires.faults import KINDS


class Step(Strict):
    """One thing that goes wrong."""

    at_s: float = Field(ge=0, description="Seconds after the start, or after each repetition's start.")
    target: Id = Field(description="Device or link.")
    fault: str
    for_s: float | None = Field(None, gt=0, description="How long; without it until the end.")
    value: float | None = Field(None, description="What the kind of fault takes; see `campus-sim faults`.")
    expect: tuple[Id, ...] = Field((), description="Rules that must raise an alert.")


class Scenario(Strict):
    """Steps in any order; with `repeat_from_s`, those from there on come again every `repeat_s`."""

    scenario: Id
    about: Words
    repeat_from_s: float = Field(0.0, ge=0)
    repeat_s: float | None = Field(None, gt=0)
    steps: tuple[Step, ...] = Field(min_length=1)

    @model_validator(mode="after")
    def _ends_before_it_repeats(self) -> Self:
        if self.repeat_s is None:
            return self
        end_s = self.repeat_from_s + self.repeat_s
        late = [step.at_s for step in self.steps if step.at_s >= end_s]
        if late:
            raise ValueError(f"steps: at {late} s, but the repetition begins anew at {end_s:g} s")
        return self

    def due(self, after_s: float, until_s: float) -> list[tuple[float, Step]]:
        """Steps whose time is in (after_s, until_s], with that time, in order."""
        found = [
            (time_s, step)
            for step in self.steps
            for time_s in self._times(step, until_s)
            if after_s < time_s <= until_s
        ]
        return sorted(found, key=lambda entry: entry[0])

    def _times(self, step: Step, until_s: float) -> Iterator[float]:
        time_s = step.at_s
        yield time_s
        while self.repeat_s is not None and step.at_s >= self.repeat_from_s and time_s <= until_s:
            time_s += self.repeat_s
            yield time_s


def load_scenario(path: Path, campus: Campus | None = None) -> Scenario:
    """Read a scenario; with a campus, check that it has what goes wrong.

    Raises:
        ConfigRefused: with every problem.
    """
    scenario = load(path, Scenario)
    problems = list(_problems(scenario, campus, str(path)) if campus else _kinds(scenario, str(path)))
    if problems:
        raise ConfigRefused(problems)
    return scenario


def _kinds(scenario: Scenario, file: str) -> Iterator[Problem]:
    for number, step in enumerate(scenario.steps):
        if step.fault not in KINDS:
            yield Problem(file, f"steps.{number}.fault", repr(step.fault), near(step.fault, KINDS))


def _problems(scenario: Scenario, campus: Campus, file: str) -> Iterator[Problem]:
    yield from _kinds(scenario, file)
    targets = fault_targets(campus)
    for number, step in enumerate(scenario.steps):
        known = targets.get(step.target)
        if known is None:
            yield Problem(file, f"steps.{number}.target", repr(step.target), near(step.target, targets))
        elif step.fault in KINDS and not KINDS[step.fault].targets & known:
            fitting = ", ".join(name for name, kind in KINDS.items() if kind.targets & known)
            yield Problem(file, f"steps.{number}.fault", f"{step.fault} on {step.target}", fitting)
        for rule in step.expect:
            if rule not in campus.rules:
                yield Problem(file, f"steps.{number}.expect", repr(rule), near(rule, campus.rules))
