"""What moves in a picture: the difference to a running average, without changes of light and cast shadows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import cv2
import numpy as np
import numpy.typing as npt

Grey = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.uint8]

#: Share of a new frame in the average; more of it while the average is young.
BLEND: Final = 0.02
YOUNG_FRAMES: Final = 25
#: What moves is blended in far more slowly, so that a vehicle leaves no ghost and one that parks is learned at last.
MOVING_BLEND: Final = 0.002
#: Grey levels by which a moving pixel differs, and times the noise of the picture.
LEAST_LEVELS: Final = 14.0
NOISES: Final = 5.0
#: No noise is larger: where the picture as a whole differs by more than this, it is the picture that moves.
MOST_LEVELS: Final = 40.0
#: A cast shadow dims the road by a share between these, and keeps its texture: the share is nearly even nearby.
SHADOW: Final = (0.35, 0.93)
EVEN: Final = 0.05
#: Pixels between those that exposure and noise are measured at.
APART: Final = 6
#: A road that is darker says nothing: what moves there are the pools of headlights.
LEAST_LIGHT: Final = 32.0
#: More than this share of the picture moving at once is rain, a turned camera or a lamp switched on.
MOST_MOVING: Final = 0.6


@dataclass(frozen=True, slots=True)
class Background:
    """The road without vehicles: float32 (height, width) levels, and of how many frames."""

    level: npt.NDArray[np.float32]
    frames: int

    @classmethod
    def of(cls, frame: Grey) -> Self:
        """Begin with one frame; until the average is old enough nothing is told."""
        return cls(frame.astype(np.float32), 1)

    @property
    def is_dark(self) -> bool:
        """Too dark to measure by."""
        return float(np.median(self.level[::APART, ::APART])) < LEAST_LIGHT

    @property
    def is_young(self) -> bool:
        """Not yet of enough frames."""
        return self.frames < YOUNG_FRAMES


def moving(background: Background, frame: Grey) -> tuple[Background, Mask | None]:
    """Compare a frame; return the background with it blended in, and uint8 (height, width) 255 where it moves.

    None instead of the mask where nothing can be said: too dark, too young, or nearly everything moves.
    """
    smooth = cv2.blur(frame, (3, 3)).astype(np.float32)
    level = background.level
    near_level, near = level[::APART, ::APART], smooth[::APART, ::APART]
    gain = float(np.median(near / np.maximum(near_level, 1.0)))  # the camera's own exposure
    expected = level * np.float32(gain)
    difference = cv2.absdiff(smooth, expected)
    spread = float(np.median(difference[::APART, ::APART])) * 1.4826
    bound = min(max(LEAST_LEVELS, NOISES * spread), MOST_LEVELS)
    mask = cv2.threshold(difference, bound, 255, cv2.THRESH_BINARY)[1].astype(np.uint8)
    share = float(np.count_nonzero(mask)) / mask.size
    blended = _blended(background, smooth, mask if share <= MOST_MOVING else np.zeros_like(mask))
    if background.is_young or background.is_dark or share > MOST_MOVING:
        return blended, None
    return blended, _without_shadow(mask, smooth, expected)


def _blended(background: Background, smooth: npt.NDArray[np.float32], mask: Mask) -> Background:
    level = background.level.copy()
    if background.is_young:
        cv2.accumulateWeighted(smooth, level, 1.0 / (background.frames + 1))
    else:
        cv2.accumulateWeighted(smooth, level, BLEND, cv2.bitwise_not(mask))
        cv2.accumulateWeighted(smooth, level, MOVING_BLEND, mask)
    return Background(level, background.frames + 1)


def _without_shadow(mask: Mask, smooth: npt.NDArray[np.float32], expected: npt.NDArray[np.float32]) -> Mask:
    """Take out what is only dimmed: evenly, as a shadow that lies on the road is."""
    left, top, width, height = cv2.boundingRect(mask)
    if not width:
        return mask
    part = slice(top, top + height), slice(left, left + width)
    share = smooth[part] / np.maximum(expected[part], 1.0)
    mean = cv2.blur(share, (5, 5))
    uneven = cv2.blur(share * share, (5, 5)) - mean * mean
    dimmed = (mean > SHADOW[0]) & (mean < SHADOW[1]) & (uneven < EVEN * EVEN)
    kept = mask.copy()
    kept[part][dimmed] = 0
    return kept
