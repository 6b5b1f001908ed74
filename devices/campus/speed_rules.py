"""Rules about the speed of vehicles."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from devices.campus.calendars import Hours, Id
from devices.campus.rule_head import Grave, RuleHead
from devices.model.alerts import Severity
from devices.profiles.strict import Strict


class SpeedLimit(Strict):
    """Another limit in some places or hours; the first that fits counts."""

    areas: tuple[Id, ...] = ()
    hours: Hours = Hours()
    limit_kmh: float = Field(gt=0, le=120)


class SpeedLevel(Strict):
    """Severity from this share above the limit on."""

    over_percent: float = Field(ge=0)
    severity: Grave


class SpeedingRule(RuleHead):
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
