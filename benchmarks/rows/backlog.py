"""72 hours of an outage delivered while the agent measures on and raises alerts: outbox, broker, ingest, DuckDB.

python -m benchmarks.rows.backlog HOURS     a smaller one
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
import time
from asyncio.subprocess import PIPE, Process
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.backlogged import CYCLE_S, PARTS, PARTS_OF_ALL, POINTS, SOURCE
from benchmarks.row import Result
from benchmarks.rows.ingest import free_port, ingesting
from benchmarks.uplinks import SITE
from devices.campus.loading import load_campus
from hub.broker import EmbeddedBroker, agent_user, hashed
from hub.db import Database
from hub.live.bus import ALERT, Bus
from hub.series.duckdb import DuckSeries

NAME = "backlog"
HOURS: Final = 72.0
WORK = (
    f"{HOURS:g} h of {POINTS} points at {CYCLE_S} s ({PARTS} records a cycle), one alert each 0.1 s meanwhile;"
    f" each fifth is a run"
)
PEER = "real time: the hours that the backlog took to come about"
AGENT: Final = "edge-shenyue"
PASSWORD: Final = "benchmark"  # noqa: S105 - of a broker that lives for minutes


def run() -> list[Result]:
    """Deliver three days."""
    return asyncio.run(delivered(HOURS))


async def delivered(hours: float) -> list[Result]:
    """Times real time, and the age of alerts at the hub's news, in each fifth of the backlog."""
    campus = load_campus(SITE)
    with tempfile.TemporaryDirectory() as name:
        folder, bus = Path(name), Bus()
        async with (
            EmbeddedBroker(
                folder / "broker", [agent_user(AGENT, hashed(PASSWORD))], port=free_port()
            ) as broker,
            Database(f"sqlite:///{folder}/hub.db") as database,
            DuckSeries(folder / "series.duckdb") as series,
            ingesting(broker, campus, series, database, bus),
        ):
            agent = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "benchmarks.backlogged", str(broker.address.port), PASSWORD, AGENT),
                *(str(folder / "outbox.db"), str(hours)),
                stdin=PIPE,
                stdout=PIPE,
            )
            records, size = (await _line(agent)).split()[1:]
            found: list[float] = []
            ages = asyncio.create_task(_ages(bus, found))
            taken_s, ages_ms = await _fifths(agent, found)
            await agent.wait()
            ages.cancel()
            _check((await series.size()).rows or 0, round(hours * 3600 / CYCLE_S) * POINTS)
    print(f"{records} records of {int(size) / 1e6:.0f} MB in {sum(taken_s):.0f} s", file=sys.stderr)
    part_s = hours * 3600 / PARTS_OF_ALL
    return [
        Result("delivered", "x real time", [part_s / one_s for one_s in taken_s]),
        Result("alert age p99", "ms", [_p99(some) for some in ages_ms], more_is_better=False),
        Result("alert age, worst", "ms", [max(some) for some in ages_ms], more_is_better=False),
    ]


async def _fifths(agent: Process, found: list[float]) -> tuple[list[float], list[list[float]]]:
    assert agent.stdin is not None
    agent.stdin.write(b"go\n")
    taken_s, ages_ms, begin_s = [], [], time.perf_counter()
    for _ in range(PARTS_OF_ALL):
        await _line(agent)
        taken_s.append(time.perf_counter() - begin_s)
        begin_s += taken_s[-1]
        ages_ms.append(found.copy())
        found.clear()
    return taken_s, ages_ms


async def _ages(bus: Bus, found: list[float]) -> None:
    """Ages of alerts when the hub tells its pages of them, for ever."""
    with bus.subscribe(ALERT) as news:
        while True:
            _, records = await news.next()
            now_us = time.time_ns() // 1000
            found += [(now_us - one.raised_us) / 1000 for one in records if one.rule == SOURCE and one.active]


def _check(stored: int, wanted: int) -> None:
    if stored < wanted:
        raise RuntimeError(f"{stored} samples are stored, {wanted} waited")


def _p99(ages: list[float]) -> float:
    return float(np.percentile(ages, 99))


async def _line(agent: Process) -> str:
    assert agent.stdout is not None
    line = (await agent.stdout.readline()).decode().strip()
    if not line:
        raise RuntimeError(f"the agent has ended with {await agent.wait()}")
    return line


if __name__ == "__main__":
    for one in asyncio.run(delivered(float(sys.argv[1]))):
        print(f"{one.figure}: {[round(each, 1) for each in one.samples]} {one.unit}")
