"""What agents say of themselves: presence, hello and health. Not records: only the newest of each counts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from devices.wire.messages import Kind
from devices.wire.mqtt import Incoming
from hub.db import Database
from hub.gateways.roster import Presence, came, gateways, heard, said_health, said_hello
from hub.ingest.aside import Aside
from hub.ingest.attendance import Attendance, Change
from hub.ingest.reading import Wrong, read_voice, time_in
from hub.ingest.records import Desk
from hub.ingest.topics import STATE

log = logging.getLogger(__name__)

#: How often it is written down who was heard.
NOTE_S: Final = 5.0
#: Where the clock of an agent may stand in what it says of itself.
CLOCKS: Final = ("sent_us", "time_us")

OnPresence = Callable[[Change], Awaitable[None]]
OnHello = Callable[[str, Mapping[str, Any]], Awaitable[None]]


class VoicesWorker:
    """Keeps the row of each agent.

    Args:
        digest: of the hub's site file, to compare with each agent's.
        publish: hears which agent's row has changed, after the commit.
        on_presence: awaited after an agent came or went.
        on_hello: awaited after an agent's hello was stored.
    """

    def __init__(
        self,
        database: Database,
        desk: Desk,
        attendance: Attendance,
        *,
        digest: str,
        publish: Callable[[str], None],
        on_presence: OnPresence,
        on_hello: OnHello,
    ) -> None:
        self.digest = digest
        self.digest_ok: dict[str, bool] = {}
        self._database = database
        self._desk = desk
        self._attendance = attendance
        self._publish = publish
        self._on_presence = on_presence
        self._on_hello = on_hello
        self._newest: dict[tuple[str, str], Incoming] = {}
        self._changes: list[Change] = []
        self._news = asyncio.Event()

    async def recall(self) -> None:
        """Take over what was known of the agents before a restart."""
        known = await self._desk.patience.until_done("gateways", lambda: self._database.read(gateways))
        for agent, gateway in known.items():
            online = gateway.presence is Presence.ONLINE
            self._attendance.expect(agent, online=online, now_us=self._desk.now_us())
            if gateway.hello is not None:
                self.digest_ok[agent] = gateway.hello.get("site_digest") == self.digest

    def put(self, agent: str, word: str, message: Incoming) -> None:
        """Take a message; an older one of its kind that still waits is forgotten."""
        message.done()
        if word == STATE:
            self.changed(self._attendance.said(agent, message.payload, self._desk.now_us()))
            return
        self._newest[agent, word] = message
        self._news.set()

    def changed(self, change: Change | None) -> None:
        """Note that an agent came or went."""
        if change is not None:
            self._changes.append(change)
            self._news.set()

    async def run(self) -> None:
        """Write down what is said, for ever."""
        await self.recall()
        while True:
            await self._news.wait()
            self._news.clear()
            for change in self._taken():
                await self._presence(change)
            while self._newest:
                agent, word = next(iter(self._newest))
                message = self._newest.pop((agent, word))
                await self._voice(agent, word, message)

    async def watch(self, sleep: Callable[[float], Awaitable[None]], connected: Callable[[], bool]) -> None:
        """Notice who has become silent, and write down who was heard, for ever."""
        while True:
            await sleep(NOTE_S / 5)
            if not connected():
                continue
            for change in self._attendance.silent(self._desk.now_us()):
                self.changed(change)
            await self._note_heard(self._attendance.seen)

    async def _note_heard(self, seen: Mapping[str, int]) -> None:
        if seen:
            await self._write(lambda connection: heard(connection, seen))

    def _taken(self) -> list[Change]:
        changes, self._changes = self._changes, []
        return changes

    async def _presence(self, change: Change) -> None:
        log.info("agent %s is %s: %s", change.agent, change.presence, change.reason)
        now_us = self._desk.now_us()
        await self._write(lambda connection: came(connection, change.agent, change.presence, now_us))
        self._publish(change.agent)
        await self._on_presence(change)

    async def _voice(self, agent: str, word: str, message: Incoming) -> None:
        values = read_voice(agent, word, message.payload)
        now_us = self._desk.now_us()
        if isinstance(values, Wrong):
            aside = [Aside(agent, message.topic, values.reason, message.payload)]
            await self._desk.patience.until_done(
                "quarantine", lambda: self._desk.quarantine.keep(aside, now_us)
            )
            self._desk.counts(agent).received.refused += 1
            return
        for clock in CLOCKS:
            if (sent_us := time_in(values, clock)) is not None:
                self._desk.counts(agent).clock.saw(sent_us, now_us)
                break
        keep = said_hello if word == Kind.HELLO else said_health
        await self._write(lambda connection: keep(connection, agent, values, now_us))
        if word == Kind.HELLO:
            await self._greeted(agent, values)
        self._publish(agent)

    async def _greeted(self, agent: str, hello: dict[str, Any]) -> None:
        theirs = hello.get("site_digest")
        self.digest_ok[agent] = theirs == self.digest
        if theirs != self.digest:
            log.warning("agent %s has the site file %s, this hub has %s", agent, theirs, self.digest)
        await self._on_hello(agent, hello)

    async def _write(self, work: Callable[[Connection], object]) -> None:
        await self._desk.patience.until_done("gateways", lambda: self._database.write(work))
