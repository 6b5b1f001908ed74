"""What of this gateway the hub may write. By default: nothing."""

from __future__ import annotations

from pydantic import Field

from devices.profiles.profile import DeviceKind
from devices.profiles.strict import Strict


class OrderSettings(Strict):
    """Nothing is written unless `enabled` is true and the device, or its kind, is listed."""

    enabled: bool = Field(False, description="Whether anything may be written at all.")
    kinds: tuple[DeviceKind, ...] = Field((), description="Devices of these kinds may be written.")
    devices: tuple[str, ...] = Field((), description="And these.")
    frozen: bool = Field(
        False, description="Nothing is written, held values stay as they are, whatever the hub says."
    )
    per_day: int = Field(
        4, ge=1, le=100, description="Most writes to one device on a day; giving back does not count."
    )
    hub_silent_s: float = Field(
        900.0,
        ge=10,
        le=86400,
        description="Held values are given back when the hub is not heard for so long.",
    )
