"""A server that understands the requests of our InfluxDB adapter, and refuses every other.

It keeps what is written in dictionaries and answers our Flux queries by the meaning that InfluxDB 2's documentation
gives to each function. It is no InfluxDB: it shows that the adapter asks for what it means to ask for.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import gzip
import json
import math
import re
import statistics
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlsplit

TOKEN, ORGANISATION, BUCKET = "a-token", "campus", "series"
LINE = re.compile(r"campus,point=([a-z0-9-]+\.[a-z0-9_]+) ((?:[vq]=[-+.e0-9]+,?)+) (\d+)")
FUNCTIONS: dict[str, Callable[[list[float]], float]] = {
    "mean": statistics.fmean,
    "min": min,
    "max": max,
    "first": lambda values: values[0],
    "last": lambda values: values[-1],
    "count": lambda values: float(len(values)),
}
Row = dict[str, object]


class AnswerError(Exception):
    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status


@dataclass
class FakeInflux:
    """What was written: by point and field, time in microseconds to number.

    say: the status to answer every request with, if not 200.
    """

    data: dict[tuple[str, str], dict[int, float]] = field(default_factory=lambda: defaultdict(dict))
    requests: list[str] = field(default_factory=list)
    say: int = 0
    port: int = 0

    def answer(self, method: str, target: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
        address = urlsplit(target)
        query = {name: values[0] for name, values in parse_qs(address.query).items()}
        self.requests.append(f"{method} {address.path}")
        if self.say:
            raise AnswerError(self.say, "told to say so")
        if headers.get("authorization") != f"Token {TOKEN}":
            raise AnswerError(401, "unauthorized access")
        if query.get("org") != ORGANISATION:
            raise AnswerError(404, "organization name not found")
        match method, address.path:
            case "POST", "/api/v2/write":
                return self._write(query, body)
            case "POST", "/api/v2/query":
                return 200, self._query(json.loads(body)["query"])
            case "POST", "/api/v2/delete":
                return self._delete(query, json.loads(body))
        raise AnswerError(404, "path not found")

    def _write(self, query: dict[str, str], body: bytes) -> tuple[int, str]:
        if query.get("bucket") != BUCKET or query.get("precision") != "us":
            raise AnswerError(400, f"bucket or precision: {query}")
        for line in body.decode().splitlines():
            match = LINE.fullmatch(line)
            if match is None:
                raise AnswerError(400, f"unable to parse {line!r}")
            for pair in match[2].split(","):
                name, _, number = pair.partition("=")
                self.data[match[1], name][int(match[3])] = float(number)
        return 204, ""

    def _delete(self, query: dict[str, str], body: dict[str, str]) -> tuple[int, str]:
        if query.get("bucket") != BUCKET or body["predicate"] != '_measurement="campus"':
            raise AnswerError(400, f"delete {body}")
        start, stop = _us(body["start"]), _us(body["stop"])
        for times in self.data.values():
            for time_us in [time_us for time_us in times if start <= time_us <= stop]:
                del times[time_us]
        return 204, ""

    def _query(self, text: str) -> str:
        source, *stages = text.split(" |> ")
        if source != f'from(bucket: "{BUCKET}")':
            raise AnswerError(404, f"could not find {source}")
        start, stop = _range(stages.pop(0))
        rows: list[Row] = [
            {"_time": time_us, "_value": value, "_field": name, "point": point}
            for (point, name), times in sorted(self.data.items())
            for time_us, value in sorted(times.items())
            if start <= time_us < stop
        ]
        for stage in stages:
            rows = _stage(stage, rows)
        return _csv(rows)


def _range(stage: str) -> tuple[int, int]:
    match = re.fullmatch(r"range\(start: (\S+?Z)(?:, stop: (\S+?Z))?\)", stage)
    assert match, stage
    stop = _us(match[2]) if match[2] else 1 << 62
    if stop <= _us(match[1]):
        raise AnswerError(400, "cannot query an empty range")
    return _us(match[1]), stop


def _stage(stage: str, rows: list[Row]) -> list[Row]:
    name, _, rest = stage.partition("(")
    if name not in STAGES:
        raise AnswerError(400, f"undefined identifier {name}")
    return STAGES[name](rest, rows)


def _filtered(rest: str, rows: list[Row]) -> list[Row]:
    wanted: dict[str, set[str]] = defaultdict(set)
    for column, value in re.findall(r'r\.(\w+) == "([^"]*)"', rest):
        wanted[column].add(value)
    assert wanted.pop("_measurement", {"campus"}) == {"campus"}
    return [row for row in rows if all(row[column] in some for column, some in wanted.items())]


def _kept(rest: str, rows: list[Row]) -> list[Row]:
    columns = re.findall(r'"(\w+)"', rest)
    return [{column: row[column] for column in columns} for row in rows]


def _pivoted(rest: str, rows: list[Row]) -> list[Row]:
    assert rest == 'rowKey: ["_time", "point"], columnKey: ["_field"], valueColumn: "_value")'
    pivoted: dict[tuple[object, object], Row] = {}
    for row in rows:
        key = row["_time"], row["point"]
        pivoted.setdefault(key, {"_time": key[0], "point": key[1]})[str(row["_field"])] = row["_value"]
    return list(pivoted.values())


def _sorted(rest: str, rows: list[Row]) -> list[Row]:
    columns = re.findall(r'"(\w+)"', rest)
    return sorted(rows, key=lambda row: [str(row[column]).zfill(20) for column in columns])


def _windows(rest: str, rows: list[Row]) -> list[Row]:
    match = re.fullmatch(
        r'every: (\d+)us, offset: (\d+)us, fn: (\w+), createEmpty: false, timeSrc: "_start"\)', rest
    )
    assert match, rest
    every, offset = int(match[1]), int(match[2])
    windows: dict[tuple[object, int], list[float]] = defaultdict(list)
    for row in rows:
        time_us, value = row["_time"], row["_value"]
        assert isinstance(time_us, int)
        assert isinstance(value, float)
        windows[row["point"], (time_us - offset) // every * every + offset].append(value)
    function = FUNCTIONS[match[3]]
    return [
        {"_time": start, "_value": function(values), "point": point}
        for (point, start), values in windows.items()
    ]


STAGES: dict[str, Callable[[str, list[Row]], list[Row]]] = {
    "filter": _filtered,
    "keep": _kept,
    "aggregateWindow": _windows,
    "pivot": _pivoted,
    "group": lambda _, rows: rows,
    "sort": _sorted,
    "limit": lambda rest, rows: rows[: int(rest.removeprefix("n: ").removesuffix(")"))],
    "last": lambda _, rows: list({(row["point"], row["_field"]): row for row in rows}.values()),
}


def _us(text: str) -> int:
    moment = dt.datetime.fromisoformat(text)
    return round((moment - dt.datetime(1970, 1, 1, tzinfo=dt.UTC)) / dt.timedelta(microseconds=1))


def _time(time_us: int) -> str:
    """RFC 3339 with no more digits than needed, as InfluxDB writes it."""
    moment = dt.datetime.fromtimestamp(time_us // 1_000_000, dt.UTC).strftime("%Y-%m-%dT%H:%M:%S")
    part = f"{time_us % 1_000_000:06d}".rstrip("0")
    return f"{moment}.{part}Z" if part else f"{moment}Z"


def _csv(rows: list[Row]) -> str:
    """One table for each set of columns, each with its head."""
    tables: dict[tuple[str, ...], list[Row]] = defaultdict(list)
    for row in rows:
        tables[tuple(sorted(row))].append(row)
    columns = sorted({column for names in tables for column in names})
    if not columns:
        return "\r\n"
    out = ["#datatype,string,long," + ",".join("x" for _ in columns), ",result,table," + ",".join(columns)]
    for row in rows:
        cells = [_cell(column, row.get(column)) for column in columns]
        out.append(",_result,0," + ",".join(cells))
    return "\r\n".join([*out, "", ""])


def _cell(column: str, value: object) -> str:
    if column == "_time":
        assert isinstance(value, int)
        return _time(value)
    if value is None:
        return ""
    assert not (isinstance(value, float) and math.isnan(value))
    return repr(value) if isinstance(value, float) else str(value)


@asynccontextmanager
async def fake_influxdb(server: FakeInflux | None = None) -> AsyncIterator[FakeInflux]:
    """The server on a free port."""
    fake = server or FakeInflux()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            while request := (await reader.readline()).decode():
                method, target, _ = request.split()
                headers = {}
                while line := (await reader.readline()).decode().strip():
                    name, _, value = line.partition(":")
                    headers[name.lower()] = value.strip()
                body = await reader.readexactly(int(headers.get("content-length", "0")))
                if headers.get("content-encoding") == "gzip":
                    body = gzip.decompress(body)
                try:
                    status, text = fake.answer(method, target, headers, body)
                except AnswerError as error:
                    status = error.status
                    text = json.dumps({"code": "invalid", "message": str(error)})
                content = text.encode()
                writer.write(
                    f"HTTP/1.1 {status} X\r\nContent-Length: {len(content)}\r\n\r\n".encode() + content
                )
                await writer.drain()
        except (ConnectionError, asyncio.IncompleteReadError):
            pass
        finally:
            writer.close()

    listener = await asyncio.start_server(serve, "127.0.0.1", fake.port, limit=1 << 26)
    fake.port = listener.sockets[0].getsockname()[1]
    try:
        yield fake
    finally:
        listener.close()
