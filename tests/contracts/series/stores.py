"""The stores that one contract is run on, each as production uses it."""

from __future__ import annotations

import asyncio
from asyncio.subprocess import DEVNULL
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from hub.db import Database
from hub.series.duckdb import DuckSeries
from hub.series.influxdb import InfluxSeries
from hub.series.ledger import DatabaseLedger
from hub.series.port import SeriesStore
from hub.series.victoriametrics import VictoriaSeries
from tests.conftest import find_server
from tests.contracts.series.fake_influxdb import BUCKET, ORGANISATION, TOKEN, FakeInflux, fake_influxdb

START_S = 60.0


async def at_once() -> None:
    """What was written can be read as soon as the write returns."""


@dataclass(frozen=True)
class Contestant:
    """A running store.

    settle: waits until what was written can be read.
    many: rows of the largest test; fewer where a fake in Python would only heat the room.
    """

    store: SeriesStore
    settle: Callable[[], Awaitable[None]] = at_once
    many: int = 1_000_000


Open = Callable[[Path], AbstractAsyncContextManager[Contestant]]


@asynccontextmanager
async def duckdb(folder: Path) -> AsyncIterator[Contestant]:
    async with DuckSeries(folder / "series.duckdb", memory_mb=256) as store:
        yield Contestant(store)


@dataclass
class Servers:
    """What outlives a store that is closed and opened again in the same folder."""

    influx: dict[Path, FakeInflux] = field(default_factory=dict)


SERVERS = Servers()


@asynccontextmanager
async def influxdb(folder: Path) -> AsyncIterator[Contestant]:
    async with (
        fake_influxdb(SERVERS.influx.setdefault(folder, FakeInflux())) as server,
        Database(f"sqlite:///{folder}/hub.db") as database,
        InfluxSeries(
            f"http://127.0.0.1:{server.port}", TOKEN, ORGANISATION, BUCKET, DatabaseLedger(database)
        ) as store,
    ):
        yield Contestant(store, many=100_000)


@asynccontextmanager
async def victoriametrics(folder: Path) -> AsyncIterator[Contestant]:
    async with (
        victoria_server(folder) as url,
        Database(f"sqlite:///{folder}/hub.db") as database,
        VictoriaSeries(url, DatabaseLedger(database)) as store,
        httpx.AsyncClient(base_url=url, trust_env=False, timeout=30) as http,
    ):

        async def settle() -> None:
            (await http.get("/internal/force_flush")).raise_for_status()

        yield Contestant(store, settle)


@asynccontextmanager
async def victoria_server(folder: Path) -> AsyncIterator[str]:
    """Debian's VictoriaMetrics with the flags that docs/series.md asks for; gives its address."""
    program = find_server("victoria-metrics")
    assert program is not None
    log = folder / "victoria.log"
    with log.open("ab") as output:
        process = await asyncio.create_subprocess_exec(
            program,
            f"-storageDataPath={folder}/victoria",
            "-httpListenAddr=127.0.0.1:0",
            "-retentionPeriod=100y",
            "-dedup.minScrapeInterval=1ms",
            "-search.latencyOffset=0s",
            stdin=DEVNULL,
            stdout=output,
            stderr=output,
        )
    try:
        yield await _url(process, log)
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def _url(process: asyncio.subprocess.Process, log: Path) -> str:
    """The address at which the server answers, out of what it has open."""
    async with asyncio.timeout(START_S), httpx.AsyncClient(trust_env=False, timeout=30) as http:
        while True:
            assert process.returncode is None, f"victoria-metrics ended, see {log}"
            for port in _listening(process.pid):
                try:
                    answer = await http.get(f"http://127.0.0.1:{port}/health")
                except httpx.HTTPError:
                    continue
                if answer.text == "OK":
                    return f"http://127.0.0.1:{port}"
            await asyncio.sleep(0.02)


def _listening(pid: int) -> list[int]:
    """Ports on which a process listens."""
    sockets = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    rows = [line.split() for line in Path("/proc/net/tcp").read_text().splitlines()[1:]]
    return [
        int(row[1].split(":")[1], 16) for row in rows if row[3] == "0A" and f"socket:[{row[9]}]" in sockets
    ]
