"""Batches of many senders as one block of columns under the store's own point numbers: pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.samples import SampleBatch
from hub.series.port import Entry

US_PER_DAY: Final = 86_400_000_000


def gathered(entries: Sequence[Entry], number: Callable[[str], int]) -> SampleBatch:
    """All samples ordered by point, then by time; of the same (point, time) only the one that came last.

    Args:
        entries: each with its own names.
        number: the store's number of a point, a new one for a new name.
    """
    if not entries:
        return SampleBatch.empty()
    renamed = [_renumbered(entry, number) for entry in entries]
    rows = SampleBatch.joined(renamed)
    rows = rows[np.lexsort((rows.time_us, rows.point))]
    last = np.ones(len(rows), bool)
    last[:-1] = (rows.point[1:] != rows.point[:-1]) | (rows.time_us[1:] != rows.time_us[:-1])
    return rows if last.all() else rows[last]


def _renumbered(entry: Entry, number: Callable[[str], int]) -> SampleBatch:
    numbers = np.array([number(name) for name in entry.names], np.int32)
    batch = entry.batch
    return SampleBatch(numbers[batch.point], batch.time_us, batch.value, batch.quality)


def by_day(time_us: npt.NDArray[np.int64]) -> Iterator[npt.NDArray[np.int64]]:
    """Row numbers of the samples of each day, so that a look-up touches no more than one day at once."""
    if not len(time_us):
        return
    day = time_us // US_PER_DAY
    order = np.argsort(day, kind="stable")
    cuts = np.flatnonzero(np.diff(day[order])) + 1
    yield from np.split(order, cuts)
