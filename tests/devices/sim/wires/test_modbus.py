"""Modbus TCP servers on real sockets: what is answered and counted, and every way to go wrong."""

from __future__ import annotations

import asyncio
import struct
import time
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusIOException

from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.profiles.profile import Table
from devices.sim.plant.pumps import PumpTrouble
from devices.sim.simulation import Options, Simulation, running
from devices.sim.wires.ledger import ReadRange

Until = Callable[[Callable[[], bool]], Awaitable[None]]
POWER = 0x0034  # of meter-1: active power, float32
POWER_RANGE = ReadRange("meters", 1, Table.INPUT, POWER, 2)


@pytest.fixture
async def sim(small: Campus, any_port: dict[str, int]) -> AsyncIterator[Simulation]:
    async with running(small, Options(ports=any_port)) as simulation:
        yield simulation


@pytest.fixture
async def meters(sim: Simulation) -> AsyncIterator[AsyncModbusTcpClient]:
    client = await connected(sim, "meters")
    yield client
    client.close()


async def connected(sim: Simulation, link: str) -> AsyncModbusTcpClient:
    listener = sim.listeners[link]
    client = AsyncModbusTcpClient(
        listener.host, port=listener.port, timeout=0.4, retries=0, reconnect_delay=0
    )
    await client.connect()
    return client


def put(
    sim: Simulation, target: str, kind: str, value: float | None = None, for_s: float | None = None
) -> None:
    sim.board.put(target, kind, sim.clock_us(), value=value, for_s=for_s)


async def power(client: AsyncModbusTcpClient) -> float:
    answer = await client.read_input_registers(POWER, count=2, device_id=1)
    assert not answer.isError(), answer
    return float(struct.unpack(">f", struct.pack(">2H", *answer.registers))[0])


async def test_healthy_meter_shows_its_power(sim: Simulation, meters: AsyncModbusTcpClient) -> None:
    assert await power(meters) == pytest.approx(sim.plant.meters.reading("meter-1").power_w, rel=0.2)


async def test_every_answer_is_counted_once_and_followed_by_the_next(
    sim: Simulation, meters: AsyncModbusTcpClient
) -> None:
    for _ in range(7):
        await power(meters)
    await meters.read_holding_registers(3027, count=6, device_id=2)
    counted = sim.ledger.ranges
    assert (counted[POWER_RANGE].answered, counted[POWER_RANGE].followed) == (7, 6)
    assert sim.ledger.points()["meter-1.power_w"] == {"answered": 7, "followed": 6}
    for phase in (1, 2, 3):
        assert sim.ledger.points()[f"meter-2.u_l{phase}_v"] == {"answered": 1, "followed": 0}


async def test_answer_is_not_followed_on_another_connection(sim: Simulation) -> None:
    for _ in range(3):
        client = await connected(sim, "meters")
        await power(client)
        client.close()
    assert (sim.ledger.ranges[POWER_RANGE].answered, sim.ledger.ranges[POWER_RANGE].followed) == (3, 0)


async def test_silent_meter_does_not_answer_and_its_neighbour_does(
    sim: Simulation, meters: AsyncModbusTcpClient
) -> None:
    put(sim, "meter-1", "silent")
    with pytest.raises(ModbusIOException):
        await meters.read_input_registers(POWER, count=2, device_id=1)
    client = await connected(sim, "meters")
    assert not (await client.read_holding_registers(3027, count=2, device_id=2)).isError()
    sim.board.clear("meter-1")
    await power(client)
    client.close()
    assert sim.ledger.ranges[POWER_RANGE].answered == 1


async def test_slow_meter_answers_after_its_delay(sim: Simulation, meters: AsyncModbusTcpClient) -> None:
    put(sim, "meter-1", "slow", value=0.2)
    begun = time.monotonic()
    await power(meters)
    assert 0.2 <= time.monotonic() - begun < 0.4


@pytest.mark.parametrize(("value", "code"), [(None, 4), (6.0, 6)])
async def test_meter_answers_with_the_exception_that_was_asked_for(
    sim: Simulation, meters: AsyncModbusTcpClient, value: float | None, code: int
) -> None:
    put(sim, "meter-1", "exception", value=value)
    answer = await meters.read_input_registers(POWER, count=2, device_id=1)
    assert answer.isError()
    assert answer.exception_code == code
    assert POWER_RANGE not in sim.ledger.ranges


async def test_garbled_meter_never_gives_a_good_answer_and_is_counted(sim: Simulation) -> None:
    put(sim, "meter-1", "garbled")
    for _ in range(6):
        client = await connected(sim, "meters")
        assert not await understood(client)
        client.close()
    assert sim.ledger.events["meters: garbled"] == 6
    assert POWER_RANGE not in sim.ledger.ranges


async def understood(client: AsyncModbusTcpClient) -> bool:
    """Whether an answer can be taken for two registers."""
    try:
        answer = await client.read_input_registers(POWER, count=2, device_id=1)
    except ModbusIOException:
        return False
    return not answer.isError() and len(answer.registers) == 2


async def test_garbled_answers_are_three_kinds_in_turn(sim: Simulation) -> None:
    put(sim, "meter-1", "garbled")
    listener = sim.listeners["meters"]
    reader, writer = await asyncio.open_connection(listener.host, listener.port)
    seen = []
    for number in range(3):
        writer.write(struct.pack(">HHHBBHH", number, 0, 6, 1, 4, POWER, 2))
        transaction, _, length, _ = struct.unpack(">HHHB", await reader.readexactly(7))
        seen.append((transaction == number, list(await reader.readexactly(length - 1))[:2]))
    writer.close()
    await writer.wait_closed()
    assert seen == [(True, [4, 5]), (False, [4, 4]), (True, [0x84, 0x84])]


async def test_stuck_meter_repeats_its_value_until_it_is_cleared(
    sim: Simulation, meters: AsyncModbusTcpClient
) -> None:
    put(sim, "meter-1", "stuck")
    first = await power(meters)
    sim.plant.meters.power_w += 500.0
    assert await power(meters) == first
    sim.board.clear("meter-1")
    assert await power(meters) != first


async def test_dead_link_refuses_and_drops_and_comes_back_on_the_same_port(
    sim: Simulation, meters: AsyncModbusTcpClient, until: Until
) -> None:
    await power(meters)
    listener = sim.listeners["meters"]
    put(sim, "meters", "dead-link")
    await until(lambda: not listener.is_open and not listener.connections)
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection(listener.host, listener.port)
    sim.board.clear("meters")
    await until(lambda: listener.is_open)
    client = await connected(sim, "meters")
    await power(client)
    client.close()


async def test_closing_link_accepts_and_closes_at_once(sim: Simulation) -> None:
    put(sim, "meters", "closing-link")
    listener = sim.listeners["meters"]
    reader, writer = await asyncio.open_connection(listener.host, listener.port)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()


async def test_silent_link_silences_every_unit_behind_it(sim: Simulation) -> None:
    put(sim, "meters", "silent")
    for unit, read in ((1, "read_input_registers"), (2, "read_holding_registers")):
        client = await connected(sim, "meters")
        with pytest.raises(ModbusIOException):
            await getattr(client, read)(POWER if unit == 1 else 3027, count=2, device_id=unit)
        client.close()


@pytest.mark.parametrize(
    ("unit", "function", "addr", "count", "code"),
    [
        (9, 4, POWER, 2, 11),  # nobody there
        (1, 6, POWER, 2, 1),  # cannot be written
        (1, 4, POWER, 0, 3),
        (1, 4, 0, 81, 3),  # the meter takes 80
        (1, 4, 0x0156, 2, 2),  # not in the sheet
        (1, 3, POWER, 2, 2),  # not this table
        (1, 4, 0xFFFF, 2, 2),
    ],
)
async def test_wrong_request_gets_the_exception_it_deserves(
    sim: Simulation, unit: int, function: int, addr: int, count: int, code: int
) -> None:
    listener = sim.listeners["meters"]
    reader, writer = await asyncio.open_connection(listener.host, listener.port)
    writer.write(struct.pack(">HHHBBHH", 5, 0, 6, unit, function, addr, count))
    assert await reader.readexactly(9) == struct.pack(">HHHBBB", 5, 0, 3, unit, function | 0x80, code)
    writer.close()
    await writer.wait_closed()


@pytest.mark.parametrize(
    "noise", [b"GET / HTTP/1.1\r\n\r\n", struct.pack(">HHHBB", 1, 0, 1, 1, 4), b"\x00" * 7]
)
async def test_connection_that_does_not_speak_modbus_is_closed(sim: Simulation, noise: bytes) -> None:
    listener = sim.listeners["meters"]
    reader, writer = await asyncio.open_connection(listener.host, listener.port)
    writer.write(noise)
    with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
        await reader.readexactly(1)
    writer.close()
    assert sim.ledger.events["meters: not Modbus"] == 1


async def test_coils_of_a_gateway_are_packed_into_bytes(sim: Simulation) -> None:
    client = await connected(sim, "acs")
    answer = await client.read_discrete_inputs(16, count=2, device_id=2)
    assert not answer.isError()
    assert answer.bits[1] is False  # the indoor unit is not lost
    client.close()


async def test_pump_panel_shows_what_is_wrong_until_it_is_over(sim: Simulation, until: Until) -> None:
    put(sim, "pump-1", "manual", for_s=0.6)
    assert sim.plant.pumps["pump-1"].troubles == {PumpTrouble.MANUAL}
    client = await connected(sim, "pumphouse")
    assert (await client.read_holding_registers(1, count=1, device_id=1)).registers == [2]
    await until(lambda: not sim.board.active())
    assert (await client.read_holding_registers(1, count=1, device_id=1)).registers == [1]
    client.close()


async def test_unknown_target_is_refused_with_no_effect(sim: Simulation) -> None:
    with pytest.raises(Refused, match="meter-9"):
        put(sim, "meter-9", "silent")
    assert sim.board.active() == []
