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
#: Silent ones of the units that share a link: none, 5 % and 20 %.
SILENT: Final = (0, 1, 4)
SETTLED_S: Final = 3.0
WINDOW_S: Final = 2.5
TIMEOUT_S: Final = 0.5
EVERY_S: Final = 0.05
WORK = (
    f"{DEVICES} devices x {FLOATS} float32 with a link each, every second, {DEAD} of them silent; and {UNITS} units on"
    f" one link, none, one or four of them silent, {TIMEOUT_S} s time-out, a register written every"
    f" {EVERY_S * 1000:.0f} ms; {WINDOW_S} s windows"
)
PEER = (
    f"bare pymodbus on the shared link with one silent: one client, each unit in turn, {TIMEOUT_S} s time-out,"
    " no second try"
)


def run() -> list[Result]:
    """Periods of what answers, and writes while it is polled."""
    with running("modbus") as port:
        own = asyncio.run(_own_links(port))
        shared = [result for silent in SILENT for result in _shared_figures(port, silent)]
    return [Result("healthy period p99", "s", own, more_is_better=False), *shared]


def _shared_figures(port: int, silent: int) -> list[Result]:
    """The shared link with so many silent units; beside pymodbus where it is one."""
    off, writes, shares = asyncio.run(_shared_link(port, silent))
    peers: dict[str, list[float]] = {}
    peer_writes: dict[str, list[float]] = {}
    if silent == 1:
        taken = [asyncio.run(bare_bus(port, _units(silent), TIMEOUT_S, WINDOW_S)) for _ in range(RUNS)]
        peers["bare pymodbus"] = [_off_by(np.array(periods)) for periods, _ in taken]
        peer_writes["bare pymodbus"] = [float(np.percentile(waits, 99)) for _, waits in taken]
    which = f"shared, {100 * silent // UNITS} % dead"
    return [
        Result(f"{which}: period off", "%", off, peers, more_is_better=False),
        Result(f"{which}: write p99", "ms", writes, peer_writes, more_is_better=False),
        Result(f"{which}: share of a core", "%", shares, more_is_better=False),
    ]


def _off_by(periods_s: np.ndarray) -> float:
    return 100 * abs(float(np.mean(periods_s)) - 1.0)


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


async def _shared_link(port: int, silent: int) -> tuple[list[float], list[float], list[float]]:
    off, writes, shares = [], [], []
    async with reading(_shared(port, silent)) as (sink, source):
        await asyncio.sleep(SETTLED_S)
        for _ in range(RUNS):
            sink.forget()
            begun_s, before = time.perf_counter(), time.process_time()
            taken = await write_latencies(source, "bus", WINDOW_S, EVERY_S)
            shares.append(100 * (time.process_time() - before) / (time.perf_counter() - begun_s))
            writes.append(float(np.percentile(taken, 99)))
            off.append(_off_by(sink.periods_s("u0_v")))
    return off, writes, shares


def _units(silent: int) -> list[int]:
    return [*range(1, UNITS + 1 - silent), *range(SILENT_UNIT, SILENT_UNIT + silent)]


def _shared(port: int, silent: int) -> Campus:
    link = {"id": "bus", "host": "127.0.0.1", "kind": "modbus-tcp", "port": port, "poll_s": 1.0}
    meters = [{"id": f"meter-{n}", "profile": "floats", "link": "bus", "unit": n} for n in _units(silent)]
    return campus_of([{**link, "timeout_s": TIMEOUT_S}], meters, {"floats": floats(FLOATS)})
