"""When the points of a rule are known: a good reading counts for so long after itself."""

from __future__ import annotations

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, Flags, Rows
from edge_agent.detect.heard import Groups
from edge_agent.detect.quantities import Quantity, Stretch
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.track import Track


class Known(Quantity):
    """1 while every one of some points has a fresh reading, else 0."""

    def __init__(self, points: tuple[Rows, ...], total: int, fresh_s: float) -> None:
        """`points` are int64 (rows,) each, negative where a row has none; `total` is how many there are in all."""
        self._points = tuple(point for point in points if (point >= 0).any())
        self._has = [point >= 0 for point in self._points]
        self._groups = [Groups.of([[int(row)] for row in point[point >= 0]], total) for point in self._points]
        self._fresh_us = round(fresh_s * 1e6)
        self._next_us = 0

    def points(self) -> tuple[Rows, ...]:
        """Its points."""
        return self._points

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes: when a reading grows old, and when the next one comes."""
        traces = [self._trace(stretch, number) for number in range(len(self._points))]
        self._next_us = self._next(stretch.track)
        if len(traces) == 1:
            return traces[0]
        moments = Moments(len(traces[0].before), traces)
        return moments.trace(np.minimum.reduce([moments.filled(number) for number in range(len(traces))]))

    def _trace(self, stretch: Stretch, number: int) -> Trace:
        groups, has = self._groups[number], self._has[number]
        rows = np.flatnonzero(has)
        since, until = stretch.since_us, stretch.until_us
        before = np.ones(len(has))
        before[rows] = self._is_fresh(groups.newest(stretch.track.before.at_us), since)
        gaps = stretch.track.heard.gaps(groups, self._fresh_us, until)
        old = gaps.last_us + self._fresh_us
        ends = (gaps.last_us != NEVER) & (old > since) & (old <= until)
        comes = gaps.next_us != ENDLESS
        return Trace.of(
            rows[np.concatenate([gaps.thing[ends], gaps.thing[comes]])],
            np.concatenate([old[ends], gaps.next_us[comes]]),
            np.concatenate([np.zeros(ends.sum()), np.ones(comes.sum())]),
            before,
        )

    def _is_fresh(self, at_us: Rows, time_us: int) -> Flags:
        is_fresh: Flags = (at_us != NEVER) & (at_us + self._fresh_us > time_us)
        return is_fresh

    def _next(self, track: Track) -> int:
        """When the first reading grows old; the past if one has: the next reading changes that unasked."""
        newest = [groups.newest(track.after.at_us) for groups in self._groups]
        if not all(self._is_fresh(at_us, track.until_us).all() for at_us in newest):
            return 0
        return min((int(at_us.min(initial=ENDLESS)) for at_us in newest), default=ENDLESS) + self._fresh_us

    def next_us(self) -> int:
        """When the first reading grows old."""
        return self._next_us

    def own_shift(self, by_us: int) -> None:  # noqa: ARG002 - wherever the clock went
        """Look anew."""
        self._next_us = 0
