"""The process that measures: fed with the packets of a real clip, killed, and fed with rubbish."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

import av
import numpy as np

from devices.campus.calibrations import Calibration
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.port import SystemClock
from edge_agent.vision.source import VisionSource
from tests.edge_agent.vision.test_watch import CLIP

NOW_US = 1_763_800_000_000_000
CALIBRATION = Calibration.model_validate(
    {
        "camera": "cam",
        "picture": (768, 432),
        "corners_px": ((60, 420), (700, 420), (600, 30), (130, 30)),
        "lengths_m": (10, 10),
        "widths_m": (8, 8),
        "lanes": ({"radar": "r", "from_m": -20, "to_m": 40},),
    }
)
POINTS = ("vision_kmh", "vision_error_kmh", "vision_lane")
TABLE = PointTable.of([f"{camera}.{name}" for camera in ("cam", "odd") for name in POINTS], ())


class Passed:
    """A sink, and an event for each pass."""

    def __init__(self) -> None:
        self.batches: asyncio.Queue[SampleBatch] = asyncio.Queue()

    async def samples(self, batch: SampleBatch) -> None:
        await self.batches.put(batch)

    async def frames(self, batch: Any) -> None:
        raise AssertionError(batch)


def clip(until_s: float, epoch: int = 1) -> tuple[Codec, list[Packet]]:
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        context, tick_us = stream.codec_context, float(stream.time_base * 1_000_000)
        codec = Codec("h264", bytes(context.extradata or b""), context.width, context.height, tick_us, epoch)
        packets = [
            Packet(packet.pts, NOW_US + round(packet.pts * tick_us), packet.is_keyframe, bytes(packet))
            for packet in container.demux(stream)
            if packet.size and packet.pts is not None
        ]
    return codec, [packet for packet in packets if packet.pts * tick_us <= until_s * 1e6]


@asynccontextmanager
async def measuring(
    takers: dict[str, Callable[[Codec, Packet], None]] | None = None, *others: Calibration
) -> AsyncIterator[tuple[VisionSource, Callable[[Codec, Packet], None], Callable[[], Any]]]:
    takers = {} if takers is None else takers
    source = VisionSource([*others, CALIBRATION], TABLE, takers.__setitem__, SystemClock())
    out = Passed()
    task = asyncio.create_task(source.run(out), name="vision")
    try:
        await started(source, None)
        yield source, takers["cam"], lambda: first(out, task)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
    assert source.pid is None


async def started(source: VisionSource, after: int | None) -> None:
    while source.pid in {None, after}:  # noqa: ASYNC110 - a process id is no event
        await asyncio.sleep(0.02)


async def first(out: Passed, task: asyncio.Task[None]) -> SampleBatch:
    """The next pass; an error of the source instead of waiting for ever."""
    heard = asyncio.create_task(out.batches.get())
    await asyncio.wait((heard, task), return_when=asyncio.FIRST_COMPLETED)
    if task.done():
        task.result()
    return heard.result()


async def test_speeds_of_a_stream_arrive_as_samples_with_their_time_and_lane() -> None:
    async with measuring() as (source, take, told):
        codec, packets = clip(12)
        for packet in packets:
            take(codec, packet)
        batch = await told()
        assert batch.point.tolist() == [0, 1, 2]
        assert set(batch.time_us.tolist()) == {int(batch.time_us[0])}
        assert 6.0 < (batch.time_us[0] - NOW_US) / 1e6 < 9.0
        speed, error, lane = batch.value.tolist()
        assert -25 < speed < -8
        assert 0 < error < 3
        assert lane == 0
        assert source.health()["cameras"]["cam"]["last_pass_us"] == batch.time_us[0]


async def test_a_process_that_dies_is_started_again_and_measures_on() -> None:
    async with measuring() as (source, take, told):
        codec, packets = clip(12)
        for packet in packets[:20]:
            take(codec, packet)
        pid = source.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await started(source, pid)
        assert source.health()["restarts"] == 1
        for packet in packets:
            take(codec, packet)
        assert (await told()).value[0] < 0


async def test_rubbish_between_packets_costs_pictures_and_nothing_else() -> None:
    async with measuring() as (source, take, told):
        codec, packets = clip(12)
        random = np.random.default_rng(3)
        for packet in packets[:30]:
            take(codec, packet)
        for n in range(5):
            take(codec, Packet(packets[30].pts + n, NOW_US, n == 0, random.bytes(500)))
        again = Codec(**{name: getattr(codec, name) for name in codec.__slots__ if name != "epoch"}, epoch=2)
        for packet in packets:
            take(again, packet)
        assert (await told()).value[0] < 0
        assert source.health().get("restarts") is None


async def test_a_camera_whose_stream_makes_no_sense_costs_no_other_its_speeds() -> None:
    odd = CALIBRATION.model_copy(update={"camera": "odd"})
    takers: dict[str, Callable[[Codec, Packet], None]] = {}
    async with measuring(takers, odd) as (source, take, told):
        codec, packets = clip(12)
        for name in ("no-such-codec", "aac"):
            strange = Codec(name, b"", 768, 432, 1.0, 1)
            takers["odd"](strange, packets[0])
        for packet in packets:
            takers["odd"](strange, packet)
            take(codec, packet)
        assert (await told()).value[0] < 0
        while not source.health()["cameras"]["odd"].get("faults"):  # noqa: ASYNC110 - told with a beat
            await asyncio.sleep(0.02)
        assert source.health()["cameras"]["cam"].get("faults", 0) == 0
        assert source.health().get("restarts") is None
