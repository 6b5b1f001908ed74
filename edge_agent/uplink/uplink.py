"""One connection after the other, for as long as the agent runs; days without a hub are nothing special."""

from __future__ import annotations

import asyncio
import logging
import secrets
from collections.abc import Callable, Mapping
from enum import StrEnum
from random import random
from typing import Any, Final

from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from devices.wire.messages import (
    Kind,
    Message,
    ack_topic,
    decode,
    encode,
    health_topic,
    hello_topic,
    open_topic,
    orders_topic,
    rules_topic,
    session_topic,
    state_topic,
)
from devices.wire.mqtt import Backoff, Broker, Link, Will, connect
from devices.wire.records import Ack, ack_from
from devices.wire.sessions import BOOT_BITS, Answer, Standing, answer_from, open_message
from edge_agent.errors import NotStored
from edge_agent.uplink.holding import PREFIX, open_alerts
from edge_agent.uplink.offset import ClockOffset
from edge_agent.uplink.owed import Owed
from edge_agent.uplink.port import Clock, Orders
from edge_agent.uplink.sender import Counts, Sender, Store
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.thinning import Thinning
from edge_agent.uplink.window import Window

LOG: Final = logging.getLogger(__name__)
JITTER: Final = 0.5
#: So soon an agent introduces itself once more; after that it is patient.
SECOND_HELLO_S: Final = 1.0
MAX_ACK_BYTES: Final = 1024 * 1024
REPORT_S: Final = 60.0


class State(StrEnum):
    """How it stands with the broker."""

    CONNECTING = "connecting"
    WAITING = "waiting"  # for the hub to answer that this is the agent of its name
    CONNECTED = "connected"
    UNREACHABLE = "unreachable"  # tried again soon
    REFUSED = "refused"  # tried again now and then; a person has to act


class Uplink:
    """Sends an outbox to the hub and deletes what the hub has acknowledged.

    Args:
        broker: where to connect to. Each process has a client id of its own: of two agents of one name, the
            hub decides which may speak, and the broker throws nobody out.
        agent: the agent's id.
        outbox: what is to be sent; records leave it when the hub has acknowledged them.
        settings: windows and patience.
        about: what the agent says of itself after each connection.
        health: gives the counters that it tells now and then.
        clock: wall clock, monotonic clock and sleep.
        random: returns 0 <= x < 1.
        boot: number of this process; a random one if not given.
        on_rules: takes rules that the hub sends; raises Garbled where they are none.
        orders: takes what the hub orders, and answers.
    """

    def __init__(
        self,
        broker: Broker,
        agent: str,
        outbox: Store,
        settings: UplinkSettings,
        *,
        about: Mapping[str, Any],
        health: Callable[[], Mapping[str, Any]],
        clock: Clock,
        random: Callable[[], float] = random,
        boot: int | None = None,
        on_rules: Callable[[Message], None] = lambda _: None,
        orders: Orders | None = None,
    ) -> None:
        self.state = State.CONNECTING
        self._broker = broker
        self._agent = agent
        self._boot = secrets.randbits(BOOT_BITS) if boot is None else boot
        self._store = outbox
        self._settings = settings
        self._clock = clock
        self._about = about
        self._health = health
        self._on_rules = on_rules
        self._orders = orders
        self._heard_s = clock.monotonic()
        self._news = asyncio.Event()
        self._backoff = Backoff(settings.first_wait_s, settings.most_wait_s, JITTER, random)
        self._window = self._new_window()
        self._offset = ClockOffset()
        self._counts = Counts()
        self._thinning = Thinning(settings.thin_after_s, settings.thin_calm_s)
        self._reason = ""
        self._since_us = clock.now_us()
        self._connections = self._acked = self._refused = self._garbled = self._foreign = 0
        self._last_ack_us: int | None = None
        self._owed = Owed()
        self._welcome, self._reconciled = asyncio.Event(), asyncio.Event()
        self._renewals = 0
        self._asked_s = 0.0
        self._known_epoch: int | None = None  # that the hub has let this process send
        self._reported_s = float("-inf")

    def tell(self) -> None:
        """Tell the counters now, not in a while: something has changed that the hub waits for."""
        self._news.set()

    async def run(self) -> None:
        """Connect, send, and connect again, until cancelled."""
        failures = 0
        while True:
            connections, started_s = self._connections, self._clock.monotonic()
            error: CampusError = Unreachable("the connection ended")
            try:
                await asyncio.create_task(self._session(), name="uplink session")
            except* CampusError as errors:
                error = _first(errors)
            if (task := asyncio.current_task()) is not None and task.cancelling():
                raise asyncio.CancelledError  # a session that failed in the same moment does not tell of it
            was_long = self._clock.monotonic() - started_s >= self._settings.most_wait_s
            failures = 1 if was_long and self._connections > connections else failures + 1
            await self._clock.sleep(self._wait_after(error, failures))

    def _wait_after(self, error: BaseException, failures: int) -> float:
        """Say what happened, loudly where it is new, and return how long to wait."""
        state = State.REFUSED if isinstance(error, Refused) else State.UNREACHABLE
        if state is not self.state:
            level = logging.ERROR if state is State.REFUSED else logging.WARNING
            LOG.log(level, "no uplink: %s", error)
        self._enter(state, str(error))
        is_refused = state is State.REFUSED
        return self._settings.refused_wait_s if is_refused else self._backoff.wait_s(failures)

    def _enter(self, state: State, reason: str = "") -> None:
        if state is not self.state:
            self.state, self._since_us = state, self._clock.now_us()
        self._reason = reason

    def _new_window(self) -> Window:
        settings = self._settings
        return Window(settings.window, settings.window_bytes, settings.ack_timeout_s)

    # --- one connection

    async def _session(self) -> None:
        self._welcome, self._reconciled = asyncio.Event(), asyncio.Event()
        will = Will(state_topic(self._agent), self._presence("offline"), retain=True)
        async with connect(
            self._broker, f"{self._agent}-{self._boot:x}", will=will, max_bytes=MAX_ACK_BYTES
        ) as link:
            topics = (ack_topic, session_topic, rules_topic, orders_topic)
            await link.subscribe([topic(self._agent) for topic in topics])
            async with asyncio.TaskGroup() as tasks:
                tasks.create_task(self._receive(link), name="uplink receiver")
                await self._introduce(link)
                await link.publish(state_topic(self._agent), self._presence("online"), retain=True)
                self._connections += 1
                LOG.info("uplink to %s", self._broker)
                self._enter(State.CONNECTED)
                self._window, self._owed = self._new_window(), Owed()
                sender = Sender(
                    self._store,
                    link,
                    self._agent,
                    self._settings,
                    self._window,
                    self._counts,
                    self._thinning,
                    self._clock.monotonic,
                )
                tasks.create_task(sender.run(), name="uplink sender")
                tasks.create_task(self._delete(), name="uplink deleter")
                tasks.create_task(self._tell_health(link), name="uplink health")
                tasks.create_task(self._tell_open(link), name="uplink open alerts")
                if self._orders is not None:
                    tasks.create_task(self._orders.speak(link, self._boot), name="uplink orders")

    def _presence(self, word: str) -> bytes:
        return f"{word} {self._boot}".encode()

    async def _introduce(self, link: Link) -> None:
        """Say who we are until the hub says that we may speak; repeats so that no broker keeps them."""
        if self.state is not State.REFUSED:  # it stays refused until the hub thinks better of it
            self._enter(State.WAITING)
        self._asked_s = self._clock.monotonic()
        qos, patience_s = 1, min(SECOND_HELLO_S, self._settings.probe_s)
        while not self._welcome.is_set():
            # Numbers that were given since the outbox was opened mean nothing to the hub before it welcomes us.
            following = await self._store.next_seqs(at_opening=self._known_epoch != self._store.epoch)
            told = {str(lane): seq for lane, seq in following.items()}
            hello = {**self._about, "next": told, "health_s": self._settings.health_s}
            await link.send(hello_topic(self._agent), self._said(Kind.HELLO, hello), qos=qos)
            await _set_within(self._welcome, patience_s)
            qos, patience_s = 0, self._settings.probe_s

    async def _tell_open(self, link: Link) -> None:
        """Tell which alerts are open until the hub has put its own in order by it; and again now and then."""
        while True:
            self._reconciled.clear()
            while not self._reconciled.is_set():
                parts = await self._store.open_parts(PREFIX)
                told = (
                    None if parts is None else open_alerts(self._agent, self._store.epoch, self._boot, *parts)
                )
                if told is not None:
                    message = encode(open_message(told, self._clock.now_us()))
                    await link.send(open_topic(self._agent), message, qos=0)
                await _set_within(self._reconciled, self._settings.probe_s)
            await self._clock.sleep(self._settings.open_s)

    async def _receive(self, link: Link) -> None:
        async for incoming in link.messages():
            try:
                message = decode(incoming.payload)
                self._heard_s = self._clock.monotonic()
                if incoming.topic == session_topic(self._agent):
                    await self._obey(answer_from(message))
                elif incoming.topic == rules_topic(self._agent):
                    self._on_rules(message)
                elif incoming.topic == orders_topic(self._agent):
                    if self._orders is not None and self._welcome.is_set():
                        self._orders.hear(message)
                else:
                    await self._take_in(ack_from(message))
            except Garbled as error:
                self._garbled += 1
                self._report(logging.WARNING, "garbled acknowledgement: %s", error)
            incoming.done()

    async def _obey(self, answer: Answer) -> None:
        """Do what the hub says to this process.

        Raises:
            Refused: another agent of our name is at work.
            Unreachable: the outbox began a new epoch, which has to be introduced.
        """
        if answer.boot != self._boot:
            return
        self._offset.add(answer.time_us, self._clock.now_us(), self._clock.monotonic())
        match answer.standing:
            case Standing.WELCOME:
                self._known_epoch = self._store.epoch
                self._welcome.set()
            case Standing.RECONCILED:
                self._reconciled.set()
            case Standing.ASKED:
                self.tell()
            case Standing.REFUSED:
                raise Refused(
                    f"another agent that calls itself {self._agent} is at work: stop one, or rename it"
                )
            case Standing.RENEW if not self._welcome.is_set():
                LOG.error("this outbox is older than what the hub has of it: a new epoch is begun")
                self._renewals += 1
                await self._store.renew()
                raise Unreachable("the outbox began a new epoch")

    async def _take_in(self, ack: Ack) -> None:
        if ack.epoch != self._store.epoch or not self._welcome.is_set():
            self._foreign += 1  # of an outbox that was here before, or of another agent with our name
            return
        now_us, now_s = self._clock.now_us(), self._clock.monotonic()
        self._last_ack_us = now_us
        self._offset.add(ack.time_us, now_us, now_s)
        for lane, seq, reason in ack.refused:
            self._refused += 1
            self._report(logging.ERROR, "the hub set record %s %d aside: %s", lane, seq, reason)
        answered = [*ack.done, *((lane, seq) for lane, seq, _ in ack.refused)]
        self._acked += self._window.settle(answered, now_s)
        self._store.news.set()  # there is room in the window
        await self._owed.add(answered)

    async def _delete(self) -> None:
        """Delete what was acknowledged, all that came meanwhile in one commit."""
        while True:
            owed = await self._owed.take()
            try:
                await self._store.done(owed)
            except NotStored as error:
                self._report(logging.WARNING, "acknowledged records cannot be deleted yet: %s", error)
                self._owed.put_back(owed)
                await self._clock.sleep(self._settings.first_wait_s)

    async def _tell_health(self, link: Link) -> None:
        while True:
            self._news.clear()
            await link.publish(health_topic(self._agent), self._said(Kind.HEALTH, self._health()), qos=0)
            await _set_within(self._news, self._settings.health_s)

    def _said(self, kind: Kind, values: Mapping[str, Any]) -> bytes:
        """Encode what the agent says of itself; what is not plain enough for a message is left out and told."""
        head = {
            "agent": self._agent,
            "boot": self._boot,
            "epoch": self._store.epoch,
            "sent_us": self._clock.now_us(),
        }
        try:
            return encode(Message(kind, {**values, **head}))
        except (TypeError, ValueError, OverflowError) as error:
            self._report(logging.ERROR, "%s cannot be told: %s", kind, error)
            return encode(Message(kind, head))

    def _report(self, level: int, text: str, *values: object) -> None:
        """Log the first of a kind of trouble and then one a minute; the counters know the rest."""
        if self._clock.monotonic() - self._reported_s >= REPORT_S:
            self._reported_s = self._clock.monotonic()
            LOG.log(level, text, *values)

    # --- what it tells

    @property
    def clock_offset_s(self) -> float | None:
        """The hub's clock minus ours; None if nothing was acknowledged in the last minute."""
        return self._offset.offset_s(self._clock.monotonic())

    @property
    def silent_s(self) -> float:
        """How long nothing was heard of the hub."""
        return self._clock.monotonic() - self._heard_s

    def _is_hub_silent(self, now_s: float) -> bool:
        if self.state is State.WAITING:
            return now_s - self._asked_s > self._settings.ack_timeout_s
        return self._window.is_silent(now_s)

    @property
    def is_thin(self) -> bool:
        """Whether the line carries less than comes in."""
        return self._thinning.active

    def health(self) -> dict[str, Any]:
        """Counters and the state of the connection."""
        now_s = self._clock.monotonic()
        return {
            "state": str(self.state),
            "last_error": self._reason,
            "since_us": self._since_us,
            "boot": self._boot,
            "connections": self._connections,
            "renewals": self._renewals,
            "sent": self._counts.sent,
            "sent_bytes": self._counts.sent_bytes,
            "sent_late": self._counts.late,
            "resent": self._counts.resent,
            "probes": self._counts.probes,
            "acked": self._acked,
            "refused": self._refused,
            "unacked": len(self._window),
            "thin": self._thinning.active,
            "thinned": self._thinning.deferred,
            "bandwidth_bytes_per_s": self._window.bandwidth.bytes_per_s,
            "hub_silent": self._is_hub_silent(now_s),
            "garbled_acks": self._garbled,
            "foreign_acks": self._foreign,
            "last_ack_us": self._last_ack_us,
            "clock_offset_s": self.clock_offset_s,
        }


async def _set_within(event: asyncio.Event, seconds: float) -> None:
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return


def _first(errors: BaseExceptionGroup[CampusError]) -> CampusError:
    """One error of a group; a refusal before anything else, since it needs a person."""
    leaves: list[CampusError] = []
    for error in errors.exceptions:
        leaves += [_first(error)] if isinstance(error, BaseExceptionGroup) else [error]
    return next((leaf for leaf in leaves if isinstance(leaf, Refused)), leaves[0])
