"""Devices that nobody may write, whatever a sheet, a hub or an agent's file allows."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus, Device
from devices.profiles.profile import DeviceKind, Profile

#: Not a fire pump, and not a meter of DL/T 645.
NEVER_KINDS: Final = frozenset({DeviceKind.PUMP})
NEVER_SHEETS: Final = frozenset({"dlt645"})
#: A unit that is all of them: every device on the line would take the value.
EVERY_UNIT: Final = 0


def why_never(campus: Campus, device: Device) -> str:
    """Why a device must never be written; "" where that is not so."""
    profile = campus.profile_of(device)
    if _is_never(profile):
        return f"a {profile.kind} with a sheet of {profile.sheet.kind} is never written"
    if isinstance(campus.links[device.link], ModbusLink) and device.unit == EVERY_UNIT:
        return f"unit {EVERY_UNIT} is every device on {device.link}"
    other = next(_others_on_unit(campus, device), None)
    return f"unit {device.unit} of {device.link} is also {other.id}" if other is not None else ""


def shared_units(campus: Campus) -> Iterator[tuple[Device, Device]]:
    """Yield every device whose sheet lets it be written, with another one that a write would reach as well."""
    for device in campus.devices.values():
        profile = campus.profiles.get(device.profile)
        if profile is not None and profile.write and not profile.read_only:
            other = next(_others_on_unit(campus, device), None)
            if other is not None:
                yield device, other


def _is_never(profile: Profile) -> bool:
    return profile.kind in NEVER_KINDS or profile.sheet.kind in NEVER_SHEETS


def _others_on_unit(campus: Campus, device: Device) -> Iterator[Device]:
    """Devices of another sheet on the same Modbus unit: one box is described twice, or one number is wrong."""
    if isinstance(campus.links.get(device.link), ModbusLink):
        for other in campus.devices.values():
            if (other.link, other.unit) == (device.link, device.unit) and other.profile != device.profile:
                yield other
