"""Rooms, people and meters: what must hold of any plant, whatever its seed."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.codes import AcMode
from devices.profiles.profile import DeviceKind, ModbusSheet
from devices.sim.plant.plant import Plant
from devices.sim.plant.weather import outdoor_c

At = Callable[..., int]
MONDAY = (2026, 11, 23)


def begun(campus: Campus, at_us: int, seed: int = 1, offset_us: int = 0) -> Plant:
    plant = Plant(campus, seed, offset_us)
    plant.begin(at_us)
    return plant


def test_same_seed_and_steps_give_the_same_plant_and_another_seed_another(demo: Campus, local_us: At) -> None:
    start = local_us(*MONDAY, 9)
    plants = [begun(demo, start, seed) for seed in (5, 5, 6)]
    for plant in plants:
        for _ in range(30):
            plant.step_rooms(60)
    first, again, other = plants
    assert np.array_equal(first.meters.energy_kwh, again.meters.energy_kwh)
    assert np.array_equal(first.rooms.room_c, again.rooms.room_c)
    assert not np.array_equal(first.rooms.room_c, other.rooms.room_c)


def test_the_wall_remote_turns_no_further_than_the_limits_that_a_gateway_has_set(
    demo: Campus, local_us: At
) -> None:
    plant = begun(demo, local_us(*MONDAY, 9))
    rooms, unit = plant.rooms, plant.rooms.ids[0]
    row = rooms.row[unit]
    rooms.tell(unit, "setpoint_low_c", 26.0)
    rooms.set_by_hand(unit, 18.0)
    plant.step_rooms(1)
    assert (rooms.setpoint_c[row], plant.truth(unit)["setpoint_low_c"]) == (26.0, 26.0)
    rooms.tell(unit, "setpoint_low_c", 16.0)
    plant.step_rooms(1)
    assert rooms.setpoint_c[row] == 26.0, "nobody has turned it again"
    rooms.set_by_hand(unit, 18.0)
    rooms.tell(unit, "setpoint_high_c", 17.0)
    plant.step_rooms(1)
    assert rooms.setpoint_c[row] == 17.0


def test_energy_is_the_integral_of_power(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(*MONDAY, 7))
    before = plant.meters.energy_kwh.copy()
    joules = np.zeros(len(before))
    for number in range(200):
        seconds = 1.0 + number % 60
        plant.step_rooms(seconds)
        joules += [plant.meters.reading(meter).power_w * seconds for meter in plant.meters.ids]
    assert plant.meters.energy_kwh - before == pytest.approx(joules / 3.6e6, rel=1e-9)


def test_main_meter_counts_at_least_its_air_conditioning_and_lighting(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(*MONDAY, 10))
    plant.step_rooms(60)
    for building in ("hq1-main", "hq1-annex", "hall-a", "hall-b", "beitou-tower"):
        power = {
            tag: plant.meters.reading(f"{building}-meter-{tag}").power_w for tag in ("main", "ac", "lighting")
        }
        assert power["main"] > 0.85 * (power["ac"] + power["lighting"]), building
        assert min(power.values()) > 0


def test_phases_add_up_to_the_whole_and_follow_ohms_law(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(*MONDAY, 10))
    plant.step_rooms(1)
    reading = plant.meters.reading("hall-a-meter-main")
    assert sum(reading.p_w) == pytest.approx(reading.power_w)
    for u, i, p in zip(reading.u_v, reading.i_a, reading.p_w, strict=True):
        assert u * i * reading.pf == pytest.approx(p)
        assert 215 < u < 240


def test_offices_are_warm_and_busy_by_day_and_cold_and_empty_at_night(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(*MONDAY, 3))
    assert plant.rooms.present.sum() < 20
    cold = float(np.median(plant.rooms.room_c))
    while plant.almanac.moment(plant.now_us).minute < 14 * 60:
        plant.step_rooms(60)
    assert plant.rooms.present.sum() > 150
    assert float(np.median(plant.rooms.room_c)) > cold + 3


def test_unit_in_heating_brings_its_room_to_the_set_point_and_no_further(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(2026, 11, 22, 2))
    row = plant.rooms.row["hq1-ac-0304"]
    plant.rooms.set_by_hand("hq1-ac-0304", 24.0)
    highest = 0.0
    for _ in range(8 * 60):
        plant.step_rooms(60)
        highest = max(highest, float(plant.rooms.room_c[row]))
    assert plant.rooms.mode[row] == AcMode.HEAT
    assert 23.0 < plant.rooms.room_c[row] < 25.0
    assert highest < 25.0


def test_unit_in_cooling_brings_its_room_down(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(2026, 7, 18, 23))
    row = plant.rooms.row["hq1-ac-0304"]
    warm = plant.rooms.room_c[row]
    plant.rooms.set_by_hand("hq1-ac-0304", 22.0)
    for _ in range(6 * 60):
        plant.step_rooms(60)
    assert plant.rooms.mode[row] == AcMode.COOL
    assert plant.rooms.room_c[row] < min(warm - 2, 23.0)


def test_set_point_by_hand_lasts_until_it_is_left_alone(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(2026, 11, 22, 2))
    for _ in range(3):
        plant.rooms.set_by_hand("hall-ac-0102", 28.0)
        plant.step_rooms(1)
        assert plant.truth("hall-ac-0102")["setpoint_c"] == 28.0
        assert plant.truth("hall-ac-0102")["on"] == 1.0
        plant.rooms.leave_alone("hall-ac-0102")
        plant.step_rooms(1)
        assert plant.truth("hall-ac-0102")["setpoint_c"] <= 20.0


def test_people_break_the_standard_in_some_rooms_but_not_in_most(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(*MONDAY, 8))
    wrong = []
    for _ in range(9 * 60):
        plant.step_rooms(60)
        rooms = plant.rooms
        wrong.append(int((rooms.on & (rooms.mode == AcMode.HEAT) & (rooms.setpoint_c > 20.2)).sum()))
    assert 1 <= max(wrong) <= 25


def test_offset_lets_people_behave_as_at_another_time(demo: Campus, local_us: At) -> None:
    night = local_us(2026, 11, 22, 3)
    shifted = begun(demo, night, offset_us=local_us(*MONDAY, 10) - night)
    assert shifted.rooms.present.sum() > 150
    assert begun(demo, night).rooms.present.sum() < 20


def test_meters_begin_where_a_meter_installed_in_january_would_be(demo: Campus, local_us: At) -> None:
    start = local_us(*MONDAY)
    first, later = begun(demo, start), begun(demo, start + 3_600_000_000)
    grown = later.meters.energy_kwh - first.meters.energy_kwh
    assert (first.meters.energy_kwh > 0).all()
    assert grown == pytest.approx(first.meters.mean_w() / 1000)


@pytest.mark.parametrize("seed", [0, 1, 20261122])
def test_weather_is_hot_in_july_cold_in_january_and_warmest_after_noon(seed: int) -> None:
    july = [outdoor_c(739_000 + d, 200 + d, m, seed) for d in range(20) for m in (300, 870)]
    january = [outdoor_c(738_800 + d, 10 + d, m, seed) for d in range(20) for m in (300, 870)]
    assert min(july) > 20
    assert max(july) < 40
    assert min(january) > -6
    assert max(january) < 18
    assert sum(july[1::2]) > sum(july[::2])


def test_plant_knows_the_truth_of_every_register_of_every_device(demo: Campus, local_us: At) -> None:
    plant = begun(demo, local_us(*MONDAY, 10))
    absent = {"external_room_c"}
    for device in demo.devices.values():
        profile = demo.profile_of(device)
        if not isinstance(profile.sheet, ModbusSheet):
            continue
        truth = plant.truth(device.id)
        for point in profile.sheet.points:
            assert point.name in truth, (device.id, point.name)
            value = truth[point.name]
            assert np.isfinite(value) or point.name in absent, (device.id, point.name)
            if point.valid is not None and np.isfinite(value):
                assert point.valid[0] <= value <= point.valid[1], (device.id, point.name, value)
    assert {demo.profile_of(d).kind for d in demo.devices.values()} >= {DeviceKind.PUMP, DeviceKind.PRESSURE}
