"""What every rule has: its name, its words, the devices it is for, and when it may raise and clear at all."""

from __future__ import annotations

import string
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from devices.campus.calendars import Hours, Id
from devices.model.alerts import Family, Severity
from devices.model.texts import Said
from devices.profiles.profile import DeviceKind, Words
from devices.profiles.strict import Strict

MESSAGE_FIELDS = frozenset({"device", "area", "value", "limit", "unit", "hold"})
WEEK_S = 7 * 86400


def _severity(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.upper() not in Severity.__members__:
        known = ", ".join(severity.name.lower() for severity in Severity)
        raise ValueError(Said(f"以下之一：{known}", f"one of {known}"))
    return Severity[value.upper()]


Grave = Annotated[Severity, BeforeValidator(_severity)]


class Select(Strict):
    """Which devices a rule is for: every given list must contain the device; an empty list asks nothing."""

    kinds: tuple[DeviceKind, ...] = ()
    sites: tuple[Id, ...] = ()
    area_kinds: tuple[str, ...] = ()
    profiles: tuple[Id, ...] = ()
    devices: tuple[Id, ...] = ()
    but_not: tuple[Id, ...] = ()


class Only(Strict):
    """When a rule counts; outside, its condition does not hold."""

    hours: tuple[Hours, ...] = Field(
        (), max_length=8, description="Any of these parts of days; none: always."
    )
    seasons: tuple[Literal["cooling", "heating", "transition"], ...] = Field(
        (), description="What the site file's seasons call the day; none: the whole year."
    )


class Cause(Strict):
    """Another rule whose open alert explains this one, so that this one is held back while it is open."""

    rule: Id
    on: Literal["device", "link", "area"] = Field(
        "link",
        description="Its alert about the same device, about its link, or about any device of its area.",
    )


class RuleHead(Strict):
    """What every rule has. `message` may use {device} {area} {value} {limit} {unit} {hold}."""

    id: Id
    version: int = Field(1, ge=1, le=2_000_000_000)
    title: Words
    message: Words
    advice: Words = Field(description="What to do first; one step a line.")
    family: Family
    severity: Grave
    select: Select
    only: Only = Only()
    held_back_by: tuple[Cause, ...] = Field((), max_length=4)
    on_delay_s: float = Field(
        0.0, ge=0, le=WEEK_S, description="The condition must hold this long before it raises."
    )
    off_delay_s: float = Field(
        0.0, ge=0, le=WEEK_S, description="Normal must hold this long before it clears."
    )
    latch: bool = Field(
        default=False, description="Stays until a person resets it, also when all is normal again."
    )
    enabled: bool = True

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        for language in (self.message.zh, self.message.en):
            try:
                parts = [part for part in string.Formatter().parse(language) if part[1] is not None]
            except ValueError as error:
                raise ValueError(Said(f"message：花括号须成对（{error}）", f"message: {error}")) from None
            if any(form or conversion for _, _, form, conversion in parts):
                raise ValueError(
                    Said(
                        "message：只用 {value} 这样的字段，其内容已是文字",
                        "message: plain fields only, such as {value}; they are text already",
                    )
                )
            used = {str(name) for _, name, _, _ in parts}
            if unknown := sorted(used - MESSAGE_FIELDS):
                known = sorted(MESSAGE_FIELDS)
                raise ValueError(
                    Said(
                        f"message：没有字段 {unknown}，可用 {known}",
                        f"message: unknown fields {unknown}, known: {known}",
                    )
                )
        return self
