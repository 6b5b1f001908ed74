"""For how many days evidence is kept, by severity: the same words in the settings of gateways and of the hub."""

from __future__ import annotations

from typing import Final

from pydantic import Field

from devices.model.alerts import Severity
from devices.profiles.strict import Strict

DAY_US: Final = 86_400_000_000


class KeepDays(Strict):
    """Days for which evidence is kept, by the severity of its alert."""

    low: int = Field(30, ge=1, le=3650)
    medium: int = Field(90, ge=1, le=3650)
    high: int = Field(180, ge=1, le=3650)
    critical: int = Field(365, ge=1, le=3650)

    def until_us(self, severity: Severity, since_us: int) -> int:
        """When the time of evidence is over that began at `since_us`."""
        days: int = getattr(self, severity.name.lower())
        return since_us + days * DAY_US
