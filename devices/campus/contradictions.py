"""Conditions that can never hold together: a point above 30 and below 20, a switch that is on and off."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, replace

from devices.campus.checks import resolved
from devices.campus.condition_checks import Found, Seen
from devices.campus.conditions import AllOf, AnyOf, Condition, Expression, NotOf, Schedule
from devices.model.codes import CODES
from devices.model.texts import Said


@dataclass(frozen=True, slots=True)
class _Room:
    """What values of one quantity are left.

    low, high: bounds, each with whether it belongs to what is left.
    among: the only values left; None is any number.
    asked: the conditions that left no more.
    """

    low: tuple[float, bool] = (-math.inf, False)
    high: tuple[float, bool] = (math.inf, False)
    among: frozenset[float] | None = None
    whole: bool = False
    asked: tuple[str, ...] = ()

    @property
    def is_empty(self) -> bool:
        if self.among is not None:
            return not any(self._holds(value) for value in self.among)
        if self.whole:
            return _first_whole(self.low) > -_first_whole((-self.high[0], self.high[1]))
        (low, low_in), (high, high_in) = self.low, self.high
        return low > high or (low == high and not (low_in and high_in))

    def _holds(self, value: float) -> bool:
        (low, low_in), (high, high_in) = self.low, self.high
        return (low < value or (low_in and low == value)) and (value < high or (high_in and value == high))

    def above(self, bound: float, *, included: bool) -> _Room:
        return replace(self, low=max(self.low, (bound, included), key=lambda end: (end[0], not end[1])))

    def below(self, bound: float, *, included: bool) -> _Room:
        return replace(self, high=min(self.high, (bound, included), key=lambda end: (end[0], end[1])))

    def within(self, values: frozenset[float]) -> _Room:
        return replace(self, among=values if self.among is None else self.among & values)

    def without(self, values: frozenset[float]) -> _Room:
        return self if self.among is None else replace(self, among=self.among - values)


def _first_whole(low: tuple[float, bool]) -> float:
    value, included = low
    if math.isinf(value):
        return value
    return math.ceil(value) if included else math.floor(value) + 1


def contradictions(expressions: tuple[Expression, ...], path: str, seen: Seen) -> Iterator[Found]:
    """Yield each condition that cannot hold together with those beside or above it; words must be known."""
    placed = [(f"{path}.{number}", expression) for number, expression in enumerate(expressions)]
    yield from _clashes(placed, {}, seen)


def _clashes(
    placed: list[tuple[str, Expression]], rooms: Mapping[Hashable, _Room], seen: Seen
) -> Iterator[Found]:
    left = dict(rooms)
    choices: list[tuple[str, AnyOf]] = []
    for path, expression in placed:
        for at, part, is_wanted in _joined(path, expression, is_wanted=True):
            if isinstance(part, AnyOf):
                choices.append((at, part))
                continue
            key = (part.point, part.bit, part.rate, part.count)
            before = left.get(key) or _whole_room(part, seen)
            after = _narrowed(before, part, seen, is_wanted=is_wanted)
            if before.is_empty or part.energy is not None or part.flat_s is not None:
                continue
            left[key] = replace(after, asked=(*before.asked, at))
            if after.is_empty:
                asked, said = ", ".join(before.asked), _said(part, is_wanted=is_wanted)
                found = Said(
                    f"{said.zh}，同时 {asked or '测点的取值范围'}",
                    f"{said} beside {asked or 'what the point can be'}",
                )
                yield at, found, Said("能够同时成立的条件", "conditions that can hold together")
    for at, choice in choices:
        for number, alternative in enumerate(choice.any):
            yield from _clashes([(f"{at}.any.{number}", alternative)], left, seen)


def _joined(
    path: str, expression: Expression, *, is_wanted: bool
) -> Iterator[tuple[str, Condition | AnyOf, bool]]:
    """What must hold, or must not, all at once; what is left open by a `not` of an `all` is passed over."""
    match expression:
        case Condition():
            yield path, expression, is_wanted
        case NotOf():
            yield from _joined(f"{path}.not", expression.negated, is_wanted=not is_wanted)
        case AllOf() if is_wanted:
            for number, part in enumerate(expression.all):
                yield from _joined(f"{path}.all.{number}", part, is_wanted=True)
        case AnyOf() if is_wanted:
            yield path, expression, True
        case AnyOf():
            for number, part in enumerate(expression.any):
                yield from _joined(f"{path}.any.{number}", part, is_wanted=False)


def _whole_room(condition: Condition, seen: Seen) -> _Room:
    if condition.bit is not None:
        return _Room(among=frozenset({0.0, 1.0}))
    codes = {point.codes for point in seen.named(condition.point)}
    if condition.count is None and condition.rate is None and len(codes) == 1 and None not in codes:
        [name] = codes
        return _Room(among=frozenset(float(member) for member in CODES[str(name)]))
    return _Room(whole=condition.count is not None)


def _narrowed(room: _Room, condition: Condition, seen: Seen, *, is_wanted: bool) -> _Room:
    point = seen.named(condition.point)[0]
    one = condition.equals if condition.differs is None else condition.differs
    named = condition.one_of or (() if one is None else (one,))
    if named:
        values = frozenset(resolved(value, point) for value in named)
        is_in = is_wanted == (condition.differs is None)
        return room.within(values) if is_in else room.without(values)
    if condition.above is not None and (span := _numbers(condition.above)):
        # A dead band keeps "above" true for a while below its limit.
        if is_wanted:
            return room.above(span[0] - condition.dead_band, included=False)
        return room.below(span[1], included=True)
    if condition.below is not None and (span := _numbers(condition.below)):
        if is_wanted:
            return room.below(span[1] + condition.dead_band, included=False)
        return room.above(span[0], included=True)
    return room


def _numbers(limit: object) -> tuple[float, float] | None:
    """Lowest and highest number of a limit that is made of numbers."""
    if isinstance(limit, Schedule):
        numbers = [part.limit for part in limit.schedule]
        numbers += [] if limit.otherwise is None else [limit.otherwise]
        return min(numbers), max(numbers)
    return (limit, limit) if isinstance(limit, float) else None


def _said(condition: Condition, *, is_wanted: bool) -> Said:
    keys = ("equals", "differs", "one_of", "above", "below")
    [(key, value)] = [(k, v) for k in keys if (v := getattr(condition, k)) is not None]
    shown = f"{value:g}" if isinstance(value, float) else repr(value)
    return Said(f"{'' if is_wanted else '非 '}{key} {shown}", f"{'' if is_wanted else 'not '}{key} {shown}")
