"""One writer that commits in groups, a few readers beside it, and a small asynchronous face.

SQLite 3.7.0 to 3.51.2 can damage its write-ahead log when several connections write or checkpoint at once.
So exactly one connection writes and checkpoints, in a thread of its own; readers are told never to do either.
"""

from __future__ import annotations

import asyncio
import os
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self, TypeVar

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import (
    ArgumentError,
    DatabaseError,
    DataError,
    DBAPIError,
    IntegrityError,
    NoSuchModuleError,
    OperationalError,
    SQLAlchemyError,
)

from devices.model.errors import Refused, Unreachable
from hub.db.upgrade import upgrade

T = TypeVar("T")
#: Most writes that share one commit; more would only make the first of them wait.
GROUP: Final = 64
READERS: Final = 2
BUSY_MS: Final = 5000


#: What a write returned, or what it raised.
_Outcome = tuple[Any, Exception | None]


@dataclass(frozen=True, slots=True)
class _Job:
    work: Callable[[Connection], Any]
    done: asyncio.Future[Any]
    loop: asyncio.AbstractEventLoop

    def answer(self, result: object, error: Exception | None) -> None:
        self.loop.call_soon_threadsafe(self._settle, result, error)

    def _settle(self, result: object, error: Exception | None) -> None:
        if self.done.done():
            return  # the one who asked has been cancelled meanwhile
        if error is None:
            self.done.set_result(result)
        else:
            self.done.set_exception(error)


class Database:
    """The database of one hub.

    Args:
        url: SQLAlchemy's address, such as `sqlite:////var/lib/campuswatch/hub.db`.
        group: most writes in one commit.
    """

    def __init__(self, url: str, *, group: int = GROUP, readers: int = READERS) -> None:
        self._url = url
        self._group = group
        self._readers = readers
        self._jobs: queue.SimpleQueue[_Job | None] = queue.SimpleQueue()
        self._open = False

    @property
    def waiting(self) -> int:
        """Writes that have not been looked at yet."""
        return self._jobs.qsize()

    async def __aenter__(self) -> Self:
        loop = asyncio.get_running_loop()
        self._pool = ThreadPoolExecutor(self._readers, "db-reader")
        with ExitStack() as stack:
            stack.callback(self._pool.shutdown)
            await loop.run_in_executor(self._pool, self._connect)
            stack.pop_all()
        self._thread = threading.Thread(target=self._write_all, name="db-writer")
        self._thread.start()
        self._open = True
        return self

    async def __aexit__(self, *_: object) -> None:
        self._open = False
        self._jobs.put(None)
        loop = asyncio.get_running_loop()
        await loop.run_in_executor(self._pool, self._thread.join)
        self._read_engine.dispose()
        self._write_engine.dispose()  # last: closing the last connection is what checkpoints
        self._pool.shutdown()

    async def write(self, work: Callable[[Connection], T]) -> T:
        """Run `work` in one transaction and return its result once that is on disk.

        Writes that wait at the same time share a commit; each has its own savepoint, so that one which
        raises takes nothing of the others with it. Where the shared commit fails, each is done again alone:
        so `work` may run twice, the first time without effect on the database.

        Raises:
            Unreachable: the database cannot be written now (locked, disk full, server gone).
            Refused: a constraint of the tables says no.
        """
        if not self._open:
            raise Unreachable("the database is closed")
        loop = asyncio.get_running_loop()
        done: asyncio.Future[T] = loop.create_future()
        self._jobs.put(_Job(work, done, loop))
        return await done

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Run `work` on a connection that sees every finished write and cannot write.

        Raises:
            Unreachable: the database does not answer.
        """
        if not self._open:
            raise Unreachable("the database is closed")
        return await asyncio.get_running_loop().run_in_executor(self._pool, self._read_one, work)

    def _connect(self) -> None:
        with _translated():
            _prepare_file(self._url)
            self._write_engine = _engine(self._url, writes=True)
            with self._write_engine.connect() as connection:
                upgrade(connection)
            self._read_engine = _engine(self._url, writes=False, size=self._readers)

    def _read_one(self, work: Callable[[Connection], T]) -> T:
        with _translated(), self._read_engine.connect() as connection:
            return work(connection)

    def _write_all(self) -> None:
        ending = False
        while not ending:
            jobs = [self._jobs.get()]
            while len(jobs) < self._group and not self._jobs.empty():
                jobs.append(self._jobs.get())
            ending = None in jobs
            self._write_group([job for job in jobs if job is not None and not job.done.cancelled()])

    def _write_group(self, jobs: list[_Job]) -> None:
        answers = self._committed(jobs) if len(jobs) > 1 else None
        if answers is None:  # one alone, or a commit that failed: then each alone, to see whose fault it is
            answers = [self._alone(job) for job in jobs]
        for job, (result, error) in zip(jobs, answers, strict=True):
            job.answer(result, error)

    def _committed(self, jobs: list[_Job]) -> list[_Outcome] | None:
        """Do all in one transaction; None if that as a whole came to nothing."""
        try:
            with self._write_engine.begin() as connection:
                return [_attempt(connection, job) for job in jobs]
        except DBAPIError:
            return None

    def _alone(self, job: _Job) -> _Outcome:
        try:
            with _translated(), self._write_engine.begin() as connection:
                return job.work(connection), None
        except Exception as error:  # noqa: BLE001 - boundary: handed to the one who asked for this write
            return None, error


def _attempt(connection: Connection, job: _Job) -> _Outcome:
    """Do one write of a group; its failure is its own, unless it took the transaction with it.

    Raises:
        DBAPIError: the whole transaction is gone, as SQLite does when the disk is full.
    """
    savepoint = connection.begin_nested()
    try:
        result = job.work(connection)
    except Exception as error:  # noqa: BLE001 - boundary: handed to the one who asked for this write
        savepoint.rollback()
        return None, _sorted(error)
    savepoint.commit()
    return result, None


@contextmanager
def _translated() -> Iterator[None]:
    """The database's own errors, sorted by who acts."""
    try:
        yield
    except (SQLAlchemyError, ModuleNotFoundError) as error:
        if (translated := _sorted(error)) is error:
            raise
        raise translated from error


def _sorted(error: Exception) -> Exception:
    match error:
        case IntegrityError() | DataError():
            return Refused(f"the database refuses: {error.orig}")
        case OperationalError():
            return Unreachable(f"the database does not answer: {error.orig}")
        case DBAPIError() if error.connection_invalidated:
            return Unreachable(f"the database is gone: {error.orig}")
        case DatabaseError() if type(error) is DatabaseError:  # the class itself: not a database, malformed
            return Refused(f"the database cannot be read: {error.orig}")
        case ArgumentError() | NoSuchModuleError() | ModuleNotFoundError():
            return Refused(f"no such kind of database: {error}")
        case _:
            return error


def _prepare_file(url: str) -> None:
    """A new SQLite file belongs to its owner alone; it holds password hashes."""
    address = make_url(url)
    if address.get_backend_name() != "sqlite":
        return
    if not address.database or address.database == ":memory:":
        raise Refused("the database must be a file: one in memory forgets every alert")
    path = Path(address.database)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_CREAT | os.O_RDWR, 0o600))
    except OSError as error:
        raise Refused(f"the database file cannot be made: {error}") from error


def _engine(url: str, *, writes: bool, size: int = 1) -> Engine:
    if make_url(url).get_backend_name() != "sqlite":
        options = {"postgresql_readonly": not writes}
        return create_engine(
            url, pool_size=size, max_overflow=0, pool_pre_ping=True, execution_options=options
        )
    engine = create_engine(url, pool_size=size, max_overflow=0, connect_args={"check_same_thread": False})
    pragmas = _WRITER if writes else _READER

    def on_connect(raw: sqlite3.Connection, _record: object) -> None:
        raw.isolation_level = None  # the driver must not begin or commit behind SQLAlchemy's back
        for pragma in pragmas:
            raw.execute(f"PRAGMA {pragma}").close()

    def on_begin(connection: Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")

    event.listen(engine, "connect", on_connect)
    event.listen(engine, "begin", on_begin)
    return engine


_WRITER: Final = (
    f"busy_timeout={BUSY_MS}",
    "journal_mode=WAL",
    "synchronous=FULL",  # what was acknowledged survives a power cut
    "foreign_keys=ON",
    "mmap_size=0",
)
_READER: Final = (f"busy_timeout={BUSY_MS}", "query_only=ON", "wal_autocheckpoint=0", "mmap_size=0")
