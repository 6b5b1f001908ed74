"""Rules of the site file: what is judged, on which devices, how long it must hold, and what people are told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from devices.campus.actions import Action
from devices.campus.calendars import Id
from devices.campus.conditions import DEEPEST, MOST_LEAVES, AllOf, AnyOf, Condition, Expression, NotOf
from devices.campus.rule_head import WEEK_S, Grave, RuleHead
from devices.campus.speed_rules import SpeedingRule
from devices.model.texts import Said
from devices.profiles.profile import Words
from devices.profiles.strict import Strict


class Level(Strict):
    """Another severity while something more is true; the gravest of those that hold counts, else the rule's own."""

    severity: Grave
    when: tuple[Expression, ...] = Field(
        (), max_length=8, description="All of it; none: the rule's own condition."
    )
    on_delay_s: float = Field(0.0, ge=0, le=WEEK_S, description="Holds so long before the severity changes.")
    off_delay_s: float = Field(0.0, ge=0, le=WEEK_S, description="Is over so long before it changes back.")


class StateRule(RuleHead):
    """Rules about slow states."""

    levels: tuple[Level, ...] = Field((), max_length=4)
    good_share: float = Field(
        0.0,
        ge=0,
        le=1,
        description="So much of on_delay_s must be covered by good readings; else it raises later, once it is.",
    )
    fresh_s: float = Field(
        60.0, gt=0, le=WEEK_S, description="For good_share, usual and energy: how long a good reading counts."
    )


class ActingRule(StateRule):
    """Rules that may let something be ordered while their alerts stand."""

    action: Action | None = Field(
        None, description="What the hub orders by itself if nobody sees to it; none: nothing."
    )


class WhenRule(ActingRule):
    """Raises while all conditions hold. The first condition gives the alert's value and limit."""

    kind: Literal["when"]
    when: tuple[Expression, ...] = Field(min_length=1, max_length=8)

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        for expressions in (self.when, *(level.when for level in self.levels)):
            if len(list(leaves(expressions))) > MOST_LEAVES:
                raise ValueError(
                    Said(f"when：至多 {MOST_LEAVES} 个比较", f"when: at most {MOST_LEAVES} comparisons")
                )
            if _depth(expressions) > DEEPEST:
                raise ValueError(
                    Said(f"when：嵌套不超过 {DEEPEST} 层", f"when: nested deeper than {DEEPEST}")
                )
        return self


class SetpointRule(ActingRule):
    """Set point of an air conditioner against the standard of the mode it is in (26 C cooling, 20 C heating)."""

    kind: Literal["setpoint"]
    cooling_min_c: float = 26.0
    heating_max_c: float = 20.0
    dead_band_c: float = Field(
        0.2, ge=0, description="A set point must come back this far inside before it counts as normal."
    )


class StaleRule(StateRule):
    """No good reading for longer than `after_s`, of a device, or of a whole link (then its devices stay quiet)."""

    kind: Literal["stale"]
    of: Literal["device", "link"] = "device"
    after_s: float = Field(60.0, gt=0, le=WEEK_S)


def parts(expression: Expression) -> tuple[Expression, ...]:
    """What an expression is joined of; nothing for a comparison."""
    match expression:
        case AllOf():
            return expression.all
        case AnyOf():
            return expression.any
        case NotOf():
            return (expression.negated,)
        case Condition():
            return ()


def leaves(expressions: tuple[Expression, ...]) -> Iterator[Condition]:
    """All comparisons, in the order in which they stand."""
    for expression in expressions:
        if isinstance(expression, Condition):
            yield expression
        yield from leaves(parts(expression))


def _depth(expressions: tuple[Expression, ...]) -> int:
    return 1 + max((_depth(parts(expression)) for expression in expressions), default=-1)


Rule = Annotated[WhenRule | SetpointRule | SpeedingRule | StaleRule, Field(discriminator="kind")]


class RuleFile(Strict):
    """A file of rules that site files name."""

    rules: tuple[Rule, ...]


class Exemption(Strict):
    """A rule that does not count for a device or an area until the end of a day."""

    rule: Id
    device: Id | None = None
    area: Id | None = None
    reason: Words
    until: str = Field(pattern=r"^\d{4}-\d\d-\d\d$", description="Last day on which it counts, campus time.")

    @field_validator("until")
    @classmethod
    def _is_a_day(cls, value: str) -> str:
        try:
            dt.date.fromisoformat(value)
        except ValueError:
            raise ValueError(Said("日历中的日期 YYYY-MM-DD", "a day of the calendar, YYYY-MM-DD")) from None
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.device is None) == (self.area is None):
            raise ValueError(Said("device 与 area 恰好其一", "exactly one of device and area"))
        return self
