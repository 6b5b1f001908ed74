"""The common face of all sources: what they need and what they give."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from typing import Any, Protocol

from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch


class Sink(Protocol):
    """Takes what a source has read. A source waits for it, so a slow sink slows its sources down."""

    async def samples(self, batch: SampleBatch) -> None:
        """Take samples; rows of `point` are those of the agent's own point table."""

    async def frames(self, batch: FrameBatch) -> None:
        """Take pictures; rows of `camera` are those of `edge_agent.sources.camera.cameras_of`."""


class Source(Protocol):
    """One way in which values reach the agent."""

    async def run(self, out: Sink) -> None:
        """Deliver for ever; ends only by cancellation, or with an error of the sink."""

    def health(self) -> Mapping[str, Any]:
        """Counters and states as plain values, grouped by link."""


class Clock(Protocol):
    """Time as the sources see it; tests bring their own."""

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class SystemClock:
    """The machine's own clock."""

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""
        return time.time_ns() // 1000

    def monotonic(self) -> float:
        """Seconds that never step."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(max(0.0, seconds))
