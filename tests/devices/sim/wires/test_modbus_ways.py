"""Simulated gateways by RTU over TCP, on a serial line and by a call: read by the agent's own source, and broken."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.model.samples import Quality
from devices.sim.simulation import Options, Simulation, running
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

WAYS = ("modbus-rtu-tcp", "modbus-serial", "modbus-dial-in")
QUICK = ModbusSettings(
    connect_timeout_s=0.3, reconnect_first_s=0.05, reconnect_most_s=0.2, probe_first_s=0.05, probe_most_s=0.2
)


@pytest.fixture
def site(tmp_path: Path, free_port: Callable[[], int]) -> Campus:
    places: dict[str, dict[str, Any]] = {
        "modbus-rtu-tcp": {"host": "127.0.0.1", "port": free_port()},
        "modbus-serial": {"path": str(tmp_path / "port"), "baud": 115200},
        "modbus-dial-in": {"port": free_port(), "registration": "DTU"},
    }
    links = [
        {"id": kind, "agent": AGENT, "kind": kind, "name": NAME, "poll_s": 0.1, "timeout_s": 0.4, **place}
        for kind, place in places.items()
    ]
    return campus_of(tmp_path, links, [device(f"m-{kind}", "eastron-sdm630", kind, unit=3) for kind in WAYS])


@contextlib.asynccontextmanager
async def read(site: Campus) -> AsyncIterator[tuple[Simulation, GatheringSink, ModbusSource]]:
    sink = GatheringSink(site.points_of(AGENT))
    source = ModbusSource(site, AGENT, QUICK, sink.table, SystemClock())
    async with running(site, Options()) as simulation:
        task = asyncio.create_task(source.run(sink))
        try:
            yield simulation, sink, source
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


def newest(sink: GatheringSink, kind: str) -> tuple[float, Quality]:
    readings = sink.of(f"m-{kind}.u_l1_v")
    return readings[-1] if readings else (0.0, Quality.NO_ANSWER)


async def test_each_way_is_read_and_counted(site: Campus) -> None:
    async with read(site) as (simulation, sink, source):
        await sink.until(lambda: all(newest(sink, kind)[1] is Quality.GOOD for kind in WAYS), 20.0)
        health = source.health()["links"]
        counted = simulation.ledger.points()
    for kind in WAYS:
        assert 150 < newest(sink, kind)[0] < 260
        assert counted[f"m-{kind}.u_l1_v"]["answered"] >= 1
        assert (health[kind]["state"], health[kind]["faults"]) == ("up", 0)


@pytest.mark.parametrize("fault", ["silent", "garbled", "exception", "dead-link"])
async def test_each_fault_is_seen_on_each_way_and_passes(site: Campus, fault: str) -> None:
    async with read(site) as (simulation, sink, _):
        await sink.until(lambda: all(newest(sink, kind)[1] is Quality.GOOD for kind in WAYS), 20.0)
        for kind in WAYS:
            simulation.board.put(kind, fault, simulation.clock_us())
        await sink.until(lambda: all(newest(sink, kind)[1] is not Quality.GOOD for kind in WAYS), 20.0)
        for kind in WAYS:
            simulation.board.clear(kind)
        await sink.until(lambda: all(newest(sink, kind)[1] is Quality.GOOD for kind in WAYS), 20.0)


async def test_a_port_that_is_there_already_is_not_replaced(site: Campus, tmp_path: Path) -> None:
    (tmp_path / "port").write_text("a real one")
    with pytest.raises(ExceptionGroup) as told:
        async with running(site, Options()):
            pass
    assert told.group_contains(Refused, match="there already")
