"""Which records a server of time series has already: kept in the hub's database, for such a server keeps none.

The entry is made after the samples are stored. If the hub dies between the two, the record comes again and is
written over itself, which changes nothing: a server holds one value for each point and time.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import Protocol

from sqlalchemy import Connection, func, insert, select

from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.db import Database
from hub.db.tables import ledger
from hub.series.port import Entry


def wall_us() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


class Ledger(Protocol):
    """Remembers stamps."""

    async def known(self, stamps: Collection[Stamp]) -> set[Stamp]:
        """Those that have been entered."""

    async def enter(self, stamps: Collection[Stamp]) -> None:
        """Remember these; doing it again changes nothing."""

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number entered of an agent's lane; 0 if none was."""


class DatabaseLedger:
    """The ledger in the hub's database, beside the one of the alerts."""

    def __init__(self, database: Database, now_us: Callable[[], int] = wall_us) -> None:
        self._database = database
        self._now_us = now_us

    async def known(self, stamps: Collection[Stamp]) -> set[Stamp]:
        """Those that have been entered."""
        return await self._database.read(lambda connection: _known(connection, stamps))

    async def enter(self, stamps: Collection[Stamp]) -> None:
        """Remember these."""
        now_us = self._now_us()

        def work(connection: Connection) -> None:
            missing = set(stamps) - _known(connection, stamps)
            if missing:
                connection.execute(
                    insert(ledger), [{**_place(one), "received_us": now_us} for one in missing]
                )

        if stamps:
            await self._database.write(work)

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number entered."""
        return await self._database.read(lambda connection: last_seq(connection, agent, epoch, lane))


def last_seq(connection: Connection, agent: str, epoch: int, lane: Lane) -> int:
    """The highest number of an agent's lane in the ledger; 0 if there is none."""
    place = (ledger.c.agent == agent, ledger.c.epoch == epoch, ledger.c.lane == str(lane))
    return connection.execute(select(func.max(ledger.c.seq)).where(*place)).scalar_one() or 0


def _known(connection: Connection, stamps: Collection[Stamp]) -> set[Stamp]:
    entered = select(ledger.c.seq)
    return {
        stamp
        for stamp in stamps
        if connection.execute(entered.filter_by(**_place(stamp))).first() is not None
    }


def _place(stamp: Stamp) -> dict[str, object]:
    return {"agent": stamp.agent, "epoch": stamp.epoch, "lane": str(stamp.lane), "seq": stamp.seq}


async def write_once(
    ledger: Ledger, entries: Sequence[Entry], store: Callable[[list[Entry]], Awaitable[None]]
) -> list[bool]:
    """Store the entries whose stamp is not known, then remember it; returns which were new."""
    seen = await ledger.known({entry.stamp for entry in entries if entry.stamp is not None})
    new: list[bool] = []
    for entry in entries:
        new.append(entry.stamp is None or entry.stamp not in seen)
        if entry.stamp is not None:
            seen.add(entry.stamp)
    fresh = [entry for entry, is_new in zip(entries, new, strict=True) if is_new]
    if fresh:
        await store(fresh)
    await ledger.enter({entry.stamp for entry in fresh if entry.stamp is not None})
    return new
