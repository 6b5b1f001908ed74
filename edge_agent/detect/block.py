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
    moved:    int64   (n,)             points that at the first step are other than before the block; None: any may be
    """

    value: Floats
    at_us: Times
    until_us: Times
    moved: Rows | None = None

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

        Bad samples change nothing, nor do samples older than what is held. Steps are spans of time in which
        no point has two samples, so what came first is seen first.
        """
        usable = batch[(batch.quality <= _USABLE) & ~np.isnan(batch.value)]
        newer = usable[usable.time_us > self.at_us[usable.point]]
        ordered = newer[np.argsort(newer.time_us, kind="stable")]
        first = _spans(ordered.point)
        last = np.append(first[1:], len(ordered))
        value = np.repeat(self.value[:, None], len(first), axis=1)
        at_us = np.repeat(self.at_us[:, None], len(first), axis=1)
        until = np.full(len(first), until_us, np.int64)
        for step, (begin, end) in enumerate(zip(first, last, strict=True)):
            rows = ordered[slice(begin, end)]
            value[rows.point, step:] = rows.value[:, None]
            at_us[rows.point, step:] = np.minimum(rows.time_us, until_us)[:, None]
            until[step] = min(int(rows.time_us[-1]), until_us) if end < len(ordered) else until_us
        moved = np.flatnonzero(value[:, 0].view(np.int64) != self.value.view(np.int64))
        return Held(value[:, -1].copy(), at_us[:, -1].copy()), Block(value, at_us, until, moved)


def shifted(times: Times, by_us: int) -> Times:
    """Move times with the clock; NEVER stays."""
    return np.where(times == NEVER, NEVER, np.maximum(times + by_us, 0))


def _spans(rows: npt.NDArray[np.int32]) -> Rows:
    """Where to begin anew so that no span has a row twice; always at 0."""
    order = np.argsort(rows, kind="stable")
    before = np.full(len(rows), -1)
    again = np.flatnonzero(rows[order][1:] == rows[order][:-1])
    before[order[again + 1]] = order[again]
    first = [0]
    while len(repeats := np.flatnonzero(before[first[-1] :] >= first[-1])):
        first.append(first[-1] + int(repeats[0]))
    return np.array(first)
