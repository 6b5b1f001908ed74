"""The one way through an agent: what sources deliver is judged, and on disk before they go on.

What arrives within `gather_s` is judged and committed together; a source (and the MQTT acknowledgement behind
it) is released only after that commit. Detection state is written in the transaction of the alerts it raised.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any, Final, Protocol

from devices.model.alerts import AlertEvent
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane, Message
from devices.wire.records import MAX_ALERTS, alerts_message, samples_message
from edge_agent.detect.detection import Detection

MOST_SAMPLES: Final = 50_000
CLOCK_STEP_US: Final = 2_000_000
JUDGED: Final = ("judges", "radars")


class Store(Protocol):
    """What the pipeline needs of the outbox."""

    async def commit(self, records: Sequence[tuple[Lane, Message]], states: dict[str, bytes]) -> None:
        """Keep all of it durably, or raise."""


class Clock(Protocol):
    """Time as the pipeline sees it."""

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Pipeline:
    """A sink for all sources, and the loop that judges and commits what they deliver."""

    def __init__(
        self,
        detection: Detection,
        table: PointTable,
        store: Store,
        clock: Clock,
        *,
        gather_s: float,
        tick_s: float,
        held_s: float,
    ) -> None:
        self._detection = detection
        self._table = table
        self._store = store
        self._clock = clock
        self._gather_s, self._tick_s, self._held_s = gather_s, tick_s, held_s
        self._waiting: list[SampleBatch] = []
        self._count = 0
        self._arrived = asyncio.Event()
        self._committed = asyncio.get_running_loop().create_future()
        self._judged: dict[str, bytes] = {}
        self._held_at = clock.monotonic()
        self._wall_us, self._monotonic = clock.now_us(), clock.monotonic()
        self.counts = dict.fromkeys(("steps", "samples", "pictures", "events", "commits", "clock_steps"), 0)
        self.last_step_us = 0

    async def samples(self, batch: SampleBatch) -> None:
        """Take samples; returns when they are on disk."""
        while self._count >= MOST_SAMPLES:
            await asyncio.shield(self._committed)
        self._waiting.append(batch)
        self._count += len(batch)
        self._arrived.set()
        await asyncio.shield(self._committed)

    async def frames(self, batch: FrameBatch) -> None:
        """Take pictures; what was seen in them is on disk when this returns."""
        self.counts["pictures"] += len(batch)
        await self.samples(self._detection.frames(batch))

    async def begin(self, saved: dict[str, bytes]) -> None:
        """Continue from the saved state; alerts that nobody judges any more are cleared."""
        orphans = self._detection.restore(saved, self._now_us())
        await self._commit(SampleBatch.empty(), orphans)

    async def run(self) -> None:
        """Judge for ever, at each arrival and at least once each tick."""
        while True:
            try:
                async with asyncio.timeout(self._tick_s):
                    await self._arrived.wait()
                await self._clock.sleep(self._gather_s)
            except TimeoutError:
                pass  # nothing came: silence has to be judged too
            await self._step()

    async def _step(self) -> None:
        waiting, self._waiting, self._count = self._waiting, [], 0
        committed, self._committed = self._committed, asyncio.get_running_loop().create_future()
        self._arrived.clear()
        batch = SampleBatch.joined(waiting)
        outcome = self._detection.step(batch, self._now_us())
        self.counts["steps"] += 1
        self.counts["samples"] += len(batch)
        self.counts["events"] += len(outcome.events)
        self.last_step_us = self._wall_us
        try:
            await self._commit(SampleBatch.joined([batch, outcome.derived]), outcome.events)
        finally:
            committed.set_result(None)

    async def _commit(self, batch: SampleBatch, events: Sequence[AlertEvent]) -> None:
        records = [
            (Lane.ALERTS, alerts_message(events[first : first + MAX_ALERTS]))
            for first in range(0, len(events), MAX_ALERTS)
        ]
        if len(batch):
            records.append((Lane.LIVE, samples_message(batch, self._table.names)))
        states = self._changed_states()
        if records or states:
            await self._store.commit(records, states)
            self.counts["commits"] += 1
            self._judged |= {name: data for name, data in states.items() if name in JUDGED}

    def _changed_states(self) -> dict[str, bytes]:
        """Parts to write: what decides, whenever it changed; what is merely held, now and then."""
        judged = self._detection.save_judged()
        states = {name: data for name, data in judged.items() if self._judged.get(name) != data}
        if self._clock.monotonic() - self._held_at >= self._held_s:
            self._held_at = self._clock.monotonic()
            states |= self._detection.save_held()
        return states

    def _now_us(self) -> int:
        """Wall time; where the clock was set, what detection remembers moves along: durations stay true."""
        wall_us, monotonic = self._clock.now_us(), self._clock.monotonic()
        step_us = wall_us - self._wall_us - round((monotonic - self._monotonic) * 1e6)
        self._wall_us, self._monotonic = wall_us, monotonic
        if abs(step_us) > CLOCK_STEP_US:
            self.counts["clock_steps"] += 1
            self._detection.shift(step_us)
        return wall_us

    def health(self) -> dict[str, Any]:
        """Counters."""
        return {**self.counts, "waiting": self._count, "last_step_us": self.last_step_us}
