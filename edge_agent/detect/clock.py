"""What the clock and the calendar say to rules: traces that change at certain times of the day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from devices.campus.calendars import Hours
from edge_agent.detect.block import Flags, Floats, Rows
from edge_agent.detect.quantities import Quantity, Stretch
from edge_agent.detect.trace import Trace

MIDNIGHT: Final = dt.time()
#: A stretch longer than this is one jump of the clock; nobody asks for each midnight in it.
LONGEST: Final = dt.timedelta(days=3660)


def clocks_of(hours: Iterable[Hours]) -> tuple[dt.time, ...]:
    """Times of the day at which any of the hours may begin or end."""
    texts = {text for part in hours for text in (part.start, part.end)}
    return tuple(sorted({MIDNIGHT, *(dt.time.fromisoformat(text) for text in texts if text != "24:00")}))


def local(time_us: int, timezone: ZoneInfo) -> dt.datetime:
    """The moment as the campus's clocks show it."""
    seconds, micros = divmod(max(time_us, 0), 1_000_000)
    return dt.datetime.fromtimestamp(seconds, timezone).replace(microsecond=micros)


def turns(since_us: int, until_us: int, clocks: Iterable[dt.time], timezone: ZoneInfo) -> list[int]:
    """When the clocks show one of the times, in (since, until], and the first time after that."""
    first, last = local(since_us, timezone), local(until_us, timezone)
    if last - first > LONGEST:
        first = last - LONGEST
    found: list[int] = []
    day = first.date()
    while not found or found[-1] <= until_us:
        for clock in clocks:
            moment = dt.datetime.combine(day, clock, timezone)
            time_us = round(moment.timestamp()) * 1_000_000
            if time_us > since_us:
                found.append(time_us)
        day += dt.timedelta(days=1)
    return found[: sum(time <= until_us for time in found) + 1]


class Daily(Quantity):
    """A number of each row that follows from the local date and time, such as a season or the hours of a rule."""

    def __init__(
        self, clocks: tuple[dt.time, ...], timezone: ZoneInfo, value: Callable[[dt.datetime], Floats]
    ) -> None:
        """`value` gives float64 (rows,); it can change at `clocks` only."""
        self._clocks, self._timezone, self._value = clocks, timezone, value
        self._now: Floats | None = None
        self._from_us, self._next_us = 0, 0

    def points(self) -> tuple[Rows, ...]:
        """None."""
        return ()

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes at those times."""
        if self._now is None or not self._from_us <= stretch.since_us < self._next_us:
            self._look(stretch.since_us)
        before = self._now
        assert before is not None
        if stretch.until_us < self._next_us:
            return Trace.still(before)
        *times, after = turns(stretch.since_us, stretch.until_us, self._clocks, self._timezone)
        values = [before, *(self._value(local(time, self._timezone)) for time in times)]
        self._now, self._from_us, self._next_us = values[-1], times[-1], after
        same = [np.flatnonzero(_other(a, b)) for a, b in pairwise(values)]
        row = np.concatenate([*same, np.empty(0, np.int64)])
        time = np.repeat(np.array(times, np.int64), [len(rows) for rows in same])
        value = np.concatenate([*(v[rows] for v, rows in zip(values[1:], same, strict=True)), np.empty(0)])
        return Trace.of(row, time, value, before)

    def _look(self, time_us: int) -> None:
        self._now = self._value(local(time_us, self._timezone))
        self._from_us, self._next_us = time_us, turns(time_us, time_us, self._clocks, self._timezone)[0]

    def next_us(self) -> int:
        """When the clocks show the next of the times."""
        return self._next_us

    def own_shift(self, by_us: int) -> None:  # noqa: ARG002 - wherever the clock went
        """Look anew."""
        self._now, self._next_us = None, 0


def _other(a: Floats, b: Floats) -> Flags:
    other: Flags = (a != b) & ~(np.isnan(a) & np.isnan(b))
    return other
