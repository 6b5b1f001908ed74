"""Comparisons of points with limits, and their combination: the conditions of `when` rules."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from edge_agent.detect.block import Block, Flags, Floats, Rows, Times
from edge_agent.detect.cells import Cells


class Relation(StrEnum):
    """How a value is compared."""

    EQUALS = "equals"
    DIFFERS = "differs"
    ABOVE = "above"
    BELOW = "below"


@dataclass(frozen=True, slots=True)
class Comparison:
    """One comparison for many devices.

    point:     int64   (rows,)  row of the point in the block
    limit:     float64 (rows,)  what it is compared with
    dead_band: how far back a value must come from `above` or `below` to be normal again
    """

    point: Rows
    relation: Relation
    limit: Floats
    dead_band: float = 0.0

    def edges(self, block: Block, cells: Cells) -> tuple[Flags, Flags]:
        """Where the comparison surely holds and where surely not, bool (cells,); a missing value is neither."""
        value, limit = cells.of(block.value, self.point), self.limit[cells.row]
        match self.relation:
            case Relation.EQUALS:
                return value == limit, (value != limit) & ~np.isnan(value)
            case Relation.DIFFERS:
                return (value != limit) & ~np.isnan(value), value == limit
            case Relation.ABOVE:
                return value > limit, value <= limit - self.dead_band
            case Relation.BELOW:
                return value < limit, value >= limit + self.dead_band


def all_hold(comparisons: tuple[Comparison, ...], block: Block, cells: Cells) -> tuple[Flags, Flags, Times]:
    """Combine comparisons with `and`.

    Returns:
        Where all hold, where one surely does not, and the time that counts for a change: bool, bool and
        int64, each (cells,).
    """
    rises, falls = comparisons[0].edges(block, cells)
    change = cells.times_of(block.at_us, comparisons[0].point)
    for comparison in comparisons[1:]:
        more_rises, more_falls = comparison.edges(block, cells)
        rises, falls = rises & more_rises, falls | more_falls
        change = np.maximum(change, cells.times_of(block.at_us, comparison.point))
    return rises, falls, change
