"""A write that waits for its turn on a real link stays unsent once it must not go out any more."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from devices.model.errors import Refused
from devices.profiles.profile import Table
from edge_agent.orders.hand import ModbusHand
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.modbus.misbehaving import Server, serving, slowly
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

POINT = {"name": "a", "table": "holding", "addr": 4}
WRITE = 6


@pytest.mark.promise("P-orders-7")
@pytest.mark.parametrize("kind", ["modbus-tcp", "modbus-rtu-tcp"])
@pytest.mark.parametrize("freezes", [True, False], ids=["frozen meanwhile", "still allowed"])
async def test_a_write_whose_turn_comes_after_a_freeze_is_never_sent(
    tmp_path: Path, kind: str, *, freezes: bool
) -> None:
    server = Server(rtu=kind != "modbus-tcp", manners={1: slowly(0.3)})
    async with serving(server):
        link = {**modbus_link(server.port, timeout_s=20.0), "kind": kind}
        devices = [device(f"m{unit}", "sheet", unit=unit) for unit in (1, 2)]
        campus = campus_of(tmp_path, [link], devices, {"sheet": {"kind": "modbus", "points": [POINT]}})
        source = ModbusSource(campus, AGENT, ModbusSettings(), campus.points_of(AGENT), SystemClock())
        hand, allowed = ModbusHand(source), True
        try:
            under_way = asyncio.create_task(hand.read(campus.devices["m1"], Table.HOLDING, 4, 1))
            async with asyncio.timeout(20):
                while not server.asked:  # noqa: ASYNC110 - the server runs beside us
                    await asyncio.sleep(0.01)
            writing = asyncio.create_task(
                hand.write(
                    *(campus.devices["m2"], Table.HOLDING, 4, (25,)),
                    several=False,
                    within_s=20.0,
                    may_go=lambda: allowed,
                )
            )
            await asyncio.sleep(0)
            allowed = not freezes
            if freezes:
                with pytest.raises(Refused):
                    await writing
            else:
                await writing
            await under_way
        finally:
            source.worker_of("bus").close()
    assert [asked.function for asked in server.asked if asked.function == WRITE] == [WRITE] * (not freezes)
