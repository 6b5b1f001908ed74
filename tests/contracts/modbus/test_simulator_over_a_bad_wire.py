"""The agent's own source reads simulated gateways over wires that cut, delay, garble and half-open."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from devices.model.samples import Quality
from devices.sim.simulation import Options, running
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.contracts.modbus.bad_wire import BadWire, Fault
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

TCP, RTU = "modbus-tcp", "modbus-rtu-tcp"
POINTS = ("u_l1_v", "u_l2_v", "u_l3_v")
#: Which byte is flipped, in turn: on RTU any, data first; on TCP what is no data, since its frames have no checksum.
FLIPS: dict[str, Callable[[int], Iterable[int]]] = {
    TCP: lambda size: range(min(size, 9)),
    RTU: lambda size: (*range(3, size), 0, 1, 2),
}
GARBLED = (
    "wrong_transaction",
    "wrong_unit",
    "wrong_function",
    "wrong_length",
    "bad_header",
    "bad_crc",
    "short_frames",
    "garbage",
)
#: Counters by which health names each fault on each kind of link: one of them at least.
NAMED = {
    Fault.CUTS: ("cut_short",),
    Fault.DELAYS: ("late", "timeouts"),
    Fault.GARBLES: GARBLED,
    Fault.HALF_OPEN: ("timeouts",),
}
QUICK = ModbusSettings(
    connect_timeout_s=1.0, reconnect_first_s=0.05, reconnect_most_s=0.2, probe_first_s=0.05, probe_most_s=0.2
)


@dataclass
class Bench:
    source: ModbusSource
    sink: GatheringSink
    wires: dict[str, BadWire]

    def newest(self, kind: str) -> Quality | None:
        readings = self.sink.of(f"m-{kind}.{POINTS[0]}")
        return readings[-1][1] if readings else None

    async def all_good(self) -> None:
        await self.sink.until(lambda: all(self.newest(kind) is Quality.GOOD for kind in self.wires))

    def put(self, fault: Fault) -> None:
        for wire in self.wires.values():
            wire.fault = fault

    def counted(self, kind: str, names: tuple[str, ...]) -> int:
        health = self.source.health()["links"][kind]
        return sum(health[name] for name in names)


@pytest.fixture
async def bench(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[Bench]:
    links: list[dict[str, Any]] = [
        {"id": kind, "agent": AGENT, "kind": kind, "name": NAME, "poll_s": 0.1, "timeout_s": 0.4}
        | {"host": "127.0.0.1", "port": free_port()}
        for kind in FLIPS
    ]
    site = campus_of(tmp_path, links, [device(f"m-{kind}", "eastron-sdm630", kind, unit=3) for kind in FLIPS])
    wires = {kind: BadWire(site.links[kind].port, FLIPS[kind]) for kind in FLIPS}
    async with contextlib.AsyncExitStack() as stack:
        await stack.enter_async_context(running(site, Options()))
        ports = {kind: await stack.enter_async_context(wire.open()) for kind, wire in wires.items()}
        near = {kind: link.model_copy(update={"port": ports[kind]}) for kind, link in site.links.items()}
        sink = GatheringSink(site.points_of(AGENT))
        source = ModbusSource(replace(site, links=near), AGENT, QUICK, sink.table, SystemClock())
        task = asyncio.create_task(source.run(sink))
        try:
            yield Bench(source, sink, wires)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task


@pytest.mark.parametrize("fault", NAMED)
async def test_a_bad_wire_is_named_gives_no_wrong_number_and_is_got_over(bench: Bench, fault: Fault) -> None:
    await bench.all_good()
    bench.put(fault)
    await bench.sink.until(
        lambda: all(
            bench.newest(kind) is not Quality.GOOD and bench.counted(kind, NAMED[fault]) for kind in FLIPS
        )
    )
    if fault is Fault.HALF_OPEN:  # after three questions without any answer the connection is made anew
        await bench.sink.until(lambda: all(wire.calls >= 2 for wire in bench.wires.values()))
    bench.put(Fault.NONE)
    await bench.all_good()
    for kind, wire in bench.wires.items():
        true = wire.said()
        for point in POINTS:
            good = [value for value, quality in bench.sink.of(f"m-{kind}.{point}") if quality is Quality.GOOD]
            assert set(good) <= true, kind
        assert bench.source.health()["links"][kind]["faults"] == 0


async def test_answers_that_come_byte_by_byte_are_answers(bench: Bench) -> None:
    bench.put(Fault.DRIPS)
    await bench.all_good()
    before = len(bench.sink.batches)
    await bench.sink.until(lambda: len(bench.sink.batches) >= before + 10)
    for kind, wire in bench.wires.items():
        readings = bench.sink.of(f"m-{kind}.{POINTS[0]}")
        assert {quality for _, quality in readings} == {Quality.GOOD}
        assert {value for value, _ in readings} <= wire.said()
