"""One DuckDB file of samples: tables, transactions and queries. All here blocks; threads are elsewhere.

Samples carry no index: an index over hundreds of millions of rows costs more than all else together. What
keeps a repeat out instead is the ledger of stamps, in the same file and transaction, and for samples that are
not newer than the newest of their point, a look into the rows of their day. Rows lie in order of arrival, so
the minimum and maximum that DuckDB keeps of each 122,880 rows let a read skip all other times.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import numpy.typing as npt

from devices.model.errors import Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.series import torn_log
from hub.series.columns import US_PER_DAY, by_day, gathered
from hub.series.intervals import Intervals
from hub.series.newest import Newest
from hub.series.port import Entry, Reading

LAYOUT: Final = 1
#: Rows of the ledger are merged into intervals when there are so many more than needed.
LEDGER_SLACK: Final = 20_000
#: In a larger file only the last days are read at the start; points silent for longer are looked up when needed.
REMEMBER_ROWS: Final = 50_000_000
REMEMBER_US: Final = 3 * US_PER_DAY
TABLES: Final = """
CREATE TABLE IF NOT EXISTS layout(version INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS points(id INTEGER NOT NULL, name VARCHAR NOT NULL);
CREATE TABLE IF NOT EXISTS samples(
    point INTEGER NOT NULL, time_us BIGINT NOT NULL, value DOUBLE, quality UTINYINT NOT NULL);
CREATE TABLE IF NOT EXISTS ledger(
    agent VARCHAR NOT NULL, epoch BIGINT NOT NULL, lane VARCHAR NOT NULL,
    low BIGINT NOT NULL, high BIGINT NOT NULL);
"""
#: NULL in the file is NaN outside.
NEWEST: Final = """
SELECT point, max(time_us) AS time_us, arg_max_null(value, time_us) AS value,
    arg_max(quality, time_us) AS quality
FROM samples WHERE time_us >= ? GROUP BY point ORDER BY point
"""
STORED: Final = """
SELECT late.number FROM samples JOIN late ON samples.point = late.point AND samples.time_us = late.time_us
WHERE samples.time_us BETWEEN ? AND ?
"""
INSERT: Final = """
INSERT INTO samples SELECT point, time_us, CASE WHEN isfinite(value) THEN value END, quality FROM incoming
"""
#: DuckDB would draw a bar on the terminal for what takes longer; each connection has to be told.
QUIET: Final = "SET enable_progress_bar = false"
LaneKey = tuple[str, int, Lane]


@contextmanager
def translated() -> Iterator[None]:
    """DuckDB's errors, sorted by who acts: all of them may be over on the next attempt."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        raise Unreachable(f"the series store does not work: {error}") from error


class DuckFile:
    """The file, its one writing connection, and what is remembered of it in memory."""

    def __init__(
        self,
        path: Path,
        *,
        memory_mb: int,
        threads: int,
        ledger_slack: int = LEDGER_SLACK,
        remember_rows: int = REMEMBER_ROWS,
    ) -> None:
        self.path = path
        self._config: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": f"{memory_mb}MB",
            "threads": threads,
        }
        self._connection: duckdb.DuckDBPyConnection | None = None
        self._lock = threading.Lock()  # guards what readers in other threads see of the memory below
        self._numbers: dict[str, int] = {}
        self._newest = Newest()
        self._ledger: dict[LaneKey, Intervals] = {}
        self._ledger_rows = 0
        self._ledger_slack = ledger_slack
        self._remember_rows = remember_rows

    # --- life

    def _connected(self) -> duckdb.DuckDBPyConnection:
        try:
            return duckdb.connect(os.fspath(self.path), config=self._config)
        except duckdb.Error as error:
            if not torn_log.cut(self.path, str(error)):
                raise
        return duckdb.connect(os.fspath(self.path), config=self._config)

    def open(self) -> None:
        """Open or make the file; finishes what a crash left in the write-ahead log.

        Raises:
            Refused: another program has it, or it is none of ours.
            Unreachable: the disk does not let us.
        """
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            connection = self._connected()
        except OSError as error:
            raise Unreachable(f"{self.path} cannot be made: {error}") from error
        except duckdb.Error as error:
            full = "No space" in str(error) or "too large" in str(error)
            raise (Unreachable if full else Refused)(f"{self.path} cannot be opened: {error}") from error
        self._connection = connection
        try:
            with translated():
                self._prepare(connection)
                self._remember(connection)
        except BaseException:  # boundary: raised again; half opened is not open
            self.close()
            raise

    def close(self) -> None:
        """Close; what is committed stays."""
        if self._connection is not None:
            self._connection.close()
            self._connection = None

    def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number ever stored of an agent's lane; 0 if none was."""
        with self._lock:
            return self._ledger.get((agent, epoch, lane), Intervals()).last

    def _prepare(self, connection: duckdb.DuckDBPyConnection) -> None:
        connection.execute(QUIET)
        connection.execute(TABLES)
        found = connection.execute("SELECT version FROM layout").fetchall()
        if not found:
            connection.execute("INSERT INTO layout VALUES (?)", [LAYOUT])
        elif found != [(LAYOUT,)]:
            raise Refused(f"{self.path} has layout {found[0][0]}, this program knows {LAYOUT}")

    def _remember(self, connection: duckdb.DuckDBPyConnection) -> None:
        numbers = dict(connection.execute("SELECT name, id FROM points").fetchall())
        newest = self._found_newest(connection, len(numbers))
        ledger: dict[LaneKey, Intervals] = {}
        stored = connection.execute("SELECT agent, epoch, lane, low, high FROM ledger").fetchall()
        for agent, epoch, lane, low, high in stored:
            ledger.setdefault((agent, epoch, Lane(lane)), Intervals()).add(low, high)
        with self._lock:
            self._numbers, self._newest, self._ledger = numbers, newest, ledger
        self._ledger_rows = len(stored)

    def _found_newest(self, connection: duckdb.DuckDBPyConnection, points: int) -> Newest:
        """The newest sample of every point; in a large file, of every point that was heard in the last days."""
        since_us = 0
        count, last_us = connection.execute("SELECT count(*), max(time_us) FROM samples").fetchall()[0]
        if count > self._remember_rows:
            since_us = min(last_us, time.time_ns() // 1000) - REMEMBER_US  # a clock may have been ahead
        rows = sample_rows(connection.execute(NEWEST, [since_us]))
        newest = Newest()
        newest.advance(rows.point, rows.time_us, rows.value, rows.quality)
        newest.suppose(points, since_us - 1)
        return newest

    def _opened(self) -> duckdb.DuckDBPyConnection:
        if self._connection is None:
            self.open()
        assert self._connection is not None
        return self._connection

    @contextmanager
    def _transaction(self) -> Iterator[duckdb.DuckDBPyConnection]:
        """All or nothing; after any failure the file is opened anew, for DuckDB may have given it up."""
        connection = self._opened()
        try:
            with translated():
                connection.execute("BEGIN")
                yield connection
                connection.execute("COMMIT")
        except BaseException:  # boundary: raised again; closing is what rolls back, whatever happened
            self.close()
            raise

    # --- writing

    def write(self, entries: Sequence[Entry]) -> list[bool]:
        """Store all entries in one transaction; returns which were new."""
        self._opened()
        new = self._new(entries)
        fresh = [entry for entry, is_new in zip(entries, new, strict=True) if is_new]
        if not fresh:
            return new
        added: dict[str, int] = {}
        rows = gathered(fresh, lambda name: self._number(name, added))
        stamps = [entry.stamp for entry in fresh if entry.stamp is not None]
        with self._transaction() as connection:
            rows = self._without_stored(connection, rows)
            _insert_many(connection, "points", [(number, name) for name, number in added.items()])
            _insert_samples(connection, rows)
            self._insert_stamps(connection, stamps)
        with self._lock:
            self._numbers.update(added)
            self._newest.advance(rows.point, rows.time_us, rows.value, rows.quality)
        for stamp in stamps:
            self._ledger.setdefault(_key(stamp), Intervals()).add(stamp.seq, stamp.seq)
        self._ledger_rows += len(stamps)
        return new

    def _new(self, entries: Sequence[Entry]) -> list[bool]:
        seen: set[Stamp] = set()
        new = []
        for entry in entries:
            stamp = entry.stamp
            known = stamp is not None and (stamp in seen or stamp.seq in self._ledger.get(_key(stamp), ()))
            if stamp is not None:
                seen.add(stamp)
            new.append(not known)
        return new

    def _number(self, name: str, added: dict[str, int]) -> int:
        number = self._numbers.get(name)
        return added.setdefault(name, len(self._numbers) + len(added)) if number is None else number

    def _without_stored(self, connection: duckdb.DuckDBPyConnection, rows: SampleBatch) -> SampleBatch:
        late = np.flatnonzero(self._newest.late(rows.point, rows.time_us))
        keep = np.ones(len(rows), bool)
        for day in by_day(rows.time_us[late]):
            number = late[day]
            time_us = rows.time_us[number]
            connection.register("late", {"number": number, "point": rows.point[number], "time_us": time_us})
            found = connection.execute(STORED, [int(time_us.min()), int(time_us.max())]).fetchnumpy()
            connection.unregister("late")
            keep[found["number"]] = False
        return rows if keep.all() else rows[keep]

    def _insert_stamps(self, connection: duckdb.DuckDBPyConnection, stamps: Sequence[Stamp]) -> None:
        rows = [(stamp.agent, stamp.epoch, str(stamp.lane), stamp.seq, stamp.seq) for stamp in stamps]
        if self._ledger_rows > self._ledger_slack + 2 * sum(map(len, self._ledger.values())):
            merged = [
                (agent, epoch, str(lane), low, high)
                for (agent, epoch, lane), numbers in self._ledger.items()
                for low, high in numbers
            ]
            connection.execute("DELETE FROM ledger")
            self._ledger_rows = len(merged)
            rows = [*merged, *rows]
        _insert_many(connection, "ledger", rows)

    def drop_before(self, time_us: int) -> None:
        """Delete older samples; the next checkpoint gives their space to new ones."""
        with self._transaction() as connection:
            connection.execute("DELETE FROM samples WHERE time_us < ?", [time_us])
        with self._lock:
            self._newest.forget_before(time_us)

    # --- reading, from any thread

    def cursor(self) -> duckdb.DuckDBPyConnection:
        """A connection of its own for one query.

        Raises:
            Unreachable: the file is closed just now.
        """
        connection = self._connection
        if connection is None:
            raise Unreachable("the series store is closed")
        with translated():
            cursor = connection.cursor()
            cursor.execute(QUIET)
            return cursor

    def places(self, points: Sequence[str]) -> dict[int, int]:
        """Of each known point its number, to its place in `points`."""
        with self._lock:
            known = self._numbers
            return {known[name]: place for place, name in enumerate(points) if name in known}

    def latest(self, points: Sequence[str] | None) -> dict[str, Reading]:
        """The newest sample of these points, or of all."""
        with self._lock:
            names = self._numbers if points is None else [name for name in points if name in self._numbers]
            found = {name: self._newest.reading(self._numbers[name]) for name in names}
        return {name: reading for name, reading in found.items() if reading is not None}


def _key(stamp: Stamp) -> LaneKey:
    return stamp.agent, stamp.epoch, stamp.lane


def _insert_samples(connection: duckdb.DuckDBPyConnection, rows: SampleBatch) -> None:
    if not len(rows):
        return
    columns = {"point": rows.point, "time_us": rows.time_us, "value": rows.value, "quality": rows.quality}
    connection.register("incoming", columns)
    connection.execute(INSERT)
    connection.unregister("incoming")


def _insert_many(connection: duckdb.DuckDBPyConnection, table: str, rows: Sequence[tuple[Any, ...]]) -> None:
    """Insert rows of plain values by one statement; a statement for each is a hundred times slower."""
    for start in range(0, len(rows), 1000):
        some = rows[start : start + 1000]
        marks = ", ".join(f"({', '.join('?' * len(row))})" for row in some)
        cells = [cell for row in some for cell in row]
        connection.execute(f"INSERT INTO {table} VALUES {marks}", cells)  # noqa: S608 - our own words


def sample_rows(result: duckdb.DuckDBPyConnection) -> SampleBatch:
    """A query's point, time_us, value and quality as columns; NULL is NaN."""
    found: dict[str, npt.NDArray[Any]] = result.fetchnumpy()
    return SampleBatch(
        found["point"].astype(np.int32, copy=False),
        found["time_us"].astype(np.int64, copy=False),
        np.ma.filled(found["value"].astype(np.float64, copy=False), np.nan),
        np.ma.filled(found["quality"], 0).astype(np.uint8, copy=False),
    )
