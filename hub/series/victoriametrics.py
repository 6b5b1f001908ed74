"""Time series in VictoriaMetrics: line protocol in, PromQL and exports out.

It keeps milliseconds, cannot keep NaN (see `lines`), and forgets by its own `-retentionPeriod` alone: what is to
be forgotten earlier is only no longer answered. Start it with `-dedup.minScrapeInterval=1ms`, so that a repeat
counts once, and `-search.latencyOffset=0s`, so that what is newest is seen.
"""

from __future__ import annotations

import asyncio
import json
import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final, Self

import httpx

from devices.model.errors import Garbled, Refused, Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import MAX_TIME_US
from hub.series.ledger import Ledger, write_once
from hub.series.lines import body, joined, newest_of, portions
from hub.series.port import Aggregate, Entry, Grid, Reading, Rows, Size, Steps

US_PER_MS: Final = 1000
VALUES: Final = "campus_v"
QUALITIES: Final = "campus_q"
#: Names in one query: the server takes 16 KB.
NAMES_AT_ONCE: Final = 150
#: Steps in one query: the server takes 30,000.
STEPS_AT_ONCE: Final = 20_000
TIMEOUT_S: Final = 30.0
#: Where the newest sample is looked for first.
RECENT_S: Final = 2 * 86400
FIRST_WINDOW_MS: Final = 3_600_000
Series = tuple[int, list[int], list[float]]


class VictoriaSeries:
    """A VictoriaMetrics server by address; see `SeriesStore`.

    Args:
        url: such as `http://127.0.0.1:8428`.
        ledger: which records it has already.
        username, password: for basic authentication, where a proxy asks for it.
    """

    resolution_us: Final = US_PER_MS

    def __init__(self, url: str, ledger: Ledger, *, username: str = "", password: str = "") -> None:
        self._url = url.rstrip("/")
        self._ledger = ledger
        self._credentials = httpx.BasicAuth(username, password) if username else None
        self._floor_us = 0

    async def __aenter__(self) -> Self:
        limits = httpx.Limits(max_connections=8)
        self._http = httpx.AsyncClient(
            base_url=self._url, auth=self._credentials, timeout=TIMEOUT_S, limits=limits, trust_env=False
        )
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.aclose()

    async def write(self, entries: Sequence[Entry]) -> list[bool]:
        """Send all samples; where a part of them fails, all are sent again, over themselves."""
        return await write_once(self._ledger, entries, self._store)

    async def _store(self, entries: list[Entry]) -> None:
        for portion in portions(entries):
            content = await asyncio.to_thread(body, portion, US_PER_MS)
            await self._ask("/write?precision=ms", content=content)

    async def read(
        self, points: Sequence[str], from_us: int, to_us: int, step_s: float, aggregate: Aggregate
    ) -> Steps:
        """Let the server aggregate."""
        grid = Grid.of(from_us, to_us, step_s)
        value = grid.empty(len(points), aggregate)
        step_ms, rest = divmod(grid.step_us, US_PER_MS)
        if rest:
            raise Refused(f"VictoriaMetrics counts in milliseconds, a step of {step_s:g} s is none of them")
        for some in _slices(len(points), NAMES_AT_ONCE):
            place = {name: some.start + number for number, name in enumerate(points[some])}
            for sweep in _sweeps(grid, step_ms, self._floor_us):
                for row, steps, numbers in await self._over(aggregate, place, sweep):
                    value[row, steps] = numbers
        return Steps(tuple(points), grid.time_us, value)

    async def _over(self, aggregate: Aggregate, place: Mapping[str, int], sweep: _Sweep) -> list[Series]:
        """Aggregates of some steps: row, numbers of steps, values.

        The server's window ends with the moment that is asked for, and does not hold its beginning; ours is the
        other way round. Shifted by its smallest unit of time, one is the other. One step more is asked for and left
        out again: what ends exactly at midnight (UTC) is otherwise looked for in the day before alone.
        """
        end_ms = sweep.begin_ms + sweep.window_ms - 1
        function = "avg" if aggregate is Aggregate.MEAN else str(aggregate)
        form = {
            "query": f"{function}_over_time({_selector(VALUES, place)}[{sweep.window_ms}ms])",
            "start": _seconds(end_ms),
            "end": _seconds(end_ms + sweep.count * sweep.step_ms),
            "step": f"{sweep.step_ms}ms",
            "nocache": "1",
        }
        found = []
        for series in (await self._json("/api/v1/query_range", form))["data"]["result"]:
            steps = [round((time_s * 1000 - end_ms) / sweep.step_ms) for time_s, _ in series["values"]]
            numbers = [float(number) for _, number in series["values"]]
            inside = sum(step < sweep.count for step in steps)
            rows = [sweep.first + step for step in steps[:inside]]
            found.append((place[series["metric"]["point"]], rows, numbers[:inside]))
        return found

    async def history(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """The samples as they are."""
        return await self.raw(points, from_us, to_us, limit)

    async def raw(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """Export in windows that grow until there is enough, so that a wide question is no large answer."""
        begin_ms = _ceil_ms(max(from_us, self._floor_us, 0))
        end_ms = _ceil_ms(min(to_us, MAX_TIME_US))
        place = {name: number for number, name in enumerate(points)}
        batches: list[SampleBatch] = []
        rows, window_ms = 0, FIRST_WINDOW_MS
        while begin_ms < end_ms and rows <= limit and points:
            until_ms = min(begin_ms + window_ms, end_ms)
            batch = await self._export(place, begin_ms, until_ms)
            batches.append(batch)
            rows += len(batch)
            begin_ms, window_ms = until_ms, window_ms * 2
        batch = SampleBatch.joined(batches)
        return Rows(tuple(points), batch[:limit], truncated=len(batch) > limit)

    async def _export(self, place: Mapping[str, int], begin_ms: int, end_ms: int) -> SampleBatch:
        found: dict[str, list[Series]] = {VALUES: [], QUALITIES: []}
        for some in _slices(len(place), NAMES_AT_ONCE):
            names = list(place)[some]
            matches = [_selector(metric, names) for metric in found]
            form = {"match[]": matches, "start": _seconds(begin_ms), "end": _seconds(end_ms)}
            answer = await self._ask("/api/v1/export", data=form)
            for line in answer.text.splitlines():
                series = json.loads(line)
                metric = series["metric"]
                times = [stamp * US_PER_MS for stamp in series["timestamps"]]
                found[metric["__name__"]].append((place[metric["point"]], times, series["values"]))
        batch = joined(found[VALUES], found[QUALITIES])
        return batch[
            batch.time_us < end_ms * US_PER_MS
        ]  # the server includes the end; see `_over` for why it is asked

    async def latest(self, points: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """Look at the last days first, and further back only for points that are not there."""
        if points is None:
            answer = await self._json("/api/v1/label/point/values", {"start": "0"})
            points = answer["data"]
        tomorrow_s = int(time.time()) + 86400  # clocks of agents may be ahead
        found = await self._newest(points, tomorrow_s, RECENT_S)
        missing = [name for name in points if name not in found]
        # the server looks a little further back than asked, and before 1970 it finds nothing at all
        ever_s = tomorrow_s - RECENT_S
        return {**found, **await self._newest(missing, tomorrow_s, ever_s)} if missing else found

    async def _newest(self, points: Sequence[str], as_of_s: int, window_s: int) -> dict[str, Reading]:
        found: dict[str, Reading] = {}
        for some in _slices(len(points), NAMES_AT_ONCE):
            names = points[some]
            value_at, value, quality_at, quality = [
                await self._numbers(f"{function}({_selector(metric, names)}[{window_s}s])", as_of_s)
                for metric in (VALUES, QUALITIES)
                for function in ("tlast_over_time", "last_over_time")
            ]
            for name in value_at.keys() | quality_at.keys():
                fields = {
                    field: (round(at[name] * 1000) * US_PER_MS, numbers[name])
                    for field, at, numbers in (("v", value_at, value), ("q", quality_at, quality))
                    if name in at
                }
                reading = newest_of(fields)
                if reading.time_us >= self._floor_us:
                    found[name] = reading
        return found

    async def _numbers(self, query: str, as_of_s: int) -> dict[str, float]:
        """One number for each point."""
        answer = await self._json("/api/v1/query", {"query": query, "time": str(as_of_s)})
        return {series["metric"]["point"]: float(series["value"][1]) for series in answer["data"]["result"]}

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number in the ledger, since such a server keeps none."""
        return await self._ledger.last_seq(agent, epoch, lane)

    async def drop_before(self, time_us: int) -> None:
        """Answer nothing older any more; the space comes back by the server's own retention."""
        self._floor_us = max(self._floor_us, time_us)

    async def size(self) -> Size:
        """What the server says of itself."""
        answer = await self._ask("/metrics", method="GET")
        sums = {"vm_data_size_bytes": 0.0, "vm_rows": 0.0}
        for name, kind, number in re.findall(r'^(\w+)\{type="([^"]*)"\} (\S+)$', answer.text, re.MULTILINE):
            if name in sums and kind != "indexdb":
                sums[name] += float(number)
        return Size(int(sums["vm_data_size_bytes"]), int(sums["vm_rows"]))

    async def _json(self, path: str, form: Mapping[str, Any]) -> Any:
        answer = await self._ask(path, data=form)
        return await asyncio.to_thread(answer.json)  # megabytes, perhaps

    async def _ask(self, path: str, *, method: str = "POST", **what: Any) -> httpx.Response:
        with translated(self._url):
            answer = await self._http.request(method, path, **what)
        if answer.is_success:
            return answer
        said = f"VictoriaMetrics answers {answer.status_code}: {answer.text[:200]}"
        if answer.status_code in {400, 413, 422}:
            raise Garbled(said)
        raise (Refused if answer.is_client_error and answer.status_code != 429 else Unreachable)(said)  # noqa: PLR2004 - "too many requests"


@contextmanager
def translated(url: str) -> Iterator[None]:
    """The client's errors, sorted by who acts."""
    try:
        yield
    except (httpx.UnsupportedProtocol, httpx.InvalidURL) as error:
        raise Refused(f"{url} is no address: {error}") from error
    except httpx.HTTPError as error:
        raise Unreachable(f"{url} cannot be reached: {type(error).__name__} {error}") from error


def _selector(metric: str, names: Sequence[str] | Mapping[str, int]) -> str:
    """A metric's series of these points; the names are letters, digits, `-`, `_` and one dot."""
    pattern = "|".join(re.escape(name).replace("\\", "\\\\") for name in names)
    return f'{metric}{{point=~"{pattern}"}}'


def _slices(length: int, most: int) -> Iterator[slice]:
    for start in range(0, length, most):
        yield slice(start, min(start + most, length))


@dataclass(frozen=True, slots=True)
class _Sweep:
    """Some steps that one query can answer: `count` of them from number `first`, each over its window."""

    first: int
    count: int
    step_ms: int
    begin_ms: int
    window_ms: int


def _sweeps(grid: Grid, step_ms: int, floor_us: int) -> Iterator[_Sweep]:
    """Whole steps in bunches; by itself a first one that is cut by what is forgotten, or a last one by the end."""
    from_ms, to_ms = grid.from_us // US_PER_MS, _ceil_ms(grid.to_us)
    floor_ms = min(max(_ceil_ms(floor_us), from_ms), to_ms)
    first = -(-(floor_ms - from_ms) // step_ms)
    whole = max(first, (to_ms - from_ms) // step_ms)
    if (cut_ms := min(from_ms + first * step_ms, to_ms) - floor_ms) > 0:
        yield _Sweep(first - 1, 1, step_ms, floor_ms, cut_ms)
    for some in _slices(whole - first, STEPS_AT_ONCE):
        begin = first + some.start
        yield _Sweep(begin, some.stop - some.start, step_ms, from_ms + begin * step_ms, step_ms)
    rest_ms = to_ms - (from_ms + whole * step_ms)
    if rest_ms > 0:
        yield _Sweep(whole, 1, step_ms, from_ms + whole * step_ms, rest_ms)


def _ceil_ms(time_us: int) -> int:
    return -(-time_us // US_PER_MS)


def _seconds(time_ms: int) -> str:
    return f"{time_ms // 1000}.{time_ms % 1000:03d}"
