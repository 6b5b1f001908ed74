"""Planted: the hub acknowledges samples a moment before it commits them."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from hub.ingest.samples import SamplesWorker
from hub.series.port import Entry

write = SamplesWorker._write
LATE_S = 1.0
under_way = set()


async def later(self: SamplesWorker, entries: Sequence[Entry]) -> list[bool]:
    async def commit() -> None:
        await asyncio.sleep(LATE_S)
        await write(self, entries)

    task = asyncio.create_task(commit())
    under_way.add(task)
    task.add_done_callback(under_way.discard)
    return [True] * len(entries)


SamplesWorker._write = later
