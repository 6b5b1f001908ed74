"""Flat lines: points that are read and say the same for too long."""

from __future__ import annotations

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, shifted
from edge_agent.detect.heard import Groups
from edge_agent.detect.quantities import Columns, MadeOf, PointValue, Stretch
from edge_agent.detect.trace import Moments, Trace


class Flat(MadeOf):
    """1 where a point was read and has said the same for so long, else 0; NaN before its first reading."""

    def __init__(self, value: PointValue, points: int, flat_s: float) -> None:
        super().__init__(value)
        self._flat_us = round(flat_s * 1e6)
        rows = len(value.point)
        self._groups = Groups.of([[int(point)] for point in value.point], points)
        self._changed_us = np.full(rows, NEVER, np.int64)
        self._is_flat = np.zeros(rows, np.bool_)

    def trace(self, stretch: Stretch) -> Trace:
        """1 from the reading that shows it, 0 from the change that ends it."""
        value = self._value.trace(stretch)
        moments = Moments(len(value.before), [value])
        first = moments.first
        since = moments.time_us.copy()
        since[first] = self._changed_us
        end = np.append(np.where(moments.is_first[1:], ENDLESS, moments.time_us[1:]), ENDLESS)
        long = (since != NEVER) & (np.minimum(end, stretch.until_us) - since >= self._flat_us)
        long[first] &= ~self._is_flat
        which = np.flatnonzero(long)
        shown = stretch.track.heard.first_from(self._groups, moments.row[which], since[which] + self._flat_us)
        ends = shown < end[which]
        which, shown = which[ends], shown[ends]
        before = np.where(self._changed_us == NEVER, np.nan, self._is_flat.astype(np.float64))
        changes = np.flatnonzero(~moments.is_first)
        trace = Trace.of(
            np.concatenate([moments.row[changes], moments.row[which]]),
            np.concatenate([moments.time_us[changes], shown]),
            np.concatenate([np.zeros(len(changes)), np.ones(len(which))]),
            before,
        )
        last = moments.last
        flat_now = np.zeros(len(moments), np.bool_)
        flat_now[first], flat_now[which] = self._is_flat, True
        self._changed_us, self._is_flat = since[last], flat_now[last]
        return trace

    def next_us(self) -> int:
        """When the first of those that are not flat could be."""
        waits = ~self._is_flat & (self._changed_us != NEVER)
        return int((self._changed_us[waits] + self._flat_us).min(initial=ENDLESS))

    def own_columns(self) -> Columns:
        """When it changed last, and whether it is flat since."""
        return {"changed_us": self._changed_us, "is_flat": self._is_flat}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: ARG002 - it has none
        """Continue from saved state."""
        self._changed_us, self._is_flat = columns["changed_us"], columns["is_flat"]

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._changed_us = shifted(self._changed_us, by_us)
