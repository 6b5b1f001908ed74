"""How long and how much of what was fetched the hub keeps. A gateway may say less: the shorter time counts. Pure."""

from __future__ import annotations

from pydantic import Field

from devices.campus.keep_days import KeepDays
from devices.model.alerts import Severity
from devices.profiles.strict import Strict


class CopySettings(Strict):
    """Copies of evidence at the hub."""

    keep_days: KeepDays = KeepDays()
    bytes: int = Field(
        8_000_000_000,
        ge=10_000_000,
        description="All copies; beyond it go those that nobody looked at for longest.",
    )
    reserve_bytes: int = Field(
        500_000_000,
        ge=0,
        description="So much of the disk stays free: alerts and samples go before copies.",
    )


def is_over(keep: KeepDays, severity: Severity, since_us: int, told_us: int, now_us: int) -> bool:
    """Whether a copy of evidence has been kept long enough.

    Args:
        keep: the hub's own days.
        severity: of the alert.
        since_us: when it began.
        told_us: until when its gateway keeps it; 0 where that was not told.
        now_us: now.
    """
    return now_us > keep.until_us(severity, since_us) or 0 < told_us < now_us
