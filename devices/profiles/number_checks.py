"""Whether the numbers of a sheet can be: scales, masks, counters and ranges against what registers hold."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from devices.model.units import conversion
from devices.profiles.point import Point
from devices.profiles.profile import DERIVED, ModbusSheet, Profile, RegisterPoint, Type

LONGEST_NAME: Final = 63
FLOATS: Final = frozenset({Type.F32, Type.F64})
Found = Iterator[tuple[str, str, str]]


def number_problems(profile: Profile) -> Found:
    """Path, found and expected of everything that no device can say."""
    taken = {point.name for point in (*profile.sheet.points, *DERIVED.get(profile.kind, ()))}
    for number, point in enumerate(profile.sheet.points):
        where = f"sheet.points.{number}"
        if point.scale == 0:
            yield f"{where}.scale", "0.0", "a number other than 0"
        yield from _counter(where, point, taken)
    if isinstance(profile.sheet, ModbusSheet):
        for number, point in enumerate(profile.sheet.points):
            yield from _bits(f"sheet.points.{number}", point)
            yield from _reached(f"sheet.points.{number}", point)
        yield from _shared_bits(profile.sheet)


def _counter(where: str, point: Point, taken: set[str]) -> Found:
    if point.counter is None:
        return
    if point.codes is not None:
        yield f"{where}.counter", f"with codes {point.codes}", "only one of the two"
    if point.scale < 0:
        yield f"{where}.scale", str(point.scale), "a positive number: a counter grows"
    if point.counter.total and f"total_{point.name}" in taken:
        yield f"{where}.name", repr(point.name), f"another name, total_{point.name} is a point of its own"
    if point.counter.total and len(f"total_{point.name}") > LONGEST_NAME:
        yield (
            f"{where}.name",
            repr(point.name),
            f"at most {LONGEST_NAME - len('total_')} letters for a counter",
        )


def _bits(where: str, point: RegisterPoint) -> Found:
    if point.shift and point.type is not Type.U16:
        yield f"{where}.shift", str(point.shift), f"nothing, because only a u16 is shifted, not {point.type}"
    elif point.mask is not None and point.mask & ((1 << point.shift) - 1):
        found = f"{point.shift}, which cuts bits of mask 0x{point.mask:04X}"
        yield f"{where}.shift", found, "no more than the lowest bit of the mask"


def _shared_bits(sheet: ModbusSheet) -> Found:
    """Points of one word: the same bits twice, or bits that overlap partly, are typing errors."""
    seen: dict[tuple[object, ...], list[RegisterPoint]] = {}
    for number, point in enumerate(sheet.points):
        if point.mask is None:
            continue
        others = seen.setdefault((point.table, point.addr, point.stride), [])
        for other in others:
            common = point.mask & (other.mask or 0)
            if common and common not in {point.mask, other.mask}:
                found = f"0x{point.mask:04X}, some bits of which are {other.name}"
                yield f"sheet.points.{number}.mask", found, "bits of its own"
            elif common == point.mask == other.mask:
                found = f"0x{point.mask:04X}, the very bits of {other.name}"
                yield f"sheet.points.{number}.mask", found, "bits of its own"
        others.append(point)


def _reached(where: str, point: RegisterPoint) -> Found:
    """A modulus, or a plausible range, that the register never comes to."""
    if point.type in FLOATS or point.codes is not None:
        return
    low, high = can_hold(point)
    ends = sorted((raw * point.scale + point.offset) for raw in (low, high))
    if point.counter is not None and point.counter.modulus is not None:
        most = (high + 1) * point.scale + point.offset
        if point.counter.modulus > most * (1 + 1e-9):
            found = f"{point.counter.modulus:.12g}"
            yield f"{where}.counter.modulus", found, f"at most {most:.12g}, which the register holds"
    if point.valid is not None and point.scale_by is None:
        how = conversion(point.unit)
        least, most = (end * how.factor + how.offset for end in ends)
        if point.valid[1] < least or point.valid[0] > most:
            found = f"[{point.valid[0]:.12g}, {point.valid[1]:.12g}]"
            yield (
                f"{where}.valid",
                found,
                f"a range within {least:.12g}..{most:.12g}, which the register holds",
            )


def can_hold(point: RegisterPoint) -> tuple[int, int]:
    """Lowest and highest raw number of a whole type, behind mask and shift."""
    if point.mask is not None:
        return 0, point.mask >> point.shift
    if point.type is Type.BIT:
        return 0, 1
    bits = 16 * point.registers
    return (0, (1 << bits) - 1) if point.type.startswith("u") else (-(1 << (bits - 1)), (1 << (bits - 1)) - 1)
