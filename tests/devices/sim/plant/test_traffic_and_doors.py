"""Vehicles and doors: the same whatever the steps, plausible in number and speed, whole in their stories."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.campus.site import AreaKind, Campus
from devices.model.codes import Direction
from devices.sim.plant.days import US_PER_MINUTE, US_PER_S
from devices.sim.plant.doors import DoorMessage
from devices.sim.plant.plant import Plant
from devices.sim.plant.traffic import Pass, per_hour, readings

At = Callable[..., int]


def plant_at(campus: Campus, start_us: int) -> Plant:
    plant = Plant(campus, seed=3)
    plant.traffic.begin(start_us)
    plant.doors.begin(start_us)
    return plant


@given(steps=st.lists(st.floats(0.1, 400), min_size=1, max_size=12))
@settings(max_examples=15, deadline=None)
def test_vehicles_are_the_same_whatever_the_steps(demo: Campus, local_us: At, steps: list[float]) -> None:
    start = local_us(2026, 11, 23, 8, 7)
    ends = start + np.cumsum([round(step * US_PER_S) for step in steps])
    whole, pieces = plant_at(demo, start), plant_at(demo, start)
    once = whole.traffic.step(int(ends[-1]))
    assert [r for end in ends for r in pieces.traffic.step(int(end))] == once
    assert all(start <= reading.time_us <= ends[-1] for reading in once)


def test_passes_of_a_working_day_have_p85_near_the_limit_and_some_speeders(
    demo: Campus, local_us: At
) -> None:
    traffic = plant_at(demo, local_us(2026, 11, 23)).traffic
    first = local_us(2026, 11, 23) // US_PER_MINUTE
    day = [p for lane in range(3) for minute in range(1440) for p in traffic.passes(lane, first + minute)]
    kmh = np.array([passed.kmh for passed in day])
    assert 1200 < len(day) < 4000
    assert 12.5 < np.percentile(kmh, 85) < 16.5
    assert 0.01 < (kmh > 18).mean() < 0.06
    lanes = {passed.radar: {p.direction for p in day if p.radar == passed.radar} for passed in day}
    assert lanes["hq1-radar-in"] == {Direction.APPROACHING}
    assert lanes["hq1-radar-out"] == {Direction.RECEDING}
    assert lanes["hall-radar"] == {Direction.APPROACHING, Direction.RECEDING}


def test_rush_hour_is_busier_than_noon_and_noon_than_night_and_days_off_are_quiet() -> None:
    rush, noon, night = (per_hour(minute, workday=True) for minute in (480.0, 720.0, 120.0))
    assert rush > noon > night > 0
    assert per_hour(480.0, workday=False) < noon


@given(kmh=st.floats(4, 90), start=st.integers(0, 10**12))
def test_readings_of_a_pass_never_exceed_its_speed_and_come_near_it(kmh: float, start: int) -> None:
    seen = list(readings(Pass("r", start, kmh, Direction.APPROACHING), seed=1))
    assert len(seen) >= 4
    assert max(reading.kmh for reading in seen) <= kmh
    assert max(reading.kmh for reading in seen) >= kmh * 0.97 - 0.8
    assert np.diff([reading.time_us for reading in seen]).max() <= 0.2 * US_PER_S


def test_speeder_on_demand_is_read_at_once(demo: Campus, local_us: At) -> None:
    start = local_us(2026, 11, 22, 3)
    traffic = plant_at(demo, start).traffic
    traffic.drive(Pass("hq1-radar-in", start + US_PER_S, 34.0, Direction.APPROACHING))
    read = [r.kmh for r in traffic.step(start + 5 * US_PER_S) if r.radar == "hq1-radar-in"]
    assert max(read) == pytest.approx(34.0, abs=0.6)


def story(messages: list[DoorMessage], door: str) -> list[tuple[str, bool, bool, bool]]:
    return [(m.event, m.open, m.locked, m.forced) for m in messages if m.door == door and m.event != "report"]


def test_passage_is_granted_opened_closed(demo: Campus, local_us: At) -> None:
    start = local_us(2026, 11, 23, 9)
    doors = plant_at(demo, start).doors
    said = doors.step(start + 3600 * US_PER_S)
    door = next(message.door for message in said if message.event == "granted")
    assert story(said, door)[:3] == [
        ("granted", False, False, False),
        ("opened", True, False, False),
        ("closed", False, True, False),
    ]
    assert [message.time_us for message in said] == sorted(message.time_us for message in said)


def test_every_door_reports_at_the_start_and_every_minute(demo: Campus, local_us: At) -> None:
    start = local_us(2026, 11, 22, 3)
    doors = plant_at(demo, start).doors
    times: dict[str, list[int]] = {name: [] for name in doors.ids}
    for second in range(1, 301):
        for message in doors.step(start + second * US_PER_S):
            times[message.door].append(message.time_us)
    for name, moments in times.items():
        assert moments[0] <= start + 5 * US_PER_S, name
        assert np.diff(moments).max() <= 61 * US_PER_S, name


def test_held_door_stays_open_until_it_is_released(demo: Campus, local_us: At) -> None:
    start = local_us(2026, 11, 22, 3)
    doors = plant_at(demo, start).doors
    doors.hold("hq1-door-03", start + US_PER_S)
    opened = story(doors.step(start + 300 * US_PER_S), "hq1-door-03")
    assert [event for event, *_ in opened][:2] == ["granted", "opened"]
    assert opened[-1][1] is True
    doors.release("hq1-door-03", start + 301 * US_PER_S)
    closed = story(doors.step(start + 303 * US_PER_S), "hq1-door-03")
    assert closed == [("closed", False, True, False)]


def test_forced_door_is_open_while_locked_until_it_is_restored(demo: Campus, local_us: At) -> None:
    start = local_us(2026, 11, 22, 3)
    doors = plant_at(demo, start).doors
    doors.force("hq1-door-03", start)
    assert story(doors.step(start + US_PER_S), "hq1-door-03") == [("forced", True, True, True)]
    doors.release("hq1-door-03", start + 2 * US_PER_S)
    assert story(doors.step(start + 3 * US_PER_S), "hq1-door-03") == [("restored", False, True, False)]


def test_light_follows_sun_outside_and_people_inside(demo: Campus, local_us: At) -> None:
    plant = plant_at(demo, 0)
    cameras = {
        demo.areas[device.area].kind: device.id for device in demo.devices.values() if "cam" in device.id
    }
    noon, night = local_us(2026, 11, 23, 12), local_us(2026, 11, 23, 2)
    for kind in (AreaKind.ROAD, AreaKind.MEETING):
        assert plant.sight(cameras[kind], noon).level > plant.sight(cameras[kind], night).level + 20
    assert (
        plant.sight(cameras[AreaKind.PARKING], noon).level
        == plant.sight(cameras[AreaKind.PARKING], night).level
    )
    sunday = local_us(2026, 11, 22, 12)
    assert (
        plant.sight(cameras[AreaKind.MEETING], sunday).level
        < plant.sight(cameras[AreaKind.MEETING], noon).level
    )
