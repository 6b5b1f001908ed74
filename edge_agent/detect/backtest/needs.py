"""What judging some rules needs: which other rules, which devices and points, and how much of the time before."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Final

from devices.campus.checks import selected
from devices.campus.conditions import Condition, OtherPoint, UsualLimit
from devices.campus.rules import Rule, SetpointRule, StaleRule, StateRule, WhenRule, leaves
from devices.campus.site import Campus, Device
from devices.campus.speed_rules import SpeedingRule
from devices.profiles.profile import DeviceKind

#: What the agent makes of readings and never judges: it is stored, and not read again.
OUTCOME: Final = "pass_"
SETPOINT_POINTS: Final = frozenset({"on", "mode", "running_mode", "setpoint_c", "real_setpoint_c"})
#: Judged before the span at the least, so that what stood at its begin is known.
LEAST_BEFORE_S: Final = 86_400.0
DAY_S: Final = 86_400.0


def with_causes(campus: Campus, ids: Collection[str]) -> dict[str, Rule]:
    """These rules and those that hold them back, in the order of the campus; a radar's rules stand together."""
    wanted = {name for name in ids if name in campus.rules}
    found: set[str] = set()
    while wanted - found:
        rule = campus.rules[next(iter(wanted - found))]
        found.add(rule.id)
        wanted |= {cause.rule for cause in rule.held_back_by if cause.rule in campus.rules}
        if isinstance(rule, SpeedingRule):  # the first that selects a radar judges it
            wanted |= {other.id for other in campus.rules.values() if isinstance(other, SpeedingRule)}
    return {name: rule for name, rule in campus.rules.items() if name in wanted and rule.enabled}


def narrowed(campus: Campus, rules: dict[str, Rule], devices: Collection[str]) -> Campus:
    """The campus with these rules and devices alone, so that nothing is held in memory for the others."""
    kept = {name: device for name, device in campus.devices.items() if name in devices}
    return replace(campus, rules=rules, devices=kept)


def points_of(campus: Campus, rules: Collection[Rule]) -> set[str]:
    """Points that judging these rules looks at, as `<device>.<point>`."""
    found: set[str] = set()
    for rule in rules:
        for device in _devices(campus, rule):
            names = {point.name for point in campus.profile_of(device).points}
            found |= {f"{device.id}.{name}" for name in names & _looked_at(rule, names)}
    return found


def listens(rules: Collection[Rule]) -> bool:
    """Whether silence is judged, so that the time in which an agent itself was away matters."""
    return any(isinstance(rule, StaleRule) for rule in rules)


def before_s(rules: Collection[Rule]) -> float:
    """How long before a span judging has to begin for these rules to know what they know when live."""
    return max((_memory_s(rule) for rule in rules), default=0.0) + LEAST_BEFORE_S


def _devices(campus: Campus, rule: Rule) -> Iterator[Device]:
    """Devices a rule is for, and those whose voice it hears: a silent device raises only while its link speaks."""
    if isinstance(rule, StaleRule):
        links = {device.link for device in selected(campus, rule)}
        yield from (device for device in campus.devices.values() if device.link in links)
    elif isinstance(rule, SpeedingRule):
        kinds = {DeviceKind.RADAR, DeviceKind.PLATE, *rule.select.kinds}
        yield from (d for d in campus.devices.values() if campus.profile_of(d).kind in kinds)
    else:
        yield from selected(campus, rule)


def _looked_at(rule: Rule, names: set[str]) -> set[str]:
    if isinstance(rule, StaleRule | SpeedingRule):
        return {name for name in names if not name.startswith(OUTCOME)}
    own = SETPOINT_POINTS if isinstance(rule, SetpointRule) else frozenset()
    named = {name for condition in _conditions(rule) for name in _named(condition)}
    return {name for name in own | named if not name.startswith(OUTCOME)}


def _conditions(rule: Rule) -> Iterator[Condition]:
    if isinstance(rule, WhenRule):
        yield from leaves(rule.when)
    if isinstance(rule, StateRule):
        for level in rule.levels:
            yield from leaves(level.when)


def _named(condition: Condition) -> Iterator[str]:
    yield condition.point
    stand_by = None if condition.energy is None else condition.energy.stand_by
    for limit in (condition.above, condition.below, stand_by):
        if isinstance(limit, OtherPoint):
            yield limit.point


def _memory_s(rule: Rule) -> float:
    delays = rule.on_delay_s + rule.off_delay_s
    if not isinstance(rule, StateRule):
        return delays
    levels = [level.on_delay_s + level.off_delay_s for level in rule.levels]
    after = rule.after_s if isinstance(rule, StaleRule) else 0.0
    windows = [_window_s(condition) for condition in _conditions(rule)]
    return delays + max(levels, default=0.0) + max([rule.fresh_s, after, *windows])


def _window_s(condition: Condition) -> float:
    over = 0.0 if condition.rate is None else condition.rate.over_s
    within = 0.0 if condition.count is None else condition.count.within_s
    stand_by = None if condition.energy is None else condition.energy.stand_by
    usual = [
        (limit.usual.days + 1) * DAY_S
        for limit in (condition.above, condition.below, stand_by)
        if isinstance(limit, UsualLimit)
    ]
    return max(over, within, condition.flat_s or 0.0) + max(usual, default=0.0)
