"""The answer to one read request as columns. Pure; compiled once per request, then array operations only.

An answer is one buffer. Values of one type and word order are gathered from it at once and seen through a
view of that type; scale, unit, code set, "no value" numbers and plausible range are columns beside them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.model.codes import CODES
from devices.model.errors import Garbled
from devices.model.samples import Quality, SampleBatch
from devices.model.units import conversion
from devices.profiles.profile import Order, RegisterPoint, Type
from edge_agent.sources.modbus.plan import BIT_TABLES, Reading, Span

Floats = npt.NDArray[np.float64]
Raw = npt.NDArray[Any]
Pairs = tuple[tuple[int, int], ...]

#: How a value's words, most significant first, are seen.
VIEWS: Final[dict[Type, np.dtype[Any]]] = {
    Type.U16: np.dtype(">u2"),
    Type.I16: np.dtype(">i2"),
    Type.U32: np.dtype(">u4"),
    Type.I32: np.dtype(">i4"),
    Type.U64: np.dtype(">u8"),
    Type.I64: np.dtype(">i8"),
    Type.F32: np.dtype(">f4"),
    Type.F64: np.dtype(">f8"),
}
LEAST_FIRST: Final = frozenset({Order.LSW, Order.LSW_SWAPPED})
SWAPPED: Final = frozenset({Order.MSW_SWAPPED, Order.LSW_SWAPPED})
ALL_BITS: Final = 0xFFFF
#: Plain numbers: looking a member up takes as long as comparing sixty values.
GOOD: Final = int(Quality.GOOD)
SENTINEL: Final = int(Quality.SENTINEL)
IMPLAUSIBLE: Final = int(Quality.IMPLAUSIBLE)
GARBLED: Final = int(Quality.GARBLED)


class Decoder:
    """Decodes the answers to one span.

    Attributes:
        rows: int32 (n,) rows of the agent's point table, in the order in which values come out.
        answer_bytes: length of a good answer's data.
    """

    def __init__(self, span: Span) -> None:
        self._bits = span.table in BIT_TABLES
        self._groups = [_Group(span.addr, group) for group in _grouped(span.readings)]
        self.answer_bytes = (span.count + 7) // 8 if self._bits else span.count * 2
        self.rows = np.concatenate([group.rows for group in self._groups])

    def values(self, answer: bytes) -> tuple[Floats, npt.NDArray[np.uint8]]:
        """Decode one answer.

        Args:
            answer: data of the response, behind the byte count.

        Returns:
            value:   float64 (n,) in canonical units, NaN where there is no reading; beside `rows`
            quality: uint8 (n,)

        Raises:
            Garbled: the answer has another length.
        """
        if len(answer) != self.answer_bytes:
            raise Garbled(f"{len(answer)} bytes instead of {self.answer_bytes}")
        if self._bits:
            words: Raw = np.unpackbits(np.frombuffer(answer, np.uint8), bitorder="little")
        else:
            words = np.frombuffer(answer, ">u2")
        with np.errstate(
            all="ignore"
        ):  # any bits may come in a float: infinities and signalling NaN among them
            parts = [group.values(words) for group in self._groups]
        if len(parts) == 1:
            return parts[0]
        return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])

    def batch(self, answer: bytes, time_us: int) -> SampleBatch:
        """Decode one answer into samples of one moment.

        Raises:
            Garbled: the answer has another length.
        """
        value, quality = self.values(answer)
        return SampleBatch(self.rows, np.full(len(value), time_us, np.int64), value, quality)

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say that the readings of this span could not be had."""
        return SampleBatch.of(self.rows, time_us, np.nan, quality)


@dataclass(frozen=True, slots=True)
class _Words:
    """What the whole numbers of some points of a group mean.

    at: int64 (k,) positions in the group; keys: sorted raw numbers; codes: their values, in the same order.
    """

    at: npt.NDArray[np.int64]
    keys: Floats
    codes: Floats
    otherwise: float

    def look_up(self, raw: Floats) -> Floats:
        place = np.minimum(np.searchsorted(self.keys, raw), len(self.keys) - 1)
        return np.where(self.keys[place] == raw, self.codes[place], self.otherwise)


class _Group:
    """Readings of one type and word order within a span."""

    def __init__(self, start: int, readings: Sequence[Reading]) -> None:
        points = [reading.point for reading in readings]
        self.rows = np.array([reading.row for reading in readings], np.int32)
        self._view = VIEWS.get(points[0].type)
        self._is_swapped = points[0].order in SWAPPED and self._view is not None
        self._places = _places(start, readings)
        self._factor, self._shift = _linear(readings)
        self._masks = _masks(points)
        self._sentinels = _sentinels(points)
        self._words = _words(points)
        self._range = _plausible(points)

    def values(self, words: Raw) -> tuple[Floats, npt.NDArray[np.uint8]]:
        """Decode this group's values out of the span's words (or bits)."""
        raw = words[self._places]
        if self._is_swapped:
            raw = raw.byteswap()
        if self._view is not None:
            raw = raw.view(self._view)
        raw = raw[:, 0]
        quality = np.zeros(len(raw), np.uint8)
        value = self._numbers(raw)
        if raw.dtype.kind == "f":
            quality[np.isnan(value)] = SENTINEL
            quality[np.isinf(value)] = IMPLAUSIBLE
        for meaning in self._words:
            quality[meaning.at[np.isnan(value[meaning.at])]] = GARBLED
        low, high = self._range
        quality[(value < low) | (value > high)] = IMPLAUSIBLE
        if self._sentinels is not None:
            at, numbers = self._sentinels
            said = (raw[at, None] == numbers).any(axis=1)
            quality[at[said]] = SENTINEL
        value[quality != GOOD] = np.nan
        return value, quality

    def _numbers(self, raw: Raw) -> Floats:
        """Values in canonical units; a number without a meaning in its code set is NaN."""
        if self._masks is not None:
            mask, shift = self._masks
            raw = (raw & mask) >> shift
        value = raw.astype(np.float64)
        codes = [meaning.look_up(value[meaning.at]) for meaning in self._words]
        value *= self._factor
        value += self._shift
        for meaning, found in zip(self._words, codes, strict=True):
            value[meaning.at] = found
        return value


def _grouped(readings: Iterable[Reading]) -> list[list[Reading]]:
    groups: dict[tuple[Type, Order], list[Reading]] = {}
    for reading in readings:
        groups.setdefault((reading.point.type, reading.point.order), []).append(reading)
    return list(groups.values())


def _places(start: int, readings: Sequence[Reading]) -> npt.NDArray[np.intp]:
    """Positions of each value's words in the answer, most significant word first: intp (n, words)."""
    words = np.arange(readings[0].point.registers)
    if readings[0].point.order in LEAST_FIRST:
        words = words[::-1]
    first = np.array([reading.addr - start for reading in readings], np.intp)
    return np.asarray(first[:, None] + words, np.intp)


def _linear(readings: Sequence[Reading]) -> tuple[Floats, Floats]:
    """Scale, offset, parameter and unit as one factor and one shift for each reading; a code stays."""
    factors, shifts = [], []
    for reading in readings:
        if reading.point.codes is not None:
            factors.append(1.0)
            shifts.append(0.0)
            continue
        unit = conversion(reading.point.unit)
        factors.append(reading.point.scale * reading.multiplier * unit.factor)
        shifts.append(reading.point.offset * reading.multiplier * unit.factor + unit.offset)
    return np.array(factors), np.array(shifts)


def _masks(points: Sequence[RegisterPoint]) -> tuple[Raw, Raw] | None:
    if points[0].type is not Type.U16 or all(point.mask is None and not point.shift for point in points):
        return None
    masks = [ALL_BITS if point.mask is None else point.mask for point in points]
    return np.array(masks, np.uint16), np.array([point.shift for point in points], np.uint16)


def _sentinels(points: Sequence[RegisterPoint]) -> tuple[npt.NDArray[np.int64], Raw] | None:
    """Positions of the points that have "no value" numbers, and those numbers, (k, most), in the raw type."""
    at = [number for number, point in enumerate(points) if point.sentinel]
    if not at:
        return None
    most = max(len(points[number].sentinel) for number in at)
    rows = []
    for number in at:
        sentinel = [_as_raw(value, points[number].type) for value in points[number].sentinel]
        rows.append(sentinel + sentinel[:1] * (most - len(sentinel)))
    view = VIEWS.get(points[0].type, np.dtype(np.int64))
    return np.array(at, np.int64), np.array(rows, view.newbyteorder("="))


def _as_raw(number: int, kind: Type) -> int:
    """A number as its type holds it, so that 0xFFFF and -1 are the same for an i16."""
    view = VIEWS.get(kind)
    if view is None or view.kind == "f":
        return number
    bits = view.itemsize * 8
    number %= 1 << bits
    return number - (1 << bits) if view.kind == "i" and number >> (bits - 1) else number


def _words(points: Sequence[RegisterPoint]) -> list[_Words]:
    """Points with a code set, gathered by the meaning of their numbers."""
    same: dict[tuple[Pairs, int | None], list[int]] = {}
    for number, point in enumerate(points):
        pairs = _pairs(point)
        if pairs is not None:
            same.setdefault((pairs, _otherwise(point)), []).append(number)
    found = []
    for (pairs, otherwise), at in same.items():
        keys, codes = np.array(pairs, np.float64).T.copy()
        found.append(_Words(np.array(at, np.int64), keys, codes, np.nan if otherwise is None else otherwise))
    return found


def _pairs(point: RegisterPoint) -> Pairs | None:
    """Raw number and code of each member, sorted; None where each number that can occur is its own code."""
    if point.codes is None:
        return None
    members = {member.name.lower(): int(member) for member in CODES[point.codes]}
    if point.enum is not None:
        return tuple(sorted((raw, members[name]) for raw, name in point.enum.items()))
    largest = 1 if point.type is Type.BIT else (point.mask or ALL_BITS) >> point.shift
    if largest < len(members) and set(range(largest + 1)) <= set(members.values()):
        return None
    return tuple(sorted((code, code) for code in members.values()))


def _otherwise(point: RegisterPoint) -> int | None:
    if point.codes is None or point.otherwise is None:
        return None
    return int(CODES[point.codes][point.otherwise.upper()])


def _plausible(points: Sequence[RegisterPoint]) -> tuple[Floats, Floats]:
    ranges = [
        (-np.inf, np.inf) if point.valid is None or point.codes is not None else point.valid
        for point in points
    ]
    low, high = np.array(ranges, np.float64).T
    return low.copy(), high.copy()
