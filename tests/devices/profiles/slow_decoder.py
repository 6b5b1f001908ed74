"""What a sheet says about raw content, computed one value at a time and as plainly as the schema reads.

Shares nothing with the decoders of the edge agent; the sheets' own vectors are held against it.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from devices.model.codes import CODES
from devices.model.plates import SIGNS
from devices.model.units import CONVERSIONS
from devices.profiles.profile import JsonPoint, JsonSheet, Point, RadarBytesSheet, RegisterPoint

FORMS = {
    "u16": ">H",
    "i16": ">h",
    "u32": ">I",
    "i32": ">i",
    "u64": ">Q",
    "i64": ">q",
    "f32": ">f",
    "f64": ">d",
}
Parameters = Mapping[str, str | float]


def from_words(point: RegisterPoint, words: Sequence[int], parameters: Parameters) -> float | None:
    """The value of a register point in its canonical unit; None: no reading."""
    if point.type == "bit":
        return coded_or_scaled(point, words[0], parameters)
    ordered = words if point.order.startswith("msw") else list(reversed(words))
    byte_order = "little" if point.order.endswith("swapped") else "big"
    data = b"".join(word.to_bytes(2, byte_order) for word in ordered)
    (raw,) = struct.unpack(FORMS[point.type], data)
    signed, unsigned = int.from_bytes(data, "big", signed=True), int.from_bytes(data, "big")
    if not point.type.startswith("f") and {signed, unsigned} & set(point.sentinel):
        return None
    if point.mask is not None:
        raw = (raw & point.mask) >> point.shift
    return coded_or_scaled(point, raw, parameters)


def coded_or_scaled(
    point: Point, raw: float, parameters: Parameters, unit: str | None = None
) -> float | None:
    """From the raw number on: a code, or scale, offset, parameter, unit and plausible range."""
    if not math.isfinite(raw):
        return None
    if point.codes is not None:
        members = {member.name.lower(): float(member) for member in CODES[point.codes]}
        if point.enum is None:
            return float(raw) if raw in members.values() else None
        word = point.enum.get(int(raw), point.otherwise)
        return None if word is None else members[word]
    value = raw * point.scale + point.offset
    if point.scale_by is not None:
        value *= float(parameters[point.scale_by])
    how = CONVERSIONS[point.unit if unit is None else unit]
    value = value * how.factor + how.offset
    if point.valid is not None and not point.valid[0] <= value <= point.valid[1]:
        return None
    return value


def from_json(
    sheet: JsonSheet, text: str, given: Parameters
) -> dict[str, float | tuple[float | None, ...] | None]:
    """Values of a message by point; a point that the message does not speak of is left out."""
    message, parameters = json.loads(text), {**sheet.parameters, **given}
    if sheet.require and not any(found(message, path) for path in sheet.require):
        return {}
    values: dict[str, float | tuple[float | None, ...] | None] = {}
    for point in sheet.points:
        at = next((hit for path in (point.path, *point.fallback) if (hit := found(message, path))), None)
        if at is None:
            continue
        if isinstance(at[0], list):
            values[point.name] = tuple(one_json(point, item, parameters) for item in at[0])
        else:
            values[point.name] = one_json(point, at[0], parameters)
    return values


def found(message: Any, path: str) -> list[Any]:
    """What stands at a path of keys, in a list; an empty list if nothing does."""
    for key in path.split("."):
        if not isinstance(message, dict) or key not in message:
            return []
        message = message[key]
    return [message]


def one_json(point: JsonPoint, item: Any, parameters: Parameters) -> float | None:
    """One value of a JSON message."""
    if isinstance(item, str) and point.words is not None and item in point.words:
        return float(CODES[point.codes or ""][point.words[item].upper()])
    if point.text == "plate":
        return plate_number(str(item))
    try:
        raw = float(item)
    except (TypeError, ValueError):
        return None
    if point.sign:
        raw = (raw > 0) - (raw < 0)
    unit = None if point.unit_by is None else str(parameters[point.unit_by])
    return coded_or_scaled(point, abs(raw) if point.magnitude else raw, parameters, unit)


def from_bytes(sheet: RadarBytesSheet, data: bytes) -> list[dict[str, float]]:
    """Readings in a stream of radar bytes, in order."""
    data = without_answers(data)
    readings: list[tuple[int, int]] = []
    if sheet.format == "single":
        readings = [(0, byte) for byte in data]
    elif sheet.format == "direction":
        ways = {0xF9: 1, 0xF8: 2, 0xF7: 0}
        readings = [(ways[a], b) for a, b in pairwise(data) if a in ways]
    else:
        ways = {ord("+"): 1, ord("-"): 2, ord("*"): 0}
        for at, byte in enumerate(data):
            digits = data[at + 1 : at + 4]
            if byte in ways and len(digits) == 3 and digits.isdigit():
                readings.append((ways[byte], int(digits)))
    names = {point.name for point in sheet.points}
    return [
        {key: float(value) for key, value in (("speed_kmh", speed), ("direction", way)) if key in names}
        for way, speed in readings
        if sheet.low_kmh <= speed <= sheet.high_kmh
    ]


def without_answers(data: bytes) -> bytes:
    """Without FA .. FB and without what the radar says when it starts."""
    while 0xFA in data and 0xFB in data[data.index(0xFA) :]:
        first = data.index(0xFA)
        data = data[:first] + data[data.index(0xFB, first) + 1 :]
    return data.replace(b"\xfe\xfd", b"").replace(b"\xfd\xfe", b"")


def plate_number(plate: str) -> float | None:
    """A plate of the usual form, province, letter and digits, as a number of base 98; None: any other words."""
    if not any(sign.isdigit() for sign in plate):
        return None
    places = [SIGNS.index(sign) + 1 for sign in plate]
    return float(sum(place * 98**power for power, place in enumerate(reversed(places))))
