"""The replay source: recorded samples again, at their own pace or another."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, Final

import numpy as np

from devices.model.errors import Garbled
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from edge_agent.sources.port import Clock, Sink
from edge_agent.sources.replay import csvfile, recording
from edge_agent.sources.replay.recording import Block
from edge_agent.sources.replay.settings import ReplaySettings

US_PER_S: Final = 1_000_000
UNKNOWN: Final = -1

log = logging.getLogger(__name__)


class ReplaySource:
    """Plays files once, then stays quiet.

    Args:
        settings: what, and how fast.
        table: the agent's point table; samples of other points are counted and left out.
        clock: time.
    """

    def __init__(self, settings: ReplaySettings, table: PointTable, clock: Clock) -> None:
        self.finished = asyncio.Event()
        self._settings = settings
        self._table = table
        self._clock = clock
        self._state = "starting"
        self._samples = 0
        self._unknown = 0
        self._garbled = 0
        self._trouble = ""
        self._first_us: int | None = None
        self._start_s = 0.0
        self._start_us = 0

    async def run(self, out: Sink) -> None:
        """Deliver, then wait for the end.

        Raises:
            Refused: a file cannot be opened.
        """
        self._first_us = None
        self._state = "up"
        for path in self._settings.files:
            blocks = csvfile.read(path) if path.suffix == ".csv" else recording.read(path)
            try:
                await self._play(blocks, out)
            except Garbled as error:
                self._garbled += 1
                self._trouble = str(error)
                log.warning("replay: the rest of a file is left out: %s", error)
        self._state = "finished"
        self.finished.set()
        await asyncio.get_running_loop().create_future()

    def health(self) -> dict[str, Any]:
        """How far it is."""
        replay = {
            "kind": "replay",
            "state": self._state,
            "trouble": self._trouble,
            "answered": self._samples,
            "garbled": self._garbled,
            "unknown": self._unknown,
        }
        return {"links": {"replay": replay}}

    async def _play(self, blocks: Iterator[Block], out: Sink) -> None:
        while (block := await asyncio.to_thread(next, blocks, None)) is not None:
            for step in self._steps(self._ours(*block)):
                await self._until(int(step.time_us[0]))
                await out.samples(self._moved(step))
                self._samples += len(step)

    def _ours(self, batch: SampleBatch, names: Sequence[str]) -> SampleBatch:
        """The samples of points that this agent has, with its own rows, in order of time."""
        rows = np.array([self._table.row.get(name, UNKNOWN) for name in names], np.int32)
        point = rows[batch.point] if len(batch) else batch.point
        known = np.flatnonzero(point != UNKNOWN)
        self._unknown += len(batch) - len(known)
        known = known[np.argsort(batch.time_us[known], kind="stable")]
        kept = batch[known]
        return SampleBatch(point[known], kept.time_us, kept.value, kept.quality)

    def _steps(self, batch: SampleBatch) -> Iterator[SampleBatch]:
        """Cut into pieces of `step_s` of recorded time."""
        if not len(batch):
            return
        step_us = round(self._settings.step_s * US_PER_S)
        steps = batch.time_us // step_us
        edges = [0, *(np.flatnonzero(np.diff(steps)) + 1).tolist(), len(batch)]
        for first, last in pairwise(edges):
            yield batch[slice(first, last)]

    async def _until(self, recorded_us: int) -> None:
        """Wait for the moment at which a sample is to be played."""
        if self._first_us is None:
            self._first_us = recorded_us
            self._start_s = self._clock.monotonic()
            self._start_us = self._clock.now_us()
        if self._settings.pace is None:
            return
        due_s = self._start_s + (recorded_us - self._first_us) / US_PER_S / self._settings.pace
        wait_s = due_s - self._clock.monotonic()
        if wait_s > 0:
            await self._clock.sleep(wait_s)

    def _moved(self, batch: SampleBatch) -> SampleBatch:
        if self._settings.times == "own" or self._first_us is None:
            return batch
        since_us = (batch.time_us - self._first_us) / (self._settings.pace or 1.0)
        time_us = self._start_us + np.rint(since_us).astype(np.int64)
        return SampleBatch(batch.point, time_us, batch.value, batch.quality)
