"""The newest sample of every point, and which of them changed since a screen last looked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.model.samples import SampleBatch

#: Points beyond this are not kept: a garbled agent must not eat the memory of the hub.
MAX_POINTS: Final = 200_000
_NEVER: Final = np.iinfo(np.int64).min


class Newest:
    """Columns over the points the hub knows; a row number never changes.

    time_us: int64   (capacity,)  when the device was read; `heard` says whether it ever was
    value:   float64 (capacity,)  NaN means "no reading"
    quality: uint8   (capacity,)  see Quality
    changed: int64   (capacity,)  the version in which the row last changed; 0 for never
    """

    def __init__(self, names: Iterable[str] = (), *, most: int = MAX_POINTS) -> None:
        self.row: dict[str, int] = {}
        self.names: list[str] = []
        self.version = 0
        self.refused = 0  # samples of points beyond the most that are kept
        self._most = most
        self._allocate(1024)
        for name in names:
            self._number(name)

    def __len__(self) -> int:
        return len(self.names)

    def update(self, batch: SampleBatch, names: Sequence[str]) -> None:
        """Take a batch whose `point` indexes `names`; a sample older than what is known is left out."""
        if not len(batch):
            return
        table = np.array([self._number(name) for name in names], np.int64)
        rows = table[batch.point]
        kept = rows >= 0
        self.refused += int(len(batch) - kept.sum())
        # in order of time, so that of several samples of a point the last one stays
        order = np.argsort(batch.time_us, kind="stable")
        order = order[kept[order]]
        order = order[batch.time_us[order] >= self.time_us[rows[order]]]
        rows = rows[order]
        self.version += 1
        self.time_us[rows] = batch.time_us[order]
        self.value[rows] = batch.value[order]
        self.quality[rows] = batch.quality[order]
        self.changed[rows] = self.version

    def recall(self, known: Mapping[str, tuple[int, float, int]]) -> None:
        """Take what was newest before a restart: time, value and quality by name."""
        if known:
            self.update(SampleBatch.of(range(len(known)), *zip(*known.values(), strict=True)), list(known))

    def changed_since(self, version: int) -> npt.NDArray[np.int64]:
        """Rows that changed after `version`, int64 (n,)."""
        return np.flatnonzero(self.changed[: len(self)] > version)

    def rows_of(self, names: Iterable[str]) -> npt.NDArray[np.int64]:
        """Rows of these points; unknown ones are left out."""
        return np.array([self.row[name] for name in names if name in self.row], np.int64)

    def heard(self, rows: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
        """Those of the rows that ever had a sample."""
        return rows[self.changed[rows] > 0]

    def reading(self, name: str) -> tuple[int, float, int] | None:
        """Time, value and quality of one point; None if it was never heard of."""
        row = self.row.get(name)
        if row is None or not self.changed[row]:
            return None
        return int(self.time_us[row]), float(self.value[row]), int(self.quality[row])

    def as_json(self, rows: npt.NDArray[np.int64]) -> Mapping[str, list[Any]]:
        """`{"dev.point": [time_us, value or None, quality]}` for the rows that ever had a sample."""
        rows = self.heard(rows)
        values = self.value[rows]
        numbers: list[float | None] = values.tolist()
        for place in np.flatnonzero(~np.isfinite(values)):
            numbers[place] = None
        columns = zip(
            rows.tolist(), self.time_us[rows].tolist(), numbers, self.quality[rows].tolist(), strict=True
        )
        return {self.names[row]: [time_us, value, quality] for row, time_us, value, quality in columns}

    def _number(self, name: str) -> int:
        row = self.row.get(name)
        if row is not None:
            return row
        row = len(self.names)
        if row >= self._most:
            return -1
        if row >= len(self.value):
            self._allocate(2 * len(self.value))
        self.row[name] = row
        self.names.append(name)
        return row

    def _allocate(self, capacity: int) -> None:
        kept = len(self.names)
        fresh = {
            "time_us": np.full(capacity, _NEVER, np.int64),
            "value": np.full(capacity, np.nan),
            "quality": np.zeros(capacity, np.uint8),
            "changed": np.zeros(capacity, np.int64),
        }
        for name, column in fresh.items():
            if kept:
                column[:kept] = getattr(self, name)[:kept]
        self.time_us: npt.NDArray[np.int64] = fresh["time_us"]
        self.value: npt.NDArray[np.float64] = fresh["value"]
        self.quality: npt.NDArray[np.uint8] = fresh["quality"]
        self.changed: npt.NDArray[np.int64] = fresh["changed"]
