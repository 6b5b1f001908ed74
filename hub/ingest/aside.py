"""Setting messages aside, with the reason, so that a person can see what came."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import Connection

from hub.db import Database
from hub.gateways.quarantine import set_aside


@dataclass(frozen=True, slots=True)
class Aside:
    """One message, or the part of one, that was not stored."""

    agent: str
    topic: str
    reason: str
    payload: bytes


class Quarantine:
    """Where they go; counts them."""

    def __init__(self, database: Database) -> None:
        self.count = 0
        self._database = database

    async def keep(self, asides: list[Aside], now_us: int) -> None:
        """Store them all.

        Raises:
            Unreachable: the database does not work now.
        """
        if not asides:
            return

        def work(connection: Connection) -> None:
            for aside in asides:
                set_aside(connection, aside.agent, aside.topic, aside.reason, aside.payload, now_us)

        await self._database.write(work)
        self.count += len(asides)
