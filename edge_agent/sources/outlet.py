"""Between the many links of a source and the one sink: bounded, in order, joined while the sink is busy."""

from __future__ import annotations

import asyncio
from typing import Final

from devices.model.samples import SampleBatch
from edge_agent.sources.port import Sink

#: Samples that may wait here; then the links wait.
ROOM: Final = 20_000
#: Deliveries under way at once. A sink that gathers before it commits then sees each batch as soon as it comes.
CARRIERS: Final = 8


class Outlet:
    """Carries samples to the sink without making a link wait for each delivery.

    While all carriers wait for the sink (for a commit to disk, say), what arrives is joined, so that a slow
    moment costs one large delivery afterwards and not many small ones. When `room` samples wait, `put` waits.
    """

    def __init__(self, sink: Sink, room: int = ROOM, carriers: int = CARRIERS) -> None:
        self._sink = sink
        self._room = room
        self._carriers = carriers
        self._waiting: asyncio.Queue[SampleBatch] = asyncio.Queue()
        self._count = 0
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
        self._waiting.put_nowait(batch)
        self._count += len(batch)

    async def run(self) -> None:
        """Deliver for ever."""
        async with asyncio.TaskGroup() as group:
            for number in range(self._carriers):
                group.create_task(self._carry(), name=f"carrier {number}")

    async def _carry(self) -> None:
        while True:
            first = await self._waiting.get()
            await self._sink.samples(self._joined(first))

    def _joined(self, first: SampleBatch) -> SampleBatch:
        if self._waiting.empty():
            self._given(len(first))
            return first
        batches = [first]
        while not self._waiting.empty():
            batches.append(self._waiting.get_nowait())
        joined = SampleBatch.joined(batches)
        self._given(len(joined))
        return joined

    def _given(self, count: int) -> None:
        self._count -= count
        self._emptied.set()
