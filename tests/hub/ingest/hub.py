"""A whole ingest on real stores and a real broker, and agents that speak to it as gateways do."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from devices.wire.messages import Lane, ack_topic, decode, hello_topic, state_topic, up_topic
from devices.wire.mqtt import Broker, Link, Will, connect
from devices.wire.records import Ack, ack_from
from hub.db import Database
from hub.gateways import quarantine
from hub.ingest import Bounds, Ingest
from hub.ingest.attendance import Change
from hub.live.bus import ALERT, GATEWAY, Bus, Subscription
from hub.live.newest import Newest
from hub.series.duckdb import DuckSeries
from hub.series.port import SeriesStore
from tests.hub.ingest.campus import A, B, demo
from tests.hub.waiting import until


@dataclass
class Hub:
    ingest: Ingest
    series: SeriesStore
    database: Database
    newest: Newest
    news: Subscription
    presence: list[Change] = field(default_factory=list)
    hellos: list[str] = field(default_factory=list)

    async def reasons(self) -> list[str]:
        """Why messages were set aside, oldest first."""
        rows = await self.database.read(lambda connection: quarantine.newest(connection, 1000))
        return [row["reason"] for row in reversed(rows)]

    async def rows(self) -> int:
        return (await self.series.size()).rows or 0


@asynccontextmanager
async def hub(
    broker: Broker,
    folder: Path,
    *,
    series: SeriesStore | None = None,
    bounds: Bounds | None = None,
    silent_after_s: float = 30.0,
    connected: bool = True,
) -> AsyncIterator[Hub]:
    """An ingest that runs; `series` stands in front of the real store if given."""
    async with (
        Database(f"sqlite:///{folder}/hub.db") as database,
        contextlib.AsyncExitStack() as stack,
    ):
        store = series or await stack.enter_async_context(DuckSeries(folder / "series.duckdb", memory_mb=256))
        newest, bus = Newest(), Bus()
        presence: list[Change] = []
        hellos: list[str] = []

        async def on_presence(change: Change) -> None:
            presence.append(change)

        async def on_hello(agent: str, _: object) -> None:
            hellos.append(agent)

        ingest = Ingest(
            broker,
            campus=demo(),
            series=store,
            database=database,
            newest=newest,
            bus=bus,
            agents={A, B, "history"},
            on_presence=on_presence,
            on_hello=on_hello,
            bounds=bounds,
            silent_after_s=silent_after_s,
        )
        news = stack.enter_context(bus.subscribe(ALERT, GATEWAY))
        running = asyncio.create_task(ingest.run(), name="ingest")
        try:
            if connected:
                await until(lambda: ingest.connected)
            yield Hub(ingest, store, database, newest, news, presence, hellos)
        finally:
            running.cancel()
            with contextlib.suppress(asyncio.CancelledError):  # cancelled here
                await running


class Agent:
    """The sending half of a gateway."""

    def __init__(self, name: str, link: Link) -> None:
        self.name = name
        self.link = link

    async def send(self, lane: Lane, payload: bytes) -> None:
        await self.link.publish(up_topic(self.name, lane), payload)

    async def ack(self, within_s: float = 10) -> Ack:
        """The hub's next acknowledgement."""
        async with asyncio.timeout(within_s):
            async for message in self.link.messages():
                message.done()
                return ack_from(decode(message.payload))
        raise AssertionError

    async def acks(self, count: int, within_s: float = 20) -> list[Any]:
        """Acknowledgements until so many records are answered: (lane, seq) or (lane, seq, reason).

        A record that waits for long is delivered again by the broker, and answered twice: it counts once.
        """
        answered: dict[Any, None] = {}
        async with asyncio.timeout(within_s):
            while len(answered) < count:
                ack = await self.ack(within_s)
                answered |= dict.fromkeys([*ack.done, *ack.refused])
        return list(answered)

    async def no_ack(self, seconds: float = 0.5) -> None:
        try:
            ack = await self.ack(seconds)
        except TimeoutError:
            return
        raise AssertionError(ack)


@asynccontextmanager
async def agent(broker: Broker, name: str = A, *, online: bool = False) -> AsyncIterator[Agent]:
    """A gateway's connection."""
    will = Will(state_topic(name), b"offline", retain=True) if online else None
    async with connect(broker, f"test-{name}", will=will) as link:
        await link.subscribe([ack_topic(name)])
        if online:
            await link.publish(state_topic(name), b"online", retain=True)
        yield Agent(name, link)


HELLO = hello_topic(A)
