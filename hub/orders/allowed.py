"""Whether the hub lets an order go out: pure. The agent looks again, at its own files and at the device."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from devices.campus.checks import selected
from devices.campus.never_written import why_never
from devices.campus.rules import SetpointRule
from devices.campus.site import Campus, Device
from devices.model.codes import CODES
from devices.model.texts import Text
from devices.profiles.point import Point
from devices.profiles.profile import ModbusSheet
from devices.profiles.writes import Writable


@dataclass(frozen=True, slots=True)
class No:
    """Why a device takes no orders."""

    code: str
    text: Text


@dataclass(frozen=True, slots=True)
class Wrong:
    """What is wrong with an order."""

    field: str
    found: str
    expected: str


def why_not(campus: Campus, device: Device, *, enabled: bool) -> No | None:
    """Why nothing of a device may be written; None where something may."""
    profile = campus.profile_of(device)
    if why_never(campus, device):
        said = Text("此设备或此地址绝不写入", "This device, or its address, is never written to")
        return No("never", said)
    if profile.read_only or not profile.write or not isinstance(profile.sheet, ModbusSheet):
        return No("read-only", Text("此型号设备只读", "Devices of this make are only read"))
    if not enabled:
        return No("disabled", Text("本系统未启用写入", "Writing is not enabled in this hub"))
    return None


def writable_of(campus: Campus, device: Device) -> list[tuple[Writable, Point]]:
    """What a sheet lets be written, each with its point."""
    profile = campus.profile_of(device)
    points = {point.name: point for point in profile.points}
    return [(one, points[one.point]) for one in profile.write]


def members(writable: Writable, point: Point) -> dict[str, float]:
    """Words that may be ordered, with their numbers; none for a measured value."""
    if point.codes is None:
        return {}
    return {name: float(int(CODES[point.codes][name.upper()])) for name in writable.members}


def range_of(campus: Campus, device: Device, writable: Writable, day: dt.date) -> tuple[float, float] | None:
    """Lowest and highest value that may be ordered; a limit of the set point is not looser than the rules want."""
    if writable.range is None or writable.standard is None:
        return writable.range
    rules = [
        rule
        for rule in campus.rules.values()
        if isinstance(rule, SetpointRule)
        and rule.enabled
        and campus.exempt(rule.id, device, day) is None
        and any(one is device for one in selected(campus, rule))
    ]
    low, high = writable.range
    if writable.standard == "cooling":
        return max([low, *(rule.cooling_min_c for rule in rules)]), high
    return low, min([high, *(rule.heating_max_c for rule in rules)])


def wrong(
    campus: Campus, device: Device, point: str, value: float, hold_s: float | None, day: dt.date
) -> Wrong | None:
    """The first thing that is wrong with an order."""
    found = next((pair for pair in writable_of(campus, device) if pair[0].point == point), None)
    if found is None:
        known = ", ".join(one.point for one, _ in writable_of(campus, device))
        return Wrong("point", point[:64], f"one of {known}")
    writable, described = found
    limits = range_of(campus, device, writable, day)
    return _wrong_value(writable, described, value, limits) or _wrong_hold(writable, hold_s)


def _wrong_value(
    writable: Writable, point: Point, value: float, limits: tuple[float, float] | None
) -> Wrong | None:
    if point.codes is not None:
        words = members(writable, point)
        if value in words.values():
            return None
        return Wrong(
            "value", f"{value:g}", ", ".join(f"{number:g} ({word})" for word, number in words.items())
        )
    low, high = limits or (math.inf, -math.inf)
    return None if low <= value <= high else Wrong("value", f"{value:g}", f"{low:g} to {high:g}")


def _wrong_hold(writable: Writable, hold_s: float | None) -> Wrong | None:
    if hold_s is None:
        return Wrong("hold_s", "nothing", "for how long") if writable.hold == "must" else None
    if writable.hold == "never":
        return Wrong("hold_s", f"{hold_s:g}", "nothing: it cannot be held")
    if not 0 < hold_s <= writable.longest_hold_s:
        return Wrong("hold_s", f"{hold_s:g}", f"more than 0, at most {writable.longest_hold_s:g}")
    return None
