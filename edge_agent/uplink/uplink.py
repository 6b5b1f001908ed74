"""The loop that brings the outbox to the hub: connect, introduce, send, and delete what the hub has committed."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any, Final, Protocol

from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from devices.wire.messages import (
    Kind,
    Lane,
    Message,
    ack_topic,
    decode,
    encode,
    health_topic,
    hello_topic,
    state_topic,
    up_topic,
)
from devices.wire.mqtt import Backoff, Broker, Link, Will, connect
from devices.wire.records import ack_from
from edge_agent.outbox import Outbox, Stored
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.window import Allowance, Record, Stream, Window

log = logging.getLogger(__name__)

ONLINE: Final = b"online"
OFFLINE: Final = b"offline"
TAKE_BYTES: Final = 1_000_000
IDLE_S: Final = 1.0
COUNTS: Final = ("connections", "sent", "sent_bytes", "acked", "resent", "refused", "garbled", "other_epoch")


class Clock(Protocol):
    """Time as the uplink sees it."""

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Uplink:
    """Sends what the outbox holds, for ever and through every outage.

    Args:
        broker: the hub's broker, with the agent's own credentials.
        agent: id; also the MQTT client id, so that a second agent of this name throws the first one out.
        outbox: what is to be sent; records leave it when the hub has acknowledged them.
        settings: windows and patience.
        about: what the agent says of itself after each connection.
        health: gives the counters that it tells now and then.
        clock: time.
    """

    def __init__(
        self,
        broker: Broker,
        agent: str,
        outbox: Outbox,
        settings: UplinkSettings,
        *,
        about: Mapping[str, Any],
        health: Callable[[], Mapping[str, Any]],
        clock: Clock,
    ) -> None:
        self._broker = broker
        self._agent = agent
        self._outbox = outbox
        self._settings = settings
        self._about = dict(about)
        self._health = health
        self._clock = clock
        self._window = Window.opened(1)
        self._allowance = Allowance(settings.backlog_bytes_per_s)
        self._wake = asyncio.Event()
        self._throttled = False
        self.counts = dict.fromkeys(COUNTS, 0)
        self.state = "starting"
        self.last_error = ""
        self.last_ack_us: int | None = None
        self.clock_offset_s: float | None = None

    def health(self) -> dict[str, Any]:
        """Counters and the state of the connection."""
        return {
            **self.counts,
            "state": self.state,
            "unacked": len(self._window.due),
            "last_ack_us": self.last_ack_us,
            "clock_offset_s": self.clock_offset_s,
            "last_error": self.last_error,
        }

    async def run(self) -> None:
        """Connect again and again, waiting longer each time; ends only by cancellation."""
        settings = self._settings
        backoff = Backoff(settings.first_wait_s, settings.most_wait_s, jitter=0.5, random=random.random)
        failures = 0
        while True:
            acked = self.counts["acked"]
            try:
                await self._session()
            except* Refused as group:
                self._failed("refused", group)
                await self._clock.sleep(settings.refused_wait_s)
            except* Unreachable as group:
                failures = 1 if self.counts["acked"] > acked else failures + 1
                self._failed("unreachable", group, loud=failures == 1)
                await self._clock.sleep(backoff.wait_s(failures))

    def _failed(self, state: str, group: BaseExceptionGroup[CampusError], *, loud: bool = True) -> None:
        error: BaseException = group
        while isinstance(error, BaseExceptionGroup):
            error = error.exceptions[0]
        self.state, self.last_error = state, str(error)
        log.log(logging.WARNING if loud else logging.DEBUG, "hub %s: %s", state, error)

    async def _session(self) -> None:
        async with self._connected() as link:
            self.counts["connections"] += 1
            fresh_from = await self._outbox.fresh_from(Lane.LIVE, self._settings.late_after_s)
            self._window = Window.opened(fresh_from)
            await link.subscribe([ack_topic(self._agent)])
            await link.publish(state_topic(self._agent), ONLINE, retain=True)
            await link.publish(hello_topic(self._agent), encode(self._told(Kind.HELLO, self._about)))
            self.state, self.last_error = "connected", ""
            log.info("connected to the hub's broker at %s", self._broker)
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._send(link), name="uplink-send")
                tasks.create_task(self._listen(link), name="uplink-listen")
                tasks.create_task(self._tell(link), name="uplink-tell")

    @asynccontextmanager
    async def _connected(self) -> AsyncIterator[Link]:
        """A connection that says goodbye when it is left in order; otherwise the broker says it."""
        topic = state_topic(self._agent)
        async with connect(self._broker, self._agent, will=Will(topic, OFFLINE, retain=True)) as link:
            try:
                yield link
            except asyncio.CancelledError:
                await link.publish(topic, OFFLINE, retain=True)
                raise

    # --- sending

    async def _send(self, link: Link) -> None:
        while True:
            self._outbox.news.clear()
            self._wake.clear()
            await self._send_again(link)
            moved, self._throttled = False, False
            for stream in self._window.streams:
                moved = await self._send_stream(link, stream) or moved
            if not moved:
                await self._until_there_is_more()

    async def _send_again(self, link: Link) -> None:
        for record in self._window.overdue(self._clock.monotonic()):
            stored = await self._outbox.take(record.lane, record.seq - 1, 1)
            if not stored or stored[0].seq != record.seq:
                self._window.settled([record])  # dropped meanwhile; the outbox has counted it
                continue
            self.counts["resent"] += 1
            await self._send_record(link, record.lane, stored[0])

    async def _send_stream(self, link: Link, stream: Stream) -> bool:
        """Send what the window allows of one stream; say whether anything went."""
        is_backlog = stream.name in {"backlog", "late"}
        moved = False
        while stream.sent < stream.until and self._has_room(stream):
            if is_backlog and not self._allowance.may_send(self._clock.monotonic()):
                self._throttled = True
                break
            waiting = await self._outbox.take(stream.lane, stream.sent, TAKE_BYTES)
            waiting = [stored for stored in waiting if stored.seq <= stream.until]
            if not waiting:
                break
            for stored in waiting:
                if not self._has_room(stream):
                    return True
                await self._send_record(link, stream.lane, stored)
                stream.sent = stored.seq
                moved = True
                if is_backlog:
                    self._allowance.took(len(stored.data))
                    break
        return moved

    def _has_room(self, stream: Stream) -> bool:
        if stream.lane is Lane.ALERTS:
            return self._window.unacked([Lane.ALERTS]) < self._settings.alert_window
        return self._window.unacked([Lane.LIVE, Lane.BACKLOG]) < self._settings.window

    async def _send_record(self, link: Link, lane: Lane, stored: Stored) -> None:
        self._window.sent(Record(lane, stored.seq), self._clock.monotonic() + self._settings.ack_timeout_s)
        self.counts["sent"] += 1
        self.counts["sent_bytes"] += len(stored.data)
        await link.send(up_topic(self._agent, lane), stored.data)

    async def _until_there_is_more(self) -> None:
        """Wait for news of the outbox, an acknowledgement, a record that is due, or the backlog's next turn."""
        now = self._clock.monotonic()
        due = self._window.next_due()
        wait_s = IDLE_S if due is None else min(IDLE_S, max(0.0, due - now))
        if self._throttled:
            wait_s = min(wait_s, max(0.01, self._allowance.wait_s()))
        waits = [asyncio.ensure_future(self._outbox.news.wait()), asyncio.ensure_future(self._wake.wait())]
        try:
            await asyncio.wait(waits, timeout=wait_s, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()

    # --- what the hub says

    async def _listen(self, link: Link) -> None:
        async for incoming in link.messages():
            try:
                await self._acknowledged(incoming.payload)
            except Garbled as error:
                self.counts["garbled"] += 1
                log.warning("an acknowledgement makes no sense: %s", error)
            incoming.done()

    async def _acknowledged(self, payload: bytes) -> None:
        message = decode(payload)
        if message.kind is not Kind.ACK:
            raise Garbled(f"{message.kind} on the topic of acknowledgements")
        ack = ack_from(message)
        self.clock_offset_s = (ack.time_us - self._clock.now_us()) / 1e6
        if ack.epoch != self._outbox.epoch:
            self.counts["other_epoch"] += 1
            return
        for lane, seq, reason in ack.refused:
            self.counts["refused"] += 1
            log.error("the hub has set aside record %s/%d and it is not sent again: %s", lane, seq, reason)
        records = [*map(Record._make, ack.done), *(Record(lane, seq) for lane, seq, _ in ack.refused)]
        await self._outbox.done(records)
        self.counts["acked"] += self._window.settled(records)
        self.last_ack_us = self._clock.now_us()
        self._wake.set()

    # --- what the agent says of itself

    async def _tell(self, link: Link) -> None:
        while True:
            values = {name: section for name, section in self._health().items() if name != "agent"}
            await link.publish(health_topic(self._agent), encode(self._told(Kind.HEALTH, values)))
            await self._clock.sleep(self._settings.health_s)

    def _told(self, kind: Kind, values: Mapping[str, Any]) -> Message:
        return Message(kind, {**values, "agent": self._agent, "sent_us": self._clock.now_us()})
