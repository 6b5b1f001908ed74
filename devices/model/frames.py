"""A camera picture as the detectors see it: small, grey, with its time."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

FRAME_HEIGHT: Final = 180
FRAME_WIDTH: Final = 320


@dataclass(frozen=True, slots=True)
class FrameBatch:
    """Pictures as columns; row i of every column is one picture.

    camera:  int32 (n,)                              row of the camera in the site's order
    time_us: int64 (n,)                              UTC microseconds, when the answer was complete
    grey:    uint8 (n, FRAME_HEIGHT, FRAME_WIDTH)    luma, 0 black to 255 white
    colour:  float32 (n,), how far from grey the pixels are in the mean, 0 infrared; NaN, or None for all: not known
    """

    camera: npt.NDArray[np.int32]
    time_us: npt.NDArray[np.int64]
    grey: npt.NDArray[np.uint8]
    colour: npt.NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        n = len(self.camera)
        if self.camera.shape != (n,) or self.time_us.shape != (n,):
            raise ValueError(
                f"columns must be 1-D and equally long, got {self.camera.shape}, {self.time_us.shape}"
            )
        if self.colour is not None and self.colour.shape != (n,):
            raise ValueError(f"colour must be ({n},), got {self.colour.shape}")
        if self.grey.shape != (n, FRAME_HEIGHT, FRAME_WIDTH) or self.grey.dtype != np.uint8:
            raise ValueError(
                f"grey must be uint8 ({n}, {FRAME_HEIGHT}, {FRAME_WIDTH}), "
                f"got {self.grey.dtype} {self.grey.shape}"
            )

    def __len__(self) -> int:
        return len(self.camera)
