"""Traces: values that step at certain moments, one line for each row (device) of a rule; and those moments, joined."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Self

import numpy as np

from edge_agent.detect.block import Floats, Rows, Times
from edge_agent.detect.lines import search

BEFORE: Final = -1


@dataclass(frozen=True, slots=True)
class Trace:
    """A value of each row over a stretch of time; it stays until its next change.

    row:     int64   (n,)    changes, by row and then by time
    time_us: int64   (n,)
    value:   float64 (n,)    NaN where it is not known
    before:  float64 (rows,) the value before the first change
    """

    row: Rows
    time_us: Times
    value: Floats
    before: Floats

    @classmethod
    def still(cls, before: Floats) -> Self:
        """Nothing changes."""
        none = np.empty(0, np.int64)
        return cls(none, none, np.empty(0), before)

    @classmethod
    def of(cls, row: Rows, time_us: Times, value: Floats, before: Floats) -> Self:
        """Changes in any order; of two at the same moment the later given counts."""
        if len(row) > 1:
            order = np.lexsort((time_us, row))
            row, time_us, value = row[order], time_us[order], value[order]
        return cls(row, time_us, value, before)

    def scaled(self, times: float, plus: float) -> Trace:
        """Times a factor, plus a number."""
        return Trace(self.row, self.time_us, self.value * times + plus, self.before * times + plus)

    def later(self, by_us: int) -> Trace:
        """The same, so much later."""
        return Trace(self.row, self.time_us + by_us, self.value, self.before)


class Moments:
    """All moments at which one of some traces changes, by row and then by time.

    Each row begins with a moment of its own, BEFORE all others, which carries the values from before.

    row:     int64 (n,)
    time_us: int64 (n,)  BEFORE for the first moment of each row
    first:   int64 (rows,)  index of each row's first moment
    """

    def __init__(self, rows: int, traces: Sequence[Trace], not_before_us: Times | None = None) -> None:
        """Join the moments of `traces`; changes of a row before its `not_before_us` count as of then."""
        self.traces = tuple(traces)
        row = np.concatenate([np.arange(rows), *(trace.row for trace in traces)])
        time = np.concatenate([np.full(rows, BEFORE), *(trace.time_us for trace in traces)])
        if not_before_us is not None:
            time[rows:] = np.maximum(time[rows:], not_before_us[row[rows:]])
        if len(row) == rows:
            self.row, self.time_us, self._place, self.first = row, time, row, row
            return
        order = np.lexsort((time, row))
        row, time = row[order], time[order]
        new = np.ones(len(row), np.bool_)
        new[1:] = (row[1:] != row[:-1]) | (time[1:] != time[:-1])
        self._place = np.empty(len(row), np.int64)
        self._place[order] = np.cumsum(new) - 1
        self.row, self.time_us, self.first = row[new], time[new], self._place[:rows]

    def __len__(self) -> int:
        return len(self.row)

    @cached_property
    def is_first(self) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
        """Whether each is the first moment of its row, bool (n,)."""
        flags = np.zeros(len(self.row), np.bool_)
        flags[self.first] = True
        return flags

    @cached_property
    def last(self) -> Rows:
        """Index of the last moment of each row, int64 (rows,)."""
        return np.append(self.first[1:], len(self.row))[: len(self.first)] - 1

    def filled(self, number: int) -> Floats:
        """The value of one of the traces at every moment, float64 (n,)."""
        trace = self.traces[number]
        if not len(trace.row):
            still: Floats = trace.before[self.row]
            return still
        start = len(self.first) + sum(len(other.row) for other in self.traces[:number])
        place = self._place[start : start + len(trace.row)]
        value = np.empty(len(self.row))
        value[self.first], value[place] = trace.before, trace.value
        last = np.zeros(len(self.row), np.int64)
        last[self.first], last[place] = self.first, place
        filled: Floats = value[np.maximum.accumulate(last)]
        return filled

    def trace(self, value: Floats) -> Trace:
        """A trace of values that were worked out at every moment; moments at which it stays are left out."""
        known = value == value  # noqa: PLR0124 - NaN differs from itself
        same = (value[1:] == value[:-1]) | (~known[1:] & ~known[:-1])
        changes = np.flatnonzero(np.append(False, ~same) & ~self.is_first)
        return Trace(self.row[changes], self.time_us[changes], value[changes], value[self.first])

    def at(self, row: Rows, time_us: Times) -> Rows:
        """The last moment of each `row` at or before its `time_us`: int64 (n,), indices."""
        if len(self.row) == len(self.first):
            return row
        return search(self.row, self.time_us, row, time_us, "right") - 1
