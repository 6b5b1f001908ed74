"""Speeding: vehicle passes against the limit of place, hour and class, instrument error in the driver's favour."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final

import numpy as np

from devices.campus.site import Device
from devices.campus.speed_limits import angle_deg, limit_at
from devices.campus.speed_rules import SpeedingRule, SpeedLevel
from devices.model import plates
from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.codes import Direction, VehicleClass
from devices.model.samples import Quality, SampleBatch
from devices.model.texts import Text
from devices.profiles.profile import DeviceKind
from edge_agent.detect.block import Floats, Rows, Times, shifted
from edge_agent.detect.passes import Bytes, Cut, Passes, Readings, cut
from edge_agent.detect.roads import cutting_of, roads_of
from edge_agent.detect.subjects import Finding, Register, event
from edge_agent.detect.vehicles import NOWHERE, Sightings, Vehicles, Waiting, joined
from edge_agent.detect.views import Eyes, Opinion

#: Rules that say of a camera that it looks elsewhere.
ELSEWHERE: Final = frozenset({"camera-moved", "camera-turned"})
#: What is read of a calibrated camera.
SIGHT: Final = ("vision_kmh", "vision_error_kmh", "vision_lane", "shift")


@dataclass(frozen=True, slots=True)
class _Kind:
    """Devices of one kind, and which device each point of the table belongs to, by the name of the point."""

    devices: tuple[Device, ...]
    of_point: dict[str, Rows]

    @classmethod
    def of(
        cls,
        register: Register,
        kind: DeviceKind,
        points: tuple[str, ...],
        only: Collection[str] | None = None,
    ) -> _Kind:
        campus, row = register.campus, register.table.row
        of_kind = (d for d in campus.devices_of(register.agent) if campus.profile_of(d).kind is kind)
        devices = tuple(d for d in of_kind if only is None or d.id in only)
        of_point = {name: np.full(len(register.table), -1, np.int64) for name in points}
        for number, device in enumerate(devices):
            for name in points:
                if (point := f"{device.id}.{name}") in row:
                    of_point[name][row[point]] = number
        return cls(devices, of_point)

    def told(self, batch: SampleBatch, name: str) -> tuple[Rows, SampleBatch]:
        """Samples of one point of these devices, and the row of the device of each."""
        chosen = batch[self.of_point[name][batch.point] >= 0]
        return self.of_point[name][chosen.point], chosen

    def beside(self, batch: SampleBatch, name: str, rows: Rows, time_us: Times, otherwise: float) -> Floats:
        """What devices told of another point at these very moments; `otherwise` where they told nothing."""
        said_by, said = self.told(batch, name)
        found = np.full(len(rows), otherwise)
        if not len(said) or not len(rows):
            return found
        moments = said.time_us * len(self.devices) + said_by  # device and moment as one number
        order = np.argsort(moments, kind="stable")
        wanted = time_us * len(self.devices) + rows
        place = order[np.maximum(np.searchsorted(moments[order], wanted, "right") - 1, 0)]
        same = moments[place] == wanted
        found[same] = said.value[place[same]]
        return found


class Radars:
    """All radars and plate cameras of an agent: readings in, passes and speeding events out."""

    def __init__(self, rules: list[SpeedingRule], register: Register) -> None:
        self._radars = _Kind.of(register, DeviceKind.RADAR, ("speed_kmh", "direction", "vehicle_class"))
        self._cameras = _Kind.of(register, DeviceKind.PLATE, ("plate", "plate_sure", "vehicle_class"))
        calibrations = register.campus.calibrations
        self._sights = _Kind.of(register, DeviceKind.CAMERA, SIGHT, calibrations)
        everybody = (*self._radars.devices, *self._cameras.devices, *self._sights.devices)
        self.subjects = tuple(register.subject(device) for device in everybody)
        self._register = register
        radars = [device.id for device in self._radars.devices]
        self._rule = _rule_of_each(rules, register, radars)
        self._cutting = cutting_of(self._rule)
        self.eyes = Eyes([calibrations[camera.id] for camera in self._sights.devices], radars)
        row = register.table.row
        self._void_s = np.array([row[f"{one}.vision_void_s"] for one in self.eyes.cameras], np.int64)
        plates_by = [camera.id for camera in self._cameras.devices]
        self._roads = roads_of(self._rule, radars, plates_by, self._cutting, self.eyes.watched)
        pairs = zip(self._rule, self._radars.devices, strict=True)
        self._angle_deg = np.array([angle_deg(rule, device) for rule, device in pairs], np.float64)
        self._shorter = np.cos(np.radians(self._angle_deg))
        self._lowest = np.array([_lowest_limit(rule) for rule in self._rule], np.float64)
        kinds = (self._radars, self._cameras, self._sights)
        tables = [of_point for kind in kinds for of_point in kind.of_point.values()]
        self._mine = np.any([of_point >= 0 for of_point in tables], axis=0)
        self.cut = Cut.begun(len(radars))
        self.waiting = Waiting.begun(len(self._cameras.devices))

    def step(self, batch: SampleBatch, until_us: int) -> tuple[SampleBatch, list[AlertEvent]]:
        """Take samples in; return samples of each vehicle that passed (receding: negative), and events."""
        mine = batch[self._mine[batch.point]]
        if not len(mine) and not self._waits:
            return mine, []
        usable = mine[(mine.quality <= Quality.UNCERTAIN) & ~np.isnan(mine.value)]
        voids = self._look(usable)
        self.cut, passes = cut(self.cut, self._readings(usable), until_us, self._cutting)
        self.waiting, vehicles = joined(self.waiting, passes, self._sightings(usable), until_us, self._roads)
        checked = {
            n: found for n in range(len(vehicles)) if (found := self._opinion(vehicles, n)) is not None
        }
        fast = np.flatnonzero(vehicles.passes.peak_kmh > self._lowest[vehicles.passes.radar])
        events = [
            found for number in fast.tolist() for found in self._judge(vehicles, number, checked.get(number))
        ]
        self.eyes.forget(until_us)
        told = [self._samples(vehicles.passes), self._opinions(vehicles.passes, checked), voids]
        return SampleBatch.joined(told), events

    def turned(self, events: Iterable[AlertEvent]) -> None:
        """What was measured by a camera of which an alert says that it looks elsewhere does not count."""
        for found in events:
            if found.rule in ELSEWHERE and found.kind is EventKind.RAISE:
                self.eyes.turned(found.device, found.start_us)

    @property
    def _waits(self) -> bool:
        """Whether time alone may end a pass, or a wait for another radar or a plate."""
        return bool(len(self.cut.open) or len(self.waiting.passes) or len(self.waiting.plates))

    def _readings(self, usable: SampleBatch) -> Readings:
        """Speeds with what was told beside them, corrected for the angle of each radar."""
        radar, speeds = self._radars.told(usable, "speed_kmh")
        at = (radar, speeds.time_us)
        kmh = np.abs(speeds.value) / self._shorter[radar]
        direction = self._radars.beside(usable, "direction", *at, Direction.UNKNOWN)
        vehicle = self._radars.beside(usable, "vehicle_class", *at, VehicleClass.UNKNOWN)
        return Readings(*at, kmh, _codes(direction, Direction), _codes(vehicle, VehicleClass))

    def _sightings(self, usable: SampleBatch) -> Sightings:
        """Each record of a camera, also one without a plate: it may tell the class of a vehicle."""
        told = [self._cameras.told(usable, name) for name in ("plate", "vehicle_class")]
        time_us = np.concatenate([said.time_us for _, said in told])
        moments = np.unique(np.stack([time_us, np.concatenate([rows for rows, _ in told])]), axis=1)
        at = (moments[1], moments[0])
        plate, sure, vehicle = (
            self._cameras.beside(usable, name, *at, otherwise)
            for name, otherwise in (("plate", np.nan), ("plate_sure", np.nan), ("vehicle_class", 0.0))
        )
        free = np.zeros(len(plate), np.uint8)
        return Sightings(*at, plate, sure, _codes(vehicle, VehicleClass), free)

    def _look(self, usable: SampleBatch) -> SampleBatch:
        """What calibrated cameras measured, and how far their views moved; say for how long each has been void."""
        if not self._sights.devices:
            return SampleBatch.empty()
        moved, shifts = self._sights.told(usable, "shift")
        void_s = self.eyes.look(moved, shifts)
        camera, measured = self._sights.told(usable, "vision_kmh")
        at = (camera, measured.time_us)
        lane, error = (
            self._sights.beside(usable, name, *at, math.nan) for name in ("vision_lane", "vision_error_kmh")
        )
        self.eyes.take(camera, lane, measured, error)
        return SampleBatch.of(self._void_s[moved], shifts.time_us, void_s)

    def _opinion(self, vehicles: Vehicles, number: int) -> Opinion | None:
        """What a camera says to the speed of a vehicle; None where no camera watches its road."""
        passes = vehicles.passes
        radar = int(passes.radar[number])
        road = self._roads.of_radar[radar]
        others = [] if road == NOWHERE else np.flatnonzero(self._roads.of_radar == road).tolist()
        radars = [radar, *(other for other in others if other != radar)]
        if not self.eyes.watched[radars].any():
            return None
        moments = (int(passes.start_us[number]), int(passes.end_us[number]), int(passes.peak_us[number]))
        kmh, way = float(passes.peak_kmh[number]), int(passes.direction[number])
        return self.eyes.opinion(radars, self._roads.opposed, moments, kmh, way)

    def _opinions(self, passes: Passes, checked: dict[int, Opinion]) -> SampleBatch:
        """The opinions as samples, at the moment of the peak as the pass itself."""
        rows = np.array(list(checked), np.int64)
        seen = np.array([number for number in checked if not math.isnan(checked[number].kmh)], np.int64)
        points = [
            self.subjects[int(passes.radar[number])].points[name]
            for name, numbers in (("pass_check", rows), ("pass_vision_kmh", seen))
            for number in numbers.tolist()
        ]
        values = [float(checked[n].check) for n in rows.tolist()] + [checked[n].kmh for n in seen.tolist()]
        times = passes.peak_us[np.concatenate([rows, seen])]
        return SampleBatch.of(np.array(points, np.int64), times, np.array(values))

    def _samples(self, passes: Passes) -> SampleBatch:
        speed, of_class = (
            np.array([self.subjects[n].points[name] for n in range(len(self._rule))], np.int64)
            for name in ("pass_kmh", "pass_class")
        )
        sign = np.where(passes.direction == Direction.RECEDING, -1.0, 1.0)
        known = passes[passes.vehicle != VehicleClass.UNKNOWN]
        return SampleBatch.of(
            np.concatenate([speed[passes.radar], of_class[known.radar]]),
            np.concatenate([passes.peak_us, known.peak_us]),
            np.concatenate([passes.peak_kmh * sign, known.vehicle]),
        )

    def _judge(self, vehicles: Vehicles, number: int, opinion: Opinion | None) -> Iterator[AlertEvent]:
        passes = vehicles.passes
        radar, peak = int(passes.radar[number]), float(passes.peak_kmh[number])
        rule, subject, device = self._rule[radar], self.subjects[radar], self._radars.devices[radar]
        start_us, campus = int(passes.start_us[number]), self._register.campus
        if rule is None or passes.confidence[number] < rule.min_confidence:
            return
        moment = dt.datetime.fromtimestamp(start_us / 1e6, campus.timezone)
        limit = limit_at(campus, rule, device, moment, VehicleClass(passes.vehicle[number]))
        tolerated = rule.instrument_of(device.id).tolerated(peak, moment.date())
        if math.isnan(limit) or peak <= limit + tolerated:
            return
        if self._register.exempt(rule, [subject], moment.date())[0]:
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
            evidence=self._evidence(vehicles, number, rule, moment.date()) | _told(opinion),
        )
        yield event(rule, subject, finding)

    def _evidence(
        self, vehicles: Vehicles, number: int, rule: SpeedingRule, day: dt.date
    ) -> dict[str, float]:
        """The pass in numbers, the bounds of the true speed, and what other radars and cameras saw of it."""
        passes = vehicles.passes
        radar, peak = int(passes.radar[number]), float(passes.peak_kmh[number])
        instrument = rule.instrument_of(self._radars.devices[radar].id)
        found = {
            "speed_kmh": peak * float(self._shorter[radar]),  # as the radar said it
            "peak_kmh": peak,
            "median_kmh": float(passes.median_kmh[number]),
            "readings": float(passes.readings[number]),
            "duration_s": float(passes.end_us[number] - passes.start_us[number]) / 1e6,
            "direction": float(passes.direction[number]),
            "confidence": round(float(passes.confidence[number]), 3),
            "true_min_kmh": round(peak - instrument.reads_high(peak, day), 2),
            "true_max_kmh": round(peak + instrument.reads_low(peak, day), 2),
        }
        if self._angle_deg[radar]:
            found["angle_deg"] = float(self._angle_deg[radar])
        if passes.vehicle[number]:
            found["vehicle_class"] = float(passes.vehicle[number])
        if not math.isnan(vehicles.plate[number]):
            found |= {
                plates.EVIDENCE: float(vehicles.plate[number]),
                "plates_near": float(vehicles.near[number]),
            }
            found |= {} if math.isnan(vehicles.sure[number]) else {"plate_sure": float(vehicles.sure[number])}
        others = {f"{self._radars.devices[row].id}.pass_kmh": kmh for row, kmh in vehicles.others[number]}
        return found | others

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock."""
        self.cut = Cut(self.cut.open.moved(by_us), shifted(self.cut.seen_us, by_us))
        waiting, seen_us = self.waiting, shifted(self.waiting.seen_us, by_us)
        self.waiting = Waiting(waiting.passes.moved(by_us), waiting.plates.moved(by_us), seen_us)
        self.eyes.shift(by_us)

    def columns(self) -> dict[str, Any]:
        """State as named arrays."""
        return {
            "seen_us": self.cut.seen_us,
            "plates_seen_us": self.waiting.seen_us,
            **self.cut.open.named("open_"),
            **self.waiting.passes.named("waiting_"),
            **self.waiting.plates.named("plate_"),
            **self.eyes.columns(),
        }

    def restore(self, columns: dict[str, Any]) -> None:
        """Continue from saved columns of the same radars; those of another version begin anew."""
        if columns.keys() != self.columns().keys():
            self.recall(columns)
            return
        self.cut = Cut(Readings.read(columns, "open_"), columns["seen_us"])
        passes, seen = Passes.read(columns, "waiting_"), Sightings.read(columns, "plate_")
        self.waiting = Waiting(passes, seen, columns["plates_seen_us"])
        self.eyes.restore(columns)

    def recall(self, columns: dict[str, Any]) -> None:
        """Of saved columns of other radars only know again which cameras moved: nobody tells it a second time."""
        self.eyes.recall(columns)


def _told(opinion: Opinion | None) -> dict[str, float]:
    """A camera's opinion as evidence; nothing where no camera watches the road."""
    if opinion is None:
        return {}
    found = {"check": float(opinion.check)}
    if math.isnan(opinion.kmh):
        return found
    return found | {"vision_kmh": round(opinion.kmh, 2), "vision_error_kmh": round(opinion.error_kmh, 2)}


def severity(levels: tuple[SpeedLevel, ...], peak: float, limit: float, otherwise: Severity) -> Severity:
    """The level of the highest share above the limit that is reached."""
    over = (peak / limit - 1) * 100
    reached = [level for level in levels if over >= level.over_percent]
    return max(reached, key=lambda level: level.over_percent).severity if reached else otherwise


def _rule_of_each(
    rules: list[SpeedingRule], register: Register, radars: list[str]
) -> list[SpeedingRule | None]:
    """The first rule that selects each radar."""
    wanted = [(rule, {subject.id for subject in register.subjects(rule)}) for rule in rules]
    return [next((rule for rule, ids in wanted if radar in ids), None) for radar in radars]


def _lowest_limit(rule: SpeedingRule | None) -> float:
    """No pass below it can be too fast; without a rule none is."""
    return math.inf if rule is None else min([rule.limit_kmh, *(limit.limit_kmh for limit in rule.limits)])


def _codes(values: Floats, members: type[IntEnum]) -> Bytes:
    """Numbers as codes from 0 on; what is no member is unknown, which is 0 in each of these sets."""
    known = (values >= 0) & (values < len(members)) & (values == np.floor(values))
    return np.where(known, values, 0).astype(np.uint8)
