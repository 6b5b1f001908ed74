"""The world around an agent on the bench: a broker, doors that publish through it, and a hub that acknowledges.

The broker keeps what the agent has not acknowledged, as a real one does in its session. The hub forgets records
now and then before it acknowledges, as one that is killed does, and its acknowledgements come late, twice, or not.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, OrderedDict
from collections.abc import Coroutine
from typing import Any, Final

from devices.sim.plant.doors import DoorMessage
from devices.sim.torture import packets
from devices.sim.torture.bench_files import AGENT
from devices.sim.torture.doors import Speakers, topic_of
from devices.sim.torture.oracle import Oracle
from devices.sim.torture.packets import Packet
from devices.sim.wires.payloads import door_payload
from devices.wire.messages import (
    Lane,
    Message,
    ack_topic,
    decode,
    encode,
    hello_topic,
    open_topic,
    session_topic,
    up_topic,
)
from devices.wire.records import Stamp, ack_message
from devices.wire.sessions import Answer, Standing, answer_message, open_from

MOST_UNDER_WAY: Final = 40
FIELD_CLIENT: Final = f"campus-{AGENT}-field"
LANES: Final = {up_topic(AGENT, lane): lane for lane in Lane}
ACCEPTED, ARRIVED, ACKNOWLEDGED = "accepted", "arrived", "acknowledged"


class Field:
    """The bench's broker, doors and hub; for the time of an `async with`.

    speaks:  doors publish.
    is_kind: the hub forgets nothing and answers at once.
    life:    of the agent; noted with each message.
    """

    def __init__(self, oracle: Oracle, source: random.Random) -> None:
        self.oracle = oracle
        self.speaks = True
        self.is_kind = False
        self.life = 0
        self.events: Counter[str] = Counter()
        self._source = source
        self._news = asyncio.Event()
        self._kept: OrderedDict[int, DoorMessage] = OrderedDict()  # by packet number, not acknowledged yet
        self._number = 0
        self._doors = Speakers(source)
        self._tasks: set[asyncio.Task[None]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._server: asyncio.Server | None = None

    async def open(self) -> int:
        """Listen, and return the port."""
        self._server = await asyncio.start_server(self._talk, "127.0.0.1", 0)
        return int(self._server.sockets[0].getsockname()[1])

    async def close(self) -> None:
        """End everything."""
        assert self._server is not None
        self._server.close()
        self.cut()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._server.wait_closed()

    def cut(self) -> None:
        """Close all connections without a goodbye."""
        for writer in self._writers:
            writer.transport.abort()

    async def reach(self, event: str, count: int) -> None:
        """Wait until something has happened so often in all."""
        while self.events[event] < count:
            self._news.clear()
            await self._news.wait()

    def _note(self, event: str) -> None:
        self.events[event] += 1
        self._news.set()

    # --- connections

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        feeding: asyncio.Task[None] | None = None
        try:
            client, keeps = (await packets.read(reader)).client
            _write(writer, packets.connack(session=keeps).packed())
            while True:
                packet = await packets.read(reader)
                if packet.kind == packets.SUBSCRIBE and packet.number is not None:
                    _write(writer, packets.suback(packet.number, packet.filters).packed())
                    if client == FIELD_CLIENT:
                        feeding = self._task(self._feed(writer))
                elif packet.kind == packets.DISCONNECT:
                    return
                else:
                    self._answer(client, packet, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            if feeding is not None:
                feeding.cancel()
            self._writers.discard(writer)
            writer.transport.abort()

    def _task(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def _answer(self, client: str, packet: Packet, writer: asyncio.StreamWriter) -> None:
        if packet.kind == packets.PINGREQ:
            _write(writer, Packet(packets.PINGRESP << 4, b"").packed())
        elif packet.kind == packets.PUBACK and client == FIELD_CLIENT and packet.number is not None:
            message = self._kept.pop(packet.number, None)
            if message is not None:
                self.oracle.accept(message, self.life)
                self._note(ACCEPTED)
        elif packet.kind == packets.PUBLISH:
            if packet.number is not None:
                _write(writer, packets.puback(packet.number).packed())
            if packet.topic in LANES:
                self._arrive(packet.payload, writer)
            elif packet.topic == hello_topic(AGENT):
                hello = decode(packet.payload)
                self.oracle.greet(hello)
                self._admit(Answer(hello.header["boot"], Standing.WELCOME, _now_us()), writer)
            elif packet.topic == open_topic(AGENT):
                told = open_from(decode(packet.payload))
                self._admit(Answer(told.boot, Standing.RECONCILED, _now_us(), told.stamp.seq), writer)

    # --- the doors

    async def _feed(self, writer: asyncio.StreamWriter) -> None:
        """First again what was not acknowledged, then what is new."""
        for number, message in self._kept.items():
            _write(writer, _published(message, number, again=True))
        while not writer.transport.is_closing():
            if self.speaks:
                for _ in range(min(self._source.choice((1, 1, 3, 12)), MOST_UNDER_WAY - len(self._kept))):
                    message = self._doors.say()
                    self._number = self._number % 60_000 + 1
                    self._kept[self._number] = message
                    self.oracle.tell(message, self.life)
                    _write(writer, _published(message, self._number))
            await asyncio.sleep(self._source.uniform(0.002, 0.02))

    # --- the hub

    def _arrive(self, payload: bytes, writer: asyncio.StreamWriter) -> None:
        chance = self._source.random
        self._note(ARRIVED)
        if not self.is_kind and chance() < 0.05:  # noqa: PLR2004 - killed before it committed
            return
        stamp = self.oracle.take(payload)
        if stamp is None or (not self.is_kind and chance() < 0.05):  # noqa: PLR2004 - or right after
            return
        times = 2 if not self.is_kind and chance() < 0.1 else 1  # noqa: PLR2004 - some come twice
        for _ in range(times):
            delay_s = 0.0 if self.is_kind else self._source.choice((0.0, 0.0, 0.003, 0.03))
            self._task(self._acknowledge(stamp, delay_s, writer))

    def _admit(self, answer: Answer, writer: asyncio.StreamWriter) -> None:
        """Answer an agent that introduces itself, or tells what is open."""
        if self.is_kind or self._source.random() >= 0.1:  # noqa: PLR2004 - some answers are lost
            self._send(session_topic(AGENT), answer_message(answer), writer)

    async def _acknowledge(self, stamp: Stamp, delay_s: float, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(delay_s)
        ack = ack_message(stamp.epoch, [(stamp.lane, stamp.seq)], [], _now_us())
        if self._send(ack_topic(AGENT), ack, writer):
            self._note(ACKNOWLEDGED)

    def _send(self, topic: str, message: Message, writer: asyncio.StreamWriter) -> bool:
        return _write(writer, packets.publish(topic, encode(message), None).packed())


def _write(writer: asyncio.StreamWriter, data: bytes) -> bool:
    """Write, unless the connection has ended; asyncio would log each attempt."""
    if writer.transport.is_closing():
        return False
    writer.write(data)
    return True


def _now_us() -> int:
    return time.time_ns() // 1000


def _published(message: DoorMessage, number: int, *, again: bool = False) -> bytes:
    return packets.publish(topic_of(message), door_payload(message), number, again=again).packed()
