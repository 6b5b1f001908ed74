"""Between the many links of a source and the one sink: bounded, in order, joined while the sink is busy."""

from __future__ import annotations

import asyncio
from typing import Final

from devices.model.samples import SampleBatch
from edge_agent.sources.port import Sink

#: Samples that may wait here; then the links wait.
ROOM: Final = 20_000


class Outlet:
    """Carries samples to the sink without making a link wait for each delivery.

    While the sink is busy (a commit to disk, say), what arrives is joined, so that a slow moment costs one
    large delivery afterwards and not many small ones. When `room` samples wait, `put` waits as well.
    """

    def __init__(self, sink: Sink, room: int = ROOM) -> None:
        self._sink = sink
        self._room = room
        self._waiting: list[SampleBatch] = []
        self._count = 0
        self._filled = asyncio.Event()
        self._emptied = asyncio.Event()

    @property
    def waiting(self) -> int:
        """Samples that the sink has not been given yet."""
        return self._count

    async def put(self, batch: SampleBatch) -> None:
        """Hand over samples; waits only while too many wait already."""
        while self._count >= self._room:
            self._emptied.clear()
            await self._emptied.wait()
        self._waiting.append(batch)
        self._count += len(batch)
        self._filled.set()

    async def run(self) -> None:
        """Deliver for ever."""
        while True:
            await self._filled.wait()
            await self._sink.samples(self._taken())

    def _taken(self) -> SampleBatch:
        waiting, self._waiting, self._count = self._waiting, [], 0
        self._filled.clear()
        self._emptied.set()
        return waiting[0] if len(waiting) == 1 else SampleBatch.joined(waiting)
