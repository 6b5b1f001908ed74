"""Whether one side of a view at least looks as it did: then something stands before it, and it was not turned."""

from __future__ import annotations

from typing import Final

import numpy as np

from edge_agent.pictures.edges import CLEAR, LEAST_EDGE, Slopes, floors
from edge_agent.pictures.grid import COLUMNS, HALF_BOTTOM, HALF_TOP, Floats, Greys, tiled

#: Thirds and rims of a view, in columns of tiles: the first, and the one behind the last.
SIDES: Final = ((0, 7), (7, 13), (13, COLUMNS), (0, 3), (17, COLUMNS))
#: A tile without edges looks as it did if its grey, after the light, differs by no more than this (levels, part).
GREY, GREY_PART = 8.0, 0.06
#: And if no more than so many of its 80 pixels are edges now.
STRAY: Final = 7
_PIXELS: Final = 80.0


def like_side(reference: Greys, half: Greys, now: Slopes, tiles: Floats) -> Floats:
    """Tiles of the best side that look as in the reference, in %; float64 (n,).

    Args:
        reference: uint8 (n, 90, 160), of half the size.
        half: the pictures, the same.
        now: slopes of `half`.
        tiles: float64 (n, ROWS, COLUMNS), the part of the reference's edges that is there, NaN: it has none.
    """
    was, is_ = (tiled(p[:, HALF_TOP:HALF_BOTTOM].astype(np.float32)) / _PIXELS for p in (reference, half))
    light = is_.mean(axis=(1, 2), keepdims=True) / np.maximum(was.mean(axis=(1, 2), keepdims=True), 1.0)
    limit = np.maximum(floors(now.strength), LEAST_EDGE)[:, None, None]
    stray = tiled((now.strength > limit).astype(np.float32))
    plain = (np.abs(is_ - light * was) <= GREY + GREY_PART * was) & (stray <= STRAY)
    same = np.where(np.isnan(tiles), plain, tiles >= CLEAR)
    shares = [same[:, :, first:last].mean(axis=(1, 2)) for first, last in SIDES]
    best: Floats = 100.0 * np.maximum.reduce(shares)
    return best
