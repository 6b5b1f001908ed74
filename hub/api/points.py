"""Which rows of the newest values belong to which devices."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import numpy.typing as npt

from devices.campus.site import Campus
from devices.model.texts import Text
from hub.errors import Invalid, NotFound
from hub.live.newest import Newest


class DeviceRows:
    """Rows by device; grows when a point is heard that the site file does not name."""

    def __init__(self, newest: Newest) -> None:
        self._newest = newest
        self._known = 0
        self._rows: dict[str, list[int]] = {}

    def of(self, devices: Iterable[str]) -> npt.NDArray[np.int64]:
        """Rows of all points of these devices, int64 (n,)."""
        self._catch_up()
        return np.array([row for device in devices for row in self._rows.get(device, ())], np.int64)

    def mask(self, devices: Iterable[str]) -> npt.NDArray[np.bool_]:
        """True at the rows of these devices, bool (points,)."""
        rows = self.of(devices)
        mask = np.zeros(len(self._newest), np.bool_)
        mask[rows] = True
        return mask

    def _catch_up(self) -> None:
        for row in range(self._known, len(self._newest)):
            device = self._newest.names[row].partition(".")[0]
            self._rows.setdefault(device, []).append(row)
        self._known = len(self._newest)


def chosen(
    campus: Campus, devices: str | None = None, site: str | None = None, kind: str | None = None
) -> list[str] | None:
    """Devices that a query names, each condition narrowing; None where it names none: all.

    Raises:
        NotFound: a device or site that the campus does not have.
        Invalid: a kind of device that there is not.
    """
    if devices is None and site is None and kind is None:
        return None
    named = list(campus.devices) if devices is None else [name for name in devices.split(",") if name]
    if unknown := [name for name in named if name not in campus.devices]:
        raise NotFound(Text("没有此设备", "No such device"), unknown)
    if site is not None and site not in campus.sites:
        raise NotFound(Text("没有此院区", "No such site"), [site])
    kinds = {str(campus.profiles[device.profile].kind) for device in campus.devices.values()}
    if kind is not None and kind not in kinds:
        raise Invalid(Text("没有此类设备", "No device is of this kind"), sorted(kinds))
    found = (campus.devices[name] for name in named)
    return [
        device.id
        for device in found
        if (site is None or campus.site_of(device).id == site)
        and (kind is None or campus.profile_of(device).kind == kind)
    ]
