"""Time series in InfluxDB 2: line protocol in, Flux out, through `influxdb-client`.

No live InfluxDB was at hand when this was written: it is tested against a server of our own that understands the
same requests (`tests/contracts/series/fake_influxdb.py`).
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from typing import Any, Final, Self, TypeVar

import numpy as np
from influxdb_client.client.exceptions import InfluxDBError
from influxdb_client.client.influxdb_client import InfluxDBClient
from influxdb_client.client.write_api import SYNCHRONOUS
from influxdb_client.domain.write_precision import WritePrecision
from urllib3.exceptions import HTTPError

from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import MAX_TIME_US
from hub.series import flux
from hub.series.ledger import Ledger, write_once
from hub.series.lines import MEASUREMENT, body, joined, newest_of, portions
from hub.series.port import Aggregate, Entry, Grid, Reading, Rows, Size, Steps

T = TypeVar("T")
#: Names in one query.
NAMES_AT_ONCE: Final = 200
TIMEOUT_MS: Final = 30_000
THREADS: Final = 4
PRECISION: Final[Any] = WritePrecision.US  # the client calls it an enum, and it is a string


class InfluxSeries:
    """A bucket of an InfluxDB 2 server; see `SeriesStore`.

    Args:
        url: such as `http://127.0.0.1:8086`.
        token: may read, write and delete in the bucket.
        ledger: which records it has already.
    """

    resolution_us: Final = 1

    def __init__(self, url: str, token: str, organisation: str, bucket: str, ledger: Ledger) -> None:
        self._url = url
        self._token = token
        self._organisation = organisation
        self._bucket = bucket
        self._ledger = ledger
        self._floor_us = 0

    async def __aenter__(self) -> Self:
        self._client = InfluxDBClient(self._url, self._token, org=self._organisation, timeout=TIMEOUT_MS)
        self._threads = ThreadPoolExecutor(THREADS, "series-influxdb")
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._in_thread(self._client.close)
        self._threads.shutdown()

    async def _in_thread(self, work: Callable[[], T]) -> T:
        def translated_work() -> T:
            with translated():
                return work()

        return await asyncio.get_running_loop().run_in_executor(self._threads, translated_work)

    async def write(self, entries: Sequence[Entry]) -> list[bool]:
        """Send all samples; where a part of them fails, all are sent again, over themselves."""
        return await write_once(self._ledger, entries, self._store)

    async def _store(self, entries: list[Entry]) -> None:
        api = self._client.write_api(write_options=SYNCHRONOUS)

        def send(portion: list[Entry]) -> None:
            api.write(self._bucket, self._organisation, body(portion, 1), write_precision=PRECISION)

        for portion in portions(entries):
            await self._in_thread(partial(send, portion))

    async def _rows(self, query: str) -> list[dict[str, str]]:
        api = self._client.query_api()

        def work() -> list[dict[str, str]]:
            answer = api.query_raw(query, self._organisation)
            return list(flux.rows(answer.data.decode()))

        return await self._in_thread(work)

    async def read(
        self, points: Sequence[str], from_us: int, to_us: int, step_s: float, aggregate: Aggregate
    ) -> Steps:
        """Let the server aggregate."""
        grid = Grid.of(from_us, to_us, step_s)
        value = grid.empty(len(points), aggregate)
        place = {name: number for number, name in enumerate(points)}
        for names in _bunches(points) if len(grid) else ():
            for row in await self._rows(flux.steps(self._bucket, names, grid, aggregate)):
                step = (flux.microseconds(row["_time"]) - from_us) // grid.step_us
                value[place[row["point"]], step] = float(row["_value"])
        return Steps(tuple(points), grid.time_us, value)

    async def history(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """The samples as they are."""
        return await self.raw(points, from_us, to_us, limit)

    async def raw(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """The samples as they are."""
        begin_us, end_us = max(from_us, self._floor_us), min(to_us, MAX_TIME_US)
        place = {name: number for number, name in enumerate(points)}
        batches = [SampleBatch.empty()]
        for names in _bunches(points) if begin_us < end_us else ():
            found = await self._rows(flux.samples(self._bucket, names, begin_us, end_us, limit + 1))
            batches.append(_samples(found, place))
        batch = SampleBatch.joined(batches)
        batch = batch[np.lexsort((batch.point, batch.time_us))]
        return Rows(tuple(points), batch[:limit], truncated=len(batch) > limit)

    async def latest(self, points: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """The last value and the last quality of each point, and which of them is younger."""
        found: list[dict[str, str]] = []
        for names in [None] if points is None else _bunches(points):
            found += await self._rows(flux.newest(self._bucket, names, self._floor_us))
        last: dict[str, dict[str, tuple[int, float]]] = {}
        for row in found:
            field = flux.microseconds(row["_time"]), float(row["_value"])
            last.setdefault(row["point"], {})[row["_field"]] = field
        return {name: newest_of(fields) for name, fields in last.items()}

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number in the ledger, since such a server keeps none."""
        return await self._ledger.last_seq(agent, epoch, lane)

    async def drop_before(self, time_us: int) -> None:
        """Delete older samples."""
        api = self._client.delete_api()
        stop = flux.literal(time_us - 1)
        await self._in_thread(
            lambda: api.delete(
                flux.literal(0), stop, f'_measurement="{MEASUREMENT}"', self._bucket, self._organisation
            )
        )
        self._floor_us = max(self._floor_us, time_us)

    async def size(self) -> Size:
        """InfluxDB does not tell."""
        return Size(None, None)


@contextmanager
def translated() -> Iterator[None]:
    """The client's errors, sorted by who acts."""
    try:
        yield
    except InfluxDBError as error:
        raise _sorted(error) from error
    except (HTTPError, OSError) as error:
        raise Unreachable(f"InfluxDB cannot be reached: {type(error).__name__} {error}") from error
    except ValueError as error:
        raise Unreachable(f"InfluxDB answers something else than CSV: {error}") from error


def _sorted(error: InfluxDBError) -> CampusError:
    status = getattr(error.response, "status", 0)
    said = f"InfluxDB answers {status}: {error}"
    if status in {400, 413, 422}:
        return Garbled(said)
    if status in {401, 403, 404}:
        return Refused(said)
    return Unreachable(said)


def _bunches(points: Sequence[str]) -> Iterator[Sequence[str]]:
    for start in range(0, len(points), NAMES_AT_ONCE):
        yield points[start : start + NAMES_AT_ONCE]


def _samples(rows: Sequence[Mapping[str, str]], place: Mapping[str, int]) -> SampleBatch:
    fields: dict[str, list[tuple[int, list[int], list[float]]]] = {"v": [], "q": []}
    for row in rows:
        for field, found in fields.items():
            if row.get(field):
                found.append((place[row["point"]], [flux.microseconds(row["_time"])], [float(row[field])]))
    return joined(fields["v"], fields["q"])
