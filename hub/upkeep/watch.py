"""Watches the agents: whoever is away makes its values stale at once, and raises an alert after a while."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Final

from devices.campus.site import Campus
from devices.model.errors import Unreachable
from hub.alerts import silence
from hub.alerts.silence import US_PER_S, Away
from hub.db import Database
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, Bus

_log = logging.getLogger(__name__)

LOOK_S: Final = 1.0


class Watch:
    """Brings the hub's own alerts to what the roster says.

    Args:
        after_s: how long an agent may be away before it is an alert.
    """

    def __init__(
        self, db: Database, campus: Campus, bus: Bus, after_s: float, now_us: Callable[[], int]
    ) -> None:
        self._db = db
        self._campus = campus
        self._bus = bus
        self._after_s = after_s
        self._now_us = now_us
        self._judged: dict[str, tuple[Away, bool]] | None = None

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look now and then, for ever."""
        while True:
            try:
                await self.look()
            except Unreachable as error:
                _log.warning("the agents cannot be judged: %s", error)
            await sleep(LOOK_S)

    async def look(self) -> None:
        """Judge once; the database is written only where something is different.

        Raises:
            Unreachable: the database does not work now.
        """
        now_us = self._now_us()
        agents = {
            agent: Away(gateway.presence is Presence.OFFLINE, gateway.since_us)
            for agent, gateway in (await self._db.read(roster.gateways)).items()
            if gateway.presence is not Presence.NEVER and agent in self._campus.agents
        }
        overdue_us = self._after_s * US_PER_S
        judged = {
            agent: (state, state.away and now_us - state.since_us > overdue_us)
            for agent, state in agents.items()
        }
        if judged == self._judged:
            return
        changed = await self._db.write(
            lambda c: silence.judge(c, self._campus, agents, self._after_s, now_us)
        )
        self._judged = judged
        if changed:
            self._bus.publish(ALERT, changed)
