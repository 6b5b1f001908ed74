"""How bright it is before each camera."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from devices.campus.site import Area, AreaKind
from devices.sim.plant.days import Day, between

OUTDOORS: Final = frozenset({AreaKind.GATE, AreaKind.ROAD, AreaKind.OUTDOORS})
ALWAYS_LIT: Final = frozenset({AreaKind.PARKING, AreaKind.SERVER_ROOM, AreaKind.DUTY_ROOM, AreaKind.LOBBY})
DAYLIGHT: Final = ((390.0, 1030.0),)
LIT: Final = ((420.0, 1170.0),)
#: Mean grey level by day, by lamp, and by the camera's own infrared lamp.
DAY_LEVEL, LAMP_LEVEL, INFRARED_LEVEL = 128.0, 112.0, 66.0


class Scenes:
    """Light before every camera; row i is the camera `ids[i]`."""

    def __init__(self, ids: Sequence[str], areas: Sequence[Area], sites: Sequence[str]) -> None:
        self.ids = tuple(ids)
        self.row = {name: number for number, name in enumerate(ids)}
        self._areas = tuple(areas)
        self._sites = tuple(sites)

    def kind(self, camera: str) -> AreaKind:
        """What the camera looks at."""
        return self._areas[self.row[camera]].kind

    def level(self, camera: str, day: Day, minute: float) -> float:
        """Mean grey level that a healthy picture has now."""
        row = self.row[camera]
        kind = self._areas[row].kind
        if kind in OUTDOORS:
            return DAY_LEVEL if between(minute, DAYLIGHT) else INFRARED_LEVEL
        if kind in ALWAYS_LIT or (day.workday[self._sites[row]] and between(minute, LIT)):
            return LAMP_LEVEL
        return INFRARED_LEVEL
