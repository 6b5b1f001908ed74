"""The outbox's one thread: takes what waits, commits it together, and keeps house between commits."""

from __future__ import annotations

import logging
import queue
import sqlite3
from asyncio import Future
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from devices.model.errors import CampusError
from devices.wire.messages import Lane, Message
from edge_agent.errors import NoRoom, NotStored
from edge_agent.outbox.faults import TROUBLE, Fault, fault_of
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.ledger import Ledger
from edge_agent.outbox.opening import Opening, encoded_row
from edge_agent.outbox.rate import Rate
from edge_agent.outbox.reserve import Reserve
from edge_agent.outbox.stats import Stats

LOG: Final = logging.getLogger(__name__)
MOST_JOBS: Final = 2000
MOST_BYTES: Final = 16 * 1024 * 1024
UPKEEP_S: Final = 1.0
REPORT_S: Final = 60.0
RATE_WINDOW_S: Final = 600.0
LEAST_UNUSED: Final = 0.25

Outcome = tuple[Future[Any], object]


class Settle(Protocol):
    """Receives a value or an error for each future; `is_news` if something was stored or deleted."""

    def __call__(self, outcomes: list[Outcome], *, is_news: bool) -> None:
        """Settle them in the loop that waits for them."""


@dataclass(slots=True)
class Commit:
    """Records and states to store and records to delete, all or nothing."""

    records: Sequence[tuple[Lane, Message]]
    states: Mapping[str, bytes]
    done: Sequence[tuple[Lane, int]]
    future: Future[None]
    rows: list[Row] = field(default_factory=list)

    @property
    def telemetry(self) -> int:
        """How many of the records are not alerts."""
        return sum(lane is not Lane.ALERTS for lane, _ in self.records)


@dataclass(slots=True)
class Question:
    """Something to read from the file."""

    ask: Callable[[OutboxFile], object]
    future: Future[Any]


@dataclass(slots=True)
class Renewal:
    """Begin a new epoch."""

    future: Future[None]


Job = Commit | Question | Renewal


class Writer:
    """Everything that touches the file; `run` is the thread's.

    jobs:    what waits; None ends the thread after everything before it.
    settle:  called from the thread.
    publish: receives a new `Stats`; called from the thread.
    """

    def __init__(
        self,
        opening: Opening,
        reserve: Reserve,
        jobs: queue.SimpleQueue[Job | None],
        settle: Settle,
        publish: Callable[[Stats], None],
    ) -> None:
        self._opening = opening
        self._reserve = reserve
        self._jobs = jobs
        self._settle = settle
        self._publish = publish
        self._file: OutboxFile | None = None
        self._waiting: deque[Job] = deque()
        self._ending = False
        self._upkeep_due_s = 0.0
        self._is_full = False
        self._commits = self._stored = self._refused = self._failures = 0
        self._file_bytes = self._epoch = 0
        self._oldest_us: dict[Lane, int] = {}
        self._next_seq: dict[Lane, int] = {}
        self._reported: dict[tuple[Lane, str], int] = {}
        self._report_due_s = 0.0
        self._rate = Rate(RATE_WINDOW_S, opening.monotonic())

    def open(self) -> None:
        """Open the file and set the reserve aside.

        Raises:
            Refused: a person must act.
            NotStored: the disk is full even without the reserve.
        """
        try:
            self._file = self._opening.open()
        except NotStored:
            self._reserve.release()
            self._file = self._opening.open()
        self._upkeep(self._file)

    def run(self) -> None:
        """Work until the queue gives None; `open` comes first."""
        try:
            while self._gather():
                self._work()
        finally:
            self._give_up()
            if self._file is not None:
                self._file.close()

    # --- one round

    def _gather(self) -> bool:
        """Wait for the first job, then take everything else that waits; false when it is time to end."""
        try:
            if not self._waiting and not self._ending:
                self._take_in(self._jobs.get(timeout=UPKEEP_S))
            while len(self._waiting) < MOST_JOBS and not self._ending:
                self._take_in(self._jobs.get_nowait())
        except queue.Empty:
            pass
        return bool(self._waiting) or not self._ending

    def _take_in(self, job: Job | None) -> None:
        if job is None:
            self._ending = True
        else:
            self._waiting.append(job)

    def _work(self) -> None:
        commits = deque(job for job in self._waiting if isinstance(job, Commit))
        is_news = bool(commits)
        outcomes = self._store(commits) if commits else []
        outcomes += [(job.future, self._answer(job)) for job in self._waiting if isinstance(job, Question)]
        outcomes += [(job.future, self._renewed()) for job in self._waiting if isinstance(job, Renewal)]
        if (file := self._file) is not None and self._opening.monotonic() >= self._upkeep_due_s:
            self._upkeep(file)
        elif outcomes:
            self._publish(self._stats())
        if outcomes:
            self._settle(outcomes, is_news=is_news)
        self._waiting = deque(commits)  # what was too much for one transaction

    def _give_up(self) -> None:
        """Nobody may wait for ever for a thread that has ended."""
        while not self._jobs.empty():
            self._take_in(self._jobs.get_nowait())
        left: list[Outcome] = [(job.future, NotStored("the outbox is closed")) for job in self._waiting]
        self._settle(left, is_news=False)

    # --- storing

    def _store(self, commits: deque[Commit]) -> list[Outcome]:
        """Commit a number of jobs together, taking them out of `commits`."""
        jobs: list[Commit] = []
        outcomes: list[Outcome] = []
        why: Exception | str = "the outbox cannot be opened"
        for _ in range(2):  # a file that was damaged, or lost its disk for a moment, gets a second chance
            if (file := self._opened_again()) is None:
                break
            if jobs:
                commits.extendleft(reversed(jobs))
            jobs, failed = self._encoded(file, commits)
            outcomes += failed
            try:
                return outcomes + self._written(file, jobs)
            except TROUBLE as error:
                why = error
                self._failed(error)
                if fault_of(error) is Fault.FULL:
                    break
        jobs = jobs or [commits.popleft() for _ in range(len(commits))]
        self._failures += len(jobs)
        return outcomes + [(job.future, NotStored(f"not stored: {why}")) for job in jobs]

    def _written(self, file: OutboxFile, jobs: Sequence[Commit]) -> list[Outcome]:
        """Write everything, or on a full disk what is urgent."""
        if not self._is_full:
            try:
                self._write(file, jobs, with_telemetry=True)
            except sqlite3.OperationalError as error:
                if fault_of(error) is not Fault.FULL:
                    raise
                LOG.error("disk full: telemetry is refused, alerts go into the reserve")  # noqa: TRY400 - known
                self._reserve.release()
                self._is_full = True
            else:
                return [(job.future, None) for job in jobs]
        self._write(file, jobs, with_telemetry=False)
        return [(job.future, self._no_room(job)) for job in jobs]

    def _encoded(self, file: OutboxFile, commits: deque[Commit]) -> tuple[list[Commit], list[Outcome]]:
        """Give each record its number and its bytes; a job that cannot be encoded fails alone."""
        next_seq = dict(file.ledger.next_seq)
        ready: list[Commit] = []
        failed: list[Outcome] = []
        size = 0
        while commits and size < MOST_BYTES:
            job = commits.popleft()
            try:
                job.rows = self._rows(file.epoch, dict(next_seq), job)
            except (ValueError, TypeError, OverflowError) as error:
                failed.append((job.future, error))
                continue
            for row in job.rows:
                next_seq[row.lane] = row.seq + 1
                size += len(row.data)
            ready.append(job)
        return ready, failed

    def _rows(self, epoch: int, next_seq: dict[Lane, int], job: Commit) -> list[Row]:
        rows = []
        for lane, message in job.records:
            now_us = self._opening.now_us()
            rows.append(encoded_row(self._opening.agent, epoch, lane, next_seq[lane], message, now_us))
            next_seq[lane] += 1
        return rows

    def _write(self, file: OutboxFile, ready: Sequence[Commit], *, with_telemetry: bool) -> None:
        rows = [row for job in ready for row in job.rows if with_telemetry or row.lane is Lane.ALERTS]
        states = {name: data for job in ready for name, data in job.states.items()}
        done = [each for job in ready for each in job.done]
        if not (rows or states or done):
            return
        file.commit(rows, states, done)
        self._commits += 1
        self._stored += len(rows)
        self._rate.add(sum(len(row.data) for row in rows), self._opening.monotonic())

    def _no_room(self, job: Commit) -> CampusError | None:
        if not job.telemetry:
            return None
        self._refused += job.telemetry
        return NoRoom(f"the disk is full: {job.telemetry} telemetry records are not stored")

    # --- trouble

    def _failed(self, error: sqlite3.Error | ValueError) -> None:
        """Open the file again before it is used again, whatever state it was left in."""
        if fault_of(error) is not Fault.FULL:
            self._close()

    def _renewed(self) -> CampusError | None:
        self._close()
        try:
            self._file = self._opening.renewed()
        except CampusError as error:
            return error
        return None

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            try:
                file.close()
            except TROUBLE as error:
                fault_of(error)

    def _opened_again(self) -> OutboxFile | None:
        if self._file is None:
            try:
                self._file = self._opening.open()
            except CampusError:
                return None
        return self._file

    # --- reading and upkeep

    def _answer(self, question: Question) -> object:
        """Ask the file; if it turns out to be damaged, ask once more after it was replaced."""
        for _ in range(2):
            file = self._opened_again()
            if file is None:
                break
            try:
                return question.ask(file)
            except TROUBLE as error:
                self._failed(error)
        return NotStored("the outbox cannot be read")

    def _upkeep(self, file: OutboxFile) -> None:
        self._upkeep_due_s = self._opening.monotonic() + UPKEEP_S
        try:
            file.drop_aged()
            file.vacuum(least_share=0.0 if self._is_full else LEAST_UNUSED)
            self._oldest_us = {lane: us for lane in Lane if (us := file.oldest_us(lane)) is not None}
            self._file_bytes = file.file_bytes
            self._report_drops(file.ledger)
        except TROUBLE as error:
            self._failed(error)
        was_full, self._is_full = self._is_full, not self._reserve.fill()
        if was_full and not self._is_full:
            LOG.warning("the disk has room again: telemetry is stored")
        self._publish(self._stats())

    def _report_drops(self, ledger: Ledger) -> None:
        now_s = self._opening.monotonic()
        if ledger.dropped != self._reported and now_s >= self._report_due_s:
            LOG.error("records dropped so far: %s", {" ".join(why): n for why, n in ledger.dropped.items()})
            self._reported, self._report_due_s = ledger.dropped, now_s + REPORT_S

    def _stats(self) -> Stats:
        file = self._file
        ledger = file.ledger if file else None
        if file:  # closed for a moment by a fault of the disk, it is still the same outbox
            self._epoch = file.epoch
            self._next_seq = dict(file.ledger.next_seq)
        return Stats(
            epoch=self._epoch,
            max_bytes=self._opening.settings.max_bytes,
            file_bytes=self._file_bytes,
            next_seq=self._next_seq,
            records=dict(ledger.records) if ledger else {},
            sizes=dict(ledger.sizes) if ledger else {},
            oldest_us=self._oldest_us,
            dropped=dict(ledger.dropped) if ledger else {},
            commits=self._commits,
            stored=self._stored,
            refused=self._refused,
            failures=self._failures,
            is_full=self._is_full,
            set_aside=self._opening.set_aside,
            salvaged=self._opening.salvaged,
            corrupt_states=file.corrupt_states if file else 0,
            bytes_per_s=self._rate.per_s(self._opening.monotonic()),
        )
