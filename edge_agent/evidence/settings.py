"""How much evidence is kept, and for how long."""

from __future__ import annotations

from pydantic import Field

from devices.campus.keep_days import KeepDays
from devices.profiles.strict import Strict


class EvidenceSettings(Strict):
    """Evidence of speeding, at calibrated cameras."""

    before_s: float = Field(5.0, ge=0, le=30, description="How much of the time before a pass a clip has.")
    after_s: float = Field(5.0, ge=0, le=30, description="The same after it.")
    ring_bytes: int = Field(
        48_000_000, ge=1_000_000, description="Memory for the newest packets of one camera; the oldest go."
    )
    ring_s: float = Field(90.0, ge=20, le=600, description="The same in seconds.")
    bytes: int = Field(
        4_000_000_000,
        ge=10_000_000,
        description="All evidence; beyond it the least grave goes, oldest first.",
    )
    reserve_bytes: int = Field(
        1_000_000_000,
        ge=0,
        description="So much of the disk stays free: alerts and samples go before evidence.",
    )
    keep_days: KeepDays = KeepDays()
