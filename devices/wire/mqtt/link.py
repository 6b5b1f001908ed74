"""One connection to a broker: paho on the event loop's sockets and timers."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Iterable, Sequence
from typing import Any, Final

from paho.mqtt.client import ConnectFlags, MQTTMessage
from paho.mqtt.enums import MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from devices.model.errors import CampusError, Refused, Unreachable
from devices.wire.messages import MAX_MESSAGE_BYTES
from devices.wire.mqtt.broker import Broker, Incoming, Will
from devices.wire.mqtt.paho_client import PahoClient

ANSWER_S: Final = 10.0
LEAVE_S: Final = 2.0
#: We ping after this part of the keepalive and give up after as long again; 1.5 keepalives must hold both.
PING_SHARE: Final = 0.6
TICKS: Final = 16
READS_AT_ONCE: Final = 64
MAX_QUEUED_BYTES: Final = 4 * MAX_MESSAGE_BYTES
MAX_UNACKED: Final = 256
SERVER_UNAVAILABLE: Final = 136
QOS: Final = (0, 1)


class Ticket:
    """A publication under way; for QoS 0 its broker has nothing to acknowledge and writing it is enough."""

    def __init__(self) -> None:
        self._future: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def sent(self) -> None:
        """Wait for the broker.

        Raises:
            Unreachable: the connection ended first; the broker may or may not have the message.
        """
        await asyncio.shield(self._future)

    @property
    def is_done(self) -> bool:
        """Whether the broker has answered, or never will."""
        return self._future.done()

    def settle(self, error: CampusError | None) -> None:
        """End the wait; nobody has to look."""
        if self._future.done():
            return
        if error is None:
            self._future.set_result(None)
        else:
            self._future.set_exception(error)
            self._future.exception()  # a ticket that nobody awaits is no accident


class Link:
    """A connection to a broker; made by `connect`, used from the loop it was made in."""

    def __init__(self, client: PahoClient, broker: Broker, max_queued: int, max_bytes: int) -> None:
        self.session_present = False  # the broker remembered our subscriptions
        self.oversized = 0
        self.garbled = 0
        self._client = client
        self._broker = broker
        self._max_queued = max_queued
        self._max_bytes = max_bytes
        self._loop = asyncio.get_running_loop()
        self._opened: asyncio.Future[None] = self._loop.create_future()
        self._granted: dict[int, asyncio.Future[Sequence[ReasonCode]]] = {}
        self._tickets: dict[int, Ticket] = {}
        self._inbox: deque[Incoming] = deque()
        self._inbox_bytes = 0
        self._news = asyncio.Event()  # a message, a free ticket or the end
        self._lost: CampusError | None = None
        self._reading = False
        self._timer: asyncio.TimerHandle | None = None
        self._tick_s = min(1.0, broker.keepalive_s / TICKS)

    async def subscribe(self, topics: Iterable[str], qos: int = 1) -> None:
        """Ask for topics and wait until the broker has granted them all.

        Raises:
            Refused: the broker does not allow one, or grants less than `qos`.
            Unreachable: the connection ended, or no answer came in time.
        """
        wanted = [(topic, _known_qos(qos)) for topic in topics]
        self._check()
        result, mid = self._client.subscribe(wanted)
        if result != MQTTErrorCode.MQTT_ERR_SUCCESS or mid is None:
            raise self._ended(f"cannot subscribe: {result.name}")
        answer = self._granted[mid] = self._loop.create_future()
        try:
            async with asyncio.timeout(ANSWER_S):
                codes = await answer
        except TimeoutError:
            raise Unreachable(f"{self._broker} does not answer a subscription") from None
        finally:
            self._granted.pop(mid, None)
        refused = [
            topic
            for (topic, _), code in zip(wanted, codes, strict=False)
            if code.is_failure or code.value < qos
        ]
        if refused or len(codes) != len(wanted):
            raise Refused(f"{self._broker} does not grant {', '.join(refused) or 'a subscription'}")

    async def publish(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> None:
        """Send a message and wait until the broker has acknowledged it (QoS 0: until it is written).

        Raises:
            Unreachable: the connection ended first.
        """
        ticket = await self.send(topic, payload, qos, retain=retain)
        await ticket.sent()

    async def send(self, topic: str, payload: bytes, qos: int = 1, *, retain: bool = False) -> Ticket:
        """Send a message without waiting for the broker; waits only while too many are under way.

        Raises:
            Unreachable: the connection has ended.
        """
        while len(self._tickets) >= MAX_UNACKED and self._lost is None:
            self._news.clear()
            await self._news.wait()
        self._check()
        info = self._client.publish(topic, payload, _known_qos(qos), retain)
        if info.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._ended(f"cannot publish: {info.rc.name}")
        ticket = self._tickets[info.mid] = Ticket()
        return ticket

    async def messages(self) -> AsyncIterator[Incoming]:
        """Give what was received, in order, for ever; for one consumer.

        Raises:
            Unreachable: the connection has ended and everything received before was given.
        """
        while True:
            while self._inbox:
                message = self._inbox.popleft()
                self._inbox_bytes -= len(message.payload)
                if not self._reading and self._has_room(0.5):
                    self._read_on()
                yield message
            self._check()
            self._news.clear()
            await self._news.wait()

    # --- life, used by `connect`

    async def open(self, will: Will | None) -> None:
        """Sign in; the socket is connected already."""
        client = self._client
        client.max_inflight_messages_set(0)  # bounded by MAX_UNACKED, and paho would send them late
        client.on_connect = self._on_connect
        client.on_subscribe = self._on_subscribe
        client.on_publish = self._on_publish
        client.on_message = self._on_message
        client.on_socket_register_write = self._on_write_wanted
        client.on_socket_unregister_write = self._on_write_over
        client.on_socket_close = self._on_socket_close
        if self._broker.username:
            client.username_pw_set(self._broker.username, self._broker.password)
        if will is not None:
            client.will_set(will.topic, will.payload, qos=1, retain=will.retain)
        client.connect(self._broker.host, self._broker.port, self._broker.keepalive_s)
        client.ping_every(self._broker.keepalive_s * PING_SHARE)
        self._read_on()
        self._tick()
        await self._opened

    async def leave(self) -> None:
        """Say goodbye, so that the broker keeps our will to itself, and close."""
        self._client.disconnect()
        deadline_s = self._loop.time() + LEAVE_S
        while self._client.socket() is not None and self._loop.time() < deadline_s:
            self._news.clear()
            self._loop.call_later(self._tick_s, self._news.set)
            await self._news.wait()
        self.drop()

    def drop(self) -> None:
        """Close at once, without a goodbye."""
        self._end(Unreachable(f"the connection to {self._broker} was closed here"))
        self._client.drop()

    def _check(self) -> None:
        if self._lost is not None:
            raise self._ended(str(self._lost))

    def _ended(self, why: str) -> CampusError:
        """A fresh error for each caller: one instance raised twice would chain foreign tracebacks."""
        return Refused(why) if isinstance(self._lost, Refused) else Unreachable(why)

    def _end(self, error: CampusError) -> None:
        if self._lost is not None:
            return
        self._lost = error
        self._reading = False
        if self._timer is not None:
            self._timer.cancel()
        waiting: list[asyncio.Future[Any]] = [self._opened, *self._granted.values()]
        for answer in waiting:
            if not answer.done():
                answer.set_exception(error)
                answer.exception()  # who waited may have been cancelled
        for ticket in self._tickets.values():
            ticket.settle(error)
        self._tickets.clear()
        self._news.set()

    # --- the loop's side

    def _on_readable(self) -> None:
        self._client.drained = False
        for _ in range(READS_AT_ONCE):
            self._judge(self._client.loop_read())
            if self._client.drained or not self._reading:
                return

    def _on_writable(self) -> None:
        self._judge(self._client.loop_write())

    def _tick(self) -> None:
        if not self._reading:
            self._client.excuse_silence()
        self._judge(self._client.loop_misc())
        if self._lost is None:
            self._timer = self._loop.call_later(self._tick_s, self._tick)

    def _judge(self, result: MQTTErrorCode) -> None:
        """End the link when paho has closed its socket."""
        if self._client.socket() is not None and result == MQTTErrorCode.MQTT_ERR_SUCCESS:
            return
        if result == MQTTErrorCode.MQTT_ERR_PROTOCOL:
            self._end(Refused(f"{self._broker} does not speak MQTT 3.1.1"))
        else:
            why = result.name if result else "no sign of life"  # paho closed it by its clock
            self._end(Unreachable(f"the connection to {self._broker} was lost: {why}"))

    def _has_room(self, share: float) -> bool:
        return len(self._inbox) < self._max_queued * share and self._inbox_bytes < MAX_QUEUED_BYTES * share

    def _read_on(self) -> None:
        ready: Any = self._client.socket()
        if ready is not None and self._lost is None:
            self._reading = True
            self._loop.add_reader(ready.fileno(), self._on_readable)

    def _pause(self) -> None:
        ready: Any = self._client.socket()
        self._reading = False
        if ready is not None:
            self._loop.remove_reader(ready.fileno())

    # --- paho's callbacks

    def _on_write_wanted(self, _client: object, _userdata: object, ready: Any) -> None:
        self._loop.add_writer(ready.fileno(), self._on_writable)

    def _on_write_over(self, _client: object, _userdata: object, ready: Any) -> None:
        self._loop.remove_writer(ready.fileno())

    def _on_socket_close(self, _client: object, _userdata: object, ready: Any) -> None:
        self._loop.remove_reader(ready.fileno())
        self._reading = False
        self._news.set()

    def _on_connect(
        self,
        _client: object,
        _userdata: object,
        flags: ConnectFlags,
        code: ReasonCode,
        _more: Properties | None,
    ) -> None:
        self.session_present = flags.session_present
        if not code.is_failure:
            if not self._opened.done():
                self._opened.set_result(None)
        elif code.value == SERVER_UNAVAILABLE:
            self._end(Unreachable(f"{self._broker} is not available now"))
        else:
            self._end(Refused(f"{self._broker} refuses the connection: {code.getName()}"))

    def _on_subscribe(
        self, _client: object, _userdata: object, mid: int, codes: list[ReasonCode], _more: Properties | None
    ) -> None:
        answer = self._granted.get(mid)
        if answer is not None and not answer.done():
            answer.set_result(codes)

    def _on_publish(self, _client: object, _userdata: object, mid: int, *_more: object) -> None:
        ticket = self._tickets.pop(mid, None)
        if ticket is not None:
            ticket.settle(None)
        self._news.set()

    def _on_message(self, _client: object, _userdata: object, message: MQTTMessage) -> None:
        def acknowledge() -> None:
            if self._lost is None and message.qos:
                self._client.ack(message.mid, message.qos)

        try:
            topic = message.topic
        except UnicodeDecodeError:
            self.garbled += 1
            acknowledge()  # or the broker would bring it again for ever
            return
        payload, dropped = bytes(message.payload), 0
        overhead = len(topic.encode()) + (4 if message.qos else 2)
        if self._client.packet_bytes - overhead > self._max_bytes:
            self.oversized += 1
            payload, dropped = b"", self._client.packet_bytes - overhead
        self._inbox.append(
            Incoming(topic, payload, message.retain, message.dup, message.qos, dropped, acknowledge)
        )
        self._inbox_bytes += len(payload)
        self._news.set()
        if not self._has_room(1.0):
            self._pause()


def _known_qos(qos: int) -> int:
    if qos not in QOS:
        raise ValueError(f"QoS must be 0 or 1, got {qos}")
    return qos
