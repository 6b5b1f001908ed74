"""Questions to InfluxDB 2 in Flux, and its answers in CSV: pure."""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Final

from hub.series.lines import MEASUREMENT
from hub.series.port import Aggregate, Grid

EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
US: Final = dt.timedelta(microseconds=1)


def literal(time_us: int) -> str:
    """A time as Flux writes it."""
    return (EPOCH + time_us * US).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def microseconds(text: str) -> int:
    """A time as InfluxDB writes it: RFC 3339, with as many digits as it needs."""
    whole, _, part = text.removesuffix("Z").partition(".")
    moment = dt.datetime.fromisoformat(whole).replace(tzinfo=dt.UTC)
    return (moment - EPOCH) // US + int(part.ljust(6, "0")[:6] or 0)


def _source(bucket: str, from_us: int, to_us: int | None) -> str:
    stop = "" if to_us is None else f", stop: {literal(to_us)}"
    return f'from(bucket: "{bucket}") |> range(start: {literal(from_us)}{stop})'


def _filter(points: Sequence[str] | None, fields: Sequence[str]) -> str:
    """Equality of tags and fields is what the storage engine itself can filter by."""
    field = " or ".join(f'r._field == "{field}"' for field in fields)
    text = f' |> filter(fn: (r) => r._measurement == "{MEASUREMENT}" and ({field}))'
    if points is not None:
        named = " or ".join(f'r.point == "{name}"' for name in points)
        text += f" |> filter(fn: (r) => {named})"
    return text


def steps(bucket: str, points: Sequence[str], grid: Grid, aggregate: Aggregate) -> str:
    """Aggregates by step; windows begin where the grid begins."""
    window = f"every: {grid.step_us}us, offset: {grid.from_us % grid.step_us}us, fn: {aggregate}"
    return (
        _source(bucket, grid.from_us, grid.to_us)
        + _filter(points, ["v"])
        + f' |> aggregateWindow({window}, createEmpty: false, timeSrc: "_start")'
        + ' |> keep(columns: ["_time", "_value", "point"])'
    )


def samples(bucket: str, points: Sequence[str], from_us: int, to_us: int, limit: int) -> str:
    """The samples themselves, one row each with its fields."""
    return (
        _source(bucket, from_us, to_us)
        + _filter(points, ["v", "q"])
        + ' |> pivot(rowKey: ["_time", "point"], columnKey: ["_field"], valueColumn: "_value")'
        + f' |> group() |> sort(columns: ["_time", "point"]) |> limit(n: {limit})'
    )


def newest(bucket: str, points: Sequence[str] | None, from_us: int) -> str:
    """The last value of each field of each point."""
    kept = ' |> keep(columns: ["_time", "_value", "_field", "point"])'
    return _source(bucket, from_us, None) + _filter(points, ["v", "q"]) + " |> last()" + kept


def rows(text: str) -> Iterator[dict[str, str]]:
    """Rows of an answer by column name; InfluxDB writes a new head where the columns change."""
    head: list[str] | None = None
    for cells in csv.reader(text.splitlines()):
        if not cells or cells[0].startswith("#"):
            head = None
        elif head is None:
            head = cells
        elif "error" in head:
            raise ValueError(cells[head.index("error")])
        else:
            yield dict(zip(head, cells, strict=False))
