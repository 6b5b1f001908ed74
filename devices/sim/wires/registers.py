"""Values into Modbus registers, from the data sheet alone.

The agent's decoder is not used here, nor its unit table, nor numpy's views: what the two sides agree on is
the sheet. A mistake on one side is then seen on the other.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from devices.campus.site import Device
from devices.model.codes import CODES
from devices.profiles.profile import ModbusSheet, Order, RegisterPoint, Table, Type

#: How many of a device's unit make one canonical unit; the others are canonical themselves.
PER_CANONICAL: Final = {
    "mA": 1e3,
    "kV": 1e-3,
    "kW": 1e-3,
    "kVA": 1e-3,
    "kvar": 1e-3,
    "Wh": 1e3,
    "MWh": 1e-3,
    "varh": 1e3,
    "kPa": 1e3,
    "bar": 10.0,
    "psi": 145.03773773022,
    "mm": 1e3,
    "min": 60.0,
    "ms": 1e3,
    "m/s": 1 / 3.6,
    "mph": 0.621371192237334,
    "ft/s": 0.911344415281423,
    "cm/s": 1e5 / 3600,
}
STRUCTS: Final = {
    Type.U16: ">H",
    Type.I16: ">h",
    Type.U32: ">I",
    Type.I32: ">i",
    Type.U64: ">Q",
    Type.I64: ">q",
    Type.F32: ">f",
    Type.F64: ">d",
}
BITS: Final = {Type.U16: 16, Type.I16: 16, Type.U32: 32, Type.I32: 32, Type.U64: 64, Type.I64: 64}
SIGNED: Final = frozenset({Type.I16, Type.I32, Type.I64})
FLOATS: Final = frozenset({Type.F32, Type.F64})
BIT_TABLES: Final = frozenset({Table.COIL, Table.DISCRETE})
#: What stands in addresses between two points; a decoder that is off by one reads nonsense, not zero.
UNUSED: Final = 0xFFFF

Truth = Callable[[str], Mapping[str, float]]


def device_number(value: float, unit: str) -> float:
    """A canonical value in the unit in which a device states it."""
    return value * 9 / 5 + 32 if unit == "F" else value * PER_CANONICAL.get(unit, 1.0)


def encode(point: RegisterPoint, value: float, multiplier: float = 1.0) -> tuple[int, ...]:
    """Registers of one point, first address first; a masked point has its bits in place and zeros around.

    Args:
        point: from a data sheet.
        value: canonical; NaN becomes the sheet's "no value".
        multiplier: the device parameter that the sheet names in `scale_by`.
    """
    if point.type in FLOATS:
        packed = struct.pack(STRUCTS[point.type], _number(point, value, multiplier))
    else:
        packed = _packed_whole(point, _whole(point, value, multiplier))
    words = struct.unpack(f">{len(packed) // 2}H", packed)
    if point.order in {Order.MSW_SWAPPED, Order.LSW_SWAPPED}:
        words = tuple(word >> 8 | (word & 0xFF) << 8 for word in words)
    return words if point.order in {Order.MSW, Order.MSW_SWAPPED} else words[::-1]


def encode_bit(point: RegisterPoint, value: float) -> int:
    """A coil or discrete input."""
    return int(not math.isnan(value) and _whole(point, value, 1.0) != 0)


def _number(point: RegisterPoint, value: float, multiplier: float) -> float:
    return (device_number(value, point.unit) / multiplier - point.offset) / point.scale


def _whole(point: RegisterPoint, value: float, multiplier: float) -> int:
    if math.isnan(value):
        return point.sentinel[0] if point.sentinel else 0
    if point.enum is not None:
        return _enumerated(point, value)
    return round(_number(point, value, multiplier))


def _enumerated(point: RegisterPoint, value: float) -> int:
    """The raw number of a code; one that only `otherwise` covers gets a number outside the enum."""
    assert point.codes is not None
    assert point.enum is not None
    member = CODES[point.codes](int(value)).name.lower()
    raw = next((number for number, name in point.enum.items() if name == member), None)
    if raw is None and point.otherwise == member:
        raw = next(number for number in range(1, len(point.enum) + 2) if number not in point.enum)
    if raw is None:
        raise ValueError(f"{point.name} has no raw number for {member}")
    return raw


def _packed_whole(point: RegisterPoint, number: int) -> bytes:
    if point.mask is not None:
        return struct.pack(">H", (number << point.shift) & point.mask)
    bits = BITS[point.type]
    low, high = (-(1 << bits - 1), (1 << bits - 1) - 1) if point.type in SIGNED else (0, (1 << bits) - 1)
    if number > high and point.type in SIGNED and number < 1 << bits:
        number -= 1 << bits  # a sentinel written as its bit pattern
    return struct.pack(STRUCTS[point.type], min(max(number, low), high))


@dataclass(frozen=True, slots=True)
class Placed:
    """A point of a device at its address on the wire."""

    device: str
    point: RegisterPoint
    addr: int
    multiplier: float

    @property
    def end(self) -> int:
        """First address behind the value."""
        return self.addr + self.point.registers


class UnitImage:
    """Everything behind one Modbus unit id, one device or all indoor units of a gateway.

    A read is legal when it starts on a point and leaves no gap wider than the sheet's `max_gap`.
    """

    def __init__(self, devices: Sequence[tuple[Device, ModbusSheet]]) -> None:
        self.sheet = devices[0][1]
        placed = [_placed(device, sheet, point) for device, sheet in devices for point in sheet.points]
        self._tables: dict[Table, list[Placed]] = {}
        for entry in sorted(placed, key=lambda entry: entry.addr):
            self._tables.setdefault(entry.point.table, []).append(entry)

    def covered(self, table: Table, addr: int, count: int) -> list[Placed]:
        """Points that lie in a range of addresses, those cut by its end too; in order of address."""
        entries = self._tables.get(table, [])
        return [entry for entry in entries if addr <= entry.addr < addr + count]

    def is_legal(self, table: Table, addr: int, count: int) -> bool:
        """Whether a device would answer this range; else it says "illegal data address"."""
        entries = self.covered(table, addr, count)
        if not entries or entries[0].addr != addr:
            return False
        gap = self.sheet.max_gap * (16 if table in BIT_TABLES else 1)
        reached = addr
        for entry in entries:
            if entry.addr - reached > gap:
                return False
            reached = max(reached, entry.end)
        return addr + count - reached <= gap

    def words(self, table: Table, addr: int, count: int, truth: Truth) -> list[int]:
        """Contents of `count` registers (or bits) from `addr`."""
        words = [UNUSED if table not in BIT_TABLES else 0] * count
        masked: set[int] = set()
        for entry in self.covered(table, addr, count):
            value = truth(entry.device)[entry.point.name]
            offset = entry.addr - addr
            if table in BIT_TABLES:
                words[offset] = encode_bit(entry.point, value)
                continue
            for number, word in enumerate(encode(entry.point, value, entry.multiplier), offset):
                if number >= count:
                    break
                if entry.point.mask is not None:
                    word |= words[number] if number in masked else 0  # noqa: PLW2901 - bits of one register
                    masked.add(number)
                words[number] = word
        return words


def _placed(device: Device, sheet: ModbusSheet, point: RegisterPoint) -> Placed:
    multiplier = 1.0
    if point.scale_by is not None:
        multiplier = float(device.parameters.get(point.scale_by, sheet.parameters[point.scale_by]))
    return Placed(device.id, point, point.addr + point.stride * device.index, multiplier)
