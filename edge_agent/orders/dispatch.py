"""Takes the hub's orders, has each carried out at most once, and tells what became of it.

An order to write is on disk before its write goes out; one that comes again is answered from memory. What is
held is given back when its time is over, when it is cancelled, or when the hub is not heard any more; also by
the process after this one.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from typing import Any, Final

from devices.campus.site import Campus
from devices.model.errors import CampusError
from devices.wire.messages import Message, encode, outcomes_topic
from devices.wire.mqtt import Link
from devices.wire.orders import (
    LONGEST_LIFE_S,
    MAX_DATA,
    MOST_ORDERS,
    Bundle,
    Order,
    OrderKind,
    OrderState,
    bundle_from,
    outcomes_message,
)
from edge_agent.orders.allowed import No
from edge_agent.orders.book import US_PER_S, Book, Store
from edge_agent.orders.carrying import Carrier, Clock, stopped
from edge_agent.orders.hand import Hand
from edge_agent.orders.memory import Entry
from edge_agent.orders.settings import OrderSettings
from edge_agent.orders.writing import Writing

log = logging.getLogger(__name__)
TICK_S: Final = 1.0
#: A clock may be wrong by so much before an order that lives too long is seen to.
AMISS_US: Final = 60 * US_PER_S
#: Bytes of answers in one message to the hub, beyond the first.
MOST_BYTES: Final = 1 << 20
#: A kind of order that only reads: returns plain JSON values, raises a CampusError.
Reader = Callable[[Order], Awaitable[dict[str, Any]]]


class Dispatcher:
    """The orders of one agent.

    Args:
        hand: reaches devices.
        store: keeps what is remembered.
        readers: kinds that only read, and what carries them out.
    """

    def __init__(
        self,
        campus: Campus,
        agent: str,
        settings: OrderSettings,
        hand: Hand,
        store: Store,
        clock: Clock,
        readers: Mapping[OrderKind, Reader],
    ) -> None:
        self.book = Book(settings, campus.timezone, store, clock)
        self._writing = Writing(campus, agent, settings, self.book, Carrier(hand, clock), clock)
        self._agent = agent
        self._clock = clock
        self._readers = readers
        self._news = asyncio.Event()
        self._bundles: deque[Bundle] = deque()
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def hear(self, message: Message) -> None:
        """Take a message of the hub.

        Raises:
            Garbled: it says nothing that makes sense.
        """
        self._bundles.append(bundle_from(message, self._agent))
        self._news.set()

    async def speak(self, link: Link, boot: int) -> None:
        """Tell the hub what became of orders, for as long as there is a connection; what is lost it asks for."""
        book = self.book
        while True:
            await book.said.wait()
            book.said.clear()
            while book.outbound:
                told = [book.outbound.popleft()]
                size = len(told[0].data)
                while book.outbound and len(told) < MOST_ORDERS and size < MOST_BYTES:
                    told.append(book.outbound.popleft())
                    size += len(told[-1].data)
                message = outcomes_message(self._agent, boot, self._clock.now_us(), told)
                await link.send(outcomes_topic(self._agent), encode(message), qos=1)

    async def run(self) -> None:
        """Work, for ever."""
        async with asyncio.TaskGroup() as group:
            for one in list(self.book.memory.writes()):
                if one.state is OrderState.TAKEN:
                    self._start(group, one.order, self._writing.go_on(one))
            group.create_task(self._watch(group), name="orders watch")
            while True:
                await self._news.wait()
                self._news.clear()
                while self._bundles:
                    await self._take(self._bundles.popleft(), group)

    # --- what comes

    async def _take(self, bundle: Bundle, group: asyncio.TaskGroup) -> None:
        await self.book.freeze(bundle.freeze)
        sent = {order.id: order for order in bundle.orders}
        for name in bundle.cancel:
            await self._cancel(name, sent.get(name))
        for order in bundle.orders:
            if (entry := self.book.memory.entries.get(order.id)) is not None:
                self.book.say(entry)
            else:
                await self._bounded(order, self._admit(order, bundle.time_us, group))
        if (hub_us := self.book.hub_us()) is not None:
            self.book.memory.prune(hub_us)

    async def _cancel(self, name: str, order: Order | None) -> None:
        entry = self.book.memory.entries.get(name)
        if entry is None:
            if (hub_us := self.book.hub_us()) is not None:  # so that it is not carried out if it comes later
                ends_us = hub_us + round(LONGEST_LIFE_S * US_PER_S)
                await self.book.end(order or Order(name, OrderKind.WRITE, "-", {}, ends_us), "cancelled")
        elif entry.state is OrderState.TAKEN and not entry.begun:
            await self.book.end(entry.order, "cancelled")
            if entry.order.kind in self._readers and name in self._tasks:
                self._tasks[name].cancel()
        elif entry.is_open and entry.code != "cancelled":
            held = {} if entry.until_us is None else {"until_us": 0}
            self.book.memory.change(name, code="cancelled", **held)
            await self.book.keep()

    async def _admit(self, order: Order, sent_us: int, group: asyncio.TaskGroup) -> None:
        hub_us = self.book.hub_us()
        if hub_us is None:
            return  # nobody knows how old it is: the hub sends it again
        hub_us = max(hub_us, sent_us)  # it was said, so it is later there, whatever our clock says
        if (
            order.taken and order.kind is OrderKind.WRITE
        ):  # also where its time is over: it may have been held
            await self.book.end(order, "interrupted", "the agent has lost what it knew of this order")
        elif order.expires_us <= hub_us:
            await self.book.end(order, "expired")
        elif order.expires_us > hub_us + round(LONGEST_LIFE_S * US_PER_S) + AMISS_US:
            await self.book.end(order, "clock", "no order lives for so long: a clock is wrong")
        elif order.kind is OrderKind.WRITE:
            self.book.begin_life(order, hub_us)
            await self._admit_write(order, group)
        elif order.kind in self._readers:
            self.book.begin_life(order, hub_us)
            await self._admit_reader(order, group)
        else:
            await self.book.end(order, "unknown-kind", f"this agent knows no orders of kind {order.kind}")

    async def _admit_write(self, order: Order, group: asyncio.TaskGroup) -> None:
        task = self._writing.task(order)
        if isinstance(task, No):
            await self.book.end(order, task.code, task.text)
            return
        entry = self._enter(order)
        if not await self.book.keep():
            await self.book.end(order, "not-kept", "the disk takes nothing")
            return
        self.book.say(entry)
        self._start(group, order, self._writing.carry(order, task))

    async def _admit_reader(self, order: Order, group: asyncio.TaskGroup) -> None:
        readings = (one for one in self.book.memory.entries.values() if one.order.kind is order.kind)
        if any(one.order.target == order.target and one.state is OrderState.TAKEN for one in readings):
            await self.book.end(order, "reserved", f"{order.target} is being asked already")
            return
        self.book.say(self._enter(order))
        self._start(group, order, self._read(order))

    def _enter(self, order: Order) -> Entry:
        entry = Entry(order, OrderState.TAKEN, self._clock.now_us())
        self.book.memory.entries[order.id] = entry
        self.book.counts["taken"] += 1
        return entry

    def _start(self, group: asyncio.TaskGroup, order: Order, work: Coroutine[Any, Any, None]) -> None:
        task = group.create_task(self._bounded(order, work), name=f"order {order.id[:8]}")
        self._tasks[order.id] = task
        task.add_done_callback(lambda _: self._tasks.pop(order.id, None))

    async def _bounded(self, order: Order, work: Coroutine[Any, Any, None]) -> None:
        """Do what an order asks for; a fault of ours ends it, not what it may hold."""
        try:
            await work
        except Exception:  # boundary: one odd order must end neither the others nor what is polled
            self.book.counts["faults"] += 1
            log.exception("order %s: a fault of ours", order.id)
            entry = self.book.memory.entries.get(order.id)
            if entry is None or entry.state is OrderState.TAKEN:
                await self.book.end(order, "fault", "a fault of the agent", keep_hold=True)

    async def _read(self, order: Order) -> None:
        try:
            async with asyncio.timeout(self.book.left_s(order)):
                values = await self._readers[order.kind](order)
        except TimeoutError:
            await self.book.end(order, "expired")
            return
        except CampusError as error:
            await self.book.end(order, stopped(error).code, str(error))
            return
        data = json.dumps(values, ensure_ascii=False, allow_nan=False)
        if len(data.encode()) > MAX_DATA:
            await self.book.end(order, "refused", f"the answer has more than {MAX_DATA} bytes")
            return
        await self.book.end(order, "", state=OrderState.DONE, data=data)

    async def _watch(self, group: asyncio.TaskGroup) -> None:
        """Give back what is due, and keep what could not be kept."""
        while True:
            await self._clock.sleep(TICK_S)
            if self.book.unkept:
                await self.book.keep()
            for one in list(self.book.memory.writes()):
                idle = not self.book.is_frozen and one.order.id not in self._tasks
                if idle and (why := self._writing.why_released(one)):
                    self._start(group, one.order, self._writing.release(one, why))
