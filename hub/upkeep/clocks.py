"""Watches the clocks of the agents: one that is far off the hub's raises an alert, since its times are wrong."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from sqlalchemy import Connection

from devices.campus.site import Campus
from devices.model.alerts import EventKind
from hub.alerts import board, store
from hub.alerts.own_rules import AGENT_CLOCK
from hub.alerts.record import Record
from hub.alerts.silence import own_event
from hub.db import Database
from hub.db.rounds import rounds
from hub.live.bus import ALERT, Bus

_log = logging.getLogger(__name__)

LOOK_S: Final = 10.0
#: A clock is right again below this share of the limit.
BACK: Final = 0.5


class Clocks:
    """Brings the hub's own alerts to what was measured.

    Args:
        limit_s: further off is an alert.
        offsets: seconds each agent is ahead of the hub; None where nothing recent says, which changes nothing.
    """

    def __init__(
        self,
        db: Database,
        campus: Campus,
        bus: Bus,
        limit_s: float,
        now_us: Callable[[], int],
        offsets: Callable[[], Mapping[str, float | None]],
    ) -> None:
        self._db = db
        self._campus = campus
        self._bus = bus
        self._limit_s = limit_s
        self._now_us = now_us
        self._offsets = offsets

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Look now and then, for ever."""
        await rounds(self.look, LOOK_S, "the clocks cannot be judged", _log, sleep)

    async def look(self) -> None:
        """Judge once; the database is written only where something is different.

        Raises:
            Unreachable: the database does not work now.
        """
        known = {a: s for a, s in self._offsets().items() if s is not None and a in self._campus.agents}
        raised = {
            one.device: one for one in await self._db.read(lambda c: board.active_of(c, rule=AGENT_CLOCK.id))
        }
        off = {a: s for a, s in known.items() if abs(s) > self._limit_s and a not in raised}
        right = {a: s for a, s in known.items() if abs(s) < BACK * self._limit_s and a in raised}
        if off or right:
            changed = await self._db.write(lambda c: self._judged(c, off, right, raised))
            self._bus.publish(ALERT, changed)

    def _judged(
        self,
        connection: Connection,
        off: Mapping[str, float],
        right: Mapping[str, float],
        raised: Mapping[str, Record],
    ) -> list[Record]:
        now_us, limit_s = self._now_us(), self._limit_s
        events = [
            own_event(AGENT_CLOCK, self._campus, agent, EventKind.RAISE, now_us, now_us, offset_s, limit_s)
            for agent, offset_s in off.items()
        ]
        events += [
            own_event(
                *(AGENT_CLOCK, self._campus, agent, EventKind.CLEAR, raised[agent].start_us),
                *(now_us, offset_s, limit_s),
            )
            for agent, offset_s in right.items()
        ]
        return store.apply_events(connection, events, store.HUB, None, now_us).changed
