"""Modbus devices that are polled while figures are taken: campuses, a sink that counts, and pymodbus beside it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import sys
import time
from collections.abc import AsyncIterator
from typing import Any, Final

import numpy as np
from pymodbus.client import AsyncModbusTcpClient
from pymodbus.exceptions import ModbusException

from benchmarks.loopback import LOOPBACK, SILENT_UNIT
from benchmarks.sites import AGENT, NAME, campus_of
from devices.campus.site import Campus
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.port import SystemClock

FLOATS: Final = 30
US_PER_S: Final = 1_000_000


def floats(count: int, *, block: int = 0, gap: int = 50) -> dict[str, Any]:
    """A data sheet of float32 in holding registers, in one piece or in blocks with gaps between."""
    point = {"title": NAME, "table": "holding", "type": "f32", "unit": "V", "valid": [0, 400]}
    places = [2 * number + (number // block * gap if block else 0) for number in range(count)]
    points = [{**point, "name": f"u{number}_v", "addr": addr} for number, addr in enumerate(places)]
    return {"kind": "modbus", "points": points, "max_gap": 0}


def own_links(port: int, devices: int, dead: int, sheet: dict[str, Any]) -> Campus:
    """Devices that each have a link of their own; the last `dead` never answer."""
    links = [
        {"id": f"link-{n}", "host": LOOPBACK[n], "kind": "modbus-tcp", "port": port, "poll_s": 1.0}
        for n in range(devices)
    ]
    meters = [
        {
            "id": f"meter-{n}",
            "profile": "floats",
            "link": f"link-{n}",
            "unit": SILENT_UNIT if n >= devices - dead else 1,
        }
        for n in range(devices)
    ]
    return campus_of(links, meters, {"floats": sheet})


class Watching:
    """A sink that keeps when which point was read."""

    def __init__(self, table: PointTable) -> None:
        self.table = table
        self.good = 0
        self._read: list[tuple[np.ndarray, np.ndarray]] = []

    async def samples(self, batch: SampleBatch) -> None:
        """Keep rows and times of what is good."""
        good = batch.quality == 0
        self.good += int(good.sum())
        self._read.append((batch.point[good], batch.time_us[good]))

    async def frames(self, batch: FrameBatch) -> None:
        """No camera here."""
        raise TypeError(f"{len(batch)} pictures")

    def forget(self) -> None:
        """Begin anew."""
        self._read, self.good = [], 0

    def periods_s(self, point: str) -> np.ndarray:
        """Times between two readings of each device's point of this name: all devices together."""
        rows = np.concatenate([rows for rows, _ in self._read])
        times = np.concatenate([times for _, times in self._read])
        wanted = [row for name, row in self.table.row.items() if name.endswith(f".{point}")]
        return np.concatenate([np.diff(times[rows == row]) for row in wanted]) / US_PER_S


@contextlib.asynccontextmanager
async def reading(
    campus: Campus, settings: ModbusSettings | None = None
) -> AsyncIterator[tuple[Watching, ModbusSource]]:
    """The source, running."""
    table = campus.points_of(AGENT)
    sink = Watching(table)
    source = ModbusSource(campus, AGENT, settings or ModbusSettings(), table, SystemClock(), random.random)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def write_latencies(source: ModbusSource, link: str, for_s: float, every_s: float) -> list[float]:
    """Milliseconds of writes of one register, at moments that have nothing to do with the polling."""
    taken, end_s = [], time.perf_counter() + for_s
    while time.perf_counter() < end_s:
        await asyncio.sleep(every_s * (0.5 + random.random()))
        begun_s = time.perf_counter()
        await source.worker_of(link).ask(Question.write_register(1, 0, 1), 10.0, is_order=True)
        taken.append((time.perf_counter() - begun_s) * 1000)
    return taken


async def bare(port: int, devices: int) -> None:
    """Pymodbus' own client: each device every second, its registers turned into floats, and nothing else."""
    async with asyncio.TaskGroup() as group:
        for number in range(devices):
            group.create_task(_bare_device(LOOPBACK[number], port))


async def _bare_device(host: str, port: int) -> None:
    await asyncio.sleep(random.random())
    async with AsyncModbusTcpClient(host, port=port) as client:
        while True:
            begun_s = time.monotonic()
            answer = await client.read_holding_registers(0, count=2 * FLOATS, device_id=1)
            client.convert_from_registers(answer.registers, client.DATATYPE.FLOAT32)
            await asyncio.sleep(max(0.0, begun_s + 1.0 - time.monotonic()))


async def bare_bus(
    port: int, units: list[int], timeout_s: float, for_s: float
) -> tuple[list[float], list[float]]:
    """Pymodbus as it is usually used on a bus: one client, one lock, each unit in turn, a write when it gets the lock.

    Returns:
        periods of the first unit in seconds, and latencies of writes in milliseconds
    """
    logging.getLogger("pymodbus").setLevel(logging.CRITICAL)  # it tells each silence in a hundred lines
    lock = asyncio.Lock()
    periods: list[float] = []
    writes: list[float] = []
    end_s = time.monotonic() + for_s
    async with AsyncModbusTcpClient("127.0.0.1", port=port, timeout=timeout_s, retries=0) as client:

        async def poll() -> None:
            last_s = 0.0
            while time.monotonic() < end_s:
                begun_s = time.monotonic()
                if last_s:
                    periods.append(begun_s - last_s)
                last_s = begun_s
                for unit in units:
                    async with lock:
                        with contextlib.suppress(ModbusException):
                            if not client.connected:
                                await client.connect()
                            await client.read_holding_registers(0, count=2 * FLOATS, device_id=unit)
                await asyncio.sleep(max(0.0, begun_s + 1.0 - time.monotonic()))

        async def write() -> None:
            while time.monotonic() < end_s:
                await asyncio.sleep(0.05 * (0.5 + random.random()))
                begun_s = time.perf_counter()
                async with lock:
                    with contextlib.suppress(ModbusException):
                        await client.write_register(0, 1, device_id=1)
                writes.append((time.perf_counter() - begun_s) * 1000)

        async with asyncio.TaskGroup() as group:
            group.create_task(poll())
            group.create_task(write())
    return periods, writes


if __name__ == "__main__":
    asyncio.run(bare(int(sys.argv[1]), int(sys.argv[2])))
