"""Orders to write: carried out once, looked at afterwards, given back when their time is over."""

from __future__ import annotations

import logging
from typing import Final

from devices.campus.site import Campus
from devices.model.errors import CampusError
from devices.wire.orders import Order, OrderState
from edge_agent.orders.allowed import No, Task, task_of
from edge_agent.orders.book import US_PER_S, Book
from edge_agent.orders.carrying import Carrier, Clock, Stop, stopped
from edge_agent.orders.memory import Entry
from edge_agent.orders.settings import OrderSettings

log = logging.getLogger(__name__)
#: A device that could not be given back what it had is tried again so soon, and written so often at most.
AGAIN_S: Final = 30.0
MOST_TRIES: Final = 5
MOST_ENTRIES: Final = 2000
#: What a device has not taken in its time is looked for so many times as long, and as long as it was to be held.
LATE_SETTLES: Final = 10


class Writing:
    """What writes.

    Args:
        campus: the agent's own site file; what it says of a device counts, not what the hub says.
    """

    def __init__(
        self, campus: Campus, agent: str, settings: OrderSettings, book: Book, carrier: Carrier, clock: Clock
    ) -> None:
        self._campus = campus
        self._agent = agent
        self._settings = settings
        self._book = book
        self._carrier = carrier
        self._clock = clock
        self._again_s: dict[str, float] = {}

    def task(self, order: Order) -> Task | No:
        """What to do, or why not, as far as can be said before the device is asked."""
        task = task_of(order, self._campus, self._agent, self._settings)
        memory = self._book.memory
        if isinstance(task, No):
            return task
        holder = memory.open_of(order.target)
        refusals = (
            (self._book.is_frozen, "frozen", "writing is frozen"),
            (holder is not None, "reserved", f"another order holds {order.target}"),
            (
                memory.count(order.target, self._book.today()) >= self._settings.per_day,
                "too-many",
                f"{self._settings.per_day} writes to {order.target} on a day are enough",
            ),
            (len(memory.entries) >= MOST_ENTRIES, "too-many", "too many orders at once"),
        )
        return next((No(code, text) for holds, code, text in refusals if holds), task)

    async def carry(self, order: Order, task: Task) -> None:
        """Carry out an order that nothing was written for yet."""
        book = self._book
        try:
            before = await self._carrier.looked(task)
            book.memory.change(order.id, before=before)
            self._may_go(order)
            if task.spot.same(before, task.value):
                await book.end(order, "already", "it is so already", state=OrderState.VERIFIED, after=before)
                return
            await self._begin(order, task)
            trouble = await self._carrier.write(
                task, task.value, lambda: self._may_go(order), lambda: max(0.0, book.left_s(order))
            )
        except CampusError as error:  # nothing went out
            if book.memory.entries[order.id].state is OrderState.TAKEN:
                why = stopped(error)
                await book.end(order, why.code, str(why))
            return
        book.counts["written"] += 1
        await self._verify(order, task, trouble)

    async def go_on(self, entry: Entry) -> None:
        """The process before this one ended in the middle: look what became of it, and write nothing."""
        task = self._written(entry.order)
        if isinstance(task, No) or not entry.begun:
            await self._book.end(entry.order, "interrupted", "the agent was started anew")
            return
        await self._verify(entry.order, task, "the agent was started anew meanwhile")

    def why_released(self, entry: Entry) -> str:
        """Why what an order holds is to be given back now; "" if it is not."""
        if entry.until_us is None or self._again_s.get(entry.order.id, 0.0) > self._clock.monotonic():
            return ""
        if self._book.is_over(entry):
            return "cancelled" if entry.code == "cancelled" else "over"
        if entry.state is OrderState.FAILED:  # perhaps it takes it late
            return "not-verified"
        return "hub-silent" if self._book.is_hub_silent else ""

    async def release(self, entry: Entry, why: str) -> None:
        """Give back what is held, unless somebody has changed it meanwhile."""
        order, book = entry.order, self._book
        self._again_s[order.id] = self._clock.monotonic() + AGAIN_S
        task = self._written(order)
        if isinstance(task, No):
            await self._end_release(order, "not-released", task.text, None)
            return
        if entry.before is None:
            await self._end_release(order, "not-released", "what it was before is not known", None)
            return
        try:
            now = await self._carrier.value(task, task.spot)
            if not task.spot.same(now, task.value):
                if entry.state is OrderState.FAILED and not book.is_over(entry):
                    return  # never seen to work: looked at again, as long as it may still come
                await self._end_release(order, "left-alone", "it was changed meanwhile", now)
                return
            book.memory.change(order.id, tries=entry.tries + 1)
            await book.keep()
            await self._carrier.write(task, entry.before, self._not_frozen, lambda: AGAIN_S)
            after = await self._carrier.settled(task, entry.before)
        except Stop:  # nothing went out: no try
            book.memory.change(order.id, tries=entry.tries)
            return
        except CampusError as error:
            log.warning("%s cannot be given back yet: %s", order.target, error)
        else:
            if after is not None and task.back.same(after, entry.before):
                await self._end_release(order, why, "", after)
                return
        if book.memory.entries[order.id].tries >= MOST_TRIES:
            await self._end_release(order, "not-released", "it does not take back what it had", None)

    def _written(self, order: Order) -> Task | No:
        """The task of an order whose write may have gone out: whatever is allowed by now."""
        return task_of(order, self._campus, self._agent, None)

    async def _begin(self, order: Order, task: Task) -> None:
        """Write down that the write goes out from here on, and until when it holds."""
        book = self._book
        entry = book.memory.change(order.id, begun=True)
        if task.hold_s is not None:
            book.hold(entry, self._clock.now_us() + round(task.hold_s * US_PER_S))
        book.memory.add_to_day(order.target, book.today())
        if not await book.keep():
            book.memory.change(order.id, begun=False, until_us=None)
            raise Stop("not-kept", "the disk takes nothing, and without it nothing is written")

    async def _verify(self, order: Order, task: Task, trouble: str) -> None:
        book = self._book
        after = await self._carrier.settled(task, task.value)
        if after is not None and task.back.same(after, task.value):
            await book.end(order, "", trouble, state=OrderState.VERIFIED, after=after, keep_hold=True)
            return
        code = "no-answer" if after is None else "not-verified"
        text = trouble or ("it does not answer" if after is None else "it shows another value")
        entry = book.memory.entries[order.id]
        if entry.code != "cancelled":  # perhaps it is set, or will be: looked after from now on
            book.hold_on(entry, LATE_SETTLES * task.writable.settle_s)
        await book.end(order, code, text, state=OrderState.FAILED, after=after, keep_hold=True)

    def _may_go(self, order: Order) -> None:
        """The last look before a write.

        Raises:
            Stop: it must not go out.
        """
        entry = self._book.memory.entries[order.id]
        if entry.state is not OrderState.TAKEN or entry.code == "cancelled":
            raise Stop("cancelled", "it was cancelled")
        self._not_frozen()
        if self._book.left_s(order) <= 0:
            raise Stop("expired", "its time is over")

    def _not_frozen(self) -> None:
        if self._book.is_frozen:
            raise Stop("frozen", "writing is frozen")

    async def _end_release(self, order: Order, code: str, text: str, after: float | None) -> None:
        book = self._book
        self._again_s.pop(order.id, None)
        is_given_back = code != "not-released"
        book.counts["released"] += is_given_back
        if book.memory.entries[order.id].state is not OrderState.VERIFIED:  # it failed, and was looked after
            book.memory.change(order.id, until_us=None)
            await book.keep()
            return
        state = OrderState.RELEASED if is_given_back else OrderState.FAILED
        await book.end(order, code, text, state=state, after=after)
