"""The sessions of one host, given to whoever matters most, and then to who came first."""

from __future__ import annotations

import asyncio
import heapq
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from enum import IntEnum


class Rank(IntEnum):
    """Who goes before whom."""

    SUSPECT = 0
    CRITICAL = 1
    NORMAL = 2


class Turns:
    """At most `sessions` at once; unlike a semaphore, the next one is chosen by rank."""

    def __init__(self, sessions: int) -> None:
        self._free = sessions
        self._waiting: list[tuple[Rank, int, asyncio.Future[None]]] = []
        self._number = itertools.count()

    @asynccontextmanager
    async def turn(self, rank: Rank) -> AsyncIterator[None]:
        """Hold one session for the time of an `async with`."""
        await self._taken(rank)
        try:
            yield
        finally:
            self._give()

    async def _taken(self, rank: Rank) -> None:
        if self._free:
            self._free -= 1
            return
        place: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._waiting, (rank, next(self._number), place))
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self._give()  # it was ours already
            raise

    def _give(self) -> None:
        while self._waiting:
            place = heapq.heappop(self._waiting)[2]
            if not place.done():
                place.set_result(None)
                return
        self._free += 1
