"""Rules about the speed of vehicles."""

from __future__ import annotations

import datetime as dt
from typing import Final, Literal, Self

from pydantic import Field, field_validator, model_validator

from devices.campus.calendars import Date, Hours, Id
from devices.campus.rule_head import Grave, RuleHead
from devices.model.alerts import Severity
from devices.model.codes import VehicleClass
from devices.model.texts import Said
from devices.profiles.strict import Strict

#: From this speed on errors are per cent of it, below km/h (GB/T 21255).
PERCENT_FROM_KMH: Final = 100.0
#: How far a certified instrument may read too low on the road: km/h below PERCENT_FROM_KMH, per cent from there.
CERTIFIED_LOW_KMH: Final = 6.0
CERTIFIED_LOW_PERCENT: Final = 6.0
#: Beyond it a degree of error of the angle is more than 1.7 % of the speed.
MOST_ANGLE_DEG: Final = 45.0

Standing = Literal["certified", "uncertified"]


class SpeedLimit(Strict):
    """Another limit for some places, hours, vehicles or instruments; the first that fits counts."""

    areas: tuple[Id, ...] = ()
    zones: tuple[Id, ...] = ()
    hours: Hours = Hours()
    classes: tuple[str, ...] = ()
    instruments: tuple[Standing, ...] = ()
    limit_kmh: float = Field(gt=0, le=120)

    @field_validator("classes")
    @classmethod
    def _known_classes(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        known = [member.name.lower() for member in VehicleClass]
        if unknown := [word for word in value if word not in known]:
            listed, other = ", ".join(known), ", ".join(unknown)
            raise ValueError(Said(f"以下之一：{listed}；不是 {other}", f"one of {listed}, not {other}"))
        return value


class Instrument(Strict):
    """How far a radar is to be trusted, and how it looks at the road."""

    instrument: Standing = "uncertified"
    verified_until: Date | None = Field(
        None, description="Last day of the verification; a certified instrument is uncertified after it."
    )
    error_kmh: float = Field(
        1.0, ge=0, le=10, description="How far an uncertified instrument may read too high, below 100 km/h."
    )
    error_percent: float = Field(2.0, ge=0, le=10, description="The same from 100 km/h on.")
    margin_kmh: float = Field(2.0, ge=0, le=20, description="House tolerance for an uncertified instrument.")
    angle_deg: float = Field(
        0.0,
        ge=0,
        le=MOST_ANGLE_DEG,
        description="Between beam and lane; readings are divided by its cosine. 0: the radar corrects itself.",
    )

    def standing(self, day: dt.date) -> Standing:
        """What the instrument counts as on a day."""
        over = self.verified_until is not None and day > self.verified_until
        return "uncertified" if over else self.instrument

    def reads_high(self, kmh: float, day: dt.date) -> float:
        """How many km/h a reading may be above the true speed; a certified one never is."""
        if self.standing(day) == "certified":
            return 0.0
        return self.error_kmh if kmh < PERCENT_FROM_KMH else kmh * self.error_percent / 100

    def reads_low(self, kmh: float, day: dt.date) -> float:
        """How many km/h a reading may be below the true speed."""
        if self.standing(day) == "uncertified":
            return self.reads_high(kmh, day)
        if kmh < PERCENT_FROM_KMH:
            return CERTIFIED_LOW_KMH
        return kmh / (1 - CERTIFIED_LOW_PERCENT / 100) - kmh

    def tolerated(self, kmh: float, day: dt.date) -> float:
        """What a reading may be above the limit before it counts."""
        house = 0.0 if self.standing(day) == "certified" else self.margin_kmh
        return self.reads_high(kmh, day) + house


class RadarInstrument(Instrument):
    """Some radars that are other instruments than the rule's."""

    radars: tuple[Id, ...] = Field(min_length=1)


class Road(Strict):
    """Radars and plate cameras that see the same vehicles: one vehicle is one pass and at most one alert."""

    id: Id
    radars: tuple[Id, ...] = Field(min_length=1, max_length=8)
    opposed: tuple[Id, ...] = Field(
        (), description="Those of its radars that look the other way: their approaching is receding."
    )
    within_s: float = Field(
        3.0, gt=0, le=60, description="Between the ends of two radars' passes of one vehicle."
    )
    differ_kmh: float = Field(10.0, gt=0, le=60, description="More than this apart are two vehicles.")
    cameras: tuple[Id, ...] = Field((), max_length=8, description="Plate cameras.")
    match_s: float = Field(
        2.0, ge=0, le=10, description="A plate belongs to a pass that it was seen in, or so close to."
    )
    fold_s: float = Field(3.0, ge=0, le=10, description="Passes with one plate within this are one vehicle.")

    @model_validator(mode="after")
    def _own_radars(self) -> Self:
        if other := ", ".join(sorted(set(self.opposed) - set(self.radars))):
            raise ValueError(
                Said(f"opposed：该路段的雷达，不是 {other}", f"opposed: radars of the road, not {other}")
            )
        return self


class SpeedLevel(Strict):
    """Severity from this share above the limit on."""

    over_percent: float = Field(ge=0)
    severity: Grave


class SpeedingRule(RuleHead, Instrument):
    """Vehicle passes above the limit of lane, zone, hour and vehicle class.

    A certified instrument never reads above the true speed (GB/T 21255: -6..0 km/h), so it needs no margin;
    an uncertified one gets its error and `margin_kmh` in the driver's favour.
    """

    kind: Literal["speeding"]
    limit_kmh: float = Field(gt=0, le=120)
    limits: tuple[SpeedLimit, ...] = ()
    instruments: tuple[RadarInstrument, ...] = Field((), max_length=64)
    pass_gap_s: float = Field(1.5, gt=0, le=30, description="Silence that ends a vehicle's pass.")
    merge_gap_s: float = Field(
        1.5, ge=0, le=30, description="A longer silence does not end it where the speed goes on as before."
    )
    merge_kmh: float = Field(4.0, ge=0, le=60, description="As before: at most this much faster or slower.")
    split_kmh: float = Field(
        8.0,
        gt=0,
        le=200,
        description="A jump up by more than this, after a fall of at least half of it, is the next vehicle.",
    )
    min_readings: int = Field(2, ge=1, le=100, description="Fewer readings are counted as noise.")
    min_confidence: float = Field(
        0.0, ge=0, le=1, description="Passes that are less sure are counted and raise nothing."
    )
    low_kmh: float = Field(3.0, ge=0, description="Slower readings (people, leaves) are not vehicles.")
    roads: tuple[Road, ...] = Field((), max_length=64)
    levels: tuple[SpeedLevel, ...] = (
        SpeedLevel(over_percent=0, severity=Severity.LOW),
        SpeedLevel(over_percent=20, severity=Severity.MEDIUM),
        SpeedLevel(over_percent=50, severity=Severity.HIGH),
    )

    @model_validator(mode="after")
    def _a_moment(self) -> Self:
        """A pass is over when it is judged: nothing can hold on, clear, latch, or be held back."""
        if self.on_delay_s or self.off_delay_s:
            raise ValueError(
                Said(
                    "on_delay_s、off_delay_s：不设，过车是瞬间，不持续",
                    "on_delay_s, off_delay_s: none, a pass is a moment and does not last",
                )
            )
        if self.held_back_by:
            raise ValueError(
                Said(
                    "held_back_by：不设，过车没有其他原因",
                    "held_back_by: none, a vehicle's pass has no other cause",
                )
            )
        if self.latch:
            raise ValueError(
                Said(
                    "latch：不设，瞬间的告警保留到确认，不会自行恢复",
                    "latch: none, a moment stays until it is acknowledged and never clears",
                )
            )
        return self

    @model_validator(mode="after")
    def _each_once(self) -> Self:
        for key, groups in (("roads", self.roads), ("instruments", self.instruments)):
            named = [radar for group in groups for radar in group.radars]
            if twice := ", ".join(sorted({radar for radar in named if named.count(radar) > 1})):
                raise ValueError(
                    Said(f"{key}：每台雷达一次，重复 {twice}", f"{key}: each radar once, not {twice}")
                )
        return self

    def instrument_of(self, radar: str) -> Instrument:
        """What a radar is: the entry that names it, else what the rule says."""
        return next((entry for entry in self.instruments if radar in entry.radars), self)
