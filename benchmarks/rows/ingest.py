"""Batches from four agents through the embedded broker into the series store, acknowledged after the commit."""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import sys
import tempfile
import time
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import duckdb

from benchmarks.row import RUNS, Result, per_second
from benchmarks.uplinks import BATCHES, ROWS, SITE, batches, points
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from hub.broker import EmbeddedBroker, agent_user, hashed
from hub.db import Database
from hub.ingest import Ingest
from hub.live.bus import Bus
from hub.live.newest import Newest
from hub.series.duckdb import DuckSeries
from hub.series.ledger import DatabaseLedger
from hub.series.port import SeriesStore
from hub.series.victoriametrics import VictoriaSeries

NAME = "ingest"
WORK = f"4 agents x {BATCHES} batches x {ROWS} samples, embedded broker, acknowledged after the commit"
PEER = "DuckDB alone: the same batches from memory into a bare table, a transaction each, no broker and no checks"
PASSWORD = "benchmark"  # noqa: S105 - of a broker that lives for seconds
#: 2026-01-01; each run goes on an hour of samples after the one before.
START_S = 1_767_225_600
STEP_S = 100_000


def run() -> list[Result]:
    """Measure each store."""
    campus = load_campus(SITE)
    samples = len(campus.agents) * BATCHES * ROWS
    ours_s = asyncio.run(_into_duckdb(campus))
    bare_s = [_bare_duckdb(campus, START_S + number * STEP_S) for number in range(RUNS + 1)][1:]
    results = [
        Result(
            "into DuckDB",
            "samples/s",
            per_second(samples, ours_s),
            {"DuckDB alone": per_second(samples, bare_s)},
        )
    ]
    if (program := shutil.which("victoria-metrics")) is not None:
        taken_s = asyncio.run(_into_victoria(campus, program))
        results.append(Result("into VictoriaMetrics", "samples/s", per_second(samples, taken_s)))
    return results


async def _into_duckdb(campus: Campus) -> list[float]:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with DuckSeries(folder / "series.duckdb") as series:
            taken_s = await _measure(campus, series, folder)
            stored, sent = (await series.size()).rows, (RUNS + 1) * len(campus.agents) * BATCHES * ROWS
            if stored != sent:
                raise RuntimeError(f"{stored} samples are stored, {sent} were sent")
            return taken_s


async def _into_victoria(campus: Campus, program: str) -> list[float]:
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        server = await asyncio.create_subprocess_exec(
            *(program, f"-storageDataPath={folder}/victoria", f"-httpListenAddr=127.0.0.1:{port}"),
            *("-retentionPeriod=100y", "-dedup.minScrapeInterval=1ms", "-search.latencyOffset=0s"),
            stdout=DEVNULL,
            stderr=DEVNULL,
        )
        try:
            async with (
                Database(f"sqlite:///{folder}/ledger.db") as database,
                VictoriaSeries(f"http://127.0.0.1:{port}", DatabaseLedger(database)) as series,
            ):
                return await _measure(campus, series, folder)
        finally:
            server.terminate()
            await server.wait()


async def _measure(campus: Campus, series: SeriesStore, folder: Path) -> list[float]:
    """Seconds of each run, from the first batch sent to the last acknowledged."""
    secret = hashed(PASSWORD)
    users = [agent_user(agent, secret) for agent in campus.agents]
    async with (
        EmbeddedBroker(folder / "broker", users, port=free_port()) as broker,
        Database(f"sqlite:///{folder}/hub.db") as database,
        ingesting(broker, campus, series, database),
    ):
        agents = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "benchmarks.uplinks", str(broker.address.port), PASSWORD, *campus.agents),
            stdin=PIPE,
            stdout=PIPE,
        )
        await _line(agents)
        taken_s = [await _one_run(agents, START_S + number * STEP_S) for number in range(RUNS + 1)]
        assert agents.stdin is not None
        agents.stdin.close()
        await agents.wait()
    return taken_s[1:]


@asynccontextmanager
async def ingesting(
    broker: EmbeddedBroker, campus: Campus, series: SeriesStore, database: Database, bus: Bus | None = None
) -> AsyncIterator[None]:
    """An ingest that runs and is connected."""
    ingest = Ingest(
        broker.address,
        campus=campus,
        series=series,
        database=database,
        newest=Newest(),
        bus=bus or Bus(),
        agents=set(campus.agents),
    )
    running = asyncio.create_task(ingest.run())
    while not ingest.connected:  # noqa: ASYNC110 - nothing tells of it but itself
        await asyncio.sleep(0.01)
    yield
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):  # cancelled here
        await running


async def _one_run(agents: Process, start_s: int) -> float:
    assert agents.stdin is not None
    agents.stdin.write(f"{start_s}\n".encode())
    await agents.stdin.drain()
    return float(await _line(agents))


async def _line(process: Process) -> str:
    assert process.stdout is not None
    return (await process.stdout.readline()).decode().strip()


def _bare_duckdb(campus: Campus, start_s: int) -> float:
    """Seconds that DuckDB itself needs for the same rows."""
    work = [batches(points(campus, agent), start_s) for agent in campus.agents]
    with tempfile.TemporaryDirectory() as folder, duckdb.connect(f"{folder}/bare.duckdb") as connection:
        connection.execute("SET enable_progress_bar = false")
        connection.execute(
            "CREATE TABLE samples(point INTEGER, time_us BIGINT, value DOUBLE, quality UTINYINT)"
        )
        begin_s = time.perf_counter()
        for some in zip(*work, strict=True):
            for batch in some:
                columns = {name: getattr(batch, name) for name in ("point", "time_us", "value", "quality")}
                connection.register("incoming", columns)
                connection.execute("INSERT INTO samples SELECT * FROM incoming")
        return time.perf_counter() - begin_s


def free_port() -> int:
    """A port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
