"""Whether this hub lets anything be written."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.strict import Strict


class OrderSettings(Strict):
    """Off by default; each agent has to allow it too."""

    enabled: bool = Field(False, description="Whether people and rules may order that a value is set.")
