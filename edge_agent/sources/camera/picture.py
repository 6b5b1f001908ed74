"""A JPEG to the small grey picture that the detectors see."""

from __future__ import annotations

from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from devices.model.errors import Garbled
from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH
from edge_agent.sources.camera.jpeg import check

#: The decoder itself can reduce by these; less work, and much less memory for a large picture.
REDUCED: Final = (
    (8, cv2.IMREAD_REDUCED_GRAYSCALE_8),
    (4, cv2.IMREAD_REDUCED_GRAYSCALE_4),
    (2, cv2.IMREAD_REDUCED_GRAYSCALE_2),
)

Grey = npt.NDArray[np.uint8]


def grey_of(data: bytes, max_pixels: float) -> Grey:
    """Decode a JPEG into uint8 (FRAME_HEIGHT, FRAME_WIDTH), luma; another shape of picture is squeezed.

    Raises:
        Garbled: it is no JPEG of bearable size.
    """
    width, height = check(data, max_pixels)
    mode = next(
        (
            mode
            for factor, mode in REDUCED
            if width >= factor * FRAME_WIDTH and height >= factor * FRAME_HEIGHT
        ),
        cv2.IMREAD_GRAYSCALE,
    )
    try:
        decoded = cv2.imdecode(np.frombuffer(data, np.uint8), mode | cv2.IMREAD_IGNORE_ORIENTATION)
    except cv2.error as error:
        raise Garbled(f"a picture that cannot be decoded: {error.err}") from None
    if decoded is None:
        raise Garbled("a picture that cannot be decoded")
    if decoded.shape != (FRAME_HEIGHT, FRAME_WIDTH):
        decoded = cv2.resize(decoded, (FRAME_WIDTH, FRAME_HEIGHT), interpolation=cv2.INTER_AREA)
    return np.asarray(decoded, np.uint8)
