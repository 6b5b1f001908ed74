"""Blocks: slow states on steps, the shape in which a stored month lies in memory."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

NEVER: Final = -1
ENDLESS: Final = 1 << 62

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]
Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Block:
    """Held values on steps.

    value:    float64 (points, steps)  last good value in the canonical unit; NaN where there never was one
    at_us:    int64   (points, steps)  when the device said that value; NEVER where there never was one
    until_us: int64   (steps,)         up to when everything is known; ascending
    """

    value: Floats
    at_us: Times
    until_us: Times

    def __post_init__(self) -> None:
        if self.value.shape != self.at_us.shape or self.value.shape[1:] != self.until_us.shape:
            shapes = self.value.shape, self.at_us.shape, self.until_us.shape
            raise ValueError(f"value and at_us must be (points, steps), until_us (steps,), got {shapes}")

    @property
    def steps(self) -> int:
        """Number of steps."""
        return len(self.until_us)

    def cut(self, first: int, last: int) -> Block:
        """Return the steps [first, last)."""
        return Block(self.value[:, first:last], self.at_us[:, first:last], self.until_us[first:last])


@dataclass(frozen=True, slots=True)
class Held:
    """The last good value of every point: value float64 (points,), at_us int64 (points,)."""

    value: Floats
    at_us: Times

    @classmethod
    def nothing(cls, points: int) -> Self:
        """No point has ever been read."""
        return cls(np.full(points, np.nan), np.full(points, NEVER, np.int64))

    def shifted(self, by_us: int) -> Held:
        """The same values as if the clock had always been `by_us` ahead."""
        return Held(self.value, shifted(self.at_us, by_us))


def shifted(times: Times, by_us: int) -> Times:
    """Move times with the clock; NEVER and ENDLESS stay."""
    fixed = (times == NEVER) | (times >= ENDLESS)
    return np.where(fixed, times, np.maximum(times + by_us, 0))
