"""Moving pixels as things on the road: where each stands, in metres."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
import numpy.typing as npt

from devices.model.plane import Plane
from edge_agent.vision.motion import Mask

Floats = npt.NDArray[np.float64]

#: Narrower things are people and bicycles; wider ones, several vehicles in one.
NARROWEST_M: Final = 0.9
WIDEST_M: Final = 4.2
#: Holes in a vehicle (windows, a roof as dark as the road) up to this are closed.
HOLE_M: Final = 0.9
#: The end towards the camera: what lies so near to its nearest point.
END_M: Final = 0.5
LEAST_PIXELS: Final = 30
#: The nearest pixels are noise: of the lower edge this share may lie before the end.
BEFORE: Final = 0.1
BORDER: Final = 2
#: A thing reaches so far beyond itself, because the picture was smoothed.
SMOOTHED_PX: Final = 1.0


@dataclass(frozen=True, slots=True)
class Blob:
    """A thing that moves.

    y_m: its near end along the road, where it meets the ground.
    left_m, right_m: across the road, at that end.
    """

    y_m: float
    left_m: float
    right_m: float

    @property
    def x_m(self) -> float:
        """The middle of its near end."""
        return (self.left_m + self.right_m) / 2

    @property
    def width_m(self) -> float:
        """How wide it is at its near end."""
        return self.right_m - self.left_m


@dataclass(frozen=True, slots=True)
class Zone:
    """The piece of road that is measured, in the pixels of the frames: `plane`, and its size in metres."""

    plane: Plane
    width_m: float
    length_m: float

    def hole_px(self) -> int:
        """Size of a hole that is closed, in pixels, at the middle of the zone."""
        middle_m, along_m = self.width_m / 2, self.length_m / 2
        ends = self.plane.pixels([(middle_m - HOLE_M / 2, along_m), (middle_m + HOLE_M / 2, along_m)])
        return max(3, int(np.hypot(*(ends[1] - ends[0]))) | 1)


def blobs(mask: Mask, zone: Zone) -> list[Blob]:
    """Things on the road; one that the edge of the picture cuts off at its near end is left out."""
    opened = cv2.morphologyEx(mask, cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    left, top, width, height = cv2.boundingRect(opened)
    if not width:
        return []
    hole = zone.hole_px()
    inside = opened[top : top + height, left : left + width]
    part = cv2.copyMakeBorder(
        inside, hole, hole, hole, hole, cv2.BORDER_CONSTANT, value=0
    )  # else it closes outwards
    part = cv2.morphologyEx(part, cv2.MORPH_CLOSE, np.ones((hole, hole), np.uint8))
    count, labels, stats, _ = cv2.connectedComponentsWithStats(part, connectivity=8, ltype=cv2.CV_16U)
    large = [label for label in range(1, count) if stats[label, cv2.CC_STAT_AREA] >= LEAST_PIXELS]
    numbers = labels.astype(np.uint16, copy=False)
    found = (
        _standing(numbers, label, stats[label], (left - hole, top - hole), mask.shape, zone)
        for label in large
    )
    return [blob for blob in found if blob is not None]


def _standing(
    labels: npt.NDArray[np.uint16],
    label: int,
    stats: npt.NDArray[np.int32],
    offset: tuple[int, int],
    shape: tuple[int, ...],
    zone: Zone,
) -> Blob | None:
    """Where one thing meets the road; None where that cannot be seen, or it is no vehicle."""
    left, top, width, height = (int(n) for n in stats[:4])
    own = labels[top : top + height, left : left + width] == label
    lowest = top + height - np.argmax(own[::-1], axis=0)  # below the lowest pixel of each column
    row, column = offset[1] + lowest - SMOOTHED_PX, offset[0] + left + np.arange(width) + 0.5
    place = zone.plane.metres(np.stack([column, row], axis=1))
    along = place[:, 1]
    if np.isnan(along).all():
        return None
    nearest = float(np.nanquantile(along, BEFORE, method="lower"))
    rows, columns = shape
    cut = (row >= rows - BORDER - SMOOTHED_PX) | (column < BORDER) | (column > columns - BORDER)
    if (cut & (along <= nearest + END_M)).any():
        return None
    end = np.abs(along - nearest) <= END_M
    across = place[end, 0]
    blob = Blob(float(np.median(along[end])), float(across.min()), float(across.max()))
    return blob if blob.width_m >= NARROWEST_M else None
