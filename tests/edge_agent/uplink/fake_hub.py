"""A hub of a few lines on a real broker: remembers what it got, and answers as badly as a test wants."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from devices.model.errors import Unreachable
from devices.wire.messages import Kind, Lane, Message, ack_topic, decode, encode, session_topic
from devices.wire.mqtt import Broker, Link, connect
from devices.wire.records import Stamp, ack_message, stamp_of
from devices.wire.sessions import Answer, OpenAlerts, Standing, answer_message, open_from
from tests.edge_agent.outbox.numbered import number_of


@dataclass(frozen=True)
class Received:
    stamp: Stamp
    number: int
    data: bytes
    at_s: float


@dataclass
class FakeHub:
    """answer: gives for each record the acknowledgements to send: none, one, or several (lane, seq) of any.

    greets: gives the answer to each hello.
    """

    answer: Callable[[Received], list[Message]] = field(default=lambda record: [done(record)])
    greets: Callable[[Message], Standing | None] = field(default=lambda _: Standing.WELCOME)
    opened: list[OpenAlerts] = field(default_factory=list)
    records: list[Received] = field(default_factory=list)
    said: list[Message] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def numbers(self, lane: Lane) -> list[int]:
        return [record.number for record in self.records if record.stamp.lane is lane]

    def has_all(self, lane: Lane, numbers: range) -> bool:
        return set(numbers) <= set(self.numbers(lane))

    @asynccontextmanager
    async def on(self, broker: Broker) -> AsyncIterator[FakeHub]:
        async with connect(broker, "hub") as link:
            await link.subscribe(["campus/v1/+/up/#", "campus/v1/+/state"])
            listening = asyncio.create_task(self._listen(link))
            try:
                yield self
            finally:
                listening.cancel()
                await asyncio.wait([listening])

    async def through_everything(self, broker: Broker) -> None:
        """Connect again for ever, also when the broker is killed."""
        while True:
            try:
                async with connect(broker, "hub") as link:
                    await link.subscribe(["campus/v1/+/up/#", "campus/v1/+/state"])
                    await self._listen(link)
            except Unreachable:
                await asyncio.sleep(0.05)

    async def _listen(self, link: Link) -> None:
        async for incoming in link.messages():
            incoming.done()
            await self._take(link, incoming.topic, incoming.payload)

    async def _take(self, link: Link, topic: str, payload: bytes) -> None:
        if topic.endswith("/state"):
            self.states.append(payload.decode())
            return
        message = decode(payload)
        if message.kind in {Kind.HELLO, Kind.HEALTH}:
            self.said.append(message)
            if message.kind is Kind.HELLO:
                await self._stand(link, message, self.greets(message))
            return
        if message.kind is Kind.OPEN:
            self.opened.append(open_from(message))
            await self._stand(link, message, Standing.RECONCILED)
            return
        stamp = stamp_of(message)
        assert topic == f"campus/v1/{stamp.agent}/up/{stamp.lane}"
        record = Received(stamp, number_of(payload), payload, time.monotonic())
        self.records.append(record)
        for ack in self.answer(record):
            await link.send(ack_topic(stamp.agent), encode(ack))

    async def _stand(self, link: Link, message: Message, standing: Standing | None) -> None:
        if standing is not None:
            answer = Answer(message.header["boot"], standing, now_us(), message.header.get("seq", 0))
            topic = session_topic(message.header["agent"])
            await link.send(topic, encode(answer_message(answer)))


def done(record: Received) -> Message:
    return ack_message(record.stamp.epoch, [(record.stamp.lane, record.stamp.seq)], [], now_us())


def refused(record: Received, why: str) -> Message:
    return ack_message(record.stamp.epoch, [], [(record.stamp.lane, record.stamp.seq, why)], now_us())


def now_us() -> int:
    return time.time_ns() // 1000


async def until(condition: Callable[[], bool], within_s: float = 40.0) -> None:
    """Wait until it holds; the test fails if it does not in time."""
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - a test looks at what it is given
            await asyncio.sleep(0.01)
