"""Rules of the site file: what is judged, on which devices, how long it must hold, and what people are told."""

from __future__ import annotations

import datetime as dt
import string
from typing import Annotated, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from devices.campus.calendars import Hours, Id
from devices.model.alerts import Family, Severity
from devices.profiles.profile import DeviceKind, PointName, Words
from devices.profiles.strict import Strict

MESSAGE_FIELDS = frozenset({"device", "area", "value", "limit", "unit", "hold"})


def _severity(value: object) -> object:
    if not isinstance(value, str):
        return value
    if value.upper() not in Severity.__members__:
        raise ValueError(f"one of {', '.join(severity.name.lower() for severity in Severity)}")
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


class RuleBase(Strict):
    """What every rule has. `message` may use {device} {area} {value} {limit} {unit} {hold}."""

    id: Id
    version: int = Field(1, ge=1)
    title: Words
    message: Words
    advice: Words = Field(description="What to do first; one step a line.")
    family: Family
    severity: Grave
    select: Select
    on_delay_s: float = Field(
        0.0, ge=0, le=7 * 86400, description="The condition must hold this long before it raises."
    )
    off_delay_s: float = Field(
        0.0, ge=0, le=7 * 86400, description="Normal must hold this long before it clears."
    )
    enabled: bool = True

    @model_validator(mode="after")
    def _known_fields(self) -> Self:
        for language in (self.message.zh, self.message.en):
            try:
                used = {name for _, name, _, _ in string.Formatter().parse(language) if name is not None}
            except ValueError as error:
                raise ValueError(f"message: {error}") from None
            if unknown := sorted(used - MESSAGE_FIELDS):
                raise ValueError(f"message: unknown fields {unknown}, known: {sorted(MESSAGE_FIELDS)}")
        return self


class Condition(Strict):
    """One comparison of one point; exactly one of equals, differs, above, below."""

    point: PointName
    equals: str | float | None = Field(
        None, description="A number, or a member of the point's code set such as auto."
    )
    differs: str | float | None = None
    above: float | None = None
    below: float | None = None
    dead_band: float = Field(
        0.0, ge=0, description="For above and below: how far back it must come to be normal again."
    )

    @model_validator(mode="after")
    def _one(self) -> Self:
        given = [name for name in ("equals", "differs", "above", "below") if getattr(self, name) is not None]
        if len(given) != 1:
            raise ValueError(f"exactly one of equals, differs, above, below; given: {given or 'none'}")
        return self


class WhenRule(RuleBase):
    """Raises while all conditions hold. The first condition gives the alert's value and limit."""

    kind: Literal["when"]
    when: tuple[Condition, ...] = Field(min_length=1, max_length=8)


class SetpointRule(RuleBase):
    """Set point of an air conditioner against the standard of the mode it is in (26 C cooling, 20 C heating)."""

    kind: Literal["setpoint"]
    cooling_min_c: float = 26.0
    heating_max_c: float = 20.0
    dead_band_c: float = Field(
        0.2, ge=0, description="A set point must come back this far inside before it counts as normal."
    )


class SpeedLimit(Strict):
    """Another limit in some places or hours; the first that fits counts."""

    areas: tuple[Id, ...] = ()
    hours: Hours = Hours()
    limit_kmh: float = Field(gt=0, le=120)


class SpeedLevel(Strict):
    """Severity from this share above the limit on."""

    over_percent: float = Field(ge=0)
    severity: Grave


class SpeedingRule(RuleBase):
    """Vehicle passes above the limit of lane, zone and hour.

    A certified instrument never reads above the true speed (GB/T 21255: -6..0 km/h), so it needs no margin;
    an uncertified one gets `error_kmh` and `margin_kmh` in the driver's favour.
    """

    kind: Literal["speeding"]
    limit_kmh: float = Field(gt=0, le=120)
    limits: tuple[SpeedLimit, ...] = ()
    instrument: Literal["certified", "uncertified"] = "uncertified"
    error_kmh: float = Field(
        1.0, ge=0, le=10, description="How far an uncertified instrument may read too high."
    )
    margin_kmh: float = Field(2.0, ge=0, le=20, description="House tolerance for an uncertified instrument.")
    pass_gap_s: float = Field(1.5, gt=0, le=30, description="Silence that ends a vehicle's pass.")
    min_readings: int = Field(2, ge=1, le=100, description="Fewer readings are counted as noise.")
    low_kmh: float = Field(3.0, ge=0, description="Slower readings (people, leaves) are not vehicles.")
    levels: tuple[SpeedLevel, ...] = (
        SpeedLevel(over_percent=0, severity=Severity.LOW),
        SpeedLevel(over_percent=20, severity=Severity.MEDIUM),
        SpeedLevel(over_percent=50, severity=Severity.HIGH),
    )


class StaleRule(RuleBase):
    """No good reading for longer than `after_s`, of a device, or of a whole link (then its devices stay quiet)."""

    kind: Literal["stale"]
    of: Literal["device", "link"] = "device"
    after_s: float = Field(60.0, gt=0)


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
            raise ValueError("a day of the calendar, YYYY-MM-DD") from None
        return value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.device is None) == (self.area is None):
            raise ValueError("exactly one of device and area")
        return self
