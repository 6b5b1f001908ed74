"""Whether the hub lets an order go out: pure. The agent looks again, at its own files and at the device."""

from __future__ import annotations

import datetime as dt
import math
from dataclasses import dataclass

from devices.campus.checks import selected
from devices.campus.never_written import why_never
from devices.campus.rules import SetpointRule
from devices.campus.site import Campus, Device
from devices.model.codes import CODE_TEXTS, CODES
from devices.model.texts import Said, Text, same
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
    found: Said
    expected: Said


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
        return Wrong("point", same(point[:64]), Said(f"以下之一：{known}", f"one of {known}"))
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
        titles = CODE_TEXTS[point.codes]
        expected = Said(
            "，".join(f"{number:g}（{titles[int(number)].zh}）" for number in words.values()),
            ", ".join(f"{number:g} ({word})" for word, number in words.items()),
        )
        return Wrong("value", same(f"{value:g}"), expected)
    low, high = limits or (math.inf, -math.inf)
    if low <= value <= high:
        return None
    return Wrong("value", same(f"{value:g}"), Said(f"{low:g} 至 {high:g}", f"{low:g} to {high:g}"))


def _wrong_hold(writable: Writable, hold_s: float | None) -> Wrong | None:
    if hold_s is None:
        wanted = Wrong("hold_s", Said("空", "nothing"), Said("持续多久", "for how long"))
        return wanted if writable.hold == "must" else None
    found, most = same(f"{hold_s:g}"), writable.longest_hold_s
    if writable.hold == "never":
        return Wrong("hold_s", found, Said("空：不能只保持一段时间", "nothing: it cannot be held"))
    return None if 0 < hold_s <= most else Wrong("hold_s", found, up_to(most))


def up_to(most: float) -> Said:
    """What a time may be that has to be one."""
    return Said(f"大于 0，至多 {most:g}", f"more than 0, at most {most:g}")
