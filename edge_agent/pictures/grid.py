"""The part of a picture that is looked at, and the tiles that it is cut into.

Clocks and names are burnt in along the upper and lower edge; there nothing is judged, or a running clock would
hide a frozen picture, and a name that stays would vouch for a view that is gone.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH

Greys = npt.NDArray[np.uint8]
Pixels = npt.NDArray[np.float32]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

TILE_HEIGHT: Final = 20
TILE_WIDTH: Final = 16
TOP, BOTTOM = TILE_HEIGHT, FRAME_HEIGHT - TILE_HEIGHT
ROWS: Final = (BOTTOM - TOP) // TILE_HEIGHT
COLUMNS: Final = FRAME_WIDTH // TILE_WIDTH
TILES: Final = ROWS * COLUMNS
HALF_HEIGHT, HALF_WIDTH = FRAME_HEIGHT // 2, FRAME_WIDTH // 2
#: The inner part in the picture of half the size.
HALF_TOP, HALF_BOTTOM = TOP // 2, BOTTOM // 2


def inner(grey: Greys) -> Greys:
    """The part without the text strips: uint8 (n, 140, 320) of (n, 180, 320)."""
    return grey[:, TOP:BOTTOM]


def tiled(values: Pixels) -> Pixels:
    """Sum of the inner part over each tile: float32 (n, ROWS, COLUMNS) of (n, height, width), whole or half size."""
    n, height, width = values.shape
    across = values.reshape(n, height, COLUMNS, width // COLUMNS).sum(axis=3)
    sums: Pixels = across.reshape(n, ROWS, height // ROWS, COLUMNS).sum(axis=2)
    return sums


def halved(grey: Greys) -> Greys:
    """Pictures of half the size, each pixel the mean of four: uint8 (n, 90, 160)."""
    wide = grey.astype(np.uint16)
    rows = wide[:, ::2] + wide[:, 1::2]
    return ((rows[:, :, ::2] + rows[:, :, 1::2] + 2) >> 2).astype(np.uint8)
