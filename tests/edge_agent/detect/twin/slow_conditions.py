"""When the condition of a rule begins and ceases to hold, by definition, moment after moment."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction

from devices.campus.calendars import Period
from devices.campus.conditions import AllOf, AnyOf, Condition, Expression, NotOf
from devices.campus.rules import SetpointRule, leaves
from devices.model.codes import AcMode, OnOff
from tests.edge_agent.detect.twin.slow_values import (
    Row,
    energy_moments,
    limit_at,
    quantity,
    stand_by_at,
    value_at,
)

#: True, false, or not known.
Truth = bool | None


@dataclass(frozen=True)
class Turn:
    """From `time_us` on a condition holds or not; an alert of it is named by `name_us`."""

    time_us: int
    holds: bool
    name_us: int


def latched(times: Iterable[int], truth: Callable[[int], Truth]) -> list[Turn]:
    """Turns of what is true or false; what is not known changes nothing."""
    found: list[Turn] = []
    for time_us in times:
        now = truth(time_us)
        if now is not None and now != (bool(found) and found[-1].holds):
            found.append(Turn(time_us, now, time_us))
    return found


def when(row: Row, expressions: tuple[Expression, ...], counts: Callable[[int], bool]) -> list[Turn]:
    """When all of some expressions hold; where the rule does not count they do not."""
    comparisons = list(leaves(expressions))
    stood: list[Truth] = [None] * len(comparisons)

    def truth(time_us: int) -> Truth:
        stood[:] = [_truth(row, c, time_us, was) for c, was in zip(comparisons, stood, strict=True)]
        waiting = iter(stood)
        joined = _all([_joined(expression, waiting) for expression in expressions])
        return joined if counts(time_us) else False

    passing = {time for c in comparisons if c.energy for time in energy_moments(row, c)}
    return latched(sorted({*row.steps, *passing}), truth)


def _all(truths: list[Truth]) -> Truth:
    if False in truths:
        return False
    return None if None in truths else True


def _any(truths: list[Truth]) -> Truth:
    if True in truths:
        return True
    return None if None in truths else False


def _joined(expression: Expression, waiting: Iterator[Truth]) -> Truth:
    """The truth of an expression; those of its comparisons come in the order in which they stand."""
    match expression:
        case Condition():
            return next(waiting)
        case AllOf():
            return _all([_joined(part, waiting) for part in expression.all])
        case AnyOf():
            return _any([_joined(part, waiting) for part in expression.any])
        case NotOf():
            inner = _joined(expression.negated, waiting)
            return None if inner is None else not inner


def _truth(row: Row, condition: Condition, time_us: int, was: Truth) -> Truth:
    """One comparison at a moment; `was` is how it stood just before."""
    value = quantity(row, condition, time_us)
    if math.isnan(value):
        return None
    if condition.flat_s is not None:
        return value == 1
    if condition.one_of is not None:
        return any(value == row.number(word, condition.point) for word in condition.one_of)
    limit = limit_at(
        row, condition, condition.above if condition.above is not None else condition.below, time_us
    )
    return None if math.isnan(limit) else _compared(row, condition, time_us, (value, limit), was)


def _compared(
    row: Row, condition: Condition, time_us: int, pair: tuple[float | Fraction, float], was: Truth
) -> Truth:
    value, limit = pair
    if condition.equals is not None:
        return value == limit
    if condition.differs is not None:
        return value != limit
    if condition.energy is not None:  # counts as long as more than stand-by is drawn
        power, stand_by = value_at(row.said[condition.point], time_us), stand_by_at(row, condition, time_us)
        return None if math.isnan(power) or math.isnan(stand_by) else value > limit and power > stand_by
    if condition.above is not None:
        is_true, is_false = value > limit, value <= limit - condition.dead_band
    else:
        is_true, is_false = value < limit, value >= limit + condition.dead_band
    return True if is_true else False if is_false else bool(was)


# ---- set points ------------------------------------------------------------------------------------------------------


def set_point(row: Row) -> str:
    """The point that says what is set."""
    return "real_setpoint_c" if "real_setpoint_c" in row.said else "setpoint_c"


def _period(row: Row, time_us: int) -> Period:
    return row.campus.period(row.campus.site_of(row.device).id, row.local(time_us).date())


def mode_at(row: Row, time_us: int) -> float:
    """What the unit is at: its own mode, in automatic what it is doing, else what the season asks."""
    mode = value_at(row.said["mode"], time_us)
    if mode != AcMode.AUTO:
        return mode
    running = value_at(row.said.get("running_mode", []), time_us)
    if running in {AcMode.COOL, AcMode.HEAT}:
        return running
    by_season: dict[Period, AcMode] = {Period.COOLING: AcMode.COOL, Period.HEATING: AcMode.HEAT}
    return by_season.get(_period(row, time_us), AcMode.AUTO)


def setpoint(row: Row, rule: SetpointRule, counts: Callable[[int], bool]) -> list[Turn]:
    """When the set point breaks the standard; where the rule does not count it does not."""
    return latched(row.steps, lambda time_us: _breaks(row, rule, time_us) if counts(time_us) else False)


def _breaks(row: Row, rule: SetpointRule, time_us: int) -> Truth:
    """Whether the standard is broken; None: neither surely so nor surely not."""
    on, mode = value_at(row.said["on"], time_us), mode_at(row, time_us)
    setting = value_at(row.said[set_point(row)], time_us)
    is_known = not math.isnan(mode)
    is_idle = is_known and mode not in {AcMode.COOL, AcMode.HEAT}
    is_warm_enough = mode == AcMode.COOL and setting >= rule.cooling_min_c
    is_cool_enough = mode == AcMode.HEAT and setting <= rule.heating_max_c
    is_between = _period(row, time_us) is Period.TRANSITION
    if on == OnOff.OFF or is_between or is_idle or is_warm_enough or is_cool_enough:
        return False
    too_cold = mode == AcMode.COOL and setting < rule.cooling_min_c - rule.dead_band_c
    too_warm = mode == AcMode.HEAT and setting > rule.heating_max_c + rule.dead_band_c
    return True if on == OnOff.ON and (too_cold or too_warm) else None
