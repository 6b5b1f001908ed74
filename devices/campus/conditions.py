"""Conditions of rules: comparisons of what a point says, or of what can be made of it, joined by and, or and not."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import ConfigDict, Discriminator, Field, Tag, model_validator

from devices.campus.calendars import Hours
from devices.campus.rule_head import WEEK_S
from devices.model.texts import Said
from devices.profiles.profile import PointName
from devices.profiles.strict import Strict

MOST_LEAVES = 16
DEEPEST = 5
#: More than a campus draws in a week; larger sums would not fit.
MOST_KWH = 100_000
COMPARISONS = ("equals", "differs", "one_of", "above", "below")


class OtherPoint(Strict):
    """A limit that is another point of the same device: `times` x its value + `plus`."""

    point: PointName
    times: float = 1.0
    plus: float = 0.0


class HourLimit(Strict):
    """A limit for a part of some days."""

    hours: Hours
    limit: float


class Schedule(Strict):
    """A limit by the clock; the first part that fits counts."""

    schedule: tuple[HourLimit, ...] = Field(min_length=1, max_length=16)
    otherwise: float | None = Field(None, description="Outside all parts; none: then nothing is judged.")


class Usual(Strict):
    """What is usual here: the median of the past, hour by hour or day by day.

    The limit is `times` x median + `plus` + `mads` x 1.4826 x MAD, for `below` with `plus` and `mads` taken off,
    and not nearer to the median than `at_least`. MAD is the median distance from the median.
    """

    days: int = Field(28, ge=1, le=92, description="How far back.")
    per: Literal["hour", "day"] = "hour"
    like: Literal["same", "any"] = Field(
        "same", description="same: only the same hour (per hour) and kind of day, workday or day off."
    )
    times: float = Field(1.0, gt=0, le=100)
    mads: float = Field(0.0, ge=0, le=100)
    plus: float = 0.0
    at_least: float = Field(0.0, ge=0, description="The limit is at least this far from the median.")
    coverage: float = Field(
        0.9, gt=0, le=1, description="An hour or day counts if so much of it was covered by good readings."
    )
    least: int = Field(5, ge=1, le=2208, description="Fewer hours or days than this say nothing yet.")


class UsualLimit(Strict):
    """A limit made of what is usual."""

    usual: Usual


def _limit_kind(value: Any) -> str:
    if isinstance(value, dict):
        return next((key for key in ("schedule", "usual") if key in value), "point")
    kinds: dict[type, str] = {OtherPoint: "point", Schedule: "schedule", UsualLimit: "usual"}
    return kinds.get(type(value), "number")


Limit = Annotated[
    Annotated[float, Tag("number")]
    | Annotated[OtherPoint, Tag("point")]
    | Annotated[Schedule, Tag("schedule")]
    | Annotated[UsualLimit, Tag("usual")],
    Discriminator(_limit_kind),
]


class Rate(Strict):
    """How fast a value changes: its difference over the last `over_s`, told per second, minute, hour or day."""

    over_s: float = Field(gt=0, le=WEEK_S)
    per: Literal["second", "minute", "hour", "day"] = "hour"


class Count(Strict):
    """How often a point became a value within the last `within_s`."""

    becomes: str | float = Field(description="A number, or a member of the point's code set such as on.")
    within_s: float = Field(gt=0, le=WEEK_S)


class Energy(Strict):
    """Energy above stand-by in kWh, counted anew each time the rule's `only` begins; the point is a power in W."""

    stand_by: Limit


class Condition(Strict):
    """One comparison of one point, or of one thing made of it."""

    point: PointName
    bit: int | None = Field(None, ge=0, le=31, description="Look at one bit of the number: 1 or 0.")
    rate: Rate | None = None
    count: Count | None = None
    energy: Energy | None = None
    flat_s: float | None = Field(
        None, gt=0, le=WEEK_S, description="The value has not changed for so long, though it was read."
    )
    equals: str | float | None = Field(
        None, description="A number, or a member of the point's code set such as auto."
    )
    differs: str | float | None = None
    one_of: tuple[str | float, ...] | None = Field(None, min_length=2, max_length=16)
    above: Limit | None = None
    below: Limit | None = None
    dead_band: float = Field(
        0.0, ge=0, description="For above and below: how far back it must come to be normal again."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        made = [
            name for name in ("bit", "rate", "count", "energy", "flat_s") if getattr(self, name) is not None
        ]
        if len(made) > 1:
            raise ValueError(
                Said(
                    f"bit、rate、count、energy、flat_s 至多其一；现有 {made}",
                    f"at most one of bit, rate, count, energy, flat_s; given: {made}",
                )
            )
        given = [name for name in COMPARISONS if getattr(self, name) is not None]
        if self.flat_s is not None:
            if given:
                raise ValueError(
                    Said(
                        f"flat_s 不与任何值比较；现有 {given}",
                        f"flat_s is compared with nothing; given: {given}",
                    )
                )
        elif len(given) != 1:
            known = ", ".join(COMPARISONS)
            raise ValueError(
                Said(
                    f"{known} 恰好其一；现有 {given or '无'}",
                    f"exactly one of {known}; given: {given or 'none'}",
                )
            )
        if self.energy is not None and not isinstance(self.above, float):
            raise ValueError(Said("energy：须有 above，单位 kWh", "energy: wants above with a number of kWh"))
        if self.energy is not None and isinstance(self.above, float) and not 0 <= self.above <= MOST_KWH:
            raise ValueError(
                Said(
                    f"energy：above 单位 kWh，0 至 {MOST_KWH:,}",
                    f"energy: above is in kWh, from 0 to {MOST_KWH:,}",
                )
            )
        if self.dead_band and self.above is None and self.below is None:
            raise ValueError(
                Said("dead_band：只与 above 或 below 同用", "dead_band: only with above or below")
            )
        return self


class AllOf(Strict):
    """All of them hold."""

    all: tuple[Expression, ...] = Field(min_length=1, max_length=MOST_LEAVES)


class AnyOf(Strict):
    """At least one of them holds."""

    any: tuple[Expression, ...] = Field(min_length=1, max_length=MOST_LEAVES)


class NotOf(Strict):
    """It does not hold. What is not known is not known either way."""

    model_config = ConfigDict(populate_by_name=True)

    negated: Expression = Field(alias="not")


def _expression_kind(value: Any) -> str:
    if isinstance(value, dict):
        return next((key for key in ("all", "any", "not") if key in value), "condition")
    kinds: dict[type, str] = {AllOf: "all", AnyOf: "any", NotOf: "not"}
    return kinds.get(type(value), "condition")


Expression = Annotated[
    Annotated[Condition, Tag("condition")]
    | Annotated[AllOf, Tag("all")]
    | Annotated[AnyOf, Tag("any")]
    | Annotated[NotOf, Tag("not")],
    Discriminator(_expression_kind),
]

for _model in (AllOf, AnyOf, NotOf):
    _model.model_rebuild()
