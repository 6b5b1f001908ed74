"""Simulated cameras under the shipped rules: each fault is one alert of its class, and healthy life is none."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest

from benchmarks.watching import Watch
from devices.campus.site import Campus
from devices.sim.wires.faults import KINDS
from devices.sim.wires.pictures import TROUBLES
from tests.edge_agent.pictures.watch import readings

#: A day with rain from four in the afternoon on, see devices/sim/plant/sky.py.
DAY = "2026-11-25"
FAULTS = [
    ("blur", 3.0, "camera-blurred"),
    ("blur", 1.0, "camera-blurred"),
    ("cover", 100.0, "camera-covered"),
    ("turn", 100.0, "camera-turned"),
    ("shift", 2.0, "camera-moved"),
    ("shift", 5.0, "camera-moved"),
    ("shift", -12.0, "camera-moved"),
    ("glare", 225.0, "camera-overexposed"),
    ("no-video", 0.0, "camera-no-video"),
    ("snow", 90.0, "camera-noisy"),
    ("dark", 0.0, "camera-dark"),
    ("frozen-clock", 0.0, "camera-frozen"),
]


def watching(campus: Campus, cameras: list[str], clock: str) -> Watch:
    start = dt.datetime.fromisoformat(f"{DAY}T{clock}").replace(tzinfo=campus.timezone)
    watch = Watch(campus, "edge", cameras, round(start.timestamp() * 1e6))
    for _ in range(20):  # somebody may stand before a camera while it learns
        watch.round()
        if all(watch.knows(name) for name in cameras):
            break
    assert watch.alerts() == []
    return watch


@pytest.mark.promise("P-picture-1")
@pytest.mark.parametrize("clock", ["10:00", "22:00"])
@pytest.mark.parametrize(("kind", "value", "rule"), FAULTS, ids=[f"{k} {v:g}" for k, v, _ in FAULTS])
def test_each_fault_is_one_alert_of_its_class_within_three_pictures(
    cameras: Campus, kind: str, value: float, rule: str, clock: str
) -> None:
    names = ["gate-1", "lobby-2", "kitchen-3"]
    watch = watching(cameras, names, clock)
    for name in names:
        watch.put(name, kind, value)
    watch.rounds(3)
    assert sorted(watch.alerts()) == sorted((rule, name) for name in names)
    for name in names:
        watch.clear(name)
    watch.rounds(5)
    assert watch.open() == []
    assert len(watch.alerts()) == len(names)


def test_every_fault_of_a_picture_is_tried_here() -> None:
    assert {kind for kind, _, _ in FAULTS} == {*TROUBLES} - {"fog", "clock-off"}
    assert all(KINDS[kind].provokes == rule for kind, _, rule in FAULTS)


def test_a_cover_of_half_the_view_is_told_after_half_an_hour_only(cameras: Campus) -> None:
    watch = watching(cameras, ["gate-1"], "10:00")
    watch.put("gate-1", "cover", 55.0)
    watch.rounds(50)
    assert watch.alerts() == []
    watch.rounds(15)
    assert watch.alerts() == [("camera-partly-covered", "gate-1")]


@pytest.mark.promise("P-picture-2")
def test_fog_before_a_whole_building_is_one_alert_and_clears(cameras: Campus) -> None:
    grounds = [f"{place}-{number}" for place in ("gate", "road", "outdoors") for number in (1, 2)]
    watch = watching(cameras, [*grounds, "lobby-1", "parking-1"], "11:00")
    for name in grounds:
        watch.put(name, "fog", 80.0)
    watch.rounds(6)
    assert watch.alerts() == [("camera-many", "gate-1")]
    watch.put("lobby-1", "blur", 3.0)  # another building is judged as ever
    watch.rounds(3)
    assert watch.alerts()[1:] == [("camera-blurred", "lobby-1")]
    for name in [*grounds, "lobby-1"]:
        watch.clear(name)
    watch.rounds(8)
    assert watch.open() == []
    assert len(watch.alerts()) == 2


def test_a_power_cut_of_the_lamps_of_a_building_is_one_alert(cameras: Campus) -> None:
    house = [f"{place}-{number}" for place in ("lobby", "corridor", "kitchen") for number in (1, 2)]
    watch = watching(cameras, house, "15:00")
    for name in house:
        watch.put(name, "dark")
    watch.rounds(5)
    assert watch.alerts() == [("camera-many", "lobby-1")]


@pytest.mark.promise("P-picture-3")
def test_dusk_rain_lights_lorries_and_people_raise_nothing(cameras: Campus) -> None:
    names = ["gate-1", "road-1", "outdoors-2", "lobby-1", "meeting-1", "meeting-3", "kitchen-1"]
    watch = watching(cameras, names, "16:40")
    watch.rounds(110)  # dusk is over at 17:35
    assert watch.alerts() == []
    assert not watch.plant.sight("gate-1", watch.now_us - 3_600_000_000).infrared
    assert watch.plant.sight("gate-1", watch.now_us).infrared
    assert watch.looking.health()["suspect"] > 0, "nothing heavy was in the foreground: try another hour"


@pytest.mark.promise("P-picture-3")
def test_lamps_that_are_switched_raise_nothing(cameras: Campus) -> None:
    names = ["meeting-1", "meeting-2", "meeting-3"]
    watch = watching(cameras, names, "08:30")
    seen: dict[str, list[bool]] = {name: [] for name in names}
    for _ in range(130):
        watch.round()
        for name in names:
            seen[name].append(watch.plant.sight(name, watch.now_us).infrared)
    switched = sum(before != after for lit in seen.values() for before, after in itertools.pairwise(lit))
    assert switched >= 1, "no lamp was switched: try another hour"
    assert watch.alerts() == []


def test_the_shift_is_told_in_pixels_and_in_percent(cameras: Campus) -> None:
    watch = watching(cameras, ["lobby-1"], "10:00")
    watch.put("lobby-1", "shift", 5.0)
    said = readings(watch, "lobby-1")
    assert (said["shift"], said["shift_x"], said["shift_y"]) == (
        pytest.approx(5.0, abs=0.1),
        pytest.approx(16.0, abs=0.3),
        pytest.approx(0.0, abs=0.3),
    )
