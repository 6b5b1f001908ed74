"""What a rule lets the hub order by itself while its alert stands: first people are told, then it is set back."""

from __future__ import annotations

from pydantic import Field

from devices.campus.rule_head import WEEK_S
from devices.profiles.point import PointName
from devices.profiles.strict import Strict


class Action(Strict):
    """One order to the device of an alert; nothing where a rule has no action."""

    point: PointName = "setpoint_c"
    value: float | None = Field(
        None, description="What it is set to; none: the standard that was broken (only `setpoint` rules)."
    )
    after_s: float = Field(
        1800.0, ge=1, le=WEEK_S, description="So long people have to see to it themselves."
    )
    even_acked: bool = Field(False, description="Also where somebody has acknowledged the alert.")
    hold_s: float | None = Field(None, gt=0, le=WEEK_S, description="Given back after so long; none: never.")
    per_day: int = Field(1, ge=1, le=20, description="Most orders of this rule to one device on a day.")
