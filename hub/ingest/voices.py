"""What agents say of themselves: presence, hello and health. Not records: only the newest of each counts."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Final

from sqlalchemy import Connection

from devices.model.errors import Garbled, Refused, Unreachable
from devices.wire.messages import Kind, Lane
from devices.wire.mqtt import Incoming
from devices.wire.sessions import Answer, OpenAlerts, Standing
from hub.alerts.record import Record
from hub.db import Database
from hub.gateways.roster import Presence, came, gateways, heard, said_health, said_hello
from hub.ingest.aside import Aside
from hub.ingest.attendance import Attendance, Change
from hub.ingest.opened import reconciled
from hub.ingest.reading import Wrong, boot_in, read_open, read_voice, time_in
from hub.ingest.records import Desk
from hub.ingest.sessions import LEAST_PATIENCE_S, Sessions, Verdict
from hub.ingest.topics import STATE
from hub.series.ledger import last_seq
from hub.series.port import SeriesStore

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
        series: knows how much of an agent's history the hub has.
        publish: hears which agent's row has changed, after the commit.
        publish_alerts: hears of alerts that a list of open ones has changed.
        on_presence: awaited after an agent came or went.
        on_hello: awaited after an agent's hello was stored.
    """

    def __init__(
        self,
        database: Database,
        desk: Desk,
        attendance: Attendance,
        series: SeriesStore,
        *,
        digest: str,
        publish: Callable[[str], None],
        publish_alerts: Callable[[list[Record]], None],
        on_presence: OnPresence,
        on_hello: OnHello,
    ) -> None:
        self.digest = digest
        self.digest_ok: dict[str, bool] = {}
        self._database = database
        self._desk = desk
        self._attendance = attendance
        self._series = series
        self.sessions = Sessions()
        self._publish = publish
        self._publish_alerts = publish_alerts
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
                self._claimed(agent, gateway.hello)
                if not online:
                    self.sessions.left(agent, gateway.hello.get("boot"))
                self.digest_ok[agent] = gateway.hello.get("site_digest") == self.digest

    def put(self, agent: str, word: str, message: Incoming) -> None:
        """Take a message; an older one of its kind that still waits is forgotten."""
        message.done()
        if word == STATE:
            boot = boot_in(message.payload)
            is_end = not message.payload.startswith(b"online")
            if is_end and not self.sessions.left(agent, boot):
                return  # of another agent of that name, or of a process before
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
        if word == Kind.OPEN:
            await self._opened(agent, message)
            return
        values = read_voice(agent, word, message.payload)
        now_us = self._desk.now_us()
        if isinstance(values, Wrong):
            await self._set_aside(agent, message, values.reason)
            return
        if not await self._is_at_work(agent, word, values):
            return
        for clock in CLOCKS:
            if (sent_us := time_in(values, clock)) is not None:
                self._desk.counts(agent).clock.saw(sent_us, now_us)
                break
        keep = said_hello if word == Kind.HELLO else said_health
        await self._write(lambda connection: keep(connection, agent, values, now_us))
        if word == Kind.HELLO:
            await self._greeted(agent, values)
            await self._welcome(agent, values)
        self._publish(agent)

    async def _set_aside(self, agent: str, message: Incoming, reason: str) -> None:
        aside = [Aside(agent, message.topic, reason, message.payload)]
        now_us = self._desk.now_us()
        await self._desk.patience.until_done("quarantine", lambda: self._desk.quarantine.keep(aside, now_us))
        self._desk.counts(agent).received.refused += 1

    # --- who is at work

    def _claimed(self, agent: str, hello: Mapping[str, Any]) -> Verdict:
        boot, epoch, health_s = hello.get("boot"), hello.get("epoch"), hello.get("health_s")
        if not isinstance(boot, int) or not isinstance(epoch, int):
            return Verdict.ACCEPTED  # an agent that knows nothing of this
        patience_s = health_s if isinstance(health_s, int | float) else LEAST_PATIENCE_S
        return self.sessions.claim(agent, boot, epoch, patience_s, self._desk.now_us())

    async def _is_at_work(self, agent: str, word: str, values: Mapping[str, Any]) -> bool:
        """Whether these are words of the agent that works under this name; another one is told that it is not."""
        boot = values.get("boot")
        if not isinstance(boot, int):
            return True
        if word == Kind.HELLO:
            verdict = self._claimed(agent, values)
            if verdict is Verdict.REFUSED:
                await self._answer(agent, boot, Standing.REFUSED)
            if verdict is Verdict.OPEN and (first := self.sessions.asked(agent)) is not None:
                await self._answer(agent, first, Standing.ASKED)
            return verdict is Verdict.ACCEPTED
        for other in self.sessions.spoke(agent, boot, self._desk.now_us()):
            log.warning("a second agent calls itself %s and is refused", agent)
            await self._answer(agent, other, Standing.REFUSED)
        return not self.sessions.is_other(agent, boot)

    async def _welcome(self, agent: str, hello: Mapping[str, Any]) -> None:
        """Let an agent send, unless its outbox is older than what was stored of it: a number would mean two things."""
        boot, epoch, following = hello.get("boot"), hello.get("epoch"), hello.get("next")
        if not isinstance(boot, int) or not isinstance(epoch, int):
            return
        try:
            is_behind = isinstance(following, dict) and await self._is_behind(agent, epoch, following)
        except Unreachable as error:
            log.warning("%s has to wait: %s", agent, error)
            return  # it asks again
        if is_behind:
            log.warning("%s has an outbox older than what is stored of it, and is to begin anew", agent)
        await self._answer(agent, boot, Standing.RENEW if is_behind else Standing.WELCOME)

    async def _is_behind(self, agent: str, epoch: int, following: Mapping[str, object]) -> bool:
        for lane in Lane:
            stored = await (
                self._database.read(lambda connection: last_seq(connection, agent, epoch, Lane.ALERTS))
                if lane is Lane.ALERTS
                else self._series.last_seq(agent, epoch, lane)
            )
            seq = following.get(str(lane))
            if isinstance(seq, int) and seq <= stored:
                return True
        return False

    async def _opened(self, agent: str, message: Incoming) -> None:
        """Compare an agent's open alerts with the hub's."""
        told = read_open(agent, message.payload)
        if isinstance(told, Wrong):
            await self._set_aside(agent, message, told.reason)
            return
        if self.sessions.is_other(agent, told.boot):
            return
        try:
            changed = await self._compared(told)
        except Garbled as error:
            await self._set_aside(agent, message, str(error))
            changed = []
        if changed is None:
            return  # a newer list follows
        await self._answer(agent, told.boot, Standing.RECONCILED, told.stamp.seq)
        if changed:
            log.info("%d open alerts of %s were put in order", len(changed), agent)
            self._publish_alerts(changed)

    async def _compared(self, told: OpenAlerts) -> list[Record] | None:
        now_us = self._desk.now_us()

        async def compare() -> list[Record] | None:
            try:
                return await self._database.write(lambda connection: reconciled(connection, told, now_us))
            except Refused as error:  # a constraint of the tables: it will say the same next time
                raise Garbled(str(error)) from error

        return await self._desk.patience.until_done("gateways", compare)

    async def _answer(self, agent: str, boot: int, standing: Standing, seq: int = 0) -> None:
        await self._desk.postman.answer(agent, Answer(boot, standing, self._desk.now_us(), seq))

    async def _greeted(self, agent: str, hello: dict[str, Any]) -> None:
        theirs = hello.get("site_digest")
        self.digest_ok[agent] = theirs == self.digest
        if theirs != self.digest:
            log.warning("agent %s has the site file %s, this hub has %s", agent, theirs, self.digest)
        await self._on_hello(agent, hello)

    async def _write(self, work: Callable[[Connection], object]) -> None:
        await self._desk.patience.until_done("gateways", lambda: self._database.write(work))
