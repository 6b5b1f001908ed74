"""The one place that knows all rooms of the agent, and lets it live."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from importlib.metadata import version
from typing import Any, Final

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.loading import load_campus
from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus, HttpLink, Link, MqttLink
from devices.model.errors import ConfigRefused, Garbled, Problem
from devices.model.points import PointTable
from devices.wire.orders import OrderKind
from edge_agent.detect.counters import Meters
from edge_agent.evidence.answering import Answering
from edge_agent.evidence.fan import Fan
from edge_agent.evidence.keeper import Keeper
from edge_agent.health import Health
from edge_agent.healthport import serve
from edge_agent.orders.dispatch import Dispatcher, Reader
from edge_agent.orders.hand import ModbusHand
from edge_agent.orders.memory import STATE as ORDERS
from edge_agent.outbox import Outbox
from edge_agent.pictures import Album, Librarian, Looking, kept
from edge_agent.pipeline import Keeping, Pipeline
from edge_agent.probe.order import readers_of
from edge_agent.rulebook import SECTION, STATE, Rulebook
from edge_agent.settings import EdgeSettings, load_credentials
from edge_agent.sources.camera.source import CameraSource
from edge_agent.sources.dlt645.source import Dlt645Source
from edge_agent.sources.modbus.learned import STATE as LEARNED
from edge_agent.sources.modbus.learned import Learned, learned
from edge_agent.sources.modbus.source import ModbusSource
from edge_agent.sources.mqtt.source import MqttSource
from edge_agent.sources.port import Sink, Source, SystemClock
from edge_agent.uplink import Uplink
from edge_agent.vision.source import VisionSource

log = logging.getLogger("edge_agent")
RESTART_S: Final = 5.0
"""Wait before a source that ended with an error is started again."""


async def run(settings: EdgeSettings) -> None:
    """Run the agent until it is cancelled.

    Raises:
        ConfigRefused: the site file or the credentials cannot be used.
        Refused: the data folder is in use or cannot be written.
    """
    campus = load_campus(settings.site)
    if settings.agent not in campus.agents:
        known = ", ".join(campus.agents)
        raise ConfigRefused([Problem(str(settings.site), "agents", repr(settings.agent), f"one of {known}")])
    async with _living(settings, campus) as (pipeline, uplink, book, orders, sources, health):
        alive = asyncio.Event()
        alive.set()
        async with (
            serve(settings.health.host, settings.health.port, health, alive.is_set) as port,
            asyncio.TaskGroup() as tasks,
        ):
            log.info("agent %s runs, health on port %d", settings.agent, port)
            tasks.create_task(pipeline.run(), name="pipeline")
            tasks.create_task(uplink.run(), name="uplink")
            tasks.create_task(book.run(pipeline), name="rulebook")
            tasks.create_task(orders.run(), name="orders")
            for name, source in sources.items():
                sink: Sink = Keeping(pipeline) if name == "mqtt" else pipeline
                tasks.create_task(_kept_running(name, source, sink, pipeline), name=name)


@asynccontextmanager
async def _living(
    settings: EdgeSettings, campus: Campus
) -> AsyncIterator[tuple[Pipeline, Uplink, Rulebook, Dispatcher, dict[str, Source], Health]]:
    clock, health, table = SystemClock(), Health(), campus.points_of(settings.agent)
    hub = load_credentials(settings.hub, settings.agent).broker()
    field = hub if settings.field is None else load_credentials(settings.field, None).broker()
    book = Rulebook(campus, settings.agent, table, clock)
    started_us = clock.now_us()
    settings.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    path = settings.data_dir / "outbox.sqlite"
    looking = Looking(campus, settings.agent, table, settings.pictures)
    async with (
        Outbox(
            path, settings.agent, settings.outbox, now_us=clock.now_us, monotonic=clock.monotonic
        ) as outbox,
        kept(settings.data_dir / "references", looking) as references,
    ):
        saved = await _recalled(outbox, book)
        detection = book.begin()
        meters = Meters(campus, settings.agent, table)
        pipeline = Pipeline(detection, table, outbox, clock, settings.detect, meters, looking)
        pipeline.keep(book.memory.packed())
        cuts = learned(saved.pop(LEARNED, None), clock.now_us(), pipeline.keep)
        ordered = saved.pop(ORDERS, None)
        await _begin(pipeline, saved)
        sources = _sources(settings, campus, table, field, clock, cuts, pipeline)
        librarian = Librarian(looking, clock.now_us)
        orders = _orders(settings, campus, sources.get("modbus"), outbox, clock, librarian)
        orders.book.recall(ordered)
        about = _about(settings.agent, campus, started_us)
        told: dict[str, Any] = {"about": about, "health": health.snapshot, "on_rules": book.offer}
        asked = _answering(settings.agent, sources, orders, looking)
        uplink = Uplink(hub, settings.agent, outbox, settings.uplink, clock=clock, orders=asked, **told)
        pipeline.is_thin = lambda: uplink.is_thin
        orders.book.hub = uplink

        def tell() -> None:
            about.update({SECTION: book.about(), "rules": book.about()["versions"]})
            about[ORDERS] = orders.book.about()
            uplink.tell()

        tell()
        book.told = orders.book.told = tell
        health.add("agent", lambda: about)
        health.add(SECTION, book.about)
        health.add(ORDERS, orders.book.about)
        health.add("pipeline", pipeline.health)
        health.add("counters", meters.health)
        health.add("pictures", lambda: {**looking.health(), **references.health()})
        health.add("outbox", lambda: outbox.stats().as_health())
        health.add("uplink", uplink.health)
        for name, source in sources.items():
            health.add(f"source_{name}", source.health)
        yield pipeline, uplink, book, orders, sources, health


def _about(agent: str, campus: Campus, started_us: int) -> dict[str, Any]:
    """What an agent says of itself."""
    return {
        "id": agent,
        "version": version("campuswatch"),
        "site_digest": campus.digest,
        "started_us": started_us,
    }


async def _recalled(outbox: Outbox, book: Rulebook) -> dict[str, bytes]:
    """All saved states but that of the rules, which the rulebook takes over."""
    saved = await outbox.load_states()
    memory = book.recall(saved.pop(STATE, None))
    if memory.starts is not None:  # before anything that could end this start is done
        await outbox.save_state(STATE, memory.packed()[STATE])
    return saved


def _orders(
    settings: EdgeSettings,
    campus: Campus,
    modbus: Source | None,
    outbox: Outbox,
    clock: SystemClock,
    librarian: Librarian,
) -> Dispatcher:
    """What does as the hub orders."""
    hand = ModbusHand(modbus if isinstance(modbus, ModbusSource) else None)
    probers = readers_of(campus, settings.agent, modbus, clock)
    readers: dict[OrderKind, Reader] = {**probers, OrderKind.REFERENCE: librarian}
    return Dispatcher(campus, settings.agent, settings.orders, hand, outbox, clock, readers)


def _answering(agent: str, sources: Mapping[str, Source], orders: Dispatcher, looking: Looking) -> Answering:
    """What gives the hub what people want to see."""
    keeper, cameras = sources.get("evidence"), sources.get("camera")
    store = keeper.store if isinstance(keeper, Keeper) else None
    if not isinstance(cameras, CameraSource):
        return Answering(agent, store, orders)
    return Answering(agent, store, orders, Album(looking, cameras.newest, cameras.shrunk))


async def _begin(pipeline: Pipeline, saved: Mapping[str, bytes]) -> None:
    """Continue from saved detection state, or begin anew where it cannot be read."""
    try:
        await pipeline.begin(dict(saved))
    except Garbled as error:
        log.error("detection begins anew, running delays are lost: %s", error)  # noqa: TRY400 - expected
        await pipeline.begin({})


def _sources(
    settings: EdgeSettings,
    campus: Campus,
    table: PointTable,
    field: Any,
    clock: SystemClock,
    cuts: Learned,
    pipeline: Pipeline,
) -> dict[str, Source]:
    """One source for each kind of link that this agent owns."""
    kinds: set[type[Link]] = {type(link) for link in campus.links_of(settings.agent)}
    sources: dict[str, Source] = {}
    if any(issubclass(kind, ModbusLink) for kind in kinds):
        sources["modbus"] = ModbusSource(
            campus,
            settings.agent,
            settings.sources.modbus,
            table,
            clock,
            learned=cuts,
            reads=lambda: pipeline.reads,
        )
    if any(issubclass(kind, Dlt645Link) for kind in kinds):
        sources["dlt645"] = Dlt645Source(campus, settings.agent, settings.sources.dlt645, table, clock)
    if MqttLink in kinds:
        sources["mqtt"] = MqttSource(campus, settings.agent, settings.sources.mqtt, table, field, clock)
    if HttpLink in kinds:
        cameras = CameraSource(campus, settings.agent, settings.sources.camera, table, clock)
        sources["camera"] = cameras
        pipeline.look_again = cameras.look_again
        own = {device.id for device in campus.devices_of(settings.agent)}
        if calibrations := [one for one in campus.calibrations.values() if one.camera in own]:
            fan = Fan(cameras.on_packets)
            sources["vision"] = VisionSource(calibrations, table, fan.on_packets, clock)
            folder = settings.data_dir / "evidence"
            keeper = Keeper(campus, calibrations, settings.evidence, folder, fan.on_packets, clock)
            sources["evidence"], pipeline.on_events = keeper, keeper.note
    return sources


async def _kept_running(name: str, source: Source, sink: Sink, pipeline: Pipeline) -> None:
    """Run a source; one that fails is told and started again, and disturbs no other."""
    while True:
        try:
            await source.run(sink)
        except Exception:  # boundary: a source's task
            pipeline.counts["source_failures"] += 1
            log.exception("source %s failed, starts again in %.0f s", name, RESTART_S)
        await asyncio.sleep(RESTART_S)
