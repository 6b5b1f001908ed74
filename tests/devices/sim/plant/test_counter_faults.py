"""What a simulated meter's counter does on command: begin anew, read zero for a while, roll over."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.campus.site import Campus
from devices.sim.effects import Effects, fault_targets
from devices.sim.plant.plant import Plant
from devices.sim.wires.faults import FaultBoard

METER = "meter-1"


@pytest.fixture
def plant(small: Campus, local_us: Callable[..., int]) -> Plant:
    made = Plant(small, 1, 0)
    made.begin(local_us(2026, 11, 23, 9))
    made.step_rooms(60)
    return made


@pytest.fixture
def board(small: Campus, plant: Plant) -> FaultBoard:
    effects = Effects(plant, {}, None, lambda: 0)  # type: ignore[arg-type] - no link goes wrong here
    return FaultBoard(fault_targets(small), effects.enter, effects.leave)


def shown(plant: Plant) -> float:
    return plant.truth(METER)["energy_kwh"]


def test_a_reset_counts_on_from_the_given_number(plant: Plant, board: FaultBoard) -> None:
    before = plant.meters.energy_kwh[0]
    board.put(METER, "counter-reset", 0, value=12.5)
    assert shown(plant) == pytest.approx(12.5)
    plant.step_rooms(600)
    grown = plant.meters.energy_kwh[0] - before
    assert grown > 0
    assert shown(plant) == pytest.approx(12.5 + grown)


def test_a_glitch_reads_zero_until_it_is_cleared(plant: Plant, board: FaultBoard) -> None:
    before = shown(plant)
    board.put(METER, "counter-glitch", 0)
    assert shown(plant) == 0.0
    board.clear(METER)
    assert shown(plant) == before


def test_a_rollover_starts_again_at_the_modulus(plant: Plant, board: FaultBoard) -> None:
    before = shown(plant)
    board.put(METER, "counter-rollover", 0, value=before / 2)
    assert shown(plant) == pytest.approx(0.0, abs=1e-9)
    board.clear(METER)
    assert shown(plant) == before
