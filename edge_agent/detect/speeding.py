"""Speeding: vehicle passes against the limit of place and hour, instrument error in the driver's favour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from devices.campus.speed_rules import SpeedingRule, SpeedLevel
from devices.campus.site import Device
from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.codes import Direction
from devices.model.samples import Quality, SampleBatch
from devices.model.texts import Text
from devices.profiles.profile import DeviceKind
from edge_agent.detect.block import Rows, Times, shifted
from edge_agent.detect.passes import Cut, Cutting, Passes, Readings, cut
from edge_agent.detect.subjects import Finding, Register, Subject, event


class Radars:
    """All radars of an agent: readings in, passes and speeding events out."""

    def __init__(self, rules: list[SpeedingRule], register: Register) -> None:
        devices = [d for d in register.campus.devices_of(register.agent) if _is_radar(register, d)]
        self.subjects = tuple(register.subject(device) for device in devices)
        self._register = register
        self._rule = _rule_of_each(rules, register, self.subjects)
        self._cutting = _cutting(self._rule)
        self.state = Cut.begun(len(self.subjects))
        points = len(register.table)
        self._radar_of = np.full(points, -1, np.int64)
        self._direction_of = np.full(points, -1, np.int64)
        for row, subject in enumerate(self.subjects):
            self._radar_of[subject.points["speed_kmh"]] = row
            if "direction" in subject.points:
                self._direction_of[subject.points["direction"]] = row

    def step(self, batch: SampleBatch, until_us: int) -> tuple[SampleBatch, list[AlertEvent]]:
        """Take samples in; return one `pass_kmh` sample a pass (receding: negative), and events."""
        self.state, passes = cut(self.state, self._readings(batch), until_us, self._cutting)
        events = [found for number in range(len(passes)) for found in self._judge(passes, number)]
        return self._samples(passes), events

    def _readings(self, batch: SampleBatch) -> Readings:
        usable = batch[(batch.quality <= Quality.UNCERTAIN) & ~np.isnan(batch.value)]
        speeds = usable[self._radar_of[usable.point] >= 0]
        radar = self._radar_of[speeds.point]
        said = usable[self._direction_of[usable.point] >= 0]
        direction = _matching(radar, speeds.time_us, self._direction_of[said.point], said)
        return Readings(radar, speeds.time_us, np.abs(speeds.value), direction)

    def _samples(self, passes: Passes) -> SampleBatch:
        rows = np.array([subject.points["pass_kmh"] for subject in self.subjects], np.int32)
        sign = np.where(passes.direction == Direction.RECEDING, -1.0, 1.0)
        return SampleBatch.of(rows[passes.radar], passes.peak_us, passes.peak_kmh * sign)

    def _judge(self, passes: Passes, number: int) -> Iterator[AlertEvent]:
        subject, rule = self.subjects[passes.radar[number]], self._rule[passes.radar[number]]
        if rule is None:
            return
        start_us, peak = int(passes.start_us[number]), float(passes.peak_kmh[number])
        moment = dt.datetime.fromtimestamp(start_us / 1e6, self._register.campus.timezone)
        if self._register.exempt(rule, [subject], moment.date())[0]:
            return
        limit = self.limit(rule, subject, moment)
        tolerated = 0.0 if rule.instrument == "certified" else rule.error_kmh + rule.margin_kmh
        if peak <= limit + tolerated:
            return
        finding = Finding(
            kind=EventKind.MOMENT,
            time_us=int(passes.end_us[number]),
            start_us=start_us,
            value=peak,
            limit=limit,
            unit="km/h",
            value_text=Text(f"{peak:.0f}", f"{peak:.0f}"),
            limit_text=Text(f"{limit:.0f}", f"{limit:.0f}"),
            severity=severity(rule.levels, peak, limit, rule.severity),
            evidence=_evidence(passes, number),
        )
        yield event(rule, subject, finding)

    def limit(self, rule: SpeedingRule, subject: Subject, moment: dt.datetime) -> float:
        """The first special limit that fits place and hour, else the rule's own."""
        campus = self._register.campus
        area = campus.devices[subject.id].area
        for special in rule.limits:
            calendar = campus.calendars.get(special.hours.calendar or "")
            if (not special.areas or area in special.areas) and special.hours.hold(moment, calendar):
                return special.limit_kmh
        return rule.limit_kmh

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock."""
        open_ = replace(self.state.open, time_us=shifted(self.state.open.time_us, by_us))
        self.state = Cut(open_, shifted(self.state.closed_us, by_us))

    def columns(self) -> dict[str, Any]:
        """State as named arrays."""
        open_ = {f"open_{name}": getattr(self.state.open, name) for name in Readings.__slots__}
        return {"closed_us": self.state.closed_us, **open_}

    def restore(self, columns: dict[str, Any]) -> None:
        """Continue from saved columns of the same radars."""
        readings = Readings(**{name: columns[f"open_{name}"] for name in Readings.__slots__})
        self.state = Cut(readings, columns["closed_us"])


def severity(levels: tuple[SpeedLevel, ...], peak: float, limit: float, otherwise: Severity) -> Severity:
    """The level of the highest share above the limit that is reached."""
    over = (peak / limit - 1) * 100
    reached = [level for level in levels if over >= level.over_percent]
    return max(reached, key=lambda level: level.over_percent).severity if reached else otherwise


def _is_radar(register: Register, device: Device) -> bool:
    return register.campus.profile_of(device).kind is DeviceKind.RADAR


def _rule_of_each(
    rules: list[SpeedingRule], register: Register, subjects: tuple[Subject, ...]
) -> list[SpeedingRule | None]:
    """The first rule that selects each radar."""
    wanted = [(rule, {subject.id for subject in register.subjects(rule)}) for rule in rules]
    return [next((rule for rule, ids in wanted if subject.id in ids), None) for subject in subjects]


def _cutting(rules: list[SpeedingRule | None]) -> Cutting:
    gap = [1.5 if rule is None else rule.pass_gap_s for rule in rules]
    low = [3.0 if rule is None else rule.low_kmh for rule in rules]
    least = [1 if rule is None else rule.min_readings for rule in rules]
    return Cutting(
        np.array([round(g * 1e6) for g in gap], np.int64), np.array(low), np.array(least, np.int64)
    )


def _matching(radar: Rows, time_us: Times, said_radar: Rows, said: SampleBatch) -> npt.NDArray[np.uint8]:
    """The direction that a radar told at the very moment of each speed; UNKNOWN where it told none."""
    moments = np.concatenate([np.stack([said_radar, said.time_us]), np.stack([radar, time_us])], axis=1)
    _, place = np.unique(moments, axis=1, return_inverse=True)
    told = np.full(place.max(initial=-1) + 1, Direction.UNKNOWN, np.uint8)
    told[place[: len(said)]] = said.value.astype(np.uint8)
    return told[place[len(said) :]]


def _evidence(passes: Passes, number: int) -> dict[str, float]:
    return {
        "peak_kmh": float(passes.peak_kmh[number]),
        "median_kmh": float(passes.median_kmh[number]),
        "readings": float(passes.readings[number]),
        "duration_s": float(passes.end_us[number] - passes.start_us[number]) / 1e6,
        "direction": float(passes.direction[number]),
    }
