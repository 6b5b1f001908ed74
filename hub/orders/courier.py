"""Brings orders to their agents as often as it takes, hears what became of them, and assumes where no word comes."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from functools import partial
from typing import Final

from sqlalchemy import Connection

from devices.model.errors import Unreachable
from devices.wire.messages import decode, encode, orders_topic
from devices.wire.orders import (
    MOST_ORDERS,
    Bundle,
    Freeze,
    OrderKind,
    OrderState,
    Outcome,
    bundle_message,
    outcomes_from,
)
from hub.db import Database, audit
from hub.db.audit import Act, Actor
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ORDER, ORDERS, Bus
from hub.orders import shelf
from hub.orders.desk import Desk
from hub.orders.record import Record, overdue, sent, told
from hub.orders.report import heard_freeze
from hub.orders.shelf import EVERYBODY, Standing

log = logging.getLogger(__name__)
LOOK_S: Final = 1.0
#: What waits for a word is sent again so soon; what is held, or was assumed, more patiently.
AGAIN_S: Final = 4.0
PATIENT_S: Final = 60.0
#: Outcomes that wait to be written down; more are left out, and asked for again.
MOST_WAITING: Final = 1000
#: Kinds that every agent with orders knows; one that does not know a kind drops all that comes with it.
EVERY_AGENTS: Final = frozenset({OrderKind.WRITE, OrderKind.PROBE})
#: Why the hub freezes by itself.
NOT_REMEMBERED: Final = "网关已冻结,本系统无此记录 / the gateway is frozen, and this hub does not remember it"

Send = Callable[[str, bytes], Awaitable[None]]


class Courier:
    """Carries between the shelf and the agents.

    Args:
        send: takes a topic and a message; what it loses is sent again.
        monotonic: seconds that never step.
        again_s: what waits for a word of an agent is sent again so soon.
    """

    def __init__(
        self,
        desk: Desk,
        db: Database,
        bus: Bus,
        send: Send,
        now_us: Callable[[], int],
        monotonic: Callable[[], float] = time.monotonic,
        again_s: float = AGAIN_S,
    ) -> None:
        self._desk = desk
        self._db = db
        self._bus = bus
        self._send = send
        self._now_us = now_us
        self._monotonic = monotonic
        self._again_s = again_s
        self._heard: deque[tuple[str, Outcome]] = deque(maxlen=MOST_WAITING)
        self._news = asyncio.Event()
        self._sent_s: dict[str, float] = {}
        self._looked_s = float("-inf")

    def hear(self, agent: str, payload: bytes) -> None:
        """Take what an agent says of orders.

        Raises:
            Garbled: it is nothing of the kind.
        """
        self._heard.extend((agent, one) for one in outcomes_from(decode(payload), agent))
        self._news.set()

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as group:
            group.create_task(self._note(), name="orders-heard")
            with self._bus.subscribe(ORDER, ORDERS) as news:
                while True:
                    fresh: set[str] = set()
                    with suppress(TimeoutError):
                        async with asyncio.timeout(LOOK_S):
                            first = await news.next()
                        fresh = _agents_of((first, *news.take()))
                    with suppress(Unreachable):  # the database is away: looked at again
                        await self.look(fresh)

    async def look(self, fresh: set[str]) -> None:
        """End what is overdue and send what is due; agents in `fresh` have something new, * is all of them.

        Raises:
            Unreachable: the database does not work now.
        """
        now_us = self._now_us()
        unsettled = await self._db.read(lambda c: shelf.unsettled(c, now_us))
        if any(overdue(one, now_us) for one in unsettled if one.open):
            changed = await self._db.write(lambda c: _end_overdue(c, now_us))
            self._desk.publish(changed)
            unsettled = await self._db.read(lambda c: shelf.unsettled(c, now_us))
        if not fresh and not self._is_worth_a_look(unsettled):
            return
        standings, gateways = await self._db.read(lambda c: (shelf.standings(c), roster.gateways(c)))
        for agent, gateway in gateways.items():
            if gateway.presence is not Presence.ONLINE:
                continue
            freeze, known = shelf.freeze_of(standings, agent), heard_freeze(gateway)
            if known is not None and _is_newer(known, freeze):  # this hub's memory is older than its own word
                await self._db.write(partial(_count_on, agent=agent, heard=known, now_us=now_us))
                self._bus.publish(ORDERS, agent)
                continue
            waiting = sorted((one for one in unsettled if one.agent == agent), key=lambda one: not one.open)
            is_due = freeze != known and (freeze.number > 0 or known is not None)
            if self._is_time(agent, waiting, fresh, unheard=is_due):
                await self._bring(agent, waiting[:MOST_ORDERS], freeze)

    def _is_worth_a_look(self, unsettled: Iterable[Record]) -> bool:
        """Whether to read what agents say: at once where an order waits for its agent, else now and then."""
        now_s = self._monotonic()
        if not any(map(_is_urgent, unsettled)) and now_s - self._looked_s < self._again_s:
            return False
        self._looked_s = now_s
        return True

    def _is_time(self, agent: str, waiting: Iterable[Record], fresh: set[str], *, unheard: bool) -> bool:
        waiting = list(waiting)
        if not waiting and not unheard:
            return False
        if agent in fresh or EVERYBODY in fresh:
            return True
        urgent = unheard or any(map(_is_urgent, waiting))
        wait_s = self._again_s if urgent else PATIENT_S
        return self._monotonic() - self._sent_s.get(agent, float("-inf")) >= wait_s

    async def _bring(self, agent: str, waiting: list[Record], freeze: Freeze) -> None:
        """Write down that they go out, and send them."""
        now_us = self._now_us()
        if queued := [one for one in waiting if one.state is OrderState.QUEUED]:
            changed = await self._db.write(lambda c: _mark_sent(c, queued, now_us))
            self._desk.publish(changed)
        self._sent_s[agent] = self._monotonic()
        for bundle in bundles(agent, self._now_us(), waiting, freeze):
            await self._send(orders_topic(agent), encode(bundle_message(bundle)))

    async def _note(self) -> None:
        """Write down what was heard, for ever."""
        while True:
            await self._news.wait()
            self._news.clear()
            heard = list(self._heard)
            self._heard.clear()
            with suppress(Unreachable):  # the database is away: the agents are asked again
                changed = await self._db.write(partial(_noted, heard=heard, now_us=self._now_us()))
                self._desk.publish(changed)


def bundles(agent: str, time_us: int, waiting: Iterable[Record], freeze: Freeze) -> list[Bundle]:
    """What is said to an agent: later kinds of orders apart from writes and the freeze, which must be heard."""
    parts: tuple[list[Record], list[Record]] = ([], [])
    for one in waiting:
        parts[one.kind not in EVERY_AGENTS].append(one)
    return [
        Bundle(
            agent,
            time_us,
            freeze,
            tuple(one.order for one in part),
            tuple(one.id for one in part if one.cancelled_by is not None and one.open),
        )
        for part in (parts if parts[1] else parts[:1])
    ]


def _agents_of(news: Iterable[tuple[str, object]]) -> set[str]:
    found: set[str] = set()
    for topic, value in news:
        if topic == ORDERS:
            found.add(str(value))
        elif topic == ORDER and isinstance(value, list):
            found |= {one.agent for one in value if _is_to_send(one)}
    return found


def _is_urgent(record: Record) -> bool:
    """Whether a word of the agent is waited for just now."""
    return record.open and (not record.holding or record.cancelled_by is not None)


def _is_to_send(record: Record) -> bool:
    """Whether this news is the courier's business; what an agent has said itself, it knows."""
    return record.open and (record.state is OrderState.QUEUED or record.cancelled_by is not None)


def _mark_sent(connection: Connection, queued: Iterable[Record], now_us: int) -> list[Record]:
    now = shelf.known(connection, [one.id for one in queued])
    return [
        shelf.store(connection, sent(one, now_us), "hub", now_us)
        for one in now.values()
        if one.state is OrderState.QUEUED
    ]


def _end_overdue(connection: Connection, now_us: int) -> list[Record]:
    ended = [overdue(one, now_us) for one in shelf.unsettled(connection, now_us) if one.open]
    return [shelf.store(connection, one, "hub", now_us) for one in ended if one is not None]


def _noted(connection: Connection, heard: list[tuple[str, Outcome]], now_us: int) -> list[Record]:
    known = shelf.known(connection, {outcome.id for _, outcome in heard})
    changed: dict[str, Record] = {}
    for agent, outcome in heard:
        before = known.get(outcome.id)
        if before is None or before.agent != agent:
            continue  # not its order: it has no word in it
        after = told(before, outcome, now_us)
        if after is None:
            continue
        if after.open and not before.open and shelf.holder(connection, after.kind, after.target) is not None:
            after = replace(after, open=False)  # assumed to be over, and another one has the device meanwhile
        known[after.id] = changed[after.id] = shelf.store(connection, after, agent, now_us)
    return list(changed.values())


def _is_newer(heard: Freeze, freeze: Freeze) -> bool:
    """Whether an agent has heard what this hub does not remember to have said."""
    return heard.number > freeze.number or (
        heard.number == freeze.number and heard.frozen is not freeze.frozen
    )


def _count_on(connection: Connection, agent: str, heard: Freeze, now_us: int) -> None:
    """Number what is in force above what an agent has heard: a hub of an older copy speaks again.

    What the agent has as frozen stays frozen: only a person thaws.
    """
    known = shelf.standings(connection)
    freeze = shelf.freeze_of(known, agent)
    if not _is_newer(heard, freeze):
        return
    own = known.get(agent, Standing(agent, False, 0, "hub", "", now_us))
    number = own.number + heard.number - freeze.number + 1
    if heard.frozen and not freeze.frozen:
        own = Standing(agent, True, number, "hub", NOT_REMEMBERED, now_us)
        audit.record(connection, Actor("hub"), Act("orders.freeze", agent, own.why), now_us)
    shelf.put(connection, replace(own, number=number))
