"""How much of the hub backtests may take, and from when on they warn."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.strict import Strict


class BacktestSettings(Strict):
    """Backtests."""

    alerts_per_day: int = Field(
        144,
        ge=1,
        description="More alerts of one rule on one day must be acknowledged before it is published; IEC 62682: 144.",
    )
    longest_days: float = Field(92, gt=0, le=1100, description="A longer span is refused.")
    waiting: int = Field(8, ge=0, le=100, description="So many may wait for the one that runs.")
    kept: int = Field(10, ge=1, le=1000, description="So many reports are kept in memory, the newest.")
