"""The answer to one question as columns. Pure; compiled once per question, then array operations only."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.errors import Garbled
from devices.model.samples import Quality, SampleBatch
from devices.model.units import conversion
from edge_agent.sources.dlt645.plan import Item

Floats = npt.NDArray[np.float64]

SIGN: Final = 0x80
#: A value of nothing but ones: the meter has none.
NOTHING: Final = 0xFF
LARGEST_DIGIT: Final = 9


class Decoder:
    """Decodes the answers to one question.

    Attributes:
        rows: int32 (n,) rows of the agent's point table, in the order in which values come out.
    """

    def __init__(self, item: Item) -> None:
        points = [reading.point for _, reading in item.readings]
        units = [conversion(point.unit) for point in points]
        multipliers = np.array([reading.multiplier for _, reading in item.readings])
        factors = np.array([unit.factor for unit in units]) * multipliers
        ranges = [(-np.inf, np.inf) if point.valid is None else point.valid for point in points]
        self.rows = np.array([reading.row for _, reading in item.readings], np.int32)
        self._item = item
        self._places = np.array([place for place, _ in item.readings], np.int64)
        self._signed = np.array([point.signed for point in points])
        self._weights = 100.0 ** np.arange(item.size - 1, -1, -1)
        self._divisor = np.array([10.0**point.decimals for point in points])
        self._factor = np.array([point.scale for point in points]) * factors
        self._shift = np.array([point.offset for point in points]) * factors + [unit.offset for unit in units]
        self._low, self._high = np.array(ranges, np.float64).T

    def values(self, data: bytes) -> tuple[Floats, npt.NDArray[np.uint8]]:
        """Decode one answer.

        Args:
            data: what came behind the data identifier, without the offset of 0x33.

        Returns:
            value:   float64 (n,) in canonical units, NaN where there is no reading; beside `rows`
            quality: uint8 (n,)

        Raises:
            Garbled: the answer has another length than the sheet says.
        """
        item = self._item
        extra = len(data) - item.data_bytes
        if extra and not (item.longer and extra > 0 and extra % item.size == 0):
            raise Garbled(f"{len(data)} bytes about {item.identifier} instead of {item.data_bytes}")
        # Most significant byte first: uint8 (n, size).
        raw = np.frombuffer(data, np.uint8).reshape(-1, item.size)[self._places, ::-1].copy()
        nothing = (raw == NOTHING).all(axis=1)
        negative = self._signed & (raw[:, 0] >= SIGN)
        raw[negative, 0] -= SIGN
        tens, ones = raw >> 4, raw & 0x0F
        number = (10.0 * tens + ones) @ self._weights
        # Multiplied before it is divided: whole numbers stay exact, and 23.4 does not become 23.400000000000002.
        value = np.where(negative, -number, number) * self._factor / self._divisor + self._shift
        quality = np.zeros(len(value), np.uint8)
        quality[(value < self._low) | (value > self._high)] = Quality.IMPLAUSIBLE
        quality[((tens > LARGEST_DIGIT) | (ones > LARGEST_DIGIT)).any(axis=1)] = Quality.GARBLED
        quality[nothing] = Quality.SENTINEL
        value[quality != Quality.GOOD] = np.nan
        return value, quality

    def batch(self, data: bytes, time_us: int) -> SampleBatch:
        """Decode one answer into samples of one moment.

        Raises:
            Garbled: the answer has another length than the sheet says.
        """
        value, quality = self.values(data)
        return SampleBatch(self.rows, np.full(len(value), time_us, np.int64), value, quality)

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say that the readings of this question could not be had."""
        return SampleBatch.of(self.rows, time_us, np.nan, quality)
