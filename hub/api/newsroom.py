"""Fills the feed of the open pages: alerts and gateways as they change, values and status by the second."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, Final

from devices.model.errors import Unreachable
from hub.alerts import board
from hub.alerts.record import Record
from hub.api.alert_card import card
from hub.api.gateways import gateway_row
from hub.api.ports import Ports
from hub.api.published import rollout
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, GATEWAY, ROLLOUT, RULES, Subscription

TICK_S: Final = 1.0
#: Without any news the status is told so often all the same: a page can see that it is not cut off.
STATUS_TICKS: Final = 5


class Newsroom:
    """Fills the feed for as long as `run` runs."""

    def __init__(self, ports: Ports, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self._ports = ports
        self._sleep = sleep
        self._stirred = True  # something changed that the status counts
        self._ticks = 0

    async def run(self) -> None:
        """Listen and tell, until cancelled."""
        with self._ports.bus.subscribe(ALERT, GATEWAY, RULES, ROLLOUT) as news:
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
            records: dict[str, Record] = {}
            agents: set[str] = set()
            rules = False
            for topic, value in (first, *news.take()):
                if topic == ALERT:
                    records |= {record.id: record for record in value}
                elif topic == GATEWAY:
                    agents.add(value)
                else:
                    rules = True
            for record in records.values():
                self._ports.feed.add("alert", card(record, self._ports.campus))
            self._stirred = True
            with suppress(Unreachable):  # the pages are told when the row changes next
                await self._tell_gateways(agents)
                if rules:
                    self._ports.feed.add("rules", await rollout(self._ports))

    async def _tell_gateways(self, agents: set[str]) -> None:
        if not agents:
            return
        known = await self._ports.db.read(roster.gateways)
        for agent in sorted(agents):
            self._ports.feed.add("gateway", gateway_row(self._ports, agent, known.get(agent)))

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
