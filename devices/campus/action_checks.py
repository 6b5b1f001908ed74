"""Whether what a rule orders can be ordered of every device that it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from devices.campus.actions import Action
from devices.campus.condition_checks import Found
from devices.campus.rules import ActingRule, WhenRule
from devices.campus.site import Campus, Device
from devices.model.codes import CODES
from devices.profiles.profile import Profile
from devices.profiles.write_checks import MAY_BE_WRITTEN
from devices.profiles.writes import Writable


def problems(campus: Campus, rule: ActingRule, devices: Iterable[Device]) -> Iterator[Found]:
    """Yield path, found and expected of each problem of a rule's action."""
    action = rule.action
    if action is None:
        return
    if action.value is None and isinstance(rule, WhenRule):
        yield "action.value", "nothing", "what it is set to"
    for profile in {device.profile: campus.profile_of(device) for device in devices}.values():
        yield from _of(action, profile)


def _of(action: Action, profile: Profile) -> Iterator[Found]:
    if profile.kind not in MAY_BE_WRITTEN:
        yield (
            "action",
            f"{profile.profile}, a {profile.kind}",
            f"devices of kind {', '.join(sorted(MAY_BE_WRITTEN))}",
        )
        return
    writable = next((one for one in profile.write if one.point == action.point), None)
    if writable is None or profile.read_only:
        yield (
            "action.point",
            f"{action.point!r} of {profile.profile}",
            "a point that its sheet lets be written",
        )
        return
    if action.value is not None and (expected := _wrong_value(writable, profile, action.value)):
        yield "action.value", f"{action.value:g} for {profile.profile}", expected
    if writable.hold == "must" and action.hold_s is None:
        yield "action.hold_s", "nothing", f"for how long: {action.point} has to be given back"
    if action.hold_s is not None and (writable.hold == "never" or action.hold_s > writable.longest_hold_s):
        most = 0 if writable.hold == "never" else writable.longest_hold_s
        yield "action.hold_s", f"{action.hold_s:g}", f"at most {most:g}"


def _wrong_value(writable: Writable, profile: Profile, value: float) -> str:
    if writable.range is not None:
        low, high = writable.range
        return "" if low <= value <= high else f"{low:g} to {high:g}"
    codes = next(point.codes for point in profile.points if point.name == writable.point)
    assert codes is not None
    numbers = [int(CODES[codes][member.upper()]) for member in writable.members]
    return "" if value in numbers else f"one of {', '.join(map(str, numbers))}"
