"""Readings from a CSV file, packed or not, line by line; a line that cannot be read is told with its number."""

from __future__ import annotations

import csv
import datetime as dt
import gzip
import io
import math
import zlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import IO, Final
from zoneinfo import ZoneInfo

import numpy as np

from devices.campus.checks import near
from devices.model.errors import ConfigRefused, Problem
from devices.model.samples import Quality, SampleBatch
from devices.wire.records import MAX_TIME_US

LINES: Final = 20_000
MOST_PROBLEMS: Final = 50
MOST_FOUND: Final = 60
EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
ONE_US: Final = dt.timedelta(microseconds=1)
COLUMNS: Final = ("time_us", "time", "point", "value", "quality")
#: As the hub's export names them.
CHINESE: Final = {"时间": "time", "测点": "point", "数值": "value", "质量": "quality"}
QUALITIES: Final = {quality.name.lower(): int(quality) for quality in Quality} | {
    str(int(quality)): int(quality) for quality in Quality
}
Line = tuple[int, list[str]]


class _Wrong(Exception):  # noqa: N818 - never leaves this file
    """A cell that cannot be read: its column, and what was expected."""

    def __init__(self, column: str, found: str, expected: str) -> None:
        super().__init__(column)
        self.column, self.found, self.expected = column, found, expected


@dataclass(slots=True)
class Export:
    """An export.

    Attributes:
        path: the file; packed if its name ends in `.gz`.
        places: every point of the campus, and its number; negative: nobody asks for it.
        timezone: of times without an offset.
        share: how much of the file was read, 0..1.
    """

    path: Path
    places: Mapping[str, int]
    timezone: ZoneInfo
    share: float = 0.0

    def batches(self) -> Iterator[SampleBatch]:
        """The samples that are asked for, in the order of the file.

        Raises:
            ConfigRefused: the file, or lines of it, cannot be read; with every problem, up to fifty.
        """
        problems: list[Problem] = []
        try:
            with self._opened() as (text, raw, size):
                reader = csv.reader(text)
                try:
                    columns = self._head(next(reader, []))
                    while lines := [(reader.line_num, row) for row in islice(reader, LINES) if row]:
                        yield self._read(lines, columns, problems)
                        self.share = raw.tell() / max(size, 1)
                        if len(problems) >= MOST_PROBLEMS:
                            break
                except csv.Error as error:
                    problems.append(self._problem(reader.line_num, "-", str(error), "a line of CSV"))
        except (OSError, EOFError, UnicodeDecodeError, zlib.error) as error:
            problems.append(Problem(str(self.path), "-", str(error), "a readable CSV file in UTF-8"))
        if problems:
            raise ConfigRefused(problems[:MOST_PROBLEMS])

    @contextmanager
    def _opened(self) -> Iterator[tuple[IO[str], IO[bytes], int]]:
        with self.path.open("rb") as raw:
            packed = self.path.suffix == ".gz"
            with gzip.open(raw) if packed else raw as plain:
                text = io.TextIOWrapper(plain, "utf-8-sig", newline="")
                yield text, raw, self.path.stat().st_size
                text.detach()

    def _head(self, row: Sequence[str]) -> list[str]:
        names = [CHINESE.get(name.strip(), name.strip()) for name in row]
        wanted = "columns time_us or time, point, value and, if there is one, quality"
        fits = all(names.count(name) == 1 for name in ("point", "value"))
        fits = fits and names.count("time_us") + names.count("time") == 1 and names.count("quality") <= 1
        if not fits or set(names) - set(COLUMNS):
            raise ConfigRefused([self._problem(1, "-", ",".join(row)[:MOST_FOUND] or "nothing", wanted)])
        return names

    def _problem(self, line: int, column: str, found: str, expected: str) -> Problem:
        where = f"line {line}" if column == "-" else f"line {line}, {column}"
        return Problem(str(self.path), where, found, expected)

    def _read(self, lines: list[Line], columns: list[str], problems: list[Problem]) -> SampleBatch:
        """A batch of lines, all at once; where that does not go, one by one, to find the wrong ones."""
        try:
            return self._batch([row for _, row in lines], columns)
        except _Wrong:
            pass
        good = []
        for number, row in lines:
            try:
                self._batch([row], columns)
            except _Wrong as wrong:
                problems.append(self._problem(number, wrong.column, wrong.found, wrong.expected))
            else:
                good.append(row)
        return self._batch(good, columns)

    def _batch(self, rows: list[list[str]], columns: list[str]) -> SampleBatch:
        short = next((row for row in rows if len(row) != len(columns)), None)
        if short is not None:
            raise _Wrong("-", f"{len(short)} cells", f"{len(columns)} cells")
        cells = (
            dict(zip(columns, zip(*rows, strict=True), strict=True)) if rows else dict.fromkeys(columns, ())
        )
        place = np.array([self._place(name) for name in cells["point"]], np.int32)
        time_us = np.array(
            [_whole(text) for text in cells["time_us"]]
            if "time_us" in cells
            else [self._moment(text) for text in cells["time"]],
            np.int64,
        )
        value = np.array([_number(text) for text in cells["value"]], np.float64)
        missing = np.isnan(value)
        quality = np.where(missing, np.uint8(Quality.NO_ANSWER), np.uint8(Quality.GOOD))
        if "quality" in cells:
            told = np.array([_quality(text) for text in cells["quality"]], np.uint8)
            quality = np.where(missing & (told <= Quality.UNCERTAIN), quality, told)
        value[quality > Quality.UNCERTAIN] = np.nan  # a reading of bad quality carries no number
        return SampleBatch(place, time_us, value, quality)[place >= 0]

    def _place(self, name: str) -> int:
        place = self.places.get(name)
        if place is None:
            raise _Wrong("point", _shown(name), near(name, self.places))
        return place

    def _moment(self, text: str) -> int:
        try:
            moment = dt.datetime.fromisoformat(text)
        except ValueError:
            raise _Wrong("time", _shown(text), "a time such as 2026-10-01T08:30:00.250+08:00") from None
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=self.timezone)
        return _bounded((moment - EPOCH) // ONE_US, "time", text)


def _whole(text: str) -> int:
    try:
        return _bounded(int(text), "time_us", text)
    except ValueError:
        raise _Wrong("time_us", _shown(text), "UTC microseconds") from None


def _bounded(time_us: int, column: str, text: str) -> int:
    if not 0 <= time_us <= MAX_TIME_US:
        raise _Wrong(column, _shown(text), "a time from 1970 to 9999")
    return time_us


def _number(text: str) -> float:
    if not text:
        return math.nan
    try:
        number = float(text)
    except ValueError:
        number = math.inf
    if not math.isfinite(number):
        raise _Wrong("value", _shown(text), "a number, or nothing where there is no reading")
    return number


def _quality(text: str) -> int:
    quality = QUALITIES.get(text.strip().lower())
    if quality is None:
        raise _Wrong("quality", _shown(text), f"one of {', '.join(q.name.lower() for q in Quality)}")
    return quality


def _shown(text: str) -> str:
    return repr(text if len(text) <= MOST_FOUND else text[:MOST_FOUND] + "...")
