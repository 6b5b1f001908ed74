"""How long the newest value of a device counts as what is so now."""

from __future__ import annotations

from typing import Final

from devices.campus.site import AnyLink, Campus, MqttLink
from devices.profiles.profile import JsonSheet

#: A polled device is stale after so many polls without an answer.
POLLS: Final = 3
#: A device that speaks by itself, and whose sheet does not say how often.
UNSPOKEN_S: Final = 900.0


def stale_after_s(campus: Campus, link: AnyLink) -> float:
    """Age from which a value of this link no longer counts as live."""
    if not isinstance(link, MqttLink):
        return POLLS * link.poll_s + link.timeout_s
    sheets = (campus.profile_of(device).sheet for device in campus.devices.values() if device.link == link.id)
    reports = [sheet.report_s for sheet in sheets if isinstance(sheet, JsonSheet) and sheet.report_s]
    return POLLS * max(reports) if reports else UNSPOKEN_S
