"""How long the hub keeps what it fetched: no longer than a gateway keeps it by itself. Pure."""

from __future__ import annotations

from typing import Final

from devices.model.alerts import Severity

DAY_US: Final = 86_400_000_000
#: Those of a gateway that was told nothing else.
KEEP_DAYS: Final = {Severity.LOW: 30, Severity.MEDIUM: 90, Severity.HIGH: 180, Severity.CRITICAL: 365}


def is_over(severity: Severity, since_us: int, now_us: int) -> bool:
    """Whether evidence of an alert that began at `since_us` has been kept long enough."""
    return now_us - since_us > KEEP_DAYS[severity] * DAY_US
