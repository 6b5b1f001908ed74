"""Whether what a rule orders can be ordered of every device that it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from devices.campus.actions import Action
from devices.campus.condition_checks import Found
from devices.campus.rules import ActingRule, WhenRule
from devices.campus.site import Campus, Device
from devices.model.codes import CODES
from devices.model.texts import Said, same
from devices.profiles.profile import Profile
from devices.profiles.write_checks import MAY_BE_WRITTEN
from devices.profiles.writes import Writable

NOTHING: Final = Said("空", "nothing")


def problems(campus: Campus, rule: ActingRule, devices: Iterable[Device]) -> Iterator[Found]:
    """Yield path, found and expected of each problem of a rule's action."""
    action = rule.action
    if action is None:
        return
    if action.value is None and isinstance(rule, WhenRule):
        yield "action.value", NOTHING, Said("要设定的值", "what it is set to")
    for profile in {device.profile: campus.profile_of(device) for device in devices}.values():
        yield from _of(action, profile)


def _of(action: Action, profile: Profile) -> Iterator[Found]:
    if profile.kind not in MAY_BE_WRITTEN:
        kinds = ", ".join(sorted(MAY_BE_WRITTEN))
        yield (
            "action",
            Said(f"{profile.profile}，种类 {profile.kind}", f"{profile.profile}, a {profile.kind}"),
            Said(f"种类为 {kinds} 的设备", f"devices of kind {kinds}"),
        )
        return
    writable = next((one for one in profile.write if one.point == action.point), None)
    if writable is None or profile.read_only:
        yield (
            "action.point",
            Said(f"{profile.profile} 的 {action.point!r}", f"{action.point!r} of {profile.profile}"),
            Said("其型号表允许写入的测点", "a point that its sheet lets be written"),
        )
        return
    if action.value is not None and (expected := _wrong_value(writable, profile, action.value)):
        found = Said(f"{profile.profile} 的 {action.value:g}", f"{action.value:g} for {profile.profile}")
        yield "action.value", found, expected
    if writable.hold == "must" and action.hold_s is None:
        expected = Said(
            f"持续多久：{action.point} 须交还", f"for how long: {action.point} has to be given back"
        )
        yield "action.hold_s", NOTHING, expected
    if action.hold_s is not None and (writable.hold == "never" or action.hold_s > writable.longest_hold_s):
        most = 0 if writable.hold == "never" else writable.longest_hold_s
        yield "action.hold_s", same(f"{action.hold_s:g}"), Said(f"至多 {most:g}", f"at most {most:g}")


def _wrong_value(writable: Writable, profile: Profile, value: float) -> Said | None:
    if writable.range is not None:
        low, high = writable.range
        return None if low <= value <= high else Said(f"{low:g} 至 {high:g}", f"{low:g} to {high:g}")
    codes = next(point.codes for point in profile.points if point.name == writable.point)
    assert codes is not None
    numbers = [int(CODES[codes][member.upper()]) for member in writable.members]
    known = ", ".join(map(str, numbers))
    return None if value in numbers else Said(f"以下之一：{known}", f"one of {known}")
