"""Devices that never answer, beside those that do: their periods, and how long a write waits."""

from __future__ import annotations

import asyncio
import time
from typing import Final

import numpy as np

from benchmarks.loopback import SILENT_UNIT, running
from benchmarks.polled import FLOATS, bare_bus, floats, own_links, reading, write_latencies
from benchmarks.row import RUNS, Result
from benchmarks.sites import campus_of
from devices.campus.site import Campus

NAME = "dead devices"
DEVICES, DEAD, UNITS = 130, 13, 20
SETTLED_S: Final = 5.0
WINDOW_S: Final = 10.0
TIMEOUT_S: Final = 0.5
EVERY_S: Final = 0.05
WORK = (
    f"{DEVICES} devices x {FLOATS} float32 with a link each, every second, {DEAD} of them silent; and {UNITS} units on"
    f" one link, one silent, {TIMEOUT_S} s time-out, a register written every {EVERY_S * 1000:.0f} ms;"
    f" {WINDOW_S:.0f} s windows"
)
PEER = (
    f"bare pymodbus on the shared link: one client, each unit in turn, {TIMEOUT_S} s time-out, no second try"
)


def run() -> list[Result]:
    """Periods of what answers, and writes while it is polled."""
    with running("modbus") as port:
        own = asyncio.run(_own_links(port))
        off, writes, cpu_s = asyncio.run(_shared_link(port))
        bare_off, bare_writes = [], []
        units = [*range(1, UNITS), SILENT_UNIT]
        for _ in range(RUNS):
            periods, taken = asyncio.run(bare_bus(port, units, TIMEOUT_S, WINDOW_S))
            bare_off.append(100 * abs(float(np.mean(periods)) - 1.0))
            bare_writes.append(float(np.percentile(taken, 99)))
    peer = "bare pymodbus"
    return [
        Result("healthy period p99", "s", own, more_is_better=False),
        Result("shared link, period off by", "%", off, {peer: bare_off}, more_is_better=False),
        Result("write p99", "ms", writes, {peer: bare_writes}, more_is_better=False),
        Result("shared link, share of a core", "%", cpu_s, more_is_better=False),
    ]


async def _own_links(port: int) -> list[float]:
    campus = own_links(port, DEVICES, DEAD, floats(FLOATS))
    found = []
    async with reading(campus) as (sink, _):
        await asyncio.sleep(SETTLED_S)
        for _ in range(RUNS):
            sink.forget()
            await asyncio.sleep(WINDOW_S)
            found.append(float(np.percentile(sink.periods_s("u0_v"), 99)))
    return found


async def _shared_link(port: int) -> tuple[list[float], list[float], list[float]]:
    off, writes, shares = [], [], []
    async with reading(_shared(port)) as (sink, source):
        await asyncio.sleep(SETTLED_S)
        for _ in range(RUNS):
            sink.forget()
            begun_s, before = time.perf_counter(), time.process_time()
            taken = await write_latencies(source, "bus", WINDOW_S, EVERY_S)
            shares.append(100 * (time.process_time() - before) / (time.perf_counter() - begun_s))
            writes.append(float(np.percentile(taken, 99)))
            off.append(100 * abs(float(np.mean(sink.periods_s("u0_v"))) - 1.0))
    return off, writes, shares


def _shared(port: int) -> Campus:
    link = {"id": "bus", "host": "127.0.0.1", "kind": "modbus-tcp", "port": port, "poll_s": 1.0}
    units = [*range(1, UNITS), SILENT_UNIT]
    meters = [{"id": f"meter-{n}", "profile": "floats", "link": "bus", "unit": n} for n in units]
    return campus_of([{**link, "timeout_s": TIMEOUT_S}], meters, {"floats": floats(FLOATS)})
