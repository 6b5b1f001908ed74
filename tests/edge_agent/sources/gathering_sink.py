"""A sink that keeps what it is given and lets a test wait for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import numpy as np

from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import Quality, SampleBatch


class GatheringSink:
    def __init__(self, table: PointTable) -> None:
        self.table = table
        self.batches: list[SampleBatch] = []
        self.pictures: list[FrameBatch] = []
        self._news = asyncio.Event()

    async def samples(self, batch: SampleBatch) -> None:
        self.batches.append(batch)
        self._news.set()

    async def frames(self, batch: FrameBatch) -> None:
        self.pictures.append(batch)
        self._news.set()

    @property
    def all(self) -> SampleBatch:
        return SampleBatch.joined(self.batches)

    def of(self, name: str) -> list[tuple[float, Quality]]:
        """Every value and quality of one point, in order of arrival."""
        batch = self.all
        mine = batch[batch.point == self.table.row[name]]
        return [(float(v), Quality(q)) for v, q in zip(mine.value, mine.quality, strict=True)]

    def times_us(self, name: str) -> np.ndarray:
        batch = self.all
        return batch.time_us[batch.point == self.table.row[name]]

    async def until(self, done: Callable[[], bool], timeout_s: float = 40.0) -> None:
        async with asyncio.timeout(timeout_s):
            while not done():
                self._news.clear()
                await self._news.wait()

    async def until_count(
        self, name: str, count: int, timeout_s: float = 40.0
    ) -> list[tuple[float, Quality]]:
        await self.until(lambda: len(self.of(name)) >= count, timeout_s)
        return self.of(name)
