"""Tables of samples: a CSV file with the columns time, point, value and perhaps quality."""

from __future__ import annotations

import csv
import datetime as dt
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Final

import numpy as np

from devices.model.errors import Garbled, Refused
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.replay.recording import Block

#: Rows that become one batch.
BLOCK_ROWS: Final = 10_000
NEEDED: Final = {"time", "point", "value"}
US_PER_S: Final = 1_000_000


def read(path: Path) -> Iterator[Block]:
    """Read a table in blocks, in the order of its lines.

    `time` is ISO 8601 with a zone, or whole UTC microseconds. An empty `value` is no reading. `quality` is a
    name of `Quality` in lower case; without it, values are good and missing ones had no answer.

    Raises:
        Refused: the file cannot be opened, or lacks a column.
        Garbled: a line cannot be read; the text says which.
    """
    try:
        file = path.open(encoding="utf-8-sig", newline="")
    except OSError as error:
        raise Refused(f"{path}: {error.strerror or error}") from None
    with file:
        lines = csv.DictReader(file)
        if missing := sorted(NEEDED - set(lines.fieldnames or ())):
            raise Refused(f"{path} lacks the column {', '.join(missing)}")
        names: dict[str, int] = {}
        rows: list[tuple[int, int, float, int]] = []
        for line in lines:
            rows.append(_row(line, names, f"{path} line {lines.line_num}"))
            if len(rows) == BLOCK_ROWS:
                yield _block(rows, names)
                rows = []
        if rows:
            yield _block(rows, names)


def _block(rows: list[tuple[int, int, float, int]], names: dict[str, int]) -> Block:
    point, time_us, value, quality = zip(*rows, strict=True)
    return SampleBatch.of(point, time_us, np.array(value), quality), tuple(names)


def _row(line: Mapping[str, str | None], names: dict[str, int], where: str) -> tuple[int, int, float, int]:
    try:
        point = names.setdefault(line["point"] or "", len(names))
        return point, _micros(line["time"] or ""), *_value(line["value"], line.get("quality"))
    except (ValueError, KeyError, OverflowError) as error:
        raise Garbled(f"{where}: {error}") from None


def _value(text: str | None, name: str | None) -> tuple[float, Quality]:
    value = float(text or math.nan)
    quality = _quality(name, value)
    if quality > Quality.UNCERTAIN:
        return math.nan, quality
    if not math.isfinite(value):
        raise ValueError(f"{value} is no value of quality {quality.name.lower()}")
    return value, quality


def _quality(name: str | None, value: float) -> Quality:
    if name:
        return Quality[name.upper()]
    return Quality.GOOD if math.isfinite(value) else Quality.NO_ANSWER


def _micros(text: str) -> int:
    if text.lstrip("-").isdigit():
        return int(text)
    moment = dt.datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"a time without a zone, {text}")
    return round(moment.timestamp() * US_PER_S)
