"""Pump rooms: what each trouble does to the panel, and that a leak is seen from the stabiliser's starts."""

from __future__ import annotations

import pytest

from devices.model.codes import PumpPosition
from devices.sim.plant.pumps import PumpRoom, PumpTrouble


def live(room: PumpRoom, seconds: float) -> dict[str, float]:
    for _ in range(int(seconds)):
        room.step(1.0)
    return room.readings()


def test_pump_room_at_rest_is_in_automatic_with_power_and_pressure() -> None:
    shown = live(PumpRoom(), 600)
    assert (shown["position"], shown["power_ok"], shown["phase_ok"]) == (PumpPosition.AUTO, 1, 1)
    assert (shown["demand"], shown["running"], shown["fault"]) == (0, 0, 0)
    assert 0.54 <= shown["pressure_mpa"] <= 0.67


@pytest.mark.parametrize(
    ("trouble", "point", "value"),
    [
        (PumpTrouble.MANUAL, "position", PumpPosition.MANUAL),
        (PumpTrouble.SWITCHED_OFF, "position", PumpPosition.OFF),
        (PumpTrouble.POWER_LOSS, "power_ok", 0),
        (PumpTrouble.PHASE_LOSS, "phase_ok", 0),
        (PumpTrouble.PHASE_LOSS, "u_l2_v", 0),
        (PumpTrouble.CABINET_FAULT, "fault", 1),
        (PumpTrouble.DEMAND, "demand", 1),
        (PumpTrouble.NO_START, "demand", 1),
    ],
)
def test_trouble_shows_on_the_panel_and_goes_away_again(
    trouble: PumpTrouble, point: str, value: float
) -> None:
    room = PumpRoom()
    before = room.readings()[point]
    room.troubles = frozenset({trouble})
    assert live(room, 2)[point] == value
    room.troubles = frozenset()
    assert live(room, 2)[point] == pytest.approx(before, abs=0.1)


def test_demand_starts_the_pump_within_a_minute_and_it_is_counted_once() -> None:
    room = PumpRoom(troubles=frozenset({PumpTrouble.DEMAND}))
    starts = room.pump1_starts
    shown = live(room, 55)
    assert shown["running"] == 1
    assert shown["pump1_starts"] == starts + 1
    assert shown["pressure_mpa"] > 0.7
    room.troubles = frozenset()
    assert live(room, 2)["running"] == 0


@pytest.mark.parametrize("why", [PumpTrouble.NO_START, PumpTrouble.MANUAL, PumpTrouble.POWER_LOSS])
def test_demanded_pump_does_not_start_when_something_holds_it(why: PumpTrouble) -> None:
    room = PumpRoom(troubles=frozenset({PumpTrouble.DEMAND, why}))
    shown = live(room, 180)
    assert (shown["demand"], shown["running"]) == (1, 0)


def test_burst_pipe_drops_the_pressure_below_every_limit_and_repair_brings_it_back() -> None:
    room = PumpRoom(troubles=frozenset({PumpTrouble.LOW_PRESSURE}))
    assert live(room, 30)["pressure_mpa"] < 0.15
    assert room.pressure_at("roof") == 0.0
    room.troubles = frozenset()
    assert live(room, 90)["pressure_mpa"] > 0.5


def test_low_tank_runs_dry_and_fills_again() -> None:
    room = PumpRoom(troubles=frozenset({PumpTrouble.LOW_TANK}))
    assert live(room, 60)["tank_level_m"] == pytest.approx(0.8)
    room.troubles = frozenset()
    assert live(room, 120)["tank_level_m"] == pytest.approx(2.35)


def test_leaking_pipe_starts_the_stabiliser_several_times_as_often() -> None:
    tight, leaking = PumpRoom(), PumpRoom(leaking=True)
    starts = [(room, room.stabiliser_starts) for room in (tight, leaking)]
    for room, _ in starts:
        live(room, 6 * 3600)
    a_day_tight, a_day_leaking = ((room.stabiliser_starts - before) * 4 for room, before in starts)
    assert a_day_tight <= 48
    assert a_day_leaking > 4 * a_day_tight


def test_steps_of_any_length_give_nearly_the_same_pressure() -> None:
    fine, coarse = PumpRoom(), PumpRoom()
    live(fine, 300)
    coarse.step(300.0)
    assert coarse.pressure_mpa == pytest.approx(fine.pressure_mpa, abs=0.05)
    assert coarse.heartbeat == fine.heartbeat
