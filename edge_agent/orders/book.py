"""The agent's book of orders: what it remembers, when it is, and what it has to tell the hub."""

from __future__ import annotations

import asyncio
import datetime as dt
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, Final, Protocol
from zoneinfo import ZoneInfo

from devices.wire.orders import MAX_WORDS, Freeze, Order, OrderState, Outcome
from edge_agent.errors import NotStored
from edge_agent.orders.carrying import Clock
from edge_agent.orders.memory import STATE, Entry, Memory, unpacked
from edge_agent.orders.settings import OrderSettings

log = logging.getLogger(__name__)
US_PER_S: Final = 1_000_000
#: Which end a reason means; any other is a failure.
ENDS: Final = {"expired": OrderState.EXPIRED, "cancelled": OrderState.CANCELLED}
COUNTS: Final = ("taken", "written", "verified", "failed", "released", "not_kept", "faults")


class Store(Protocol):
    """What orders need of the outbox."""

    async def save_state(self, name: str, data: bytes) -> None:
        """Keep durably, or raise NotStored."""


class Hub(Protocol):
    """What orders need to know of the connection."""

    @property
    def clock_offset_s(self) -> float | None:
        """The hub's clock minus ours; None where nothing recent says."""

    @property
    def silent_s(self) -> float:
        """How long nothing was heard of the hub."""


class Book:
    """Entries, kept on disk at each change.

    Attributes:
        hub: how the connection is; set once it is there.
        told: hears that what the agent says of its orders has changed.
        outbound: outcomes that the hub has not been told; `said` is set when there is one.
    """

    def __init__(self, settings: OrderSettings, zone: ZoneInfo, store: Store, clock: Clock) -> None:
        self.hub: Hub | None = None
        self.memory = Memory()
        self.outbound: deque[Outcome] = deque()
        self.said = asyncio.Event()
        self.told: Callable[[], None] = lambda: None
        self.counts = dict.fromkeys(COUNTS, 0)
        self.unkept = False
        self._settings = settings
        self._zone = zone
        self._store = store
        self._clock = clock
        self._deadlines: dict[str, float] = {}
        self._holds: dict[str, float] = {}

    def recall(self, saved: bytes | None) -> None:
        """Take over what was saved. A clock that was set back makes nothing held for longer than was ordered."""
        self.memory = unpacked(saved) or Memory()
        for one in list(self.memory.writes()):
            if one.until_us is not None:
                self.hold(one, one.until_us)

    def about(self) -> dict[str, Any]:
        """What the agent says of its orders."""
        entries, freeze = list(self.memory.writes()), self.memory.freeze
        return {
            "enabled": self._settings.enabled,
            "frozen_here": self._settings.frozen,
            "freeze": {"number": freeze.number, "frozen": freeze.frozen},
            "open": sum(one.state is OrderState.TAKEN for one in entries),
            "holding": sum(one.until_us is not None for one in entries),
            "per_day": self._settings.per_day,
            **self.counts,
        }

    # --- acts

    async def freeze(self, freeze: Freeze) -> None:
        """Take the hub's word about freezing, unless it is an old one."""
        if freeze.number <= self.memory.freeze.number:
            return
        self.memory.freeze = freeze
        log.warning("writing is %s by the hub", "frozen" if freeze.frozen else "free again")
        await self.keep()
        self.told()

    def hold(self, entry: Entry, until_us: int) -> None:
        """Give back what this order has set, at that time at the latest."""
        hold_s = float(entry.order.args.get("hold_s") or 0.0)
        left_s = min((until_us - self._clock.now_us()) / US_PER_S, hold_s)
        self._holds[entry.order.id] = self._clock.monotonic() + left_s
        self.memory.change(entry.order.id, until_us=until_us)

    def hold_on(self, entry: Entry, least_s: float) -> None:
        """Look after what is held for at least so long from now."""
        if entry.until_us is None:
            return
        end_s = self._clock.monotonic() + least_s
        self._holds[entry.order.id] = max(self._holds.get(entry.order.id, 0.0), end_s)
        end_us = self._clock.now_us() + round(least_s * US_PER_S)
        self.memory.change(entry.order.id, until_us=max(entry.until_us, end_us))

    def is_over(self, entry: Entry) -> bool:
        """Whether the time for which something is held is over, by either clock."""
        if entry.until_us is None:
            return False
        end_s = self._holds.get(entry.order.id, 0.0)
        return entry.until_us <= self._clock.now_us() or end_s <= self._clock.monotonic()

    async def end(
        self,
        order: Order,
        code: str,
        text: str = "",
        *,
        state: OrderState | None = None,
        after: float | None = None,
        data: str = "",
        keep_hold: bool = False,
    ) -> None:
        """Note the end of an order, and tell it."""
        ended = state or ENDS.get(code, OrderState.FAILED)
        known = self.memory.entries.setdefault(order.id, Entry(order, ended, 0))
        was_cancelled = keep_hold and known.code == "cancelled"
        entry = self.memory.change(
            order.id,
            state=ended,
            time_us=self._clock.now_us(),
            code=known.code if was_cancelled else code,
            text=text[:MAX_WORDS],
            after=known.after if after is None else after,
            data=data,
            until_us=known.until_us if keep_hold else None,
        )
        self._deadlines.pop(order.id, None)
        for name in (OrderState.VERIFIED, OrderState.FAILED):
            self.counts[str(name)] += ended is name
        await self.keep()
        self.say(entry)

    async def keep(self) -> bool:
        """Bring the memory to disk; False where that fails, then it is tried again."""
        try:
            await self._store.save_state(STATE, self.memory.packed())
        except NotStored as error:
            self.counts["not_kept"] += 1
            log.warning("orders cannot be kept yet: %s", error)
            self.unkept = True
            return False
        self.unkept = False
        return True

    def say(self, entry: Entry) -> None:
        """Tell the hub how far an order is."""
        self.outbound.append(entry.outcome)
        self.said.set()

    # --- time

    def hub_us(self) -> int | None:
        """The hub's clock, as far as it is known."""
        offset_s = None if self.hub is None else self.hub.clock_offset_s
        return None if offset_s is None else self._clock.now_us() + round(offset_s * US_PER_S)

    def begin_life(self, order: Order, hub_us: int) -> None:
        """From now on its life is measured here as well, whatever becomes of the clocks."""
        self._deadlines[order.id] = self._clock.monotonic() + (order.expires_us - hub_us) / US_PER_S

    def left_s(self, order: Order) -> float:
        """How long an order may still be begun: by our own measure, and by the hub's clock."""
        left_s = self._deadlines.get(order.id, 0.0) - self._clock.monotonic()
        hub_us = self.hub_us()
        return left_s if hub_us is None else min(left_s, (order.expires_us - hub_us) / US_PER_S)

    def today(self) -> str:
        """The day on the campus, by the hub's clock where it is known."""
        hub_us = self.hub_us()
        now_us = self._clock.now_us() if hub_us is None else hub_us
        return dt.datetime.fromtimestamp(now_us / US_PER_S, self._zone).date().isoformat()

    @property
    def is_frozen(self) -> bool:
        """Whether nothing may be written just now."""
        return self._settings.frozen or self.memory.freeze.frozen

    @property
    def is_hub_silent(self) -> bool:
        """Whether what is held has to be given back, since nobody may be there any more to end it."""
        return self.hub is not None and self.hub.silent_s > self._settings.hub_silent_s
