"""The one place that knows all rooms of the hub, and lets it live."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import asdict
from importlib.metadata import version
from typing import Any, Final

from devices.campus.loading import load_campus
from devices.campus.plans_loading import load_plans
from devices.model.errors import Unreachable
from devices.wire.mqtt import Broker
from hub.accounts import first_run
from hub.accounts.throttle import Throttle
from hub.api.access import lifetime_of
from hub.api.live import Feed
from hub.api.newsroom import Newsroom
from hub.api.points import DeviceRows
from hub.api.ports import Ports
from hub.api.server import WebServer
from hub.api.web import guarded, web_app
from hub.backtest import Backtests
from hub.broker import EmbeddedBroker
from hub.console import mount_console
from hub.db import Database
from hub.evidence import Fetching
from hub.ingest import Ingest
from hub.live.bus import Bus
from hub.live.newest import Newest
from hub.orders.acting import Acting
from hub.orders.courier import Courier
from hub.rulebook.rollout import Rollout
from hub.rulebook.rulebook import Rulebook
from hub.series.duckdb import DuckSeries
from hub.series.influxdb import InfluxSeries
from hub.series.ledger import DatabaseLedger
from hub.series.port import SeriesStore
from hub.series.victoriametrics import VictoriaSeries
from hub.settings import DuckDbSettings, ExternalBrokerSettings, HubSettings, VictoriaMetricsSettings
from hub.upkeep.admission import Admission
from hub.upkeep.clocks import Clocks
from hub.upkeep.covering import Covering
from hub.upkeep.errands import Errands
from hub.upkeep.folder import owned
from hub.upkeep.forgetting import Forgetting
from hub.upkeep.household import keep
from hub.upkeep.watch import Watch

_log = logging.getLogger(__name__)

About = Callable[[], dict[str, Any]]
VERSION: Final = version("campuswatch")


def now_us() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


async def run(settings: HubSettings, stop: asyncio.Event) -> None:
    """Run the hub until `stop` is set.

    Raises:
        Refused: the data folder is in use, a port is taken, a store or the site file cannot be used.
    """
    campus, bus = load_campus(settings.site), Bus()
    plans = load_plans(settings.site, campus)
    with owned(settings.data_dir):
        async with Database(settings.database_url) as db, _series(settings, db) as series:
            admission = Admission(db, campus, external=isinstance(settings.broker, ExternalBrokerSettings))
            newest = Newest(point for agent in campus.agents for point in campus.points_of(agent).names)
            try:
                newest.recall(await series.latest())
            except Unreachable as error:  # the screens fill as values come in
                _log.warning("the newest values before this start are not known: %s", error)
            async with _broker(settings, admission) as (broker, about_broker):
                stores: dict[str, Any] = {"series": series, "newest": newest, "bus": bus}
                agents = admission.agents
                ingest = Ingest(broker, campus=campus, database=db, agents=agents, now_us=now_us, **stores)
                fetching = Fetching(settings.data_dir / "evidence", ingest.tell, copies=settings.evidence)
                ingest.on_piece = fetching.hear
                book = Rulebook(campus, db, bus, now_us)
                await book.load()
                ports = Ports(
                    **stores,
                    book=book,
                    db=db,
                    feed=Feed(newest),
                    rows=DeviceRows(newest),
                    throttle=Throttle(time.monotonic),
                    web=settings.listen,
                    data_dir=settings.data_dir,
                    version=VERSION,
                    now_us=now_us,
                    backtests=Backtests(lambda: book.campus, series, settings.backtest, now_us),
                    ingest=lambda: asdict(ingest.status()),
                    broker=about_broker,
                    orders_enabled=settings.orders.enabled,
                    evidence=fetching,
                    plans=plans,
                )
                await _live(settings, ports, ingest, admission, stop)


async def _live(
    settings: HubSettings, ports: Ports, ingest: Ingest, admission: Admission, stop: asyncio.Event
) -> None:
    """Everything that runs beside each other; what fails takes the hub down, loudly."""
    db, kept, feed = ports.db, settings.retention, ports.feed
    days = {"series_days": kept.series_days, "ledger_days": kept.ledger_days}
    chores = (
        Watch(db, ports.campus, ports.bus, settings.watch.agent_silent_s, now_us),
        Clocks(db, ports.campus, ports.bus, settings.watch.clock_off_s, now_us, ingest.clock_offsets),
        Covering(db, lambda: ports.campus, ports.newest, ports.bus, now_us),
        Errands(settings.data_dir, db, now_us, admission.refresh, lambda name: feed.end(user=name)),
        Acting(ports.orders, db, lambda: ports.campus, now_us),
        Forgetting(
            db, ports.series, lifetime=lifetime_of(ports), now_us=now_us, evidence=ports.evidence, **days
        ),
    )
    rollout = Rollout(ports.book, db, ports.bus, ingest.tell, now_us)
    courier = Courier(ports.orders, db, ports.bus, ingest.tell, now_us)
    ingest.on_outcomes = courier.hear
    app = web_app(ports)
    mount_console(app)
    token = await db.write(lambda c: first_run.offer(c, ports.data_dir, now_us()))
    if token is not None:
        _log.warning("first run: make the first administrator with the token %s", token)
    async with WebServer(guarded(app), settings.listen, feed) as web, asyncio.TaskGroup() as group:
        jobs = {
            "ingest": ingest.run(),
            "newsroom": Newsroom(ports).run(),
            "upkeep": keep(*chores),
            "backtests": ports.backtests.run(),
            "rollout": rollout.run(),
            "orders": courier.run(),
        }
        tasks = [group.create_task(job, name=name) for name, job in jobs.items()]
        server = group.create_task(web.run(), name="web")
        _log.info("hub %s serves %s", VERSION, web.address)
        await stop.wait()
        web.stop()
        await server
        for task in tasks:
            task.cancel()


def _series(settings: HubSettings, db: Database) -> AbstractAsyncContextManager[SeriesStore]:
    store = settings.series
    if isinstance(store, DuckDbSettings):
        path = store.path or settings.data_dir / "series.duckdb"
        return DuckSeries(path, memory_mb=store.memory_mb, threads=store.threads)
    if isinstance(store, VictoriaMetricsSettings):
        return VictoriaSeries(store.url, DatabaseLedger(db))
    token = store.token_file.read_text("utf-8").strip()
    return InfluxSeries(store.url, token, store.org, store.bucket, DatabaseLedger(db))


@asynccontextmanager
async def _broker(settings: HubSettings, admission: Admission) -> AsyncIterator[tuple[Broker, About]]:
    """The broker's address, and what there is to say of it."""
    users, broker = await admission.users(), settings.broker
    if isinstance(broker, ExternalBrokerSettings):
        yield broker.address(), dict
        return
    async with EmbeddedBroker(
        settings.data_dir / "broker",
        users,
        host=broker.host,
        port=broker.port,
        certificate=broker.tls.certificate if broker.tls else None,
        key=broker.tls.key if broker.tls else None,
        plaintext=broker.plaintext,
    ) as embedded:
        admission.serve(embedded)
        yield embedded.address, lambda: {"serving": embedded.state == "serving", **embedded.counts}
