"""Stored readings in pieces of bounded size, the next one read while the one before is judged."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from devices.model.samples import SampleBatch
from edge_agent.detect.backtest.held import newest
from hub.series.port import SeriesStore

#: So many samples are judged at once; twice as many are in memory while the next piece is read.
ROWS: Final = 400_000
FIRST_US: Final = 3_600_000_000
DAY_US: Final = 86_400_000_000
#: A span that holds more than two pieces is never read in smaller steps than this.
LEAST_US: Final = 1000


@dataclass(frozen=True, slots=True)
class Piece:
    """Samples up to `until_us`, in any order; `point` counts in the points that were asked for."""

    batch: SampleBatch
    until_us: int


@dataclass(slots=True)
class History:
    """Stored readings of some points from a moment on.

    Attributes:
        held_us: the last reading before that moment is looked for so far back.
        read_s: how long the store took, in all.
    """

    series: SeriesStore
    points: Sequence[str]
    held_us: int
    from_us: int
    to_us: int
    rows: int = ROWS
    read_s: float = 0.0
    _wide_us: int = field(default=FIRST_US, init=False)

    async def pieces(self) -> AsyncGenerator[Piece, None]:
        """What was held at the beginning, then everything in the order of time."""
        yield Piece(await self._held(), self.from_us - 1)
        begin_us = self.from_us
        reading: asyncio.Task[tuple[SampleBatch, int]] | None = None
        try:
            while begin_us < self.to_us:
                if reading is None:
                    reading = asyncio.create_task(self._piece(begin_us), name="backtest-reading")
                batch, begin_us = await reading
                reading = None
                if begin_us < self.to_us:
                    reading = asyncio.create_task(self._piece(begin_us), name="backtest-reading")
                yield Piece(batch, begin_us - 1)
        finally:
            if reading is not None:
                reading.cancel()
                await asyncio.wait([reading])

    async def _piece(self, begin_us: int) -> tuple[SampleBatch, int]:
        """One piece from a moment on, and the moment after it; how long it is follows from how full the last was."""
        while True:
            end_us = min(begin_us + self._wide_us, self.to_us)
            batch, whole = await self._read(self.points, begin_us, end_us)
            if whole:
                break
            self._wide_us = max(LEAST_US, self._wide_us // 4)
        share = max(len(batch) / self.rows, 1 / 4)
        self._wide_us = min(max(LEAST_US, round((end_us - begin_us) * 0.8 / share)), DAY_US)
        return batch, end_us

    async def _read(self, points: Sequence[str], begin_us: int, end_us: int) -> tuple[SampleBatch, bool]:
        began = time.perf_counter()
        # A span that cannot be made any shorter is taken whole, however much it holds.
        limit = 2 * self.rows if end_us - begin_us > LEAST_US else 1 << 40
        found = await self.series.history(points, begin_us, end_us, limit)
        self.read_s += time.perf_counter() - began
        return found.batch, not found.truncated

    async def _held(self) -> SampleBatch:
        """The last good reading of each point before the beginning, as far as it was not too long ago."""
        missing = np.arange(len(self.points), dtype=np.int32)
        end_us, wide_us = self.from_us, FIRST_US
        held: list[SampleBatch] = []
        while len(missing) and end_us > self.held_us:
            begin_us = max(self.held_us, end_us - wide_us)
            batch, whole = await self._read(
                [self.points[place] for place in missing.tolist()], begin_us, end_us
            )
            if not whole:
                wide_us = max(LEAST_US, wide_us // 4)
                continue
            last = newest(batch)
            held.append(SampleBatch(missing[last.point], last.time_us, last.value, last.quality))
            missing = np.delete(missing, last.point)
            end_us, wide_us = begin_us, min(wide_us * 4, DAY_US)
        return SampleBatch.joined(held)
