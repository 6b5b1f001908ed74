"""What a picture says by itself, without a reference: light, burnt out, flat, and the same as before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from edge_agent.pictures.grid import (
    COLUMNS,
    ROWS,
    TILE_HEIGHT,
    TILE_WIDTH,
    TILES,
    Floats,
    Greys,
    inner,
    tiled,
)

Marks = npt.NDArray[np.uint64]
Rows = npt.NDArray[np.int64]

BURNT_OUT: Final = 250
#: A tile with less spread has neither structure nor the noise of a sensor.
FLAT_STD: Final = 0.8
#: Frozen is told by tiles that are not flat: so many of the picture there must be, and so many of them the same.
LEAST_LIVE, SAME = 0.15, 0.9
_WORDS: Final = TILE_WIDTH // 8
_WEIGHTS: Final = np.random.default_rng(20261122).integers(
    1, 1 << 63, (TILE_HEIGHT, 1, _WORDS), np.uint64
) | np.uint64(1)
_PIXELS: Final = TILE_HEIGHT * TILE_WIDTH


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of each camera's last picture; `look` writes into it.

    tiles: uint64 (cameras, ROWS, COLUMNS), a number for each tile; 0 before the first picture. Those of cameras that
           repeat themselves survive a restart.
    same:  int64 (cameras,), how often in a row it was the same.
    counted_us: int64 (cameras,), when it last was new, or counted as the same.
    """

    tiles: Marks
    same: Rows
    counted_us: Rows

    @classmethod
    def nothing(cls, cameras: int) -> Self:
        """No picture yet."""
        return cls(
            np.zeros((cameras, ROWS, COLUMNS), np.uint64),
            np.zeros(cameras, np.int64),
            np.full(cameras, np.iinfo(np.int64).min // 2),
        )


@dataclass(frozen=True, slots=True)
class Plain:
    """One row a picture, float64 (n,); see the points of the same names. same_share: NaN at the first picture."""

    mean_level: Floats
    std_level: Floats
    bright_share: Floats
    flat_share: Floats
    same_share: Floats
    same_pictures: Floats


def look(
    seen: Seen, camera: npt.NDArray[np.int32], grey: Greys, time_us: Rows, apart_us: Rows | int
) -> Plain:
    """Look at pictures, each camera at most once; `seen` is brought up to date.

    Args:
        seen: what is remembered.
        camera: rows of `seen`.
        grey: uint8 (n, 180, 320).
        time_us: when each was taken.
        apart_us: an equal picture counts as the same only so long after the one counted last. A recorder renews
            its still every few seconds: who looks more often sees it twice, and nothing is frozen.
    """
    part = inner(grey)
    values = part.astype(np.float32)
    sums, squares = tiled(values).astype(np.float64), tiled(values * values).astype(np.float64)
    spread = np.sqrt(np.maximum(squares / _PIXELS - (sums / _PIXELS) ** 2, 0.0))
    total = TILES * _PIXELS
    mean = sums.sum(axis=(1, 2)) / total
    std = np.sqrt(np.maximum(squares.sum(axis=(1, 2)) / total - mean * mean, 0.0))
    bright = np.count_nonzero(part >= BURNT_OUT, axis=(1, 2)) / total
    live = spread >= FLAT_STD
    marks = tile_marks(part)
    before = seen.tiles[camera]
    equal = marks == before
    known = before[:, 0, 0] != 0
    alive = np.count_nonzero(live, axis=(1, 2))
    repeated = np.count_nonzero(equal & live, axis=(1, 2)) >= SAME * alive
    again = known & repeated & (alive >= LEAST_LIVE * TILES)
    due = time_us - seen.counted_us[camera] >= apart_us
    same = np.where(again, seen.same[camera] + due, 0)
    seen.counted_us[camera] = np.where(again & ~due, seen.counted_us[camera], time_us)
    seen.tiles[camera], seen.same[camera] = marks, same
    return Plain(
        mean,
        std,
        100.0 * bright,
        100.0 * (1.0 - alive / TILES),
        np.where(known, 100.0 * equal.mean(axis=(1, 2)), np.nan),
        same.astype(np.float64),
    )


def tile_marks(part: Greys) -> Marks:
    """A number for each tile: equal for equal ones, others meet with a chance of about 2**-63; never 0."""
    words = np.ascontiguousarray(part).view(np.uint64).reshape(len(part), ROWS, TILE_HEIGHT, COLUMNS, _WORDS)
    marks: Marks = (words * _WEIGHTS).sum(axis=(2, 4), dtype=np.uint64) | np.uint64(1)
    return marks
