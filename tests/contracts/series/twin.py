"""The slow, obvious twin of every store: a dictionary and a loop."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from hub.series.port import Aggregate, Entry

SLOW = {
    Aggregate.MEAN: lambda values: statistics.fmean(values) if values else math.nan,
    Aggregate.MIN: lambda values: min(values, default=math.nan),
    Aggregate.MAX: lambda values: max(values, default=math.nan),
    Aggregate.FIRST: lambda values: values[0] if values else math.nan,
    Aggregate.LAST: lambda values: values[-1] if values else math.nan,
    Aggregate.COUNT: lambda values: float(len(values)),
}


class Twin:
    def __init__(self) -> None:
        self.samples: dict[tuple[int, str], tuple[float, int]] = {}

    def write(self, entries: Sequence[Entry]) -> None:
        for entry in entries:
            batch = entry.batch
            for row in range(len(batch)):
                key = int(batch.time_us[row]), entry.names[batch.point[row]]
                self.samples[key] = float(batch.value[row]), int(batch.quality[row])

    def read(
        self, points: Sequence[str], from_us: int, to_us: int, step_us: int, aggregate: Aggregate
    ) -> npt.NDArray[np.float64]:
        starts = range(from_us, to_us, step_us)
        return np.array(
            [[self._step(p, t, min(t + step_us, to_us), aggregate) for t in starts] for p in points]
        ).reshape(len(points), len(starts))

    def _step(self, point: str, from_us: int, to_us: int, aggregate: Aggregate) -> float:
        rows = [value for _, _, value, _ in self.raw([point], from_us, to_us) if not math.isnan(value)]
        return float(SLOW[aggregate](rows))

    def raw(self, points: Sequence[str], from_us: int, to_us: int) -> list[tuple[int, str, float, int]]:
        return sorted(
            (time_us, point, value, quality)
            for (time_us, point), (value, quality) in self.samples.items()
            if point in points and from_us <= time_us < to_us
        )
