"""One value after the other, the obvious way: what the array decoder must agree with."""

from __future__ import annotations

import math
import struct

from devices.model.codes import CODES
from devices.model.samples import Quality
from devices.model.units import CONVERSIONS
from devices.profiles.profile import Order, RegisterPoint, Type
from edge_agent.sources.modbus.plan import Reading, Span

FORMATS = {"u16": "H", "i16": "h", "u32": "I", "i32": "i", "u64": "Q", "i64": "q", "f32": "f", "f64": "d"}
NOTHING = math.nan


def slow_values(span: Span, answer: bytes) -> dict[int, tuple[float, Quality]]:
    """Value and quality by row of the point table."""
    return {reading.row: slow_value(reading, raw_of(reading, span, answer)) for reading in span.readings}


def raw_of(reading: Reading, span: Span, answer: bytes) -> float:
    place = reading.addr - span.addr
    if reading.point.type is Type.BIT:
        return answer[place // 8] >> (place % 8) & 1
    words = [answer[2 * n : 2 * n + 2] for n in range(place, place + reading.point.registers)]
    if reading.point.order in {Order.MSW_SWAPPED, Order.LSW_SWAPPED}:
        words = [word[::-1] for word in words]
    if reading.point.order in {Order.LSW, Order.LSW_SWAPPED}:
        words.reverse()
    return struct.unpack(">" + FORMATS[reading.point.type], b"".join(words))[0]


def slow_value(reading: Reading, raw: float) -> tuple[float, Quality]:
    point = reading.point
    if math.isnan(raw) or is_sentinel(point, raw):
        return NOTHING, Quality.SENTINEL
    if isinstance(raw, float) and math.isinf(raw):
        return NOTHING, Quality.IMPLAUSIBLE
    if point.mask is not None:
        raw = int(raw) & point.mask
    if isinstance(raw, int):
        raw >>= point.shift
    if point.codes is not None:
        return code_of(point, raw)
    unit = CONVERSIONS[point.unit]
    value = (raw * point.scale + point.offset) * reading.multiplier * unit.factor + unit.offset
    if math.isinf(value):
        return NOTHING, Quality.IMPLAUSIBLE
    if point.valid is not None and not point.valid[0] <= value <= point.valid[1]:
        return NOTHING, Quality.IMPLAUSIBLE
    return value, Quality.GOOD


def is_sentinel(point: RegisterPoint, raw: float) -> bool:
    if isinstance(raw, float):
        return raw in point.sentinel
    bits = 16 * point.registers
    return any((raw - sentinel) % (1 << bits) == 0 for sentinel in point.sentinel)


def code_of(point: RegisterPoint, raw: float) -> tuple[float, Quality]:
    members = {member.name.lower(): int(member) for member in CODES[point.codes or ""]}
    if point.enum is None:
        return (raw, Quality.GOOD) if raw in members.values() else (NOTHING, Quality.GARBLED)
    name = point.enum.get(int(raw), point.otherwise)
    return (members[name], Quality.GOOD) if name is not None else (NOTHING, Quality.GARBLED)
