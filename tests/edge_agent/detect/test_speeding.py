"""Radars and plate cameras on a small campus: what is judged, by which limit, with which evidence."""

from __future__ import annotations

import datetime as dt
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, Severity
from devices.model.codes import Direction, VehicleClass
from devices.model.errors import ConfigRefused
from devices.model.plates import decode, encode
from devices.model.samples import Quality, SampleBatch
from edge_agent.detect.speeding import Radars
from edge_agent.detect.subjects import Register

SITE = """
campus: {id: small, name: {zh: 小园区, en: Small campus}}
agents: [{id: edge, name: {zh: 网关, en: Gateway}}, {id: other, name: {zh: 网关, en: Gateway}}]
sites: [{id: hq, name: {zh: 院区, en: Compound}, agent: edge}]
buildings: [{id: main, site: hq, name: {zh: 主楼, en: Main}}]
zones:
  - {id: east, name: {zh: 东区, en: East}, owner: {zh: 东区班, en: East team}}
  - {id: west, name: {zh: 西区, en: West}, owner: {zh: 西区班, en: West team}}
areas:
  - {id: gate, building: main, zone: east, kind: gate, name: {zh: 大门, en: Gate}}
  - {id: drive, building: main, zone: west, kind: road, name: {zh: 大道, en: Drive}}
links:
  - {id: field, agent: edge, kind: mqtt, name: {zh: 现场消息, en: Field}, prefix: field/hq}
  - {id: far, agent: other, kind: mqtt, name: {zh: 现场消息, en: Field}, prefix: field/far}
devices:
  - {id: first, profile: ops243-radar, link: field, area: gate, topic: radar/1, name: {zh: 雷达1, en: Radar 1}}
  - {id: second, profile: ops243-radar, link: field, area: gate, topic: radar/2, name: {zh: 雷达2, en: Radar 2}}
  - {id: third, profile: classed-radar, link: field, area: drive, topic: radar/3, name: {zh: 雷达3, en: Radar 3}}
  - {id: eye, profile: campus-plate-camera, link: field, area: gate, topic: eye, name: {zh: 车牌机, en: Plate camera}}
  - {id: away, profile: ops243-radar, link: far, area: gate, topic: radar, name: {zh: 雷达, en: Radar}}
seasons:
  - {cooling: {first: 06-01, last: 09-30}, heating: {first: 12-01, last: 03-15}}
calendars: [{id: office}]
profiles: [classed-radar.yaml]
exemptions:
  - {rule: speeding, device: third, until: 2026-07-20, reason: {zh: 施工, en: Works}}
rules: [rules.yaml]
"""
CLASSED = """
profile: classed-radar
kind: radar
title: {zh: 分类雷达, en: Radar that tells classes}
make: own
model: one
grade: own
sources: [this test]
sheet:
  kind: json
  parameters: {angle_deg: 0, angle_factor: 1}
  points:
    - {name: speed_kmh, title: {zh: 车速, en: speed}, path: v, unit: km/h, scale_by: angle_factor, valid: [0, 250]}
    - {name: vehicle_class, title: {zh: 类型, en: class}, path: c, words: {car: car}, codes: vehicle_class}
  vectors: [{text: '{"v": 10, "c": "car"}', values: {speed_kmh: 10, vehicle_class: 1}}]
"""
RULE = """
rules:
- id: speeding
  kind: speeding
  title: {zh: 超速, en: Speeding}
  message: {zh: "{area} {value} km/h,限速 {limit}", en: "{area}: {value} km/h, limit {limit}"}
  advice: {zh: 提醒, en: Remind}
  family: traffic
  severity: low
  select: {devices: [first, second, third]}
  limit_kmh: 15
"""
ROAD = "  roads: [{id: gate, radars: [first, second], opposed: [second], cameras: [eye]}]\n"
SUMMER = "2026-07-15 10:00"
Reading = tuple[float, str, float]


def campus_of(folder: Path, rule: str = "", site: str = SITE) -> Campus:
    (folder / "classed-radar.yaml").write_text(CLASSED, "utf-8")
    (folder / "rules.yaml").write_text(RULE + rule, "utf-8")
    (folder / "site.yaml").write_text(site, "utf-8")
    return load_campus(folder / "site.yaml")


def us(campus: Campus, text: str) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=campus.timezone).timestamp() * 1e6)


class Street:
    """The radars of a campus, and readings in seconds after a start."""

    def __init__(self, campus: Campus, start: str = SUMMER) -> None:
        self.campus, self.table = campus, campus.points_of("edge")
        self.start_us = us(campus, start)
        self.radars = self.anew()

    def anew(self) -> Radars:
        rules: Any = [rule for rule in self.campus.rules.values() if rule.kind == "speeding"]
        return Radars(rules, Register(self.campus, "edge", self.table))

    def us(self, second: float) -> int:
        return self.start_us + round(second * 1e6)

    def batch(self, readings: list[Reading]) -> SampleBatch:
        return SampleBatch.of(
            [self.table.row[point] for _, point, _ in readings],
            [self.us(second) for second, _, _ in readings],
            [value for _, _, value in readings],
            [Quality.SENTINEL if math.isnan(value) else Quality.GOOD for _, _, value in readings],
        )

    def step(self, readings: list[Reading], until: float) -> tuple[list[Reading], list[AlertEvent]]:
        samples, events = self.radars.step(self.batch(readings), self.us(until))
        derived = [
            (round((time - self.start_us) / 1e6, 3), self.table.names[row], value)
            for row, time, value in zip(
                samples.point.tolist(), samples.time_us.tolist(), samples.value.tolist(), strict=True
            )
        ]
        return derived, events

    def found(self, readings: list[Reading]) -> list[AlertEvent]:
        return self.step(readings, 4000)[1]


def drive(
    second: float, kmh: float, radar: str = "first", way: Direction = Direction.APPROACHING
) -> list[Reading]:
    """Ten readings in a second, the peak in the middle."""
    readings = [(second + n / 10, f"{radar}.speed_kmh", kmh - abs(5 - n) * 0.1) for n in range(10)]
    return readings + [(s, f"{radar}.direction", float(way)) for s, _, _ in readings]


def plate(
    second: float, number: str, sure: float = 95.0, vehicle: VehicleClass = VehicleClass.CAR
) -> list[Reading]:
    code = encode(number)
    told = (
        ("plate", math.nan if code is None else code),
        ("plate_sure", sure),
        ("vehicle_class", float(vehicle)),
    )
    return [(second, f"eye.{name}", value) for name, value in told]


@pytest.fixture
def road(tmp_path: Path) -> Street:
    return Street(campus_of(tmp_path, ROAD))


def test_a_pass_above_limit_and_tolerance_is_told_with_all_that_is_known_of_it(tmp_path: Path) -> None:
    street = Street(campus_of(tmp_path))
    samples, [event] = street.step([*drive(10, 18.0), *drive(30, 24.0)], 60)
    assert samples == [(10.5, "first.pass_kmh", 18.0), (30.5, "first.pass_kmh", 24.0)]
    assert (event.value, event.limit, event.severity) == (24.0, 15.0, Severity.HIGH)
    assert (event.start_us, event.time_us) == (street.us(30), street.us(30.9))
    assert event.message.en == "Gate: 24 km/h, limit 15"
    assert event.evidence == {
        "speed_kmh": 24.0,
        "peak_kmh": 24.0,
        "median_kmh": 23.75,
        "readings": 10.0,
        "duration_s": 0.9,
        "direction": 1.0,
        "confidence": pytest.approx(0.979, abs=0.001),
        "true_min_kmh": 23.0,
        "true_max_kmh": 25.0,
    }


def test_an_angle_is_corrected_before_judging_and_storing_and_the_raw_speed_is_told(tmp_path: Path) -> None:
    rule = "  instruments: [{radars: [first], angle_deg: 30}]\n"
    street = Street(campus_of(tmp_path, rule))
    samples, [event] = street.step([*drive(10, 17.0), *drive(10, 17.0, "second")], 60)
    corrected = 17.0 / math.cos(math.radians(30))
    assert [value for _, _, value in samples] == pytest.approx([corrected, 17.0])
    assert event.device == "first"
    assert event.value == pytest.approx(corrected)
    assert event.evidence["speed_kmh"] == pytest.approx(17.0)
    assert event.evidence["angle_deg"] == 30.0


def test_what_the_radar_itself_says_of_its_angle_comes_before_the_rule(tmp_path: Path) -> None:
    site = SITE.replace("topic: radar/1,", "topic: radar/1, parameters: {angle_deg: 0},")
    street = Street(campus_of(tmp_path, "  angle_deg: 30\n", site))
    samples, _ = street.step([*drive(10, 17.0), *drive(10, 17.0, "second")], 60)
    assert [value for _, _, value in samples] == pytest.approx([17.0, 17.0 / math.cos(math.radians(30))])


@pytest.mark.parametrize(
    ("instrument", "kmh", "raises"),
    [
        ("instrument: certified", 15.4, 1),
        ("instrument: certified, verified_until: 2026-07-15", 15.4, 1),
        ("instrument: certified, verified_until: 2026-07-14", 15.4, 0),
        ("instrument: uncertified, error_kmh: 1, margin_kmh: 2", 18.0, 0),
        ("instrument: uncertified, error_kmh: 1, margin_kmh: 2", 18.1, 1),
    ],
)
def test_only_an_instrument_that_is_certified_on_that_day_needs_no_tolerance(
    tmp_path: Path, instrument: str, kmh: float, raises: int
) -> None:
    street = Street(campus_of(tmp_path, f"  instruments: [{{radars: [first], {instrument}}}]\n"))
    assert len(street.found(drive(10, kmh))) == raises


@pytest.mark.parametrize(
    ("kind", "kmh", "low", "high"),
    [
        ("certified", 60.0, 60.0, 66.0),
        ("certified", 120.0, 120.0, 127.66),
        ("uncertified", 60.0, 59.0, 61.0),
        ("uncertified", 120.0, 117.6, 122.4),
    ],
)
def test_errors_are_kmh_below_a_hundred_and_per_cent_from_there(
    tmp_path: Path, kind: str, kmh: float, low: float, high: float
) -> None:
    [event] = Street(campus_of(tmp_path, f"  instrument: {kind}\n")).found(drive(10, kmh))
    assert (event.evidence["true_min_kmh"], event.evidence["true_max_kmh"]) == (low, high)


@pytest.mark.parametrize(
    ("limit", "raises"),
    [
        ("zones: [east], limit_kmh: 40", {"second", "third"}),
        ("areas: [drive], limit_kmh: 40", {"first", "second"}),
        ("classes: [emergency, truck], limit_kmh: 40", {"first", "second"}),
        ("classes: [unknown], limit_kmh: 40", {"third"}),
        ("instruments: [certified], limit_kmh: 40", {"second", "third"}),
        ('hours: {start: "09:00", end: "11:00"}, limit_kmh: 40', set()),
        (
            'hours: {start: "09:00", end: "11:00", days: days-off, calendar: office}, limit_kmh: 40',
            {"first", "second", "third"},
        ),
    ],
)
def test_a_limit_counts_by_zone_area_class_instrument_and_hour(
    tmp_path: Path, limit: str, raises: set[str]
) -> None:
    site = SITE.replace("until: 2026-07-20", "until: 2026-07-01").replace(
        "link: field, area: gate, topic: radar/2", "link: field, area: drive, topic: radar/2"
    )
    rule = f"  instruments: [{{radars: [first], instrument: certified}}]\n  limits: [{{{limit}}}]\n"
    truck = [(10 + n / 10, "third.speed_kmh", 30.0) for n in range(10)]
    truck += [(s, "third.vehicle_class", float(VehicleClass.TRUCK)) for s, _, _ in truck]
    if "areas" in limit:
        site = SITE.replace("until: 2026-07-20", "until: 2026-07-01")
    street = Street(campus_of(tmp_path, rule, site))
    found = street.found([*drive(10, 30.0), *drive(10, 30.0, "second"), *truck])
    assert {event.device for event in found} == raises


def test_outside_its_hours_and_seasons_a_rule_judges_nothing_and_passes_count(tmp_path: Path) -> None:
    for only in ('hours: [{start: "11:00", end: "12:00"}]', "seasons: [heating]"):
        street = Street(campus_of(tmp_path, f"  only: {{{only}}}\n"))
        samples, events = street.step(drive(10, 40.0), 60)
        assert (len(samples), events) == (1, [])
    street = Street(campus_of(tmp_path, '  only: {hours: [{start: "11:00", end: "12:00"}]}\n'))
    assert [e.start_us for e in street.found(drive(3600, 40.0))] == [street.us(3600)]


def test_an_exempted_radar_counts_and_raises_nothing_until_the_day_is_over(tmp_path: Path) -> None:
    street = Street(campus_of(tmp_path), "2026-07-20 23:59")
    readings = [(s + n / 10, "third.speed_kmh", 30.0) for s in (10, 70) for n in range(10)]
    samples, events = street.step(readings, 90)
    assert (len(samples), [e.start_us for e in events]) == (2, [street.us(70)])


def test_a_pass_that_is_not_sure_enough_counts_and_raises_nothing(tmp_path: Path) -> None:
    street = Street(campus_of(tmp_path, "  min_confidence: 0.5\n"))
    samples, events = street.step([(10.0, "first.speed_kmh", 40.0), (10.2, "first.speed_kmh", 40.0)], 60)
    assert (len(samples), events) == (1, [])


def test_two_radars_on_one_road_see_one_vehicle_once(road: Street) -> None:
    samples, [event] = road.step([*drive(10, 30.0), *drive(12, 32.0, "second", Direction.RECEDING)[:6]], 60)
    assert [(name, value) for _, name, value in samples] == [("first.pass_kmh", 30.0)]
    assert event.evidence["second.pass_kmh"] == pytest.approx(32.0)
    assert event.device == "first"


def test_one_plate_is_one_event_with_the_surer_record_and_its_class(road: Street) -> None:
    readings = [*drive(10, 30.0), *drive(12.6, 25.0)]
    plates = [*plate(10.4, "浙B12345", 90.0), *plate(13.0, "浙B12345", 99.0, VehicleClass.TRUCK)]
    samples, [event] = road.step([*readings, *plates], 60)
    assert samples == [(10.5, "first.pass_kmh", 30.0), (10.5, "first.pass_class", float(VehicleClass.TRUCK))]
    assert decode(event.evidence["plate"]) == "浙B12345"
    assert (event.evidence["plate_sure"], event.evidence["plates_near"]) == (99.0, 1.0)
    assert event.evidence["vehicle_class"] == VehicleClass.TRUCK


def test_a_plate_that_could_not_be_read_is_none_and_its_class_counts(road: Street) -> None:
    samples, [event] = road.step([*drive(10, 30.0), *plate(10.4, "未识别", 0.0, VehicleClass.BUS)], 60)
    assert not {"plate", "plate_sure"} & event.evidence.keys()
    assert event.evidence["vehicle_class"] == VehicleClass.BUS
    assert samples[1] == (10.5, "first.pass_class", float(VehicleClass.BUS))


def test_without_plates_as_in_a_stored_month_the_camera_still_tells_classes(road: Street) -> None:
    told = [reading for reading in plate(10.4, "浙B12345") if reading[1] != "eye.plate"]
    [event] = road.found([*drive(10, 30.0), *told])
    assert event.evidence["vehicle_class"] == VehicleClass.CAR


SCENE = [
    *drive(10, 30.0),
    *drive(11.5, 33.0, "second", Direction.RECEDING),
    *plate(10.3, "浙B12345"),
    *drive(20, 28.0),
    *drive(22.4, 40.0),
    *plate(20.4, "浙A00001", 80.0),
    *plate(22.9, "浙A00001", 90.0),
    *drive(30, 35.0, "third"),
]


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(st.floats(5, 49), max_size=10))
def test_cuts_and_restarts_anywhere_give_the_same_events_and_samples_and_state(
    road: Street, cuts: list[float]
) -> None:
    scene = [reading for reading in SCENE if reading[1] in road.table.row]
    road.radars = road.anew()
    whole_samples, whole_events = road.step(scene, 50)
    whole_state = road.radars.columns()
    samples: list[Reading] = []
    events: list[AlertEvent] = []
    road.radars, before = road.anew(), 0.0
    for until in [*sorted(cuts), 50.0]:
        more, raised = road.step(
            [r for r in scene if road.us(before) < road.us(r[0]) <= road.us(until)], until
        )
        samples, events, before = samples + more, events + raised, until
        saved = {name: np.frombuffer(c.tobytes(), c.dtype) for name, c in road.radars.columns().items()}
        road.radars = road.anew()
        road.radars.restore(saved)
    assert sorted(samples) == sorted(whole_samples)
    assert {event.id: event for event in events} == {event.id: event for event in whole_events}
    assert len(events) == len(whole_events) == 2
    state = road.radars.columns()
    assert {name: column.tobytes() for name, column in state.items()} == {
        name: column.tobytes() for name, column in whole_state.items()
    }


def test_a_clock_that_was_set_moves_what_waits(road: Street) -> None:
    road.step([*drive(10, 30.0), *plate(10.3, "浙B12345")], 10.95)
    road.radars.shift(3_600_000_000)
    [event] = road.step([], 3700)[1]
    assert event.start_us == road.us(3610)
    assert decode(event.evidence["plate"]) == "浙B12345"


def test_state_of_another_version_begins_anew(road: Street) -> None:
    road.radars.restore({"closed_us": np.zeros(3, np.int64)})
    assert len(road.found(drive(10, 30.0))) == 1


@pytest.mark.parametrize(
    ("rule", "where"),
    [
        ("  on_delay_s: 5\n", "on_delay_s, off_delay_s: none"),
        ("  held_back_by: [{rule: speeding}]\n", "held_back_by: none"),
        ("  latch: true\n", "latch: none"),
        ("  limits: [{classes: [tank], limit_kmh: 5}]\n", "one of unknown, car"),
        ("  limits: [{zones: [eastt], limit_kmh: 5}]\n", r"limits.0.zones.*did you mean 'east'"),
        ("  angle_deg: 60\n", "angle_deg"),
        ("  roads: [{id: a, radars: [first], opposed: [second]}]\n", "opposed: radars of the road"),
        ("  roads: [{id: a, radars: [first]}, {id: b, radars: [first]}]\n", "roads: each radar once"),
        ("  roads: [{id: a, radars: [first, away]}]\n", r"roads.0.radars.*'away'"),
        ("  roads: [{id: a, radars: [first], cameras: [second]}]\n", r"roads.0.cameras.*'second'"),
        ("  instruments: [{radars: [firts]}]\n", r"instruments.0.radars.*did you mean 'first'"),
    ],
)
def test_a_rule_that_makes_no_sense_is_refused_with_its_path(tmp_path: Path, rule: str, where: str) -> None:
    with pytest.raises(ConfigRefused, match=where):
        campus_of(tmp_path, rule)


def test_a_road_of_two_agents_and_an_angle_corrected_twice_are_refused(tmp_path: Path) -> None:
    rule = RULE.replace("first, second, third", "first, second, third, away")
    site = SITE.replace("topic: radar/1,", "topic: radar/1, parameters: {angle_factor: 1.06, angle_deg: 20},")
    (tmp_path / "classed-radar.yaml").write_text(CLASSED, "utf-8")
    (tmp_path / "rules.yaml").write_text(f"{rule}  roads: [{{id: a, radars: [first, away]}}]\n", "utf-8")
    (tmp_path / "site.yaml").write_text(site, "utf-8")
    with pytest.raises(ConfigRefused, match=r"(?s)devices of edge, other.*corrected once"):
        load_campus(tmp_path / "site.yaml")
