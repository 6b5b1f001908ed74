"""Cells: the few moments of a block at which something changed, so that rules work on these and not on every step.

A month of an air conditioner at ten seconds is 259,200 steps and perhaps a hundred changes. Finding the changes is
one pass over the data at the speed of memory, shared by all rules; everything after it costs by the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from edge_agent.detect.block import Block, Flags, Floats, Rows, Times

#: Values compared at a time: small enough for the cache of a core.
CHUNK: Final = 1 << 17


@dataclass(frozen=True, slots=True)
class Changes:
    """Where a point has another value than one step before; in the order of points, then steps.

    point: int64 (n,)
    step:  int64 (n,)  1 or more: step 0 has nothing before it
    """

    point: Rows
    step: Rows

    @classmethod
    def of(cls, block: Block) -> Self:
        """Find all changes of a block. Values are compared bit by bit, so a missing value is equal to itself."""
        points, steps = block.value.shape
        if steps <= 1 or points == 0:
            none = np.empty(0, np.int64)
            return cls(none, none)
        bits = block.value.view(np.int64)
        found = [_changed(bits, first, last) for first, last in _chunks(points, steps)]
        return cls(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _chunks(points: int, steps: int) -> list[tuple[int, int]]:
    rows = max(1, CHUNK // steps)
    return [(first, min(first + rows, points)) for first in range(0, points, rows)]


def _changed(bits: Times, first: int, last: int) -> tuple[Rows, Rows]:
    part = bits[first:last]
    differs = part[:, 1:] != part[:, :-1]
    point, step = np.divmod(np.flatnonzero(differs), differs.shape[1])
    return point + first, step + 1


@dataclass(frozen=True, slots=True)
class Cells:
    """Moments of rows (the devices of a rule), in the order of rows, then steps; each row has its step 0.

    row:    int64 (n,)
    step:   int64 (n,)
    starts: bool  (n,)  the first cell of its row
    """

    row: Rows
    step: Rows
    starts: Flags

    def __len__(self) -> int:
        return len(self.row)

    @classmethod
    def every(cls, rows: int, steps: int) -> Self:
        """Every step of every row."""
        row, step = np.repeat(np.arange(rows), steps), np.tile(np.arange(steps), rows)
        return cls(row, step, step == 0)

    @classmethod
    def one(cls, row: int, step: int) -> Self:
        """A single moment of a single row."""
        return cls(np.array([row]), np.array([step]), np.ones(1, np.bool_))

    @classmethod
    def where(cls, changes: Changes, row_of_point: Rows, rows: int, steps: int) -> Self:
        """Step 0 of every row, and each step at which a point of the row changed.

        Args:
            changes: of the block.
            row_of_point: int64 (points,), the row that a point belongs to; negative: to none.
            rows: number of rows.
            steps: number of steps of the block.
        """
        if steps == 1:
            row = np.arange(rows)
            return cls(row, np.zeros(rows, np.int64), np.ones(rows, np.bool_))
        row = row_of_point[changes.point]
        mine = row >= 0
        places = np.concatenate([np.arange(rows) * steps, row[mine] * steps + changes.step[mine]])
        places = np.unique(places) if steps else places[:0]
        step = places % steps if steps else places
        return cls(places // max(steps, 1), step, step == 0)

    def of(self, values: Floats, point: Rows) -> Floats:
        """The value of each row's own point at each cell; `values` is (points, steps), `point` (rows,)."""
        return values[point[self.row], self.step]

    def times_of(self, at_us: Times, point: Rows) -> Times:
        """The same for times."""
        return at_us[point[self.row], self.step]
