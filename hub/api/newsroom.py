"""Fills the feed of the open pages: alerts and gateways as they change, values and status by the second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, Final, Self

from devices.model.errors import Unreachable
from hub.alerts import board
from hub.alerts.record import Record
from hub.api.alert_card import card
from hub.api.gateways import gateway_row
from hub.api.ordered import ability, order_shown
from hub.api.ports import Ports
from hub.api.published import rollout
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, GATEWAY, ORDER, ORDERS, ROLLOUT, RULES, Subscription
from hub.orders.record import Record as Order

TICK_S: Final = 1.0
#: Without any news the status is told so often all the same: a page can see that it is not cut off.
STATUS_TICKS: Final = 5


@dataclass(slots=True)
class _Heard:
    """News of one turn, each thing once."""

    records: dict[str, Record] = field(default_factory=dict)
    orders: dict[str, Order] = field(default_factory=dict)
    agents: set[str] = field(default_factory=set)
    rules: bool = False
    frozen: bool = False

    @classmethod
    def of(cls, news: Iterable[tuple[str, Any]]) -> Self:
        heard = cls()
        for topic, value in news:
            if topic == ALERT:
                heard.records |= {record.id: record for record in value}
            elif topic == ORDER:
                heard.orders |= {order.id: order for order in value}
            elif topic == GATEWAY:
                heard.agents.add(value)
            else:
                heard.frozen |= topic == ORDERS
                heard.rules |= topic != ORDERS
        return heard


class Newsroom:
    """Fills the feed for as long as `run` runs."""

    def __init__(self, ports: Ports, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._ports = ports
        self._sleep = sleep
        self._stirred = True  # something changed that the status counts
        self._ticks = 0
        self._able: dict[str, Any] = {}  # what was last told of what may be written

    async def run(self) -> None:
        """Listen and tell, until cancelled."""
        with self._ports.bus.subscribe(ALERT, GATEWAY, RULES, ROLLOUT, ORDER, ORDERS) as news:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._tell(news), name="feed-news")
                group.create_task(self._tick(), name="feed-tick")

    async def _tell(self, news: Subscription) -> None:
        lost = 0
        while True:
            first = await news.next()
            if news.lost != lost:
                lost = news.lost
                self._ports.feed.start_anew()
            heard = _Heard.of((first, *news.take()))
            for record in heard.records.values():
                self._ports.feed.add("alert", card(record, self._ports.campus))
            for order in heard.orders.values():
                self._ports.feed.add("order", order_shown(order, self._ports.campus))
            self._stirred = True
            with suppress(Unreachable):  # the pages are told when the row changes next
                await self._tell_gateways(heard.agents)
                if heard.rules:
                    self._ports.feed.add("rules", await rollout(self._ports))
                if heard.agents or heard.frozen:
                    await self._tell_ability()

    async def _tell_gateways(self, agents: set[str]) -> None:
        if not agents:
            return
        known = await self._ports.db.read(roster.gateways)
        for agent in sorted(agents):
            self._ports.feed.add("gateway", gateway_row(self._ports, agent, known.get(agent)))

    async def _tell_ability(self) -> None:
        """Whether anything may be written, where that is news."""
        able = await ability(self._ports)
        if {**able, "now_us": 0} != self._able:
            self._able = {**able, "now_us": 0}
            self._ports.feed.add("orders", able)

    async def _tick(self) -> None:
        while True:
            self._ports.feed.tell_values()
            self._ticks += 1
            if self._stirred or self._ticks >= STATUS_TICKS:
                self._ticks = 0
                with suppress(Unreachable):  # no status is a status too: the pages see it grow old
                    self._ports.feed.add("status", await status(self._ports))
                    self._stirred = False
            await self._sleep(TICK_S)


async def status(ports: Ports) -> dict[str, Any]:
    """What the status line of every page shows."""
    counts, known = await ports.db.read(lambda c: (board.counts(c), roster.gateways(c)))
    here = {agent for agent, gateway in known.items() if gateway.presence is Presence.ONLINE}
    return {
        "now_us": ports.now_us(),
        "counts": counts,
        "lag_s": ports.ingest().get("lag_s", 0.0),
        "muted": 0,
        "agents": len(ports.campus.agents),
        "agents_offline": sum(agent not in here for agent in ports.campus.agents),
    }
