"""A store in front of the real one that can be slow, broken, or picky."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence

from devices.model.errors import CampusError, Garbled
from devices.wire.messages import Lane
from hub.series.port import Aggregate, Entry, Reading, Rows, SeriesStore, Size, Steps


class Trouble:
    """Passes everything on, unless told otherwise.

    down:   raised by every write, and nothing is written.
    slow_s: how long each write takes beside.
    hates:  a point that it can never store.
    writes: how many entries each write had.
    """

    resolution_us = 1

    def __init__(self, store: SeriesStore) -> None:
        self.down: CampusError | None = None
        self.slow_s = 0.0
        self.hates = ""
        self.writes: list[int] = []
        self._store = store

    async def write(self, entries: Sequence[Entry]) -> list[bool]:
        await asyncio.sleep(self.slow_s)
        if self.down is not None:
            raise type(self.down)(str(self.down))
        if any(self.hates in entry.names for entry in entries):
            raise Garbled(f"{self.hates} cannot be stored")
        new = await self._store.write(entries)
        self.writes.append(len(entries))
        return new

    async def read(
        self, points: Sequence[str], from_us: int, to_us: int, step_s: float, aggregate: Aggregate
    ) -> Steps:
        return await self._store.read(points, from_us, to_us, step_s, aggregate)

    async def raw(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        return await self._store.raw(points, from_us, to_us, limit)

    async def history(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        return await self._store.history(points, from_us, to_us, limit)

    async def latest(self, points: Sequence[str] | None = None) -> Mapping[str, Reading]:
        return await self._store.latest(points)

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        return await self._store.last_seq(agent, epoch, lane)

    async def drop_before(self, time_us: int) -> None:
        await self._store.drop_before(time_us)

    async def size(self) -> Size:
        return await self._store.size()
