"""Whether the rules of a campus mean something: what they name is there, and each of them can raise."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Iterator, Sequence

from devices.campus import action_checks, checks, speed_checks
from devices.campus.calendars import LEAP_YEAR, Hours, Period
from devices.campus.checks import near, selected
from devices.campus.condition_checks import Found, Seen, limits, problems, walk
from devices.campus.conditions import Condition, Expression, Schedule
from devices.campus.contradictions import contradictions
from devices.campus.dlt645_links import Dlt645Link
from devices.campus.hours_checks import Clock
from devices.campus.modbus_links import ModbusLink
from devices.campus.rule_head import Cause
from devices.campus.rules import ActingRule, Level, Rule, SetpointRule, StaleRule, StateRule, WhenRule
from devices.campus.site import AreaKind, Campus, Device, HttpLink
from devices.campus.speed_rules import SpeedingRule
from devices.model.errors import Problem
from devices.model.texts import Said, same

SlowRule = WhenRule | SetpointRule | StaleRule
SETPOINT_POINTS = ("setpoint_c", "mode", "on")
LEAP_YEAR_DAYS = tuple(dt.date(LEAP_YEAR, 1, 1) + dt.timedelta(days=n) for n in range(366))


def check(campus: Campus, file: str) -> Iterator[Problem]:
    """Yield every problem of the rules of a campus that was read from `file`."""
    # What a rule sees is found by way of devices, areas and sites: they must be there.
    whole = not any(checks.references(campus, file))
    for rule in campus.rules.values():
        told = [*_names(campus, rule), *_causes(campus, rule)]
        if whole and not any(path.startswith("select.") for path, _, _ in told):
            told += _meaning(campus, rule)
        for path, found, expected in dict.fromkeys(told):
            where = f"rules.{rule.id}.{path}" if path else f"rules.{rule.id}"
            yield Problem(file, where, found, expected)


def _meaning(campus: Campus, rule: Rule) -> Iterator[Found]:
    devices = list(selected(campus, rule))
    if not devices:
        # A shipped rule may be for a kind that this campus lacks; one that names its own devices may not.
        if rule.enabled and any(
            getattr(rule.select, key) for key in ("devices", "profiles", "sites", "but_not")
        ):
            expected = Said("规则适用的设备至少一台", "at least one device that the rule is for")
            yield "select", Said("没有设备", "no device"), expected
        return
    yield from _seasons(campus, rule, devices)
    if isinstance(rule, SpeedingRule):
        yield from speed_checks.problems(campus, rule)
    if isinstance(rule, ActingRule):
        yield from action_checks.problems(campus, rule, devices)
    if isinstance(rule, StateRule):
        yield from _conditions(campus, rule, devices)
        yield from _levels(rule)
        if rule.good_share and not rule.on_delay_s:
            found = Said(f"{rule.good_share:g}，没有时段", f"{rule.good_share:g} of no time")
            expected = Said("与其成比例的 on_delay_s", "an on_delay_s, of which it is a share")
            yield "good_share", found, expected
    if not any(_unknown_calendars(campus, rule)):
        yield from _times(campus, rule)


def _names(campus: Campus, rule: Rule) -> Iterator[Found]:
    known_by_key: dict[str, Collection[str]] = {
        "sites": campus.sites,
        "profiles": campus.profiles,
        "devices": campus.devices,
        "but_not": campus.devices,
        "area_kinds": [kind.value for kind in AreaKind],
    }
    for key, known in known_by_key.items():
        for name in getattr(rule.select, key):
            if name not in known:
                yield f"select.{key}", same(repr(name)), near(name, known)
    if isinstance(rule, SpeedingRule):
        yield from speed_checks.names(campus, rule)
    yield from _unknown_calendars(campus, rule)


def _unknown_calendars(campus: Campus, rule: Rule) -> Iterator[Found]:
    for path, hours in _hours(rule):
        if hours.calendar is not None and hours.calendar not in campus.calendars:
            yield f"{path}.calendar", same(repr(hours.calendar)), near(hours.calendar, campus.calendars)


def _hours(rule: Rule) -> Iterator[tuple[str, Hours]]:
    """Every part of days that a rule names, with its path."""
    for number, hours in enumerate(rule.only.hours):
        yield f"only.hours.{number}", hours
    if isinstance(rule, SpeedingRule):
        for number, limit in enumerate(rule.limits):
            yield f"limits.{number}.hours", limit.hours
    for path, schedule in _schedules(rule):
        for number, part in enumerate(schedule.schedule):
            yield f"{path}.schedule.{number}.hours", part.hours


def _schedules(rule: Rule) -> Iterator[tuple[str, Schedule]]:
    for at, condition in _comparisons(rule):
        for key, limit in limits(condition):
            if isinstance(limit, Schedule):
                yield f"{at}.{key}", limit


def _comparisons(rule: Rule) -> Iterator[tuple[str, Condition]]:
    for path, expressions in _expressions(rule):
        yield from walk(expressions, path)


def _expressions(rule: Rule) -> Iterator[tuple[str, tuple[Expression, ...]]]:
    """Every list of conditions that must all hold, with its path."""
    if isinstance(rule, WhenRule):
        yield "when", rule.when
    if isinstance(rule, StateRule):
        for number, level in enumerate(rule.levels):
            yield f"levels.{number}.when", level.when


# ---- what holds a rule back ------------------------------------------------------------------------------------------


def _causes(campus: Campus, rule: Rule) -> Iterator[Found]:
    for number, cause in enumerate(rule.held_back_by):
        path = f"held_back_by.{number}"
        if cause.rule not in campus.rules:
            yield f"{path}.rule", same(repr(cause.rule)), near(cause.rule, campus.rules)
        elif cause.rule == rule.id:
            yield f"{path}.rule", Said("本规则", "the rule itself"), Said("其他规则", "another rule")
        elif rule.id in _held_back_by(campus, cause.rule):
            found = Said(
                f"{cause.rule!r}，它又被本规则抑制", f"{cause.rule!r}, which this rule holds back in turn"
            )
            yield f"{path}.rule", found, Said("不成环", "no circle")
        else:
            yield from _cause(rule, cause, campus.rules[cause.rule], path)


def _cause(rule: Rule, cause: Cause, by: Rule, path: str) -> Iterator[Found]:
    if isinstance(by, SpeedingRule):
        yield (
            f"{path}.rule",
            Said(f"{by.id!r}，其告警只是瞬间", f"{by.id!r}, whose alerts are moments"),
            Said("告警会持续一段时间的规则", "a rule whose alerts stay open for a while"),
        )
    elif cause.on == "link" and not _is_of_link(by):
        expected = Said(f"device 或 area：{by.id} 与链路无关", f"device or area: {by.id} is not about links")
        yield f"{path}.on", same("'link'"), expected
    elif cause.on != "link" and (_is_of_link(by) or _is_of_link(rule)):
        one = by.id if _is_of_link(by) else rule.id
        expected = Said(f"link：{one} 针对链路", f"link: {one} is about links")
        yield f"{path}.on", same(repr(cause.on)), expected


def _is_of_link(rule: Rule) -> bool:
    return isinstance(rule, StaleRule) and rule.of == "link"


def _held_back_by(campus: Campus, name: str) -> set[str]:
    """Every rule that holds this one back, directly or by way of others."""
    found: set[str] = set()
    waiting = [name]
    while waiting:
        rule = campus.rules.get(waiting.pop())
        new = {cause.rule for cause in rule.held_back_by} - found if rule is not None else set()
        found |= new
        waiting.extend(new)
    return found


# ---- what it looks at ------------------------------------------------------------------------------------------------


def _conditions(campus: Campus, rule: SlowRule, devices: Sequence[Device]) -> Iterator[Found]:
    profiles = {device.profile: campus.profile_of(device) for device in devices}
    if isinstance(rule, SetpointRule):
        for profile in profiles.values():
            names = {point.name for point in profile.points}
            for name in (name for name in SETPOINT_POINTS if name not in names):
                found = Said(f"{profile.profile} 没有 {name}", f"{profile.profile} without {name}")
                yield "", found, Said("有此测点的设备", "devices that have it")
    seen = Seen(
        profiles=tuple(profiles.values()),
        poll_s=min(_poll_s(campus, device) for device in devices),
        has_hours=bool(rule.only.hours),
        fresh_s=rule.fresh_s,
    )
    for path, expressions in _expressions(rule):
        told = [found for at, condition in walk(expressions, path) for found in problems(at, condition, seen)]
        yield from told
        if not told:
            yield from contradictions(expressions, path, seen)


def _poll_s(campus: Campus, device: Device) -> float:
    """How far apart two readings of one point are at least; 0 where the device decides."""
    link = campus.links[device.link]
    return link.poll_s if isinstance(link, ModbusLink | Dlt645Link | HttpLink) else 0.0


def _levels(rule: SlowRule) -> Iterator[Found]:
    """Levels that change nothing, or that nobody ever sees."""
    lowest = min((level.severity for level in rule.levels), default=rule.severity)
    for number, level in enumerate(rule.levels):
        path = f"levels.{number}"
        if level.severity == rule.severity and lowest == rule.severity:
            expected = Said("与规则本身不同的级别", "another severity than the rule's own")
            yield f"{path}.severity", same(level.severity.name.lower()), expected
        if not level.when and level.on_delay_s <= rule.on_delay_s:
            yield (
                f"{path}.on_delay_s",
                same(f"{level.on_delay_s:g}"),
                Said(
                    f"大于规则本身的 {rule.on_delay_s:g}：此前没有告警",
                    f"more than the rule's own {rule.on_delay_s:g}: before that there is no alert",
                ),
            )
        for before, other in enumerate(rule.levels):
            if before != number and _hides(other, level, is_first=before < number):
                found = Said(f"被 levels.{before} 完全遮住", f"never seen beside levels.{before}")
                yield path, found, Said("更高的级别或更短的延时", "a graver severity or a shorter delay")
        if level.when and _is_of_link(rule):
            expected = Said("没有 when：链路没有测点", "no when: a link has no points")
            yield f"{path}.when", Said("链路的测点", "points of a link"), expected


def _hides(other: Level, level: Level, *, is_first: bool) -> bool:
    """Whether `other` counts whenever `level` does, and is graver or stands first."""
    same = (other.severity, other.on_delay_s, other.off_delay_s) == (
        level.severity,
        level.on_delay_s,
        level.off_delay_s,
    )
    return (
        other.when == level.when
        and other.severity >= level.severity
        and other.on_delay_s <= level.on_delay_s
        and other.off_delay_s >= level.off_delay_s
        and (is_first or not same)
    )


# ---- when it counts --------------------------------------------------------------------------------------------------


def _seasons(campus: Campus, rule: Rule, devices: Sequence[Device]) -> Iterator[Found]:
    if not rule.only.seasons and not isinstance(rule, SetpointRule):
        return
    sites = sorted({campus.site_of(device).id for device in devices})
    known = {campus.period(site, day) for site in sites for day in LEAP_YEAR_DAYS}
    if rule.only.seasons and not known & set(rule.only.seasons):
        seasons, places = ", ".join(rule.only.seasons), ", ".join(sites)
        found = Said(f"{seasons}，而 {places} 没有这样的日子", f"{seasons}, which no day at {places} is")
        yield "only.seasons", found, Said("登记表中有的季节", "seasons in the site file that have it")
    elif rule.enabled and isinstance(rule, SetpointRule) and known == {Period.TRANSITION}:
        expected = Said(
            "登记表中的季节：过渡季不判断设定值",
            "seasons in the site file: between them no set point is judged",
        )
        yield "", Said(f"{', '.join(sites)} 没有季节", f"no seasons for {', '.join(sites)}"), expected


def _times(campus: Campus, rule: Rule) -> Iterator[Found]:
    """Hours that never come, or that are shorter than what they are to hold."""
    hours = [part for _, part in _hours(rule)]
    if not hours:
        return
    clock = Clock.of(hours, campus.calendars)
    longest_s = clock.longest_s(rule.only.hours) if rule.only.hours else math.inf
    if not longest_s:
        expected = Said("日历中有的日子", "days that the calendar has")
        yield "only.hours", Said("永不出现的时段", "hours that never come"), expected
        return
    yield from _delays(rule, longest_s)
    for path, schedule in _schedules(rule):
        reached = clock.reached(schedule, rule.only.hours)
        if reached == {None} and schedule.otherwise is None:
            yield (
                f"{path}.schedule",
                Said("没有涵盖规则时段的一段", "no part for the hours of the rule"),
                Said("当时适用的一段，或 otherwise", "a part that holds then, or otherwise"),
            )
            continue
        for number in range(len(schedule.schedule)):
            if number not in reached:
                found = Said("永不起作用的时段", "hours that never count")
                expected = Said(
                    "规则时段内、前面各段未占用的时段", "hours of the rule that no earlier part has"
                )
                yield f"{path}.schedule.{number}.hours", found, expected


def _delays(rule: Rule, longest_s: float) -> Iterator[Found]:
    expected = Said(
        f"至多 {longest_s:g}：规则的时段连续不超过此长度",
        f"at most {longest_s:g}: the hours of the rule are never longer at one go",
    )
    if rule.on_delay_s > longest_s:
        yield "on_delay_s", same(f"{rule.on_delay_s:g}"), expected
    elif isinstance(rule, StateRule):
        for number, level in enumerate(rule.levels):
            if not level.when and level.on_delay_s > longest_s:
                yield f"levels.{number}.on_delay_s", same(f"{level.on_delay_s:g}"), expected
