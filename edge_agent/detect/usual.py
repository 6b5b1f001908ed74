"""What is usual: medians of past hours or days, as limits that change with the hour."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np

from devices.campus.conditions import Usual
from edge_agent.detect.block import NEVER, Floats, Rows, Times
from edge_agent.detect.clock import MIDNIGHT, local, turns
from edge_agent.detect.integral import QUANTUM, Running, Summed
from edge_agent.detect.quantities import Columns, Quantity, Stretch
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.windows import Count

HOURS: Final = tuple(dt.time(hour) for hour in range(24))
#: The median distance from the median times this is the standard deviation of a normal distribution.
MAD_TO_SIGMA: Final = 1.4826

#: A date -> whether each row's people work on it, bool (rows,).
Workdays = Callable[[dt.date], np.ndarray[tuple[int], np.dtype[np.bool_]]]


class UsualLimit(Quantity):
    """The limit of each row for the present hour or day; NaN until enough of the past is known."""

    def __init__(
        self,
        usual: Usual,
        quantity: Quantity,
        known: Quantity,
        rows: int,
        clock: tuple[ZoneInfo, Workdays],
        *,
        above: bool,
    ) -> None:
        """`quantity` is followed here; `above` says on which side of the median the limit lies."""
        self._usual, self._quantity, self._known = usual, quantity, known
        self._timezone, self._workdays = clock
        self._sign = 1.0 if above else -1.0
        self._clocks = HOURS if usual.per == "hour" else (MIDNIGHT,)
        per_day = len(self._clocks)
        slots = usual.days + 1
        self._past = np.full((rows, slots * per_day), np.nan)
        self._day = np.full((rows, slots), NEVER, np.int64)
        self._begin_us = NEVER
        self._sum, self._covered = Running.none(rows), Running.none(rows)
        self._base = np.zeros(rows)
        self._limit = np.full(rows, np.nan)
        self._next_us = 0
        #: What was followed, of the stretch that was given last.
        self.followed = Trace.still(self._limit)

    def points(self) -> tuple[Rows, ...]:
        """The points of the quantity."""
        return self._quantity.points()

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes: where an hour or day begins."""
        self.followed = self._quantity.trace(stretch)
        counted = isinstance(self._quantity, Count)
        source = self._quantity.totals if isinstance(self._quantity, Count) else self.followed
        moments = Moments(len(self._limit), [source, self._known.trace(stretch)])
        value, known = moments.filled(0), moments.filled(1)
        known = np.where(np.isnan(value), 0.0, known)
        self._sum, self._covered = (of.begun(stretch.since_us) for of in (self._sum, self._covered))
        covered = Summed.of(moments, known, self._covered)
        summed = Summed.of(moments, np.where(known > 0, value, 0.0), self._sum)
        if self._begin_us == NEVER:
            self._begin_us = self._bucket_of(stretch.since_us)
            # A past may have been handed on.
            self._limit = self._limits(local(self._begin_us, self._timezone))
        *ends, self._next_us = turns(stretch.since_us, stretch.until_us, self._clocks, self._timezone)
        limits = [self._limit]
        rows = np.arange(len(self._limit))
        at_begin = (self._sum.sum - self._sum.sum, self._covered.sum - self._covered.sum)
        for end_us in ends:
            ends_us = np.full(len(rows), end_us, np.int64)
            total, seen = summed.at(rows, ends_us), covered.at(rows, ends_us)
            if counted:
                count = np.nan_to_num(
                    value[moments.at(rows, ends_us - 1)]
                )  # one at its very end is of the next
                figure, self._base = count - self._base, count
            else:
                figure = (total - at_begin[0]) * QUANTUM / np.maximum((seen - at_begin[1]) * QUANTUM, 1.0)
            whole = (end_us - self._begin_us) // 1000
            enough = (seen - at_begin[1]) * QUANTUM >= self._usual.coverage * whole
            self._keep(np.where(enough, figure, np.nan))
            self._begin_us, at_begin = end_us, (total, seen)
            limits.append(self._limits(local(end_us, self._timezone)))
        self._limit = limits[-1]
        after, seen_after = summed.after(self._sum), covered.after(self._covered)
        if ends:
            after, seen_after = self._rebased(after, at_begin[0]), self._rebased(seen_after, at_begin[1])
        self._sum, self._covered = after, seen_after
        return _steps(rows, ends, limits)

    def _rebased(self, running: Running, base: Rows) -> Running:
        """The sum since the present hour or day began; a row without a moment in it stands at its begin."""
        return Running(running.sum - base, running.at_us)

    def _bucket_of(self, time_us: int) -> int:
        moment = local(time_us, self._timezone)
        begin = moment.replace(minute=0, second=0, microsecond=0)
        if len(self._clocks) == 1:
            begin = begin.replace(hour=0)
        return round(begin.timestamp()) * 1_000_000

    def _keep(self, figure: Floats) -> None:
        """Put the figure of the hour or day that is over into the past."""
        begin = local(self._begin_us, self._timezone)
        day, slots, per_day = begin.toordinal(), self._day.shape[1], len(self._clocks)
        slot = day % slots
        self._past, self._day = self._past.copy(), self._day.copy()
        new = self._day[:, slot] != day
        self._past[new, slot * per_day : (slot + 1) * per_day] = np.nan
        self._day[:, slot] = day
        self._past[:, slot * per_day + (begin.hour if per_day > 1 else 0)] = figure

    def _limits(self, moment: dt.datetime) -> Floats:
        """The limits for the hour or day that begins at a moment."""
        usual, today = self._usual, moment.toordinal()
        per_day = len(self._clocks)
        age = today - self._day
        counts = (self._day != NEVER) & (age >= 1) & (age <= usual.days)
        if usual.like == "same":
            counts &= self._same_kind(moment.date())
        past = self._past.reshape(len(self._past), -1, per_day)
        chosen = past[:, :, moment.hour : moment.hour + 1] if self._only_this_hour() else past
        figures = np.where(counts[:, :, None], chosen, np.nan).reshape(len(past), -1)
        middle, known = _median(figures)
        spread, _ = _median(np.abs(figures - middle[:, None]))
        away = usual.plus + usual.mads * MAD_TO_SIGMA * spread
        limit = middle * usual.times + self._sign * away
        nearest = middle + self._sign * usual.at_least
        limit = np.maximum(limit, nearest) if self._sign > 0 else np.minimum(limit, nearest)
        return np.where(known >= usual.least, limit, np.nan)

    def _only_this_hour(self) -> bool:
        return self._usual.like == "same" and self._usual.per == "hour"

    def _same_kind(self, date: dt.date) -> np.ndarray[tuple[int, int], np.dtype[np.bool_]]:
        """Past days that are workdays, or days off, as `date` is, bool (rows, slots)."""
        today = self._workdays(date)
        same = np.zeros(self._day.shape, np.bool_)
        for day in np.unique(self._day[self._day != NEVER]).tolist():
            then = self._workdays(dt.date.fromordinal(day)) == today
            same |= (self._day == day) & then[:, None]
        return same

    def next_us(self) -> int:
        """When the next hour or day begins, or what is followed changes."""
        return min(self._next_us, self._quantity.next_us(), self._known.next_us())

    def parts(self) -> dict[str, Quantity]:
        """What is followed."""
        return {"of": self._quantity}

    def own_columns(self) -> Columns:
        """The past, and the sums of the present hour or day."""
        rows = len(self._limit)
        return {
            "past": self._past,
            "day": self._day,
            "begin_us": np.full(rows, self._begin_us, np.int64),
            "sum": self._sum.sum,
            "sum_at_us": self._sum.at_us,
            "covered": self._covered.sum,
            "covered_at_us": self._covered.at_us,
            "base": self._base,
            "limit": self._limit,
        }

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: ARG002 - it has none
        """Continue from saved state."""
        self._past, self._day = columns["past"], columns["day"]
        self._begin_us = int(columns["begin_us"].max(initial=NEVER))
        self._sum = Running(columns["sum"], columns["sum_at_us"])
        self._covered = Running(columns["covered"], columns["covered_at_us"])
        self._base, self._limit = columns["base"], columns["limit"]

    def own_shift(self, by_us: int) -> None:
        """The clock was set: the present hour or day is not a whole one."""
        rows = len(self._limit)
        self._sum, self._covered, self._begin_us = Running.none(rows), Running.none(rows), NEVER
        self._next_us = 0
        self._known.shift(by_us)


def _median(figures: Floats) -> tuple[Floats, Rows]:
    """Median of each row without its NaN, float64 (rows,), NaN where there is nothing; and how many there were."""
    ordered = np.sort(figures, axis=1)  # NaN comes last
    known = np.count_nonzero(~np.isnan(ordered), axis=1)
    rows = np.arange(len(ordered))
    if ordered.shape[1] == 0:
        return np.full(len(rows), np.nan), known
    low, high = ordered[rows, np.maximum(known - 1, 0) // 2], ordered[rows, known // 2 % ordered.shape[1]]
    return np.where(known > 0, (low + high) / 2, np.nan), known


def _steps(rows: Rows, times: list[int], values: list[Floats]) -> Trace:
    """A trace of values that all rows take at the same times."""
    if not times:
        return Trace.still(values[0])
    moments: Times = np.repeat(np.array(times, np.int64), len(rows))
    return Trace.of(np.tile(rows, len(times)), moments, np.concatenate(values[1:]), values[0])
