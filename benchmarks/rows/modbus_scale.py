"""Points a second by the load, the layout of the addresses and the share of devices that are dead."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import numpy as np

from benchmarks.loopback import running
from benchmarks.polled import floats, own_links, reading, write_latencies
from benchmarks.row import RUNS, Result
from edge_agent.sources.modbus import ModbusSource

NAME = "modbus at scale"
DEVICES: Final = 100
LOADS: Final = (10_000, 50_000, 100_000)
#: Values in a row before a gap; 0: all in one piece.
LAYOUTS: Final = {"contiguous": 0, "scattered": 20}
DEAD: Final = (0, 5, 20)
SETTLED_S: Final = 1.2
WINDOW_S: Final = 0.5
WORK = (
    f"{DEVICES} devices with a link each, every second, float32 decoded and checked, into a sink that counts; scattered"
    f" is a gap after every 20 values; {WINDOW_S} s windows, one after the other, a register written every 20 ms"
)
PEER = "none at hand that polls so much; the row modbus compares request by request with pymodbus"


def run() -> list[Result]:
    """Share of a core for each load, what arrives of it, and writes beside each that is as large as can be."""
    results, arrived, writes = [], [], []
    with running("modbus") as port:
        for load in LOADS:
            for layout, block in LAYOUTS.items():
                for dead in DEAD:
                    shares, came, taken = asyncio.run(_measured(port, load, block, dead))
                    figure = f"{load} points/s, {layout}, {dead} % dead"
                    results.append(Result(figure, "% of a core", shares, more_is_better=False))
                    arrived.append(came)
                    if load == LOADS[-1]:
                        figure = f"write p99, {layout}, {dead} % dead"
                        writes.append(Result(figure, "ms", taken, more_is_better=False))
    worst = min(arrived, key=np.median)
    return [
        *results,
        Result("rounds that were not left out, worst", "%", worst),
        *writes,
    ]


async def _measured(
    port: int, load: int, block: int, dead: int
) -> tuple[list[float], list[float], list[float]]:
    each = load // DEVICES
    campus = own_links(port, DEVICES, DEVICES * dead // 100, floats(each, block=block))
    shares, arrived, writes = [], [], []
    async with reading(campus) as (sink, source):
        await asyncio.sleep(SETTLED_S)
        for _ in range(RUNS):
            sink.forget()
            late = _left_out(source)
            begun_s, before = time.perf_counter(), time.process_time()
            taken = await write_latencies(source, "link-0", WINDOW_S, 0.02)
            took_s = time.perf_counter() - begun_s
            shares.append(100 * (time.process_time() - before) / took_s)
            arrived.append(100 * (1 - (_left_out(source) - late) / (DEVICES * took_s)))
            writes.append(float(np.percentile(taken, 99)))
    return shares, arrived, writes


def _left_out(source: ModbusSource) -> int:
    return sum(worker.counters.overruns for worker in source.workers)
