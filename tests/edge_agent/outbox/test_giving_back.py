"""A large backlog that was delivered: its space goes back to the disk bit by bit, and nobody waits for that."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

import pytest

from devices.wire.messages import Lane
from edge_agent.outbox import Outbox, OutboxSettings
from tests.edge_agent.outbox.numbered import numbered

RECORDS = 6000
SIZE = 10_000
LONGEST_WAIT_S = 10.0


@pytest.mark.promise("P-outbox-10")
async def test_giving_space_back_after_a_large_backlog_keeps_no_commit_waiting(tmp_path: Path) -> None:
    bounds = OutboxSettings(reserve_bytes=0)
    path = tmp_path / "o.db"
    async with Outbox(
        path, "a1", bounds, now_us=lambda: time.time_ns() // 1000, monotonic=time.monotonic
    ) as outbox:
        message = numbered(1, Lane.LIVE, SIZE)
        for _ in range(0, RECORDS, 500):
            await outbox.commit([(Lane.LIVE, message)] * 500)
        await until_told(outbox, RECORDS * SIZE)
        largest = outbox.stats().file_bytes
        waits: list[float] = []
        putting = asyncio.create_task(put_on(outbox, waits))
        for first in range(1, RECORDS, 500):
            await outbox.done([(Lane.LIVE, seq) for seq in range(first, first + 500)])
        async with asyncio.timeout(30):
            while outbox.stats().file_bytes > largest - 6_000_000:  # noqa: ASYNC110 - told once a second
                await asyncio.sleep(0.1)
        putting.cancel()
    assert len(waits) > 50
    assert max(waits) < LONGEST_WAIT_S


async def until_told(outbox: Outbox, size: int) -> None:
    async with asyncio.timeout(40):
        while outbox.stats().file_bytes < size:  # noqa: ASYNC110 - told once a second
            await asyncio.sleep(0.1)


async def put_on(outbox: Outbox, waits: list[float]) -> None:
    while True:
        begin_s = time.perf_counter()
        await outbox.put(Lane.ALERTS, numbered(2, Lane.ALERTS, 100))
        waits.append(time.perf_counter() - begin_s)
        await asyncio.sleep(0.01)
