"""The board under load: a page of ten thousand open alerts, and ten thousand new ones while people look at it."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

import httpx

from benchmarks.row import RUNS, Result
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.texts import Text
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.accounts import people, sessions
from hub.accounts.roles import Role
from hub.accounts.throttle import Throttle
from hub.alerts import board, store
from hub.alerts.store import Applied
from hub.api.live import Feed
from hub.api.newsroom import Newsroom
from hub.api.points import DeviceRows
from hub.api.ports import Ports
from hub.api.server import WebServer
from hub.api.settings import WebSettings
from hub.api.web import guarded, web_app
from hub.backtest import Backtests, BacktestSettings
from hub.db import Database
from hub.db.audit import Actor
from hub.live.bus import ALERT, Bus
from hub.live.newest import Newest
from hub.rulebook.rulebook import Rulebook
from hub.series.duckdb import DuckSeries

NAME = "board"
OPEN: Final = 10_000
PAGE: Final = 500
LOOKS: Final = 100
#: Messages under way at once: four agents, each with some unacknowledged.
AT_ONCE: Final = 16
SITE: Final = Path(__file__).parents[2] / "config" / "demo" / "site.yaml"
WORK = (
    f"GET /api/alerts over loopback HTTP, first page of {PAGE} among {OPEN} open alerts of the demo campus, {LOOKS} "
    f"times; then {OPEN} alerts in messages of one, {AT_ONCE} at once, each committed, with the page read beside it"
)
PEER = f"bare sqlite3 on the same file: the same {PAGE} rows by the same index, and json.dumps of them as they are"
START_US: Final = 1_782_864_000_000_000


def run() -> list[Result]:
    """Measure page and storm in turn."""
    return asyncio.run(_measure(load_campus(SITE)))


async def _measure(campus: Campus) -> list[Result]:
    pages: list[float] = []
    bare: list[float] = []
    storms: list[float] = []
    during: list[float] = []
    lost: list[float] = []
    for _ in range(RUNS + 1):
        with tempfile.TemporaryDirectory() as folder:
            async with _hub(Path(folder), campus) as (ports, look):
                await _fill(ports, _events(campus, 0))
                pages.append(_p95(await _times(look, LOOKS)))
                bare.append(_p95(_bare(Path(folder) / "hub.db", LOOKS)))
                storm, looks = await _storm(ports, look, _events(campus, OPEN))
                storms.append(storm)
                during.append(_p95(looks))
                counts = await ports.db.read(board.counts)
                lost.append(2 * OPEN - counts["raised"])
    return [
        Result("page p95", "ms", _ms(pages[1:]), {"bare sqlite3": _ms(bare[1:])}, more_is_better=False),
        Result(f"storm of {OPEN}", "s", storms[1:], more_is_better=False),
        Result("page p95 during the storm", "ms", _ms(during[1:]), more_is_better=False),
        Result("alerts lost in the storm", "alerts", lost[1:], more_is_better=False),
    ]


@asynccontextmanager
async def _hub(folder: Path, campus: Campus) -> AsyncIterator[tuple[Ports, Callable[[], Awaitable[None]]]]:
    """A hub that listens, and a look at its board as a browser takes it."""
    newest, web = Newest(), WebSettings(port=0)
    async with Database(f"sqlite:///{folder}/hub.db") as db, DuckSeries(folder / "series.duckdb") as series:
        bus = Bus()
        ports = Ports(
            book=Rulebook(campus, db, bus, lambda: 0),
            db=db,
            series=series,
            newest=newest,
            bus=bus,
            feed=Feed(newest),
            rows=DeviceRows(newest),
            throttle=Throttle(time.monotonic),
            web=web,
            data_dir=folder,
            version="bench",
            now_us=lambda: time.time_ns() // 1000,
            backtests=Backtests(lambda: campus, series, BacktestSettings(), lambda: 0),
        )
        await db.write(
            lambda c: people.create(c, "bench", "no password", Role.VIEWER, Actor("bench"), ports.now_us())
        )
        token = await db.write(lambda c: sessions.begin(c, "bench", "", ports.now_us()))
        async with (
            WebServer(guarded(web_app(ports)), web, ports.feed) as server,
            asyncio.TaskGroup() as group,
        ):
            serving = group.create_task(server.run())
            newsroom = group.create_task(Newsroom(ports).run())
            cookies = {"campuswatch": token}
            async with httpx.AsyncClient(base_url=server.address, cookies=cookies) as client:

                async def look() -> None:
                    answer = await client.get(f"/api/alerts?limit={PAGE}")
                    assert len(answer.content) > PAGE * 100, answer.text

                yield ports, look
            server.stop()
            await serving
            newsroom.cancel()


async def _fill(ports: Ports, events: list[AlertEvent]) -> None:
    for first in range(0, len(events), PAGE):
        await _take(ports, events[first : first + PAGE], None)


async def _take(ports: Ports, events: list[AlertEvent], stamp: Stamp | None) -> Applied:
    return await ports.db.write(lambda c: store.apply_events(c, events, "bench", stamp, ports.now_us()))


async def _storm(
    ports: Ports, look: Callable[[], Awaitable[None]], events: list[AlertEvent]
) -> tuple[float, list[float]]:
    """Seconds until all are committed and told, and how long each look at the board took meanwhile."""
    waiting = list(enumerate(events))
    looks: list[float] = []

    async def agent() -> None:
        while waiting:
            seq, event = waiting.pop()
            applied = await _take(ports, [event], Stamp("bench", 1, Lane.ALERTS, seq))
            ports.bus.publish(ALERT, applied.changed)

    async def watcher() -> None:
        while waiting:
            looks.extend(await _times(look, 1))
            await asyncio.sleep(0.2)

    begin = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(agent())
        group.create_task(watcher())
    return time.perf_counter() - begin, looks


async def _times(look: Callable[[], Awaitable[None]], number: int) -> list[float]:
    found = []
    for _ in range(number):
        begin = time.perf_counter()
        await look()
        found.append(time.perf_counter() - begin)
    return found


def _bare(path: Path, number: int) -> list[float]:
    query = 'SELECT * FROM alerts WHERE "open" = 1 ORDER BY severity DESC, rank DESC, start_us DESC, seq DESC LIMIT ?'
    found = []
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        for _ in range(number):
            begin = time.perf_counter()
            json.dumps(connection.execute(query, (PAGE,)).fetchall())
            found.append(time.perf_counter() - begin)
    return found


def _events(campus: Campus, offset: int) -> list[AlertEvent]:
    """As many raises, over all devices of the campus, of every family and severity."""
    devices, families = list(campus.devices.values()), list(Family)
    return [
        AlertEvent(
            id=alert_id("bench", 1, devices[number % len(devices)].id, START_US + offset + number),
            kind=EventKind.RAISE,
            rule="bench",
            rule_version=1,
            family=families[number % len(families)],
            severity=Severity(number % 4 + 1),
            site="hq1",
            device=devices[number % len(devices)].id,
            time_us=START_US + offset + number,
            start_us=START_US + offset + number,
            value=22.0,
            limit=26.0,
            unit="C",
            message=Text(
                "主楼301：空调设定 22 度，标准 26 度", "Main 301: set to 22 C, the standard is 26 C"
            ),
            evidence={"setpoint_c": 22.0, "mode": 1.0, "on": 1.0},
        )
        for number in range(OPEN)
    ]


def _p95(times: list[float]) -> float:
    return statistics.quantiles(times, n=20)[-1] if len(times) > 1 else times[0]


def _ms(seconds: list[float]) -> list[float]:
    return [1000 * value for value in seconds]
