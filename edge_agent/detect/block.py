"""Blocks: the shape in which slow states reach the rules, and how live samples become one.

A block holds, for every point and step, the last good value and when the device said it. One step is a live
tick; a month of history is one block of many steps, or many blocks: cutting changes nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from devices.model.samples import Quality, SampleBatch

NEVER: Final = -1
_USABLE: Final = max(Quality.GOOD, Quality.UNCERTAIN)

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Held values on steps.

    value:    float64 (points, steps)  last good value in the canonical unit; NaN where there never was one
    at_us:    int64   (points, steps)  when the device said that value; NEVER where there never was one
    until_us: int64   (steps,)         up to when everything is known; ascending
    """

    value: Floats
    at_us: Times
    until_us: Times

    def __post_init__(self) -> None:
        if self.value.shape != self.at_us.shape or self.value.shape[1:] != self.until_us.shape:
            shapes = self.value.shape, self.at_us.shape, self.until_us.shape
            raise ValueError(f"value and at_us must be (points, steps), until_us (steps,), got {shapes}")

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.until_us)

    def cut(self, first: int, last: int) -> Block:
        """Return the steps [first, last)."""
        return Block(self.value[:, first:last], self.at_us[:, first:last], self.until_us[first:last])


@dataclass(frozen=True, slots=True)
class Held:
    """The last good value of every point: value float64 (points,), at_us int64 (points,)."""

    value: Floats
    at_us: Times

    @classmethod
    def nothing(cls, points: int) -> Self:
        """No point has ever been read."""
        return cls(np.full(points, np.nan), np.full(points, NEVER, np.int64))

    def shifted(self, by_us: int) -> Held:
        """The same values as if the clock had always been `by_us` ahead."""
        return Held(self.value, shifted(self.at_us, by_us))

    def take(self, batch: SampleBatch, until_us: int) -> tuple[Held, Block]:
        """Take new samples in and return what is held now, and the block of steps that leads there.

        Bad samples change nothing, nor do samples older than what is held. A point with k new samples needs k
        steps; all but the last carry the newest time of their samples as `until_us`.
        """
        usable = batch[(batch.quality <= _USABLE) & ~np.isnan(batch.value)]
        newer = usable[usable.time_us > self.at_us[usable.point]]
        ordered = newer[np.lexsort((newer.time_us, newer.point))]
        step = _occurrence(ordered.point)
        count = int(step.max()) + 1 if len(step) else 1
        value = np.repeat(self.value[:, None], count, axis=1)
        at_us = np.repeat(self.at_us[:, None], count, axis=1)
        for number in range(count):
            rows = ordered[step == number]
            value[rows.point, number:] = rows.value[:, None]
            at_us[rows.point, number:] = np.minimum(rows.time_us, until_us)[:, None]
        until = np.maximum.accumulate(np.minimum(at_us.max(axis=0, initial=NEVER), until_us))
        until[-1] = until_us
        return Held(value[:, -1].copy(), at_us[:, -1].copy()), Block(value, at_us, until)


def shifted(times: Times, by_us: int) -> Times:
    """Move times with the clock; NEVER stays."""
    return np.where(times == NEVER, NEVER, np.maximum(times + by_us, 0))


def _occurrence(sorted_rows: npt.NDArray[np.int32]) -> Rows:
    """Count, for each entry of a sorted array, how many equal ones stand before it."""
    index = np.arange(len(sorted_rows))
    first = np.ones(len(sorted_rows), np.bool_)
    first[1:] = sorted_rows[1:] != sorted_rows[:-1]
    return index - np.maximum.accumulate(np.where(first, index, 0))
