"""The outbox as the rest of the agent sees it: an asyncio face before one thread."""

from __future__ import annotations

import asyncio
import queue
import secrets
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self, TypeVar

from devices.model.errors import CampusError
from devices.wire.messages import Lane, Message
from edge_agent.errors import NotStored
from edge_agent.outbox.file import OutboxFile
from edge_agent.outbox.ledger import Stored
from edge_agent.outbox.opening import Opening
from edge_agent.outbox.reserve import Reserve
from edge_agent.outbox.settings import OutboxSettings
from edge_agent.outbox.stats import Stats
from edge_agent.outbox.writer import Commit, Job, Outcome, Question, Renewal, Settle, Writer

T = TypeVar("T")


class Outbox:
    """Durable store-and-forward: what was put is on disk, and stays until the hub has it.

    Used in an `async with`, in one event loop. Everything waits in one queue for one thread, which commits
    together whatever waits; a call returns after the commit that holds its records.

    Args:
        path: the file; beside it lie its log, its reserve and damaged files that were set aside.
        agent: goes into each record's stamp.
        settings: bounds.
        now_us: wall clock, UTC microseconds; the time at which a record counts as sent.
        monotonic: seconds that never step.
        random_bits: gives the epoch of a new file.
    """

    def __init__(
        self,
        path: Path,
        agent: str,
        settings: OutboxSettings,
        *,
        now_us: Callable[[], int],
        monotonic: Callable[[], float],
        random_bits: Callable[[int], int] = secrets.randbits,
    ) -> None:
        self.news = asyncio.Event()  # set after each commit and deletion; who waits for it clears it
        self._opening = Opening(path, agent, settings, now_us, monotonic, random_bits)
        self._reserve = Reserve(path.with_name(f"{path.name}.reserve"), settings.reserve_bytes)
        self._jobs: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._stats = Stats()
        self._began: tuple[int, dict[Lane, int]] = 0, {}
        self._thread: threading.Thread | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def __aenter__(self) -> Self:
        """Open the file.

        Raises:
            Refused: another process or agent has it, or its folder cannot be written.
            NotStored: the disk is full even without the reserve.
        """
        self._loop = loop = asyncio.get_running_loop()
        opened: asyncio.Future[None] = loop.create_future()
        writer = Writer(self._opening, self._reserve, self._jobs, self._settle_later, self._publish)
        self._thread = threading.Thread(
            target=_open_and_run, args=(writer, opened, self._settle_later), name="outbox", daemon=True
        )
        self._thread.start()
        try:
            await asyncio.shield(opened)
        except BaseException:  # boundary: raised again; an outbox that was not entered has no thread
            await self._end()
            raise
        self._began = self.epoch, await self._asked(lambda file: dict(file.ledger.next_seq))
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Commit what waits and close the file."""
        await self._end()

    async def _end(self) -> None:
        thread, self._thread = self._thread, None
        self._jobs.put(None)
        if thread is not None:
            await asyncio.shield(asyncio.to_thread(thread.join))

    # --- writing

    async def commit(
        self, records: Sequence[tuple[Lane, Message]], states: Mapping[str, bytes] | None = None
    ) -> None:
        """Store records and states together, all or nothing; they are durable when this returns.

        Cancelled while it waits, the commit may happen or not.

        Raises:
            NoRoom: the disk is full; alerts and states are stored, the telemetry is not.
            NotStored: nothing is stored.
            ValueError, TypeError, OverflowError: a message cannot be encoded; nothing is stored.
        """
        await self._committed(records, states or {}, ())

    async def put(self, lane: Lane, message: Message) -> None:
        """Store one record; as `commit`."""
        await self._committed([(lane, message)], {}, ())

    async def save_state(self, name: str, data: bytes) -> None:
        """Store a state in place of the one of that name; as `commit`."""
        await self._committed((), {name: data}, ())

    async def done(self, acks: Sequence[tuple[Lane, int]]) -> None:
        """Delete records that the hub has; numbers that are not here are no error.

        Raises:
            NotStored: nothing was deleted; the records will be sent again, which harms nobody.
        """
        await self._committed((), {}, acks)

    async def _committed(
        self,
        records: Sequence[tuple[Lane, Message]],
        states: Mapping[str, bytes],
        done: Sequence[tuple[Lane, int]],
    ) -> None:
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._submit(Commit(records, states, done, future))
        await future

    # --- reading

    async def take(self, lane: Lane, after_seq: int, limit_bytes: int) -> list[Stored]:
        """Records of a lane after a number, in order; up to `limit_bytes`, but at least one if there is one.

        Raises:
            NotStored: the file cannot be read.
        """
        return await self._asked(lambda file: file.take(lane, after_seq, limit_bytes))

    async def fresh_from(self, lane: Lane, age_s: float) -> int:
        """Number of the first record put less than `age_s` ago (running time); the next number if none was.

        Raises:
            NotStored: the file cannot be read.
        """
        return await self._asked(lambda file: file.fresh_from(lane, age_s))

    async def load_states(self) -> dict[str, bytes]:
        """All saved states by name; one that was damaged is left out and counted.

        Raises:
            NotStored: the file cannot be read.
        """
        return await self._asked(OutboxFile.states)

    async def load_state(self, name: str) -> bytes | None:
        """One saved state; as `load_states`."""
        return (await self.load_states()).get(name)

    async def next_seqs(self, *, at_opening: bool) -> dict[Lane, int]:
        """The number that the next record of each lane gets, or got when the file was opened; as `take`."""
        epoch, began = self._began
        if at_opening and epoch == self.epoch:
            return began
        return await self._asked(lambda file: dict(file.ledger.next_seq))

    async def open_parts(self, prefix: str) -> tuple[int, list[bytes]] | None:
        """States whose names begin so, and the last alert record before them; None while one waits; as `take`."""
        return await self._asked(lambda file: file.open_parts(prefix))

    async def renew(self) -> None:
        """Begin a new file under a new epoch and carry everything over, under new numbers.

        Raises:
            NotStored: the disk takes no writes now; it is done at the next opening.
        """
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._submit(Renewal(future))
        await future

    async def _asked(self, ask: Callable[[OutboxFile], T]) -> T:
        future: asyncio.Future[T] = asyncio.get_running_loop().create_future()
        self._submit(Question(ask, future))
        return await future

    @property
    def epoch(self) -> int:
        """Number of the file; a new one after the file was damaged and replaced."""
        return self._stats.epoch

    @property
    def next_now(self) -> Mapping[Lane, int]:
        """The number that the next record of each lane gets, not older than the news."""
        return self._stats.next_seq

    @property
    def bytes_per_s(self) -> float:
        """How much is put, lately."""
        return self._stats.bytes_per_s

    def stats(self) -> Stats:
        """What waits, what was dropped and what the disk is like, as of at most a second ago."""
        return self._stats

    # --- between the loop and the thread

    def _submit(self, job: Job) -> None:
        if self._thread is None or not self._thread.is_alive():
            raise NotStored("the outbox is closed")
        self._jobs.put(job)

    def _settle_later(self, outcomes: list[Outcome], *, is_news: bool) -> None:
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._settle, outcomes, is_news)

    def _settle(self, outcomes: list[Outcome], is_news: bool) -> None:  # noqa: FBT001 - called by the loop
        for future, outcome in outcomes:
            if future.done():
                continue
            if isinstance(outcome, BaseException):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)
        if is_news:
            self.news.set()

    def _publish(self, stats: Stats) -> None:
        self._stats = stats


def _open_and_run(writer: Writer, opened: asyncio.Future[Any], settle: Settle) -> None:
    """The thread: the file is opened and closed where it is used, as SQLite wants it."""
    outcome: object = NotStored("the outbox cannot be opened")
    try:
        writer.open()
        outcome = None
    except CampusError as error:
        outcome = error
    finally:
        settle([(opened, outcome)], is_news=True)
    if outcome is None:
        writer.run()
