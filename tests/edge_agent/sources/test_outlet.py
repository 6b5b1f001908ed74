"""The outlet: in order, joined while the sink is busy, bounded."""

from __future__ import annotations

import asyncio
import contextlib

from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch
from edge_agent.sources.outlet import Outlet


class SlowSink:
    def __init__(self) -> None:
        self.got: list[list[int]] = []
        self.open = asyncio.Event()

    async def samples(self, batch: SampleBatch) -> None:
        self.got.append(batch.point.tolist())
        await self.open.wait()

    async def frames(self, batch: FrameBatch) -> None:
        raise AssertionError(batch)


def one(row: int) -> SampleBatch:
    return SampleBatch.of([row], 0, 0.0)


async def turns() -> None:
    """Let everything go as far as it gets by itself."""
    for _ in range(100):
        await asyncio.sleep(0)


async def test_what_comes_while_the_sink_is_busy_is_joined_in_order() -> None:
    sink = SlowSink()
    outlet = Outlet(sink, carriers=1)
    task = asyncio.create_task(outlet.run())
    await outlet.put(one(1))
    await turns()
    for row in (2, 3, 4):
        await outlet.put(one(row))
    sink.open.set()
    await turns()
    assert sink.got == [[1], [2, 3, 4]]
    assert outlet.waiting == 0
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_a_delivery_does_not_wait_for_the_one_before() -> None:
    sink = SlowSink()
    outlet = Outlet(sink, carriers=2)
    task = asyncio.create_task(outlet.run())
    for row in (1, 2, 3, 4):
        await outlet.put(one(row))
        await turns()
    assert sink.got == [[1], [2]]
    sink.open.set()
    await turns()
    assert sink.got == [[1], [2], [3, 4]]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task


async def test_links_wait_when_too_much_waits_and_go_on_when_the_sink_does() -> None:
    sink = SlowSink()
    outlet = Outlet(sink, room=2, carriers=1)
    task = asyncio.create_task(outlet.run())
    await outlet.put(one(1))
    await turns()
    await outlet.put(one(2))
    await outlet.put(one(3))
    late = asyncio.create_task(outlet.put(one(4)))
    await turns()
    assert not late.done()
    sink.open.set()
    await late
    await turns()
    assert sink.got == [[1], [2, 3], [4]]
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
