"""What a batch of pictures looks like: brightness, contrast, and how often the very same picture came again.

Frozen is judged on whole pictures that are equal in every pixel: a live sensor always has noise, so
neighbouring snapshots of a healthy camera are never equal; a stuck encoder or a stale cache repeats exactly.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH, FrameBatch
from edge_agent.detect.block import Floats, Rows

_WORDS: Final = FRAME_HEIGHT * FRAME_WIDTH // 8
_WEIGHTS: Final = np.random.default_rng(20261122).integers(1, 1 << 63, _WORDS, np.uint64) | np.uint64(1)


@dataclass(frozen=True, slots=True)
class Seen:
    """What is remembered of each camera's last picture: mark uint64 (cameras,), same int64 (cameras,)."""

    mark: npt.NDArray[np.uint64]
    same: Rows

    @classmethod
    def nothing(cls, cameras: int) -> Self:
        """No picture yet."""
        return cls(np.zeros(cameras, np.uint64), np.zeros(cameras, np.int64))


@dataclass(frozen=True, slots=True)
class Looks:
    """One row a picture: mean_level and std_level float64 (n,) in grey levels, same_pictures int64 (n,)."""

    mean_level: Floats
    std_level: Floats
    same_pictures: Rows


def look(seen: Seen, frames: FrameBatch) -> tuple[Seen, Looks]:
    """Judge pictures; each camera at most once in a batch."""
    flat = frames.grey.reshape(len(frames), -1)
    mean = flat.mean(axis=1, dtype=np.float64)
    squares = np.einsum("ij,ij->i", flat, flat, dtype=np.float64) / flat.shape[1]
    std = np.sqrt(np.maximum(squares - mean * mean, 0.0))
    mark = fingerprint(frames.grey)
    equal = mark == seen.mark[frames.camera]
    same = np.where(equal, seen.same[frames.camera] + 1, 0)
    marks, sames = seen.mark.copy(), seen.same.copy()
    marks[frames.camera], sames[frames.camera] = mark, same
    return Seen(marks, sames), Looks(mean, std, same)


def fingerprint(grey: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint64]:
    """Return a number for each picture: equal for equal ones, others meet with a chance of about 2**-63."""
    words = np.ascontiguousarray(grey).reshape(len(grey), -1).view(np.uint64)
    mark: npt.NDArray[np.uint64] = (words * _WEIGHTS).sum(axis=1, dtype=np.uint64) | np.uint64(1)
    return mark
