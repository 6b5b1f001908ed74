"""All capture workers of an agent: who decodes a picture, who reads a stream, and what a lost one means."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from devices.model.codes import CameraLink
from edge_agent.sources.camera.host import Camera
from edge_agent.sources.camera.workers import SHARE, Channel, Worker, WorkerLost
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.packets import Seen
from edge_agent.sources.port import Clock


class Workers:
    """At least `decoders` processes, and one for each `SHARE` streams."""

    def __init__(self, decoders: int, streams: int, clock: Clock, hang_s: float) -> None:
        count = max(decoders, -(-streams // SHARE))
        self._workers = [Worker(str(number), clock, hang_s) for number in range(count)]
        self._alone = asyncio.Lock()
        self._turn = 0

    def health(self) -> dict[str, Any]:
        """State of each worker, by its number."""
        return {worker.name: worker.health() for worker in self._workers}

    async def run(self) -> None:
        """Keep them all running for ever."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.run(), name=f"capture worker {worker.name}")

    async def seen(self, jpeg: bytes, max_pixels: float) -> Seen:
        """Decode a JPEG. One that was under way when its worker ended is tried once more, by itself.

        Raises:
            Garbled: it is none of bearable size.
            NoPicture: it ends whoever decodes it.
        """
        try:
            return await self._next().seen(jpeg, max_pixels)
        except WorkerLost:
            pass  # perhaps through another picture, or a stream
        try:
            async with self._alone:
                return await self._next().seen(jpeg, max_pixels)
        except WorkerLost:
            raise NoPicture(CameraLink.UNDECODABLE, "a picture that ended its decoder twice") from None

    async def shrunk(self, jpeg: bytes, max_pixels: float) -> bytes:
        """Make a JPEG smaller, for people.

        Raises:
            Garbled: it is none of bearable size.
            WorkerLost: no luck this time.
        """
        return await self._next().shrunk(jpeg, max_pixels)

    @asynccontextmanager
    async def reading(self, camera: Camera) -> AsyncIterator[Channel]:
        """Read a camera's stream for the time of an `async with`; a camera keeps to one worker."""
        assert isinstance(camera.target, Order)
        worker = self._workers[camera.row % len(self._workers)]
        async with worker.reading(camera.target, camera.takers) as channel:
            yield channel

    def _next(self) -> Worker:
        self._turn = (self._turn + 1) % len(self._workers)
        return self._workers[self._turn]
