"""Samples as columns: the one shape in which measured values travel through the product."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from operator import eq
from typing import Self, TypeVar

import numpy as np
import numpy.typing as npt

N = TypeVar("N", bound=np.generic)
Rows = slice | npt.NDArray[np.bool_] | npt.NDArray[np.int64] | list[int]


class Quality(IntEnum):
    """Why a value can or cannot be used; everything but GOOD and UNCERTAIN comes with NaN."""

    GOOD = 0
    UNCERTAIN = 1  # read and plausible, but the device itself marks it (substituted, test mode)
    NO_ANSWER = 2  # time-out, dead link, connection refused
    DEVICE_ERROR = 3  # the device answered with an exception or an error code
    SENTINEL = 4  # the device said "no value" in its own way
    IMPLAUSIBLE = 5  # outside what the point can physically be
    GARBLED = 6  # an answer that could not be decoded


@dataclass(frozen=True, slots=True)
class SampleBatch:
    """Samples as columns; row i of every column is one sample.

    point:   int32   (n,)  row of the point table that goes with the batch
    time_us: int64   (n,)  UTC microseconds, when the device was read or said it
    value:   float64 (n,)  in the point's canonical unit; NaN means "no reading"
    quality: uint8   (n,)  see Quality
    """

    point: npt.NDArray[np.int32]
    time_us: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]
    quality: npt.NDArray[np.uint8]

    def __post_init__(self) -> None:
        columns = (self.point, self.time_us, self.value, self.quality)
        shape = self.point.shape
        if len(shape) != 1 or not all(column.shape == shape for column in columns):
            shapes = dict(zip(self.__slots__, (column.shape for column in columns), strict=True))
            raise ValueError(f"columns must be 1-D and equally long, got {shapes}")
        if not all(map(eq, (column.dtype for column in columns), _DTYPES)):
            dtypes = dict(zip(self.__slots__, (column.dtype for column in columns), strict=True))
            raise TypeError(f"columns must be {_DTYPES}, got {dtypes}")

    def __len__(self) -> int:
        return len(self.point)

    def __getitem__(self, rows: Rows) -> Self:
        return type(self)(self.point[rows], self.time_us[rows], self.value[rows], self.quality[rows])

    @classmethod
    def of(
        cls,
        point: npt.ArrayLike,
        time_us: npt.ArrayLike,
        value: npt.ArrayLike,
        quality: npt.ArrayLike = Quality.GOOD,
    ) -> Self:
        """Build a batch from anything array-like; scalars are repeated to the length of `point`."""
        rows = np.atleast_1d(np.asarray(point, np.int32))
        return cls(
            point=rows,
            time_us=_column(np.asarray(time_us, np.int64), len(rows)),
            value=_column(np.asarray(value, np.float64), len(rows)),
            quality=_column(np.asarray(quality, np.uint8), len(rows)),
        )

    @classmethod
    def empty(cls) -> Self:
        """A batch of no samples."""
        return cls.of([], [], [], [])

    @classmethod
    def joined(cls, batches: Sequence[SampleBatch]) -> Self:
        """One batch of all rows, in the order given."""
        if not batches:
            return cls.empty()
        return cls(
            np.concatenate([batch.point for batch in batches]),
            np.concatenate([batch.time_us for batch in batches]),
            np.concatenate([batch.value for batch in batches]),
            np.concatenate([batch.quality for batch in batches]),
        )


_DTYPES = (np.dtype(np.int32), np.dtype(np.int64), np.dtype(np.float64), np.dtype(np.uint8))


def _column(column: npt.NDArray[N], length: int) -> npt.NDArray[N]:
    return np.full(length, column) if column.ndim == 0 else column
