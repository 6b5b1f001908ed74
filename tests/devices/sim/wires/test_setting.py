"""Simulated gateways do what is written to them, refuse what they cannot, and can be stubborn."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
from pymodbus.client import AsyncModbusTcpClient

from devices.campus.site import Campus
from devices.sim.simulation import Options, Simulation, running

START_US = 1_795_399_200_000_000


class Clock:
    """The simulator's clock, which a test can move."""

    def __init__(self) -> None:
        self.us = START_US

    def __call__(self) -> int:
        return self.us


@pytest.fixture
def time() -> Clock:
    return Clock()


@pytest.fixture
async def sim(small: Campus, any_port: dict[str, int], time: Clock) -> AsyncIterator[Simulation]:
    async with running(small, Options(ports=any_port), time) as simulation:
        yield simulation


@pytest.fixture
async def gateway(sim: Simulation) -> AsyncIterator[AsyncModbusTcpClient]:
    listener = sim.listeners["acs"]
    client = AsyncModbusTcpClient(listener.host, port=listener.port, timeout=2, retries=0)
    await client.connect()
    yield client
    client.close()


def setpoint(sim: Simulation, device: str) -> float:
    return sim.plant.truth(device)["setpoint_c"]


async def test_a_register_that_is_written_is_the_set_point(
    sim: Simulation, gateway: AsyncModbusTcpClient
) -> None:
    assert not (await gateway.write_register(18, 245, device_id=2)).isError()
    assert setpoint(sim, "ac-3") == 24.5
    read = await gateway.read_holding_registers(18, count=1, device_id=2)
    assert read.registers == [245]
    assert not (await gateway.write_register(19, 0, device_id=2)).isError()
    assert sim.plant.truth("ac-3")["on"] == 0


async def test_a_block_sets_all_that_it_holds_of_one_unit_and_of_no_other(
    sim: Simulation, gateway: AsyncModbusTcpClient
) -> None:
    before = setpoint(sim, "ac-1")
    assert not (await gateway.write_registers(2003, [1, 2, 230], device_id=1)).isError()
    assert (setpoint(sim, "ac-2"), sim.plant.truth("ac-2")["on"]) == (23, 1)
    assert not (await gateway.write_registers(2003, [0, 2, 240], device_id=1)).isError()
    assert (setpoint(sim, "ac-2"), sim.plant.truth("ac-2")["on"]) == (24, 0)  # who forgets a bit switches off
    assert setpoint(sim, "ac-1") == before


@pytest.mark.parametrize(
    ("addr", "value", "code"), [(18, 999, 3), (21, 1, 2), (4000, 1, 2), (19, 7, 3)], ids=str
)
async def test_what_cannot_be_is_refused_with_an_exception(
    sim: Simulation, gateway: AsyncModbusTcpClient, addr: int, value: int, code: int
) -> None:
    before = dict(sim.plant.truth("ac-3"))
    answer = await gateway.write_register(addr, value, device_id=2)
    assert answer.isError()
    assert answer.exception_code == code
    assert sim.plant.truth("ac-3") == before


async def test_nothing_of_a_fire_pump_can_be_written(sim: Simulation) -> None:
    listener = sim.listeners["pumphouse"]
    client = AsyncModbusTcpClient(listener.host, port=listener.port, timeout=2, retries=0)
    await client.connect()
    assert (await client.write_register(1, 0, device_id=1)).exception_code == 1
    client.close()


async def test_a_unit_that_ignores_writes_confirms_and_does_nothing(
    sim: Simulation, gateway: AsyncModbusTcpClient
) -> None:
    before = setpoint(sim, "ac-3")
    sim.board.put("ac-3", "ignores-writes", sim.clock_us())
    assert not (await gateway.write_register(18, 195, device_id=2)).isError()
    assert setpoint(sim, "ac-3") == before


async def test_a_unit_that_reverts_has_its_own_value_again_after_a_while(
    sim: Simulation, gateway: AsyncModbusTcpClient, time: Clock
) -> None:
    before = setpoint(sim, "ac-3")
    sim.board.put("ac-3", "reverts", sim.clock_us(), value=60)
    await gateway.write_register(18, 195, device_id=2)
    assert setpoint(sim, "ac-3") == 19.5
    time.us += 61_000_000
    read = await gateway.read_holding_registers(18, count=1, device_id=2)
    assert read.registers == [round(before * 10)]


async def test_what_was_told_lasts_until_somebody_does_something_else(sim: Simulation) -> None:
    rooms = sim.plant.rooms
    rooms.tell("ac-3", "setpoint_c", 19.5)
    sim.plant.step_rooms(60)
    assert setpoint(sim, "ac-3") == 19.5
    rooms.set_by_hand("ac-3", 28)
    sim.plant.step_rooms(60)
    assert setpoint(sim, "ac-3") == 28
    rooms.tell("ac-3", "setpoint_c", 19.5)
    rooms.leave_alone("ac-3")
    sim.plant.step_rooms(60)
    assert setpoint(sim, "ac-3") not in {19.5, 28.0}  # nobody plans half a degree
