"""The one way through an agent: what sources deliver is judged, and on disk before they go on.

What arrives within `gather_s` is judged and committed together; a source (and the MQTT acknowledgement behind
it) is released only after that commit. Detection state is written in the transaction of the alerts it raised.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import numpy.typing as npt

from devices.model.alerts import AlertEvent
from devices.model.errors import Garbled
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane, Message
from devices.wire.records import MAX_ALERTS, alerts_message, samples_message
from edge_agent.detect.counters import STATE as COUNTERS
from edge_agent.detect.counters import Meters
from edge_agent.detect.detection import PART, UNTIL, Detection, Outcome
from edge_agent.errors import NoRoom, NotStored
from edge_agent.pictures import Looking
from edge_agent.pictures.looking import STATE as PICTURES
from edge_agent.uplink.holding import Holding, is_ours
from edge_agent.uplink.thinning import REST

log = logging.getLogger(__name__)

MOST_SAMPLES: Final = 50_000
CLOCK_STEP_US: Final = 2_000_000
COUNTS: Final = (
    "steps",
    "samples",
    "pictures",
    "events",
    "commits",
    "not_kept",
    "clock_steps",
    "source_failures",
    "rules_given_back",
)


class Store(Protocol):
    """What the pipeline needs of the outbox."""

    async def commit(
        self, records: Sequence[tuple[Lane, Message]], states: Mapping[str, bytes] | None
    ) -> None:
        """Keep all durably, or raise NotStored; NoRoom if alerts and states are kept, telemetry is not."""


class Pace(Protocol):
    """How often rules are judged, in seconds; see `edge_agent.settings.DetectSettings`."""

    @property
    def gather_s(self) -> float:
        """What arrives within this time is judged and kept together."""

    @property
    def tick_s(self) -> float:
        """Silence is judged at least this often."""

    @property
    def held_s(self) -> float:
        """How often held values are saved."""


#: Gives the detection that goes on where one erred, states to keep with that, and whether it is on trial too.
Fallback = Callable[[Exception], tuple[Detection, dict[str, bytes], bool]]


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
        pace: Pace,
        meters: Meters,
        looking: Looking,
    ) -> None:
        self._detection = detection
        self._meters = meters
        self._looking = looking
        self._table = table
        self._may_leave = np.array([name not in table.personal for name in table.names], np.bool_)
        self._store = store
        self._clock = clock
        self._pace = pace
        self._waiting: list[SampleBatch] = []
        self._count = 0
        self._arrived = asyncio.Event()
        self._kept: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        self._saved: dict[str, bytes] = {}
        self._held_at = clock.monotonic()
        self._wall_us, self._monotonic = clock.now_us(), clock.monotonic()
        self._unkept: list[AlertEvent] = []
        self._holding = Holding()
        self.look_again: Callable[[int], None] = lambda _: None  # asks for the next picture of a camera soon
        self.on_events: Callable[[Sequence[AlertEvent]], None] = lambda _: None
        self.is_thin: Callable[[], bool] = lambda: False  # whether the line carries less than comes in
        self._turn = asyncio.Lock()
        self._fallback: Fallback | None = None  # while the detection is on trial
        self._good: dict[str, bytes] = {}  # its state after the last step that went well
        self._more: dict[str, bytes] = {}  # states of others that are to be kept
        self.counts = dict.fromkeys(COUNTS, 0)

    @property
    def reads(self) -> npt.NDArray[np.bool_]:
        """Points whose values the rules that run now read, bool (points,); the same array as long as they do."""
        return self._detection.reads

    async def samples(self, batch: SampleBatch) -> None:
        """Take samples; returns when they are judged and on disk, or counted as not kept: the disk is full.

        Whoever polls goes on then, and what it reads next is judged; whoever must not lose a message uses
        `keeping` instead.
        """
        await self._taken(batch)

    async def _taken(self, batch: SampleBatch) -> bool:
        while self._count >= MOST_SAMPLES:
            await asyncio.shield(self._kept)
        self._waiting.append(batch)
        self._count += len(batch)
        self._arrived.set()
        return await asyncio.shield(self._kept)

    async def frames(self, batch: FrameBatch) -> None:
        """Take pictures; what was seen in them is on disk when this returns."""
        self.counts["pictures"] += len(batch)
        seen = self._looking.look(batch)
        for row in self._looking.suspects(batch.camera):
            self.look_again(row)
        await self.samples(seen)

    async def begin(self, saved: dict[str, bytes]) -> None:
        """Continue from the saved state; alerts that nobody judges any more are cleared.

        Raises:
            Garbled: the state cannot be read.
        """
        told = self._begin_meters(saved.get(COUNTERS))
        self._looking.restore(saved.get(PICTURES))
        others = {COUNTERS, PICTURES}
        detection = {name: data for name, data in saved.items() if not is_ours(name) and name not in others}
        # Without the judgement of its rule nothing would ever clear an alert.
        judged = {name.removeprefix(PART["now"]) for name, data in detection.items() if data}
        self._holding.begin(saved if detection else {}, judged)
        self._looking.note(self._holding.events())
        orphans = self._detection.restore(detection, self._now_us())
        await self._commit(SampleBatch.empty(), [*orphans, *told])

    def _begin_meters(self, data: bytes | None) -> list[AlertEvent]:
        try:
            return self._meters.begin(data)
        except Garbled as error:
            log.error("counters begin anew, totals start from the readings: %s", error)  # noqa: TRY400 - expected
            return self._meters.begin(None)

    async def change(
        self, detection: Detection, states: Callable[[], Mapping[str, bytes]], fallback: Fallback
    ) -> None:
        """Let another detection go on from here; it is on trial.

        What it no longer judges is cleared. The clears, its state and `states` are kept in one commit, and no
        reading falls between the two. `states` is asked for when nothing can hinder the change any more.

        Raises:
            Garbled: it cannot go on from here; nothing was changed.
        """
        async with self._turn:
            orphans = detection.restore(_parts(self._detection), self._now_us())
            self._adopt(detection, states())
            self.guard(fallback)
            await self._commit(SampleBatch.empty(), orphans)

    def guard(self, fallback: Fallback) -> None:
        """Put the detection on trial: an error of its own makes `fallback` give the one that goes on."""
        self._fallback, self._good = fallback, _parts(self._detection)

    def trust(self, states: Mapping[str, bytes]) -> None:
        """End the trial, and keep these states."""
        self._fallback, self._good = None, {}
        self.keep(states)

    def keep(self, states: Mapping[str, bytes]) -> None:
        """Keep states of others with the next commit."""
        self._more |= states

    def _adopt(self, detection: Detection, states: Mapping[str, bytes]) -> None:
        self._detection = detection
        self._held_at = float("-inf")  # what is held goes with it
        self.keep(states)

    def _judged(self, batch: SampleBatch, now_us: int) -> Outcome:
        """Judge; where a detection on trial errs, another one judges the same readings from where that one was."""
        if self._fallback is None:
            return self._detection.step(batch, now_us)
        try:
            outcome = self._detection.step(batch, now_us)
        except Exception as error:  # noqa: BLE001 - boundary: rules that somebody published
            self.counts["rules_given_back"] += 1
            detection, states, on_trial = self._fallback(error)
        else:
            self._good = _parts(self._detection)
            return outcome
        orphans = detection.restore(self._good, now_us)
        self._adopt(detection, states)
        if on_trial:
            self.guard(self._fallback)
        else:
            self.trust({})
        outcome = self._judged(batch, now_us)
        return Outcome([*orphans, *outcome.events], outcome.derived)

    async def run(self) -> None:
        """Judge for ever, at each arrival and at least once each tick."""
        while True:
            try:
                async with asyncio.timeout(self._pace.tick_s):
                    await self._arrived.wait()
                await self._clock.sleep(self._pace.gather_s)
            except TimeoutError:
                pass  # nothing came: silence has to be judged too
            async with self._turn:
                await self._step()

    async def _step(self) -> None:
        waiting, self._waiting, self._count = self._waiting, [], 0
        kept, self._kept = self._kept, asyncio.get_running_loop().create_future()
        self._arrived.clear()
        batch = SampleBatch.joined(waiting)
        outcome = self._judged(batch, self._now_us())
        totals, told = self._meters.step(batch)
        events = [*outcome.events, *told]
        self.counts["steps"] += 1
        self.counts["samples"] += len(batch)
        self.counts["events"] += len(events)
        is_kept = await self._commit(SampleBatch.joined([batch, outcome.derived, totals]), events)
        self.counts["not_kept"] += 0 if is_kept else len(batch)
        if not kept.done():
            kept.set_result(is_kept)

    async def _commit(self, batch: SampleBatch, events: Sequence[AlertEvent]) -> bool:
        """Commit; say whether the samples are kept. Alerts that could not be wait for the next commit."""
        self._holding.take(events)
        self._looking.note(events)
        self.on_events(events)
        events = [*self._unkept, *events]
        batch = batch[self._may_leave[batch.point]]
        records = [
            (Lane.ALERTS, alerts_message(events[first : first + MAX_ALERTS]))
            for first in range(0, len(events), MAX_ALERTS)
        ]
        records += [(Lane.LIVE, message) for message in self._messages(batch)]
        states = self._changed_states() | self._holding.states() | self._more
        if not records and states.keys() <= {UNTIL}:
            return True
        try:
            await self._store.commit(records, states)
        except NoRoom:
            self._note_kept(states)
            return False
        except NotStored as error:
            if len(self._unkept) < len(events):
                log.error("alerts could not be kept and wait in memory: %s", error)  # noqa: TRY400
            self._unkept = list(events)
            return False
        self._note_kept(states)
        self.counts["commits"] += 1
        return True

    def _messages(self, batch: SampleBatch) -> list[Message]:
        """Samples as messages; on a thin line, what no rule reads has one of its own, which may wait."""
        names, is_read = self._table.names, self._detection.reads[batch.point]
        if not self.is_thin() or is_read.all():
            return [samples_message(batch, names)] if len(batch) else []
        rest = samples_message(batch[~is_read], names)
        rest.header[REST] = True
        return [samples_message(batch[is_read], names), rest] if is_read.any() else [rest]

    def _note_kept(self, states: Mapping[str, bytes]) -> None:
        self._unkept = []
        self._saved |= states
        if COUNTERS in states:
            self._meters.saved()
        self._more = {name: data for name, data in self._more.items() if states.get(name) != data}
        self._holding.kept()

    def _changed_states(self) -> dict[str, bytes]:
        """Parts to write: what decides, whenever it changed; what is merely held, now and then."""
        judged = self._detection.save_judged()
        states = {name: data for name, data in judged.items() if self._saved.get(name) != data}
        is_due = self._clock.monotonic() - self._held_at >= self._pace.held_s
        if is_due:  # judges keep what they judged by; this is for evidence and for rules that are new
            self._held_at = self._clock.monotonic()
            states |= self._detection.save_held() | self._looking.save()
        return states | self._meters.save(is_due=is_due)

    def _now_us(self) -> int:
        """Wall time; where the clock was set, what detection remembers moves along: durations stay true."""
        wall_us, monotonic = self._clock.now_us(), self._clock.monotonic()
        step_us = wall_us - self._wall_us - round((monotonic - self._monotonic) * 1e6)
        self._wall_us, self._monotonic = wall_us, monotonic
        if abs(step_us) > CLOCK_STEP_US:
            self.counts["clock_steps"] += 1
            self._detection.shift(step_us)
            if self._fallback is not None:
                self._good = _parts(self._detection)
            self._meters.shift(step_us)
        return wall_us

    def health(self) -> dict[str, Any]:
        """Counters."""
        return {
            **self.counts,
            "waiting": self._count,
            "alerts_waiting": len(self._unkept),
            "alerts_open": len(self._holding),
            "last_step_us": self._wall_us,
        }


def _parts(detection: Detection) -> dict[str, bytes]:
    """All that another detection needs to go on."""
    return {**detection.save_judged(), **detection.save_held()}


class Keeping:
    """A sink that refuses what could not be kept, for sources that get it again (MQTT redelivers)."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._pipeline = pipeline

    async def samples(self, batch: SampleBatch) -> None:
        """Take samples.

        Raises:
            NotStored: they are judged but not on disk.
        """
        if not await self._pipeline._taken(batch):  # noqa: SLF001 - the other face of the same thing
            raise NotStored("the disk is full")

    async def frames(self, batch: FrameBatch) -> None:
        """As the pipeline."""
        await self._pipeline.frames(batch)
