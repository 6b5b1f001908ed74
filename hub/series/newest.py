"""The newest sample of every point, as columns that grow: pure."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from hub.series.port import Reading

NEVER = -1


class Newest:
    """Row p of every column belongs to point number p.

    time_us: no sample of the point is younger than this; `heard` says whether it is the time of a sample.
    """

    def __init__(self) -> None:
        self._time_us = np.full(1024, NEVER, np.int64)
        self._value = np.full(1024, np.nan)
        self._quality = np.zeros(1024, np.uint8)
        self._heard = np.zeros(1024, bool)

    def late(self, point: npt.NDArray[np.int32], time_us: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
        """Say for each sample whether its point may have one of that time or later already."""
        if len(point):
            self._grow(int(point.max()) + 1)
        return time_us <= self._time_us[point]

    def advance(
        self,
        point: npt.NDArray[np.int32],
        time_us: npt.NDArray[np.int64],
        value: npt.NDArray[np.float64],
        quality: npt.NDArray[np.uint8],
    ) -> None:
        """Take in samples that are ordered by point, then by time."""
        if not len(point):
            return
        last = np.append(point[1:] != point[:-1], True)
        self._grow(int(point[-1]) + 1)
        last &= time_us > self._time_us[point]
        rows = point[last]
        self._time_us[rows] = time_us[last]
        self._value[rows] = value[last]
        self._quality[rows] = quality[last]
        self._heard[rows] = True

    def suppose(self, points: int, time_us: int) -> None:
        """Of the first `points` points, those not heard of may have samples up to this time."""
        self._grow(points)
        unheard = np.flatnonzero(~self._heard[:points])
        self._time_us[unheard] = time_us

    def reading(self, point: int) -> Reading | None:
        """The newest sample of a point, None if it has none."""
        if point >= len(self._time_us) or not self._heard[point]:
            return None
        return Reading(int(self._time_us[point]), float(self._value[point]), int(self._quality[point]))

    def forget_before(self, time_us: int) -> None:
        """Forget the points whose newest sample is older."""
        gone = self._time_us < time_us
        self._time_us[gone] = NEVER
        self._heard[gone] = False

    def _grow(self, size: int) -> None:
        more = size - len(self._time_us)
        if more <= 0:
            return
        more = max(more, len(self._time_us))
        self._time_us = np.append(self._time_us, np.full(more, NEVER, np.int64))
        self._value = np.append(self._value, np.full(more, np.nan))
        self._quality = np.append(self._quality, np.zeros(more, np.uint8))
        self._heard = np.append(self._heard, np.zeros(more, bool))
