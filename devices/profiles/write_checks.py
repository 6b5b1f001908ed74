"""Whether what a sheet lets be written makes sense, and whether its kind of device may be written at all."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Final

from devices.model.codes import CODES, AcMode
from devices.model.units import conversion
from devices.profiles.profile import LAST_ADDRESS, DeviceKind, ModbusSheet, Profile, RegisterPoint, Type
from devices.profiles.writes import Writable

#: Kinds of devices that may be written, whatever a sheet says. A fire pump is none, and will never be one.
MAY_BE_WRITTEN: Final = frozenset({DeviceKind.AC})
RAW: Final = {Type.U16: (0, 0xFFFF), Type.I16: (-0x8000, 0x7FFF), Type.BIT: (0, 1)}

Found = Iterator[tuple[str, str, str]]


def write_problems(profile: Profile) -> Found:
    """Yield path, found and expected of every problem of the `write` section."""
    if not profile.write and profile.read_only:
        return
    refused = None
    if profile.kind not in MAY_BE_WRITTEN:
        refused = f"a {profile.kind}", f"only {', '.join(sorted(MAY_BE_WRITTEN))} may be written"
    elif not isinstance(profile.sheet, ModbusSheet):
        refused = f"a sheet of kind {profile.sheet.kind}", "only Modbus devices may be written"
    if refused is not None:
        yield ("write" if profile.write else "read_only"), *refused
        return
    assert isinstance(profile.sheet, ModbusSheet)
    points = {point.name: point for point in profile.sheet.points}
    times = Counter(one.point for one in profile.write)
    for number, one in enumerate(profile.write):
        where = f"write.{number}"
        if times[one.point] > 1:
            yield f"{where}.point", f"{one.point!r} twice", "each point once"
        for key, name in (("point", one.point), ("read_back", one.shown_by)):
            if name not in points:
                yield f"{where}.{key}", repr(name), f"a point of the sheet ({', '.join(sorted(points))})"
        if one.point in points:
            yield from _value(where, one, points[one.point], profile.sheet)
        yield from _limits(where, one, points)
        yield from _modes(where, one, points)
        yield from _words(where, one, profile.sheet)


def _value(where: str, one: Writable, point: RegisterPoint, sheet: ModbusSheet) -> Found:
    if point.type not in RAW:
        yield f"{where}.point", f"a {point.type}", "a point of one register or bit"
    if point.codes is None:
        if one.range is None or one.range[0] >= one.range[1]:
            yield f"{where}.range", str(one.range), "[low, high] with low < high"
        elif point.valid is not None and not point.valid[0] <= one.range[0] < one.range[1] <= point.valid[1]:
            yield f"{where}.range", str(one.range), f"within valid {list(point.valid)}"
        elif point.type in RAW and not _fits(one.range, point, sheet):
            yield f"{where}.range", str(one.range), f"what a {point.type} can keep"
        if one.members:
            yield f"{where}.members", ", ".join(one.members), "nothing: the point has no codes"
        return
    if one.range is not None:
        yield f"{where}.range", str(one.range), "nothing: the point has codes, list members"
    known = set(point.enum.values() if point.enum else (member.name.lower() for member in CODES[point.codes]))
    if not one.members or set(one.members) - known:
        yield f"{where}.members", ", ".join(one.members) or "none", f"some of {', '.join(sorted(known))}"


def _fits(limits: tuple[float, float], point: RegisterPoint, sheet: ModbusSheet) -> bool:
    """Whether a register can keep all values in a range, at the scale that the sheet itself names."""
    multiplier = float(sheet.parameters.get(point.scale_by, 1.0)) if point.scale_by else 1.0
    unit, (low, high) = conversion(point.unit), RAW[point.type]
    raw = [
        ((value - unit.offset) / unit.factor / multiplier - point.offset) / point.scale for value in limits
    ]
    return all(low <= round(one) <= high for one in raw)


def _limits(where: str, one: Writable, points: Mapping[str, RegisterPoint]) -> Found:
    """Whether what a value is held against can be compared with it."""
    own = points.get(one.point)
    for key, name in (("not_above", one.not_above), ("not_below", one.not_below)):
        other = points.get(name or "")
        fits = other is not None and own is not None and own is not other and own.codes is other.codes is None
        if name is not None and not (
            fits and own is not None and other is not None and own.unit == other.unit
        ):
            yield f"{where}.{key}", repr(name), "another measured point of the sheet, in the same unit"
    if one.standard is not None and (own is None or own.unit != "C"):
        yield f"{where}.standard", one.standard, "nothing: only a temperature in C is held against it"


def _modes(where: str, one: Writable, points: Mapping[str, RegisterPoint]) -> Found:
    known = {mode.name.lower() for mode in AcMode}
    for mode in one.modes:
        if mode not in known:
            yield f"{where}.modes", repr(mode), f"some of {', '.join(sorted(known))}"
    if one.modes and "mode" not in points:
        yield f"{where}.modes", "modes", "a point `mode` in the sheet, to check them by"


def _words(where: str, one: Writable, sheet: ModbusSheet) -> Found:
    length = max(1, len(one.copied))
    if one.word >= length:
        yield f"{where}.word", str(one.word), f"less than {length}, the words of the request"
    if one.mask is not None and not one.copied:
        yield f"{where}.mask", f"{one.mask:#06x}", "copied, for the bits that must stay"
    if one.table == "coil" and (one.copied or one.several):
        yield f"{where}.table", "'coil'", "one coil at a time, nothing copied"
    last = one.addr + one.stride * sheet.max_index + length - 1
    if last > LAST_ADDRESS:
        yield f"{where}.addr", f"index {sheet.max_index} ends at {last}", f"at most {LAST_ADDRESS}"
    for number, copied in enumerate(one.copied):
        last = copied.addr + copied.stride * sheet.max_index
        if last > LAST_ADDRESS:
            yield (
                f"{where}.copied.{number}.addr",
                f"index {sheet.max_index} is at {last}",
                f"at most {LAST_ADDRESS}",
            )
