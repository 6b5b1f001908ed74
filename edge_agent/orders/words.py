"""A value as the words of a request, and what a device answers as a value: pure, one point at a time."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

from devices.campus.site import Device
from devices.model.codes import CODES
from devices.model.errors import Refused
from devices.model.samples import Quality
from devices.model.units import conversion
from devices.profiles.profile import ModbusSheet, RegisterPoint, Table, Type
from devices.profiles.writes import Writable
from edge_agent.sources.modbus.decode import Decoder
from edge_agent.sources.modbus.plan import Reading, Span

RANGES: Final = {Type.U16: (0, 0xFFFF), Type.I16: (-0x8000, 0x7FFF), Type.BIT: (0, 1)}
WORD: Final = 0xFFFF


@dataclass(frozen=True, slots=True)
class Spot:
    """One point of one device, where it is read."""

    point: RegisterPoint
    addr: int
    multiplier: float

    @classmethod
    def of(cls, device: Device, sheet: ModbusSheet, name: str) -> Spot:
        """The place of a point of that name.

        Raises:
            KeyError: the sheet has none.
        """
        found = {point.name: point for point in sheet.points}[name]
        parameters = {**sheet.parameters, **device.parameters}
        multiplier = float(parameters[found.scale_by]) if found.scale_by else 1.0
        return cls(found, found.addr + found.stride * device.index, multiplier)

    def value(self, data: bytes) -> float:
        """What the device said, in the canonical unit; NaN where it is no good reading.

        Raises:
            Garbled: the answer has another length.
        """
        reading = Reading(0, self.point, self.addr, self.multiplier)
        span = Span(self.point.table, self.addr, self.point.registers, (reading,), optional=False)
        values, qualities = Decoder(span).values(data)
        return float(values[0]) if qualities[0] == Quality.GOOD else math.nan

    def raw(self, value: float) -> int:
        """The number that a device keeps for a value; of those it can keep, the nearest.

        Raises:
            Refused: it can keep none such.
        """
        if self.point.codes is not None:
            return self._coded(value)
        factor, shift = self._linear()
        raw = round((value - shift) / factor)
        low, high = RANGES[self.point.type]
        if not low <= raw <= high:
            raise Refused(f"{value:g} does not fit a {self.point.type}")
        return raw

    def kept(self, value: float) -> float:
        """The value that a device shows after `value` was written: rounded to what it can keep."""
        if self.point.codes is not None:
            return value
        factor, shift = self._linear()
        return self.raw(value) * factor + shift

    def same(self, a: float, b: float) -> bool:
        """Whether two values are one to the device; NaN is nothing."""
        step = 0.0 if self.point.codes is not None else abs(self._linear()[0])
        return abs(a - b) <= step / 2 + 1e-9

    def _linear(self) -> tuple[float, float]:
        """Factor and shift from raw numbers to the canonical unit."""
        unit = conversion(self.point.unit)
        scale = self.multiplier * unit.factor
        return self.point.scale * scale, self.point.offset * scale + unit.offset

    def _coded(self, value: float) -> int:
        assert self.point.codes is not None
        member = next((one.name.lower() for one in CODES[self.point.codes] if int(one) == value), None)
        numbers = self.point.enum or {int(one): one.name.lower() for one in CODES[self.point.codes]}
        found = next((raw for raw, name in numbers.items() if name == member), None)
        if found is None:
            raise Refused(f"{value:g} is no word of {self.point.name}")
        return found


@dataclass(frozen=True, slots=True)
class Request:
    """One write, ready to be sent but for the words that are read just before.

    copied: table, address and mask of each word that the request takes from the device; none: the value alone.
    """

    table: Table
    addr: int
    several: bool
    copied: tuple[tuple[Table, int, int], ...]
    word: int
    mask: int
    shift: int

    @classmethod
    def of(cls, device: Device, writable: Writable) -> Request:
        """The request by which a device is set."""
        copied = tuple(
            (Table(one.table), one.addr + one.stride * device.index, one.mask) for one in writable.copied
        )
        return cls(
            table=Table(writable.table),
            addr=writable.addr + writable.stride * device.index,
            several=writable.several or len(copied) > 1,
            copied=copied,
            word=writable.word,
            mask=WORD if writable.mask is None else writable.mask,
            shift=writable.shift,
        )

    def words(self, raw: int, read: tuple[int, ...]) -> tuple[int, ...]:
        """What is sent.

        Args:
            raw: number of the value.
            read: words that were read for `copied`, in the same order.
        """
        words = [word & mask for word, (_, _, mask) in zip(read, self.copied, strict=True)] or [0]
        words[self.word] = words[self.word] & ~self.mask & WORD | raw << self.shift & self.mask
        return tuple(words)
