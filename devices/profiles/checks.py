"""Whether a data sheet fits together: what each key of a sheet says about another, all problems at once."""

from __future__ import annotations

import json
import string
from collections import Counter
from collections.abc import Collection, Iterator
from typing import Final

from devices.model.errors import Problem
from devices.model.units import CONVERSIONS
from devices.profiles import dlt645_sheet
from devices.profiles.dlt645_sheet import Dlt645Sheet
from devices.profiles.number_checks import can_hold, number_problems
from devices.profiles.profile import (
    DERIVED,
    JsonSheet,
    ModbusSheet,
    Point,
    Profile,
    RadarBytesSheet,
    RegisterPoint,
    SnapshotSheet,
    Table,
    Type,
)
from devices.profiles.streams import StreamSheet
from devices.profiles.write_checks import write_problems

LAST_ADDRESS: Final = 65535
RADAR_POINTS: Final = {
    "single": {"speed_kmh"},
    "direction": {"speed_kmh", "direction"},
    "ascii": {"speed_kmh", "direction"},
}

Found = Iterator[tuple[str, str, str]]


def check(profile: Profile, file: str) -> Iterator[Problem]:
    """Yield every problem of a sheet whose keys, each by itself, are well formed."""
    for path, found, expected in _all(profile):
        yield Problem(file, path, found, expected)


def _all(profile: Profile) -> Found:
    yield from _names(profile)
    yield from number_problems(profile)
    yield from write_problems(profile)
    for number, point in enumerate(profile.sheet.points):
        if point.scale_by is not None and point.scale_by not in profile.sheet.parameters:
            yield (
                f"sheet.points.{number}.scale_by",
                repr(point.scale_by),
                _one_of(profile.sheet.parameters, "parameter"),
            )
    match profile.sheet:
        case ModbusSheet() as sheet:
            yield from _registers(sheet)
            yield from _raw_numbers(sheet)
            yield from _overlaps(sheet)
            yield from _register_vectors(sheet)
        case JsonSheet() as sheet:
            yield from _json(sheet)
        case RadarBytesSheet() as sheet:
            yield from _radar_bytes(sheet)
        case SnapshotSheet() | StreamSheet() as sheet:
            yield from _path(sheet)
        case Dlt645Sheet() as sheet:
            yield from dlt645_sheet.problems(sheet)
            if not profile.read_only:
                yield "read_only", "false", "true: a DL/T 645 meter is never written to"


def _names(profile: Profile) -> Found:
    names = [point.name for point in profile.sheet.points]
    times = Counter(names)
    derived = {point.name for point in DERIVED.get(profile.kind, ())}
    for number, name in enumerate(names):
        if times[name] > 1:
            yield f"sheet.points.{number}.name", f"{name!r} {times[name]} times", "each name once"
        if name in derived:
            yield (
                f"sheet.points.{number}.name",
                f"{name!r}, which the agent itself derives for a {profile.kind}",
                "another name",
            )


def _registers(sheet: ModbusSheet) -> Found:
    for number, point in enumerate(sheet.points):
        where = f"sheet.points.{number}"
        if point.registers > sheet.max_registers:
            yield where, f"{point.registers} registers", f"at most max_registers {sheet.max_registers}"
        last = _last(point, sheet.max_index)
        if last > LAST_ADDRESS:
            yield f"{where}.addr", f"index {sheet.max_index} ends at {last}", f"at most {LAST_ADDRESS}"
        for low, high in sheet.forbidden:
            if any(
                point.addr + point.stride * index <= high and _last(point, index) >= low
                for index in range(sheet.max_index + 1)
            ):
                yield f"{where}.addr", f"a register in the forbidden range {low}..{high}", "outside it"
    for number, (low, high) in enumerate(sheet.forbidden):
        if low > high:
            yield f"sheet.forbidden.{number}", f"[{low}, {high}]", "[first, last] with first <= last"


def _raw_numbers(sheet: ModbusSheet) -> Found:
    """Numbers that a point's registers can never hold are typing errors."""
    for number, point in enumerate(sheet.points):
        low, high = can_hold(point)
        for raw in point.enum or ():
            if not low <= raw <= high:
                yield f"sheet.points.{number}.enum.{raw}", str(raw), f"{low}..{high}, what the point can hold"
        bits = 16 * point.registers
        for raw in point.sentinel:
            if not -(1 << (bits - 1)) <= raw < 1 << bits:
                yield f"sheet.points.{number}.sentinel", str(raw), f"a number of {bits} bits"


def _last(point: RegisterPoint, index: int) -> int:
    return point.addr + point.stride * index + point.registers - 1


def _overlaps(sheet: ModbusSheet) -> Found:
    """Two points on one address are a typing error, unless both are bits of one word; once per pair."""
    taken: dict[tuple[Table, int], tuple[int, int]] = {}
    told: set[tuple[int, int]] = set()
    for index in range(sheet.max_index + 1):
        for number, point in enumerate(sheet.points):
            first = point.addr + point.stride * index
            for address in range(first, first + point.registers):
                other, its_index = taken.setdefault((point.table, address), (number, index))
                if (other, its_index) == (number, index):
                    continue
                pair = (other, number)
                if pair not in told and not _may_share(sheet.points[other], point):
                    told.add(pair)
                    yield (
                        f"sheet.points.{number}.addr",
                        f"{point.table} {address}, where {sheet.points[other].name} is",
                        "an address of its own",
                    )


def _may_share(a: RegisterPoint, b: RegisterPoint) -> bool:
    if a is b:  # the same point of another index
        return a.stride == 0
    return a.addr == b.addr and a.stride == b.stride and a.mask is not None and b.mask is not None


def _register_vectors(sheet: ModbusSheet) -> Found:
    points = {point.name: point for point in sheet.points}
    for number, vector in enumerate(sheet.vectors):
        point = points.get(vector.point)
        if point is None:
            yield f"sheet.vectors.{number}.point", repr(vector.point), _one_of(points, "point")
        elif len(vector.words) != point.registers:
            yield f"sheet.vectors.{number}.words", f"{len(vector.words)} words", f"{point.registers}"
        elif point.type is Type.BIT and vector.words[0] > 1:
            yield f"sheet.vectors.{number}.words", str(vector.words[0]), "0 or 1 for a bit"


def _json(sheet: JsonSheet) -> Found:
    for number, point in enumerate(sheet.points):
        if point.unit_by is None:
            continue
        where, unit = f"sheet.points.{number}.unit_by", sheet.parameters.get(point.unit_by)
        if unit is None:
            yield where, repr(point.unit_by), _one_of(sheet.parameters, "parameter")
        elif not isinstance(unit, str) or not _alike(unit, point.unit):
            yield f"sheet.parameters.{point.unit_by}", repr(unit), f"a unit like {point.unit!r}"
    for number, vector in enumerate(sheet.vectors):
        where = f"sheet.vectors.{number}"
        yield from _vector_names(f"{where}.values", vector.values, sheet.points)
        for name in vector.parameters.keys() - sheet.parameters.keys():
            yield f"{where}.parameters", repr(name), _one_of(sheet.parameters, "parameter")
        try:
            json.loads(vector.text)
        except ValueError as error:
            yield f"{where}.text", str(error), "JSON"


def _alike(a: str, b: str) -> bool:
    return a in CONVERSIONS and CONVERSIONS[a].canonical == CONVERSIONS[b].canonical


def _radar_bytes(sheet: RadarBytesSheet) -> Found:
    names = {point.name for point in sheet.points}
    if names != RADAR_POINTS[sheet.format]:
        yield "sheet.points", f"{sorted(names)}", f"{sorted(RADAR_POINTS[sheet.format])} for {sheet.format}"
    if not 0 < sheet.low_kmh < sheet.high_kmh:
        yield "sheet.low_kmh", f"{sheet.low_kmh}..{sheet.high_kmh}", "0 < low_kmh < high_kmh"
    for number, vector in enumerate(sheet.vectors):
        for reading in vector.values:
            yield from _vector_names(f"sheet.vectors.{number}.values", reading, sheet.points)
        try:
            bytes.fromhex(vector.hex)
        except ValueError:
            yield f"sheet.vectors.{number}.hex", repr(vector.hex), "bytes as hex"


def _path(sheet: SnapshotSheet | StreamSheet) -> Found:
    yield from _fields("sheet.path", sheet.path, sheet.parameters)
    yield from _fields("sheet.recording", sheet.recording, sheet.parameters)
    if not sheet.path.startswith("/"):
        yield "sheet.path", repr(sheet.path), "a path that starts with /"


def _fields(where: str, text: str, parameters: Collection[str]) -> Found:
    try:
        fields = [name for _, name, _, _ in string.Formatter().parse(text) if name is not None]
    except ValueError as error:
        yield where, f"{text!r} ({error})", "a text with {parameter} fields"
        return
    for name in fields:
        if name not in parameters:
            yield where, f"{{{name}}}", _one_of(parameters, "parameter")


def _vector_names(where: str, values: Collection[str], points: Collection[Point]) -> Found:
    known = {point.name for point in points}
    for name in values:
        if name not in known:
            yield where, repr(name), _one_of(known, "point")


def _one_of(known: Collection[str], what: str) -> str:
    return f"a {what} of the sheet ({', '.join(sorted(known)) or 'it has none'})"
