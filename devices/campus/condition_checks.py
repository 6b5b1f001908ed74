"""Whether a condition can be asked of the points that its rule sees, and whether they can ever answer with yes."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from devices.campus.checks import near, resolved
from devices.campus.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Energy,
    Expression,
    Limit,
    NotOf,
    OtherPoint,
    Schedule,
    UsualLimit,
)
from devices.model.texts import Said, same
from devices.model.units import CONVERSIONS
from devices.profiles.profile import Point, Profile

#: Path below the rule, what was found, what was expected.
Found = tuple[str, Said, Said]
Range = tuple[float, float]
ANY: Final[Range] = (-math.inf, math.inf)
SECONDS: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}
#: A poll may come a little early; counts are refused only well above what can be seen.
EARLY: Final = 0.9


@dataclass(frozen=True, slots=True)
class Seen:
    """What a rule looks at.

    poll_s: the shortest time between two readings of one point; 0 where devices speak when they like.
    has_hours: whether the rule's `only` names hours.
    fresh_s: how long a reading counts.
    """

    profiles: tuple[Profile, ...]
    poll_s: float
    has_hours: bool
    fresh_s: float

    def named(self, name: str) -> list[Point]:
        """The point of this name on each profile that has it."""
        return [point for profile in self.profiles for point in profile.points if point.name == name]

    def lacks(self, name: str) -> Iterator[tuple[Profile, list[str]]]:
        """Profiles without the point, and what they have."""
        for profile in self.profiles:
            names = [point.name for point in profile.points]
            if name not in names:
                yield profile, names


def walk(expressions: tuple[Expression, ...], path: str) -> Iterator[tuple[str, Condition]]:
    """All comparisons with the path at which each stands in the file."""
    for number, expression in enumerate(expressions):
        yield from _walk(expression, f"{path}.{number}")


def _walk(expression: Expression, path: str) -> Iterator[tuple[str, Condition]]:
    match expression:
        case AllOf():
            yield from walk(expression.all, f"{path}.all")
        case AnyOf():
            yield from walk(expression.any, f"{path}.any")
        case NotOf():
            yield from _walk(expression.negated, f"{path}.not")
        case Condition():
            yield path, expression


def limits(condition: Condition) -> Iterator[tuple[str, Limit]]:
    """What a condition compares with, by the key below which it stands."""
    if condition.above is not None:
        yield "above", condition.above
    if condition.below is not None:
        yield "below", condition.below
    if condition.energy is not None:
        yield "energy.stand_by", condition.energy.stand_by


def problems(path: str, condition: Condition, seen: Seen) -> Iterator[Found]:
    """Yield what is wrong with one condition by itself; whether it can come true is asked of a sound one."""
    told = list(_lacking(path, condition, seen)) or list(_unfit(path, condition, seen))
    yield from told
    if not told:
        for key, limit in limits(condition):
            yield from _usual(f"{path}.{key}", limit, seen)
        yield from _never(path, condition, seen)


def _unfit(path: str, condition: Condition, seen: Seen) -> Iterator[Found]:
    for point in seen.named(condition.point):
        yield from _words(path, condition, point)
        yield from _made(path, condition, point)
        for key, limit in limits(condition):
            yield from _same_quantity(f"{path}.{key}", condition, point, limit, seen)
    if condition.energy is not None and not seen.has_hours:
        yield (
            f"{path}.energy",
            Said("没有 only.hours", "no only.hours"),
            Said(
                "only.hours：每次开始时电量重新计",
                "only.hours: the energy is counted anew each time they begin",
            ),
        )


def _lacking(path: str, condition: Condition, seen: Seen) -> Iterator[Found]:
    for profile, names in seen.lacks(condition.point):
        yield f"{path}.point", _on(condition.point, profile), near(condition.point, names)
    for key, limit in limits(condition):
        if isinstance(limit, OtherPoint):
            for profile, names in seen.lacks(limit.point):
                yield f"{path}.{key}.point", _on(limit.point, profile), near(limit.point, names)


def _on(point: str, profile: Profile) -> Said:
    return Said(f"{profile.profile} 的 {point!r}", f"{point!r} on {profile.profile}")


def _words(path: str, condition: Condition, point: Point) -> Iterator[Found]:
    """Words and numbers that the point's code set must know; a bit and what is counted of it are numbers."""
    named: list[tuple[str, str | float | None]] = [
        ("equals", condition.equals),
        ("differs", condition.differs),
        *((f"one_of.{number}", value) for number, value in enumerate(condition.one_of or ())),
    ]
    if condition.count is not None:
        named.append(("count.becomes", condition.count.becomes))
    for key, value in named:
        is_made = (condition.bit, condition.rate, condition.count) != (None, None, None)
        if value is None or (is_made and key != "count.becomes" and not isinstance(value, str)):
            continue
        try:
            resolved(value, point)
        except ValueError as error:
            [expected] = error.args
            yield f"{path}.{key}", same(repr(value)), expected


def _made(path: str, condition: Condition, point: Point) -> Iterator[Found]:
    """Things that can be made of some points only."""
    unit = canonical(point)
    if condition.bit is not None and unit:
        found = Said(f"{point.name} 的位，其单位为 {unit}", f"a bit of {point.name}, which is in {unit}")
        yield f"{path}.bit", found, Said("由各个位组成的测点", "a point that is a number of bits")
    if point.codes is not None:
        for key in ("rate", "energy"):
            if getattr(condition, key) is not None:
                found = Said(
                    f"{point.name} 的 {key}，其值是代码", f"{key} of {point.name}, whose values are words"
                )
                expected = Said(
                    "测量值的测点，或改用 count", "a point that is measured, or count in place of it"
                )
                yield f"{path}.{key}", found, expected
    elif condition.energy is not None and unit != "W":
        found = Said(f"{point.name}，单位 {unit or '无'}", f"{point.name} in {unit or 'no unit'}")
        yield f"{path}.energy", found, Said("单位为 W 的功率", "a point that is a power in W")


def canonical(point: Point) -> str:
    """The unit in which readings of a point are stored."""
    return CONVERSIONS[point.unit].canonical


def _same_quantity(
    path: str, condition: Condition, point: Point, limit: Limit, seen: Seen
) -> Iterator[Found]:
    if not isinstance(limit, OtherPoint):
        return
    if condition.rate is not None or condition.bit is not None:
        found = Said(
            f"{limit.point!r} 作为由 {point.name} 算出的量的限值",
            f"{limit.point!r} as the limit of something made of {point.name}",
        )
        yield path, found, Said("数", "a number")
        return
    wanted = ("count", None) if condition.count is not None else (canonical(point), point.codes)
    for other in seen.named(limit.point):
        kind = (canonical(other), other.codes)
        if kind != wanted:
            of, as_wanted = _in(*kind), _in(*wanted)
            yield (
                f"{path}.point",
                Said(f"{other.name}，{of.zh}", f"{other.name} {of}"),
                Said(
                    f"与 {point.name} 相同的测点：{as_wanted.zh}", f"a point {as_wanted}, as {point.name} is"
                ),
            )
    if limit.point == point.name and condition.count is None and condition.energy is None:
        found = Said(f"{point.name} 与自身相比", f"{point.name} compared with itself")
        yield f"{path}.point", found, Said("其他测点，或 usual", "another point, or usual")


def _in(unit: str, codes: str | None) -> Said:
    if codes:
        return Said(f"代码表 {codes}", f"with the words of {codes}")
    return Said(f"单位 {unit}", f"in {unit}") if unit else Said("无单位", "without a unit")


def _usual(path: str, limit: Limit, seen: Seen) -> Iterator[Found]:
    """A usual that can never have enough to go by: too few hours or days, or too seldom read."""
    if not isinstance(limit, UsualLimit):
        return
    usual = limit.usual
    possible = usual.days
    if usual.like == "same":  # five days of a week are workdays, for one who counts kindly
        possible = usual.days // 7 * 5 + min(usual.days % 7, 5)
    elif usual.per == "hour":
        possible *= 24
    if usual.least > possible:
        yield (
            f"{path}.usual.least",
            same(str(usual.least)),
            Said(
                f"至多 {possible}：days: {usual.days} 中没有更多同类",
                f"at most {possible}: there are no more like it in days: {usual.days}",
            ),
        )
    if seen.poll_s and seen.fresh_s / seen.poll_s < usual.coverage:
        most = f"{seen.fresh_s / seen.poll_s:g}"
        yield (
            f"{path}.usual.coverage",
            Said(
                f"{usual.coverage:g}，而 fresh_s 为 {seen.fresh_s:g}，每 {seen.poll_s:g} 秒读一次",
                f"{usual.coverage:g}, with fresh_s {seen.fresh_s:g} and a reading each {seen.poll_s:g} s",
            ),
            Said(f"至多 {most}，或更长的 fresh_s", f"at most {most}, or a longer fresh_s"),
        )


def _never(path: str, condition: Condition, seen: Seen) -> Iterator[Found]:
    """Comparisons that no plausible reading can meet, or from which none can come back."""
    low, high = _range(condition, seen)
    what = _bounds(condition, seen)
    for value in (condition.equals, *(condition.one_of or ())):
        if isinstance(value, float) and not low <= value <= high:
            yield f"{path}.{'equals' if condition.equals is not None else 'one_of'}", same(f"{value:g}"), what
    if condition.above is not None:
        least, most = _limit_range(condition.above, seen)
        if least >= high:
            expected = Said(f"能够超过的限值：{what.zh}", f"a limit that can be exceeded: {what}")
            yield f"{path}.above", _span(least, most), expected
        elif condition.dead_band and most - condition.dead_band < low:
            yield f"{path}.dead_band", same(f"{condition.dead_band:g}"), _way_back(what)
    if condition.below is not None:
        least, most = _limit_range(condition.below, seen)
        if most <= low:
            expected = Said(f"能够低于的限值：{what.zh}", f"a limit that can be undercut: {what}")
            yield f"{path}.below", _span(least, most), expected
        elif condition.dead_band and least + condition.dead_band > high:
            yield f"{path}.dead_band", same(f"{condition.dead_band:g}"), _way_back(what)


def _bounds(condition: Condition, seen: Seen) -> Said:
    """Between what the readings lie, in words."""
    low, high = _range(condition, seen)
    if condition.count is not None and seen.poll_s:
        poll, within = f"{seen.poll_s:g}", f"{condition.count.within_s:g}"
        return Said(
            f"每 {poll} 秒读一次，{within} 秒内可计 {high:g} 次",
            f"read each {poll} s, it can be counted {high:g} times in {within} s",
        )
    unit = (
        "" if condition.rate or condition.count else f"{canonical(seen.named(condition.point)[0])} ".lstrip()
    )
    return Said(
        f"{condition.point} 在 {low:g} 至 {high:g} {unit}之间",
        f"{condition.point} lies within {low:g} to {high:g} {unit}".rstrip(),
    )


def _way_back(what: Said) -> Said:
    return Said(f"能够恢复正常的值：{what.zh}", f"a way back to normal: {what}")


def _span(least: float, most: float) -> Said:
    if least == most:
        return same(f"{least:g}")
    return Said(f"{least:g} 至 {most:g}", f"{least:g} to {most:g}")


def _range(condition: Condition, seen: Seen) -> Range:
    """Between what a condition's quantity must lie."""
    low, high = _plausible(condition.point, seen)
    if condition.bit is not None:
        return 0.0, 1.0
    if condition.rate is not None:
        most = (high - low) / condition.rate.over_s * SECONDS[condition.rate.per]
        return -most, most
    if condition.count is not None:
        # To become a value again it must first be read as another one.
        apart_s = 2 * seen.poll_s * EARLY
        return 0.0, math.ceil(condition.count.within_s / apart_s) if apart_s else math.inf
    return (0.0, math.inf) if isinstance(condition.energy, Energy) else (low, high)


def _plausible(name: str, seen: Seen) -> Range:
    spans = [point.valid or ANY for point in seen.named(name)]
    return min(low for low, _ in spans), max(high for _, high in spans)


def _limit_range(limit: Limit, seen: Seen) -> Range:
    match limit:
        case OtherPoint():
            ends = [limit.times * end + limit.plus for end in _plausible(limit.point, seen) if limit.times]
            return (min(ends), max(ends)) if ends else (limit.plus, limit.plus)
        case Schedule():
            numbers = [part.limit for part in limit.schedule]
            numbers += [] if limit.otherwise is None else [limit.otherwise]
            return min(numbers), max(numbers)
        case UsualLimit():
            return ANY
        case float():
            return limit, limit
