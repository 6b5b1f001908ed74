"""Reading floats over Modbus TCP: beside bare pymodbus, and all the way to the disk."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import tempfile
import time
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from pymodbus.client import AsyncModbusTcpClient

from benchmarks.loopback import HOSTS, running
from benchmarks.row import RUNS, Result
from benchmarks.sites import AGENT, campus_of
from devices.campus.site import Campus
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import samples_message
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import Sink, SystemClock

NAME = "modbus"
FLOATS: Final = 60
LINKS: Final = 4
REQUESTS: Final = 8_000
WORK = (
    f"{REQUESTS} requests of {FLOATS} float32 in holding registers over {LINKS} connections, one at a time on each; "
    "a device of its own process on the loopback"
)
PEER = "pymodbus' own asynchronous client: the registers as integers, not decoded, not checked, nowhere kept"


def run() -> list[Result]:
    """Requests a second beside pymodbus, and points a second of processor time from the socket to the disk."""
    ours, theirs, stored, per_core = [], [], [], []
    with running("modbus") as port:
        campus = _campus(port)
        for _ in range(RUNS + 1):
            theirs.append(REQUESTS / _seconds(lambda: _bare(port)))
            ours.append(REQUESTS / _seconds(lambda: _read(campus, Counting())))
            begun_s = time.process_time()
            stored.append(REQUESTS * FLOATS / _seconds(lambda: _to_disk(campus)))
            per_core.append(REQUESTS * FLOATS / (time.process_time() - begun_s))
    return [
        Result("requests/s", "requests/s", ours[1:], {"bare pymodbus": theirs[1:]}),
        Result("socket to outbox", "points/s", stored[1:]),
        Result("socket to outbox, per core", "points/cpu s", per_core[1:]),
    ]


class Counting:
    """A sink that says when it has had enough."""

    def __init__(self) -> None:
        self.count = 0
        self.enough = asyncio.Event()

    async def samples(self, batch: SampleBatch) -> None:
        """Count."""
        self.count += len(batch)
        if self.count >= REQUESTS * FLOATS:
            self.enough.set()

    async def frames(self, batch: FrameBatch) -> None:
        """No camera here."""
        raise TypeError(f"{len(batch)} pictures")


class Keeping(Counting):
    """The same, after each batch is on disk."""

    def __init__(self, outbox: Outbox, table: PointTable) -> None:
        super().__init__()
        self._outbox = outbox
        self._table = table

    async def samples(self, batch: SampleBatch) -> None:
        """Keep, then count."""
        await self._outbox.commit([(Lane.LIVE, samples_message(batch, self._table.names))])
        await super().samples(batch)


async def _read(campus: Campus, sink: Counting) -> None:
    table = campus.points_of(AGENT)
    source = ModbusSource(campus, AGENT, ModbusSettings(), table, SystemClock(), random=lambda: 0.0)
    await _until_enough(source, sink)
    garbled = sum(link["garbled"] + link["timeouts"] for link in source.health()["links"].values())
    assert garbled == 0, source.health()


async def _until_enough(source: ModbusSource, sink: Counting) -> None:
    out: Sink = sink
    task = asyncio.create_task(source.run(out))
    await sink.enough.wait()
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def _to_disk(campus: Campus) -> None:
    clock = SystemClock()
    with tempfile.TemporaryDirectory() as folder:
        async with Outbox(
            Path(folder, "outbox.sqlite"),
            AGENT,
            OutboxSettings(),
            now_us=clock.now_us,
            monotonic=clock.monotonic,
            random_bits=secrets.randbits,
        ) as outbox:
            await _read(campus, Keeping(outbox, campus.points_of(AGENT)))


async def _bare(port: int) -> None:
    async with asyncio.TaskGroup() as group:
        for _ in range(LINKS):
            group.create_task(_bare_link(port, REQUESTS // LINKS))


async def _bare_link(port: int, requests: int) -> None:
    async with AsyncModbusTcpClient("127.0.0.1", port=port) as client:
        for _ in range(requests):
            answer = await client.read_holding_registers(0, count=2 * FLOATS, device_id=1)
            assert len(answer.registers) == 2 * FLOATS


def _seconds(work: Callable[[], Coroutine[Any, Any, None]]) -> float:
    begun_s = time.perf_counter()
    asyncio.run(work())
    return time.perf_counter() - begun_s


def _campus(port: int) -> Campus:
    name = {"zh": "电压", "en": "voltage"}
    point = {"title": name, "table": "holding", "type": "f32", "unit": "V", "valid": [0, 400]}
    points = [{**point, "name": f"u{number}_v", "addr": 2 * number} for number in range(FLOATS)]
    link = {"kind": "modbus-tcp", "port": port, "poll_s": 1e-6}
    return campus_of(
        [{"id": f"link-{number}", "host": HOSTS[number], **link} for number in range(LINKS)],
        [{"id": f"meter-{number}", "profile": "floats", "link": f"link-{number}"} for number in range(LINKS)],
        {"floats": {"kind": "modbus", "points": points}},
    )
