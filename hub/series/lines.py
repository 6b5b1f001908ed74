"""Batches as line protocol, which InfluxDB and VictoriaMetrics both read: pure.

    campus,point=hq1-ac-0301.setpoint_c v=24.5 1782864000000000
    campus,point=hq1-ac-0301.setpoint_c q=2 1782864010000000        no reading, and why
    campus,point=hq1-ac-0301.setpoint_c v=24.5,q=1 1782864020000000

`v` is there where there was a reading, `q` where the quality is not GOOD or there was none. So a missing reading
is a sample without `v`: it can be told from no sample, and never be taken for a zero.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.errors import Garbled
from devices.model.points import split_point
from devices.model.samples import Quality, SampleBatch
from hub.series.port import Entry, Reading

#: Lines in one request.
PORTION: Final = 20_000
MEASUREMENT: Final = "campus"
VALUE: Final = "v"
QUALITY: Final = "q"


def portions(entries: Iterable[Entry]) -> Iterator[list[Entry]]:
    """The same samples in portions of bounded size, so that a large group is no huge request."""
    some: list[Entry] = []
    room = PORTION
    for entry in entries:
        begin = 0
        while begin < len(entry.batch):
            part = entry.batch[begin : begin + room]
            some.append(Entry(part, entry.names, entry.stamp))
            begin += len(part)
            room -= len(part)
            if not room:
                yield some
                some, room = [], PORTION
    if some:
        yield some


def body(entries: Iterable[Entry], divisor: int) -> bytes:
    """What is sent to a server: a line for each sample.

    Raises:
        Garbled: a name that would be taken for syntax.
    """
    return "\n".join(line for entry in entries for line in lines(entry, divisor)).encode()


def lines(entry: Entry, divisor: int) -> list[str]:
    """One line for each sample, with its time in units of `divisor` microseconds.

    Raises:
        Garbled: a name that would be taken for syntax.
    """
    batch = entry.batch
    heads = [_head(name) for name in entry.names]
    stamps = (batch.time_us // divisor).tolist()
    good = np.isfinite(batch.value) & (batch.quality == Quality.GOOD)
    if good.all():
        return [
            f"{heads[point]}v={value!r} {time}"
            for point, value, time in zip(batch.point.tolist(), batch.value.tolist(), stamps, strict=True)
        ]
    rows = zip(
        batch.point.tolist(), batch.value.tolist(), batch.quality.tolist(), good.tolist(), stamps, strict=True
    )
    return [
        f"{heads[point]}v={value!r} {time}" if is_good else f"{heads[point]}{_fields(value, quality)} {time}"
        for point, value, quality, is_good, time in rows
    ]


def _head(name: str) -> str:
    try:
        split_point(name)
    except ValueError as error:
        raise Garbled(str(error)) from None
    return f"{MEASUREMENT},point={name} "


def _fields(value: float, quality: int) -> str:
    return f"v={value!r},q={quality}" if np.isfinite(value) else f"q={quality}"


def joined(
    values: Iterable[tuple[int, Sequence[int], Sequence[float]]],
    qualities: Iterable[tuple[int, Sequence[int], Sequence[float]]],
) -> SampleBatch:
    """Samples out of the two fields, each as (point, times in microseconds, numbers); ordered by time, then point."""
    point_v, time_v, value = _columns(values)
    point_q, time_q, quality = _columns(qualities)
    point, time_us = np.append(point_v, point_q), np.append(time_v, time_q)
    order = np.lexsort((point, time_us))
    point, time_us = point[order], time_us[order]
    first = np.ones(len(point), bool)
    first[1:] = (point[1:] != point[:-1]) | (time_us[1:] != time_us[:-1])
    row = np.empty(len(point), np.int64)
    row[order] = np.cumsum(first) - 1
    rows = int(first.sum())
    batch_value, batch_quality = np.full(rows, np.nan), np.zeros(rows)
    batch_value[row[: len(point_v)]] = value
    batch_quality[row[len(point_v) :]] = quality
    return SampleBatch.of(point[first], time_us[first], batch_value, batch_quality.astype(np.uint8))


def newest_of(fields: Mapping[str, tuple[int, float]]) -> Reading:
    """The newest sample out of the newest of each field, as (time in microseconds, number)."""
    never = (-1, np.nan)
    (value_us, value), (quality_us, quality) = fields.get(VALUE, never), fields.get(QUALITY, never)
    return Reading(
        max(value_us, quality_us),
        value if value_us >= quality_us else np.nan,
        int(quality) if quality_us >= value_us else int(Quality.GOOD),
    )


def _columns(
    series: Iterable[tuple[int, Sequence[int], Sequence[float]]],
) -> tuple[npt.NDArray[np.int32], npt.NDArray[np.int64], npt.NDArray[np.float64]]:
    parts = [
        (np.full(len(times), point, np.int32), np.asarray(times, np.int64), np.asarray(numbers, np.float64))
        for point, times, numbers in series
    ]
    if not parts:
        return np.empty(0, np.int32), np.empty(0, np.int64), np.empty(0)
    point, times, numbers = (np.concatenate(column) for column in zip(*parts, strict=True))
    return point, times, numbers
