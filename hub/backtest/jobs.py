"""Backtests as jobs: one runs, a few wait, the newest reports stay in memory. A restart forgets them all."""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from typing import Any, Final

from devices.campus.loading import with_rules
from devices.campus.rules import Rule
from devices.campus.site import Campus
from devices.model.errors import CampusError
from devices.model.texts import Text, both
from edge_agent.detect.backtest import Span, Trial
from hub.backtest.reading import History, Piece
from hub.backtest.settings import BacktestSettings
from hub.errors import Conflict, Invalid, NotFound, TooLarge, TooMany
from hub.series.port import SeriesStore

_log = logging.getLogger(__name__)
DAY_US: Final = 86_400_000_000
#: When to come again where too many wait.
COME_AGAIN_S: Final = 30.0
BROKEN: Final = Text("回测程序出错，详见日志", "The backtest itself failed; the log says more")


class State(StrEnum):
    """Where a job is in its life."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    CANCELLED = "cancelled"
    FAILED = "failed"


OVER: Final = frozenset({State.DONE, State.CANCELLED, State.FAILED})


@dataclass(slots=True, eq=False)
class Job:
    """One backtest.

    progress: 0..1, by time of the readings.
    trial:    what it found; None until it is done.
    """

    id: str
    by: str
    live: Campus
    draft: Campus
    ids: tuple[str, ...]
    span: Span
    asked_us: int
    state: State = State.QUEUED
    started_us: int | None = None
    ended_us: int | None = None
    progress: float = 0.0
    error: Text | None = None
    report: dict[str, Any] | None = None
    trial: Trial | None = field(default=None, repr=False)

    def rules(self) -> list[dict[str, Any]]:
        """What is judged, by name and version."""
        return [
            {
                "id": name,
                "title": {"zh": rule.title.zh, "en": rule.title.en},
                "live_version": self.live.rules[name].version if name in self.live.rules else None,
                "draft_version": rule.version,
            }
            for name, rule in ((name, self.draft.rules[name]) for name in self.ids)
        ]


class Backtests:
    """The jobs of a hub.

    Args:
        campus: the campus with the rules that are live now.
        series: where readings are stored.
        settings: bounds and limits.
        now_us: the clock on the wall.
    """

    def __init__(
        self,
        campus: Callable[[], Campus],
        series: SeriesStore,
        settings: BacktestSettings,
        now_us: Callable[[], int],
    ) -> None:
        self._campus = campus
        self._series = series
        self._settings = settings
        self._now_us = now_us
        self._jobs: dict[str, Job] = {}
        self._waiting: asyncio.Queue[Job] = asyncio.Queue()
        self._running: tuple[Job, asyncio.Task[None]] | None = None
        self.failed = 0  # jobs that ended in an error of ours

    async def ask(self, rules: Sequence[Rule], from_us: int, to_us: int, by: str) -> Job:
        """Put a backtest of these rules against the live ones into the queue.

        Raises:
            ConfigRefused: a rule does not fit the campus.
            Invalid: the span is empty, or lies in the future.
            TooLarge: the span is too long.
            TooMany: too many wait already.
        """
        self._checked(from_us, to_us)
        room = self._settings.waiting + (self._running is None)
        if len(list(self.queued())) >= room:
            said = Text("排队的回测已满，请稍后再试", "Too many backtests wait already, try again later")
            raise TooMany(said, COME_AGAIN_S)
        live = self._campus()
        draft = await asyncio.to_thread(with_rules, live, rules, "draft")
        span, ids = Span(from_us, to_us, live.timezone), tuple(rule.id for rule in rules)
        job = Job(secrets.token_hex(8), by, live, draft, ids, span, self._now_us())
        self._jobs[job.id] = job
        self._forget()
        self._waiting.put_nowait(job)
        return job

    def _checked(self, from_us: int, to_us: int) -> None:
        if not 0 <= from_us < to_us or from_us > self._now_us():
            raise Invalid(
                Text("时间范围为空或在未来", "from_us must be before to_us, and not in the future"),
                [
                    {
                        "path": "from_us",
                        "found": asdict(both(str(from_us))),
                        "expected": asdict(
                            Text("早于 to_us 且早于现在的时间", "a moment before to_us and before now")
                        ),
                    }
                ],
            )
        longest = self._settings.longest_days
        if to_us - from_us > longest * DAY_US:
            raise TooLarge(Text(f"时间范围超过 {longest:g} 天", f"The span is longer than {longest:g} days"))

    def _forget(self) -> None:
        over = [job for job in self._jobs.values() if job.state in OVER]
        for job in over[: max(0, len(over) - self._settings.kept)]:
            del self._jobs[job.id]

    def queued(self) -> Iterator[Job]:
        """Those that wait, the next one first."""
        return (job for job in self._jobs.values() if job.state is State.QUEUED)

    def position(self, job: Job) -> int:
        """How many are before it; 0 for one that runs or is over."""
        if job.state is not State.QUEUED:
            return 0
        return list(self.queued()).index(job) + (self._running is not None)

    def all(self) -> list[Job]:
        """Every job that is remembered, the newest first."""
        return list(reversed(self._jobs.values()))

    def job(self, name: str) -> Job:
        """A job by its id.

        Raises:
            NotFound: there is none, or it was forgotten.
        """
        if name not in self._jobs:
            raise NotFound(Text("没有此回测，或已被清除", "No such backtest, or it is no longer kept"))
        return self._jobs[name]

    def intervals(self, name: str, device: str) -> dict[str, Any]:
        """The alerts about one device, live and draft.

        Raises:
            NotFound: there is no such job.
            Conflict: it is not done.
        """
        job = self.job(name)
        if job.trial is None:
            raise Conflict(Text("回测尚未完成", "The backtest is not done"))
        return job.trial.intervals(device)

    def cancel(self, name: str) -> Job:
        """Stop a job; one that is over is forgotten.

        Raises:
            NotFound: there is no such job.
        """
        job = self.job(name)
        if job.state in OVER:
            del self._jobs[name]
        elif self._running is not None and self._running[0] is job:
            self._running[1].cancel()
        else:
            self._ended(job, State.CANCELLED)
        return job

    async def run(self) -> None:
        """Run one job after the other, until cancelled."""
        while True:
            job = await self._waiting.get()
            if job.state is not State.QUEUED:
                continue
            task = asyncio.create_task(self._run(job), name="backtest")
            self._running = job, task
            try:
                await asyncio.wait([task])
            finally:
                self._running = None
                if not task.done():  # the hub ends
                    task.cancel()
                    await asyncio.wait([task])
            if task.cancelled():
                self._ended(job, State.CANCELLED)

    async def _run(self, job: Job) -> None:
        job.state, job.started_us = State.RUNNING, self._now_us()
        try:
            await self._judged(job)
        except CampusError as error:
            job.error = Text(f"回测失败：{error}", f"The backtest failed: {error}")
            self._ended(job, State.FAILED)
        except Exception:  # noqa: BLE001 - boundary: what was asked for over HTTP must not end the hub
            self.failed += 1
            _log.exception("backtest %s failed", job.id)
            job.error = BROKEN
            self._ended(job, State.FAILED)
        else:
            self._ended(job, State.DONE)

    async def _judged(self, job: Job) -> None:
        began = time.perf_counter()
        trial = await asyncio.to_thread(
            Trial, job.live, job.draft, job.ids, job.span, self._settings.alerts_per_day, time.perf_counter
        )
        begin_us, end_us = trial.read_from_us, trial.read_to_us
        history = History(self._series, trial.points, trial.held_from_us, begin_us, end_us)
        pieces = history.pieces()
        try:
            async for piece in pieces:
                await _in_thread(trial.take, piece)
                job.progress = max(0.0, (piece.until_us - begin_us) / (end_us - begin_us))
        finally:
            await pieces.aclose()
        report = await asyncio.to_thread(trial.finish)
        cost = {
            "samples": trial.cost.samples,
            "read_s": history.read_s,
            "order_s": trial.cost.order_s,
            "judge_s": trial.cost.judge_s,
            "report_s": trial.cost.report_s,
            "total_s": time.perf_counter() - began,
        }
        job.report = {**report, "cost": {name: round(value, 3) for name, value in cost.items()}}
        job.trial = trial

    def _ended(self, job: Job, state: State) -> None:
        job.state, job.ended_us = state, self._now_us()
        if state is State.DONE:
            job.progress = 1.0
        self._forget()


async def _in_thread(take: Callable[[Any, int], None], piece: Piece) -> None:
    """Judge a piece beside the event loop; whoever no longer wants it waits until the thread lets go of it."""
    judging = asyncio.ensure_future(asyncio.to_thread(take, piece.batch, piece.until_us))
    try:
        await asyncio.shield(judging)
    except asyncio.CancelledError:
        await asyncio.wait([judging])
        raise
