"""Time series in one DuckDB file beside the hub: one thread writes, two read, neither waits for the other."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, Literal, Self, TypeVar

import duckdb
import numpy as np
import numpy.typing as npt

from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from hub.series.duckdb_file import DuckFile, sample_rows, translated
from hub.series.port import Aggregate, Entry, Grid, Reading, Rows, Size, Steps

T = TypeVar("T")
Numbers = npt.NDArray[np.integer[Any]]
READERS: Final = 2
#: How often a query that nobody waits for is told to end.
STOPPING_S: Final = 0.01
SQL: Final = {
    Aggregate.MEAN: "avg(value)",
    Aggregate.MIN: "min(value)",
    Aggregate.MAX: "max(value)",
    Aggregate.FIRST: "arg_min(value, time_us)",
    Aggregate.LAST: "arg_max(value, time_us)",
    Aggregate.COUNT: "count(value)::DOUBLE",
}


class DuckSeries:
    """The embedded store; see `SeriesStore`. Only one process can have the file open.

    Args:
        path: the file, made when missing.
        memory_mb: what DuckDB may use; larger queries go through temporary files beside it.
        threads: cores that one query may use.
    """

    resolution_us: Final = 1

    def __init__(self, path: Path, *, memory_mb: int = 512, threads: int = 2) -> None:
        self._file = DuckFile(path, memory_mb=memory_mb, threads=threads)

    async def __aenter__(self) -> Self:
        self._writer = ThreadPoolExecutor(1, "series-writer")
        self._readers = ThreadPoolExecutor(READERS, "series-reader")
        try:
            await self._in_writer(self._file.open)
        except BaseException:  # boundary: raised again; the threads must not outlive a failed opening
            self._shut()
            raise
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._in_writer(self._file.close)
        self._shut()

    def _shut(self) -> None:
        self._writer.shutdown()
        self._readers.shutdown()

    async def _in_writer(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._writer, work)

    async def write(self, entries: Sequence[Entry]) -> list[bool]:
        """Store all entries in one transaction that is on disk when this returns."""
        return await self._in_writer(lambda: self._file.write(entries))

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number in the ledger."""
        return self._file.last_seq(agent, epoch, lane)

    async def drop_before(self, time_us: int) -> None:
        """Delete older samples."""
        await self._in_writer(lambda: self._file.drop_before(time_us))

    async def latest(self, points: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """Newest samples, out of memory."""
        return self._file.latest(points)

    async def read(
        self, points: Sequence[str], from_us: int, to_us: int, step_s: float, aggregate: Aggregate
    ) -> Steps:
        """Aggregate in the database; only the steps come back."""
        grid = Grid.of(from_us, to_us, step_s)
        value = grid.empty(len(points), aggregate)
        place = self._file.places(points)
        steps = Steps(tuple(points), grid.time_us, value)
        if not place or not len(grid):
            return steps
        query = (
            f"SELECT point, (time_us - ?) // ? AS step, {SQL[aggregate]} AS value FROM samples"  # noqa: S608 - our own words
            f" WHERE time_us >= ? AND time_us < ? AND value IS NOT NULL AND point IN ({_marks(place)})"
            " GROUP BY ALL"
        )
        values = [from_us, grid.step_us, from_us, to_us, *place]
        found = await self._query(query, values, lambda result: result.fetchnumpy())
        value[_places(found["point"], place), found["step"]] = np.ma.filled(found["value"], np.nan)
        return steps

    async def raw(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """The samples as they are."""
        return await self._rows(points, from_us, to_us, limit, "ORDER BY time_us, point")

    async def history(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """The samples as they lie in the file: in the order of arrival, or of the threads that read them."""
        return await self._rows(points, from_us, to_us, limit, "")

    async def _rows(
        self,
        points: Sequence[str],
        from_us: int,
        to_us: int,
        limit: int,
        order: Literal["", "ORDER BY time_us, point"],
    ) -> Rows:
        place = self._file.places(points)
        if not place:
            return Rows(tuple(points), SampleBatch.empty(), truncated=False)
        query = (
            "SELECT point, time_us, value, quality FROM samples"  # noqa: S608 - our own words
            f" WHERE time_us >= ? AND time_us < ? AND point IN ({_marks(place)})"
            f" {order} LIMIT ?"
        )
        rows = await self._query(query, [from_us, to_us, *place, limit + 1], sample_rows)
        renumbered = SampleBatch(_places(rows.point, place), rows.time_us, rows.value, rows.quality)
        return Rows(tuple(points), renumbered[:limit], truncated=len(rows) > limit)

    async def size(self) -> Size:
        """Bytes of the file and its write-ahead log."""
        rows = await self._query("SELECT count(*) FROM samples", [], lambda result: result.fetchone())
        files = [self._file.path, self._file.path.with_name(self._file.path.name + ".wal")]
        return Size(sum(file.stat().st_size for file in files if file.exists()), rows[0] if rows else 0)

    async def _query(
        self, query: str, values: Sequence[int], take: Callable[[duckdb.DuckDBPyConnection], T]
    ) -> T:
        """Run a query in a reader thread; whoever no longer wants the answer stops it."""
        cursor = self._file.cursor()

        def run() -> T:
            with translated(), cursor:
                return take(cursor.execute(query, values))

        reading = self._readers.submit(run)
        try:
            return await asyncio.wrap_future(reading)
        except asyncio.CancelledError:
            await _stop(cursor, reading)
            raise


async def _stop(cursor: duckdb.DuckDBPyConnection, reading: Future[Any]) -> None:
    """Stop a query; one that has not begun yet does not hear the first time."""
    if reading.cancelled():  # no thread has taken it
        cursor.close()
    while not reading.done():
        with suppress(duckdb.Error):  # closed in this moment
            cursor.interrupt()
        await asyncio.sleep(STOPPING_S)


def _marks(place: Mapping[int, int]) -> str:
    return ", ".join("?" * len(place))


def _places(point: Numbers, place: Mapping[int, int]) -> npt.NDArray[np.int32]:
    """The place in the caller's list for each point number."""
    table = np.zeros(max(place) + 1, np.int32)
    table[list(place)] = list(place.values())
    places: npt.NDArray[np.int32] = table[point]
    return places
