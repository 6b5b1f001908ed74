"""What there is to see before each camera: by which light, in which weather."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from devices.campus.site import Area, AreaKind
from devices.sim.plant.days import Day, between
from devices.sim.plant.sky import daylight, rain

OUTDOORS: Final = frozenset({AreaKind.GATE, AreaKind.ROAD, AreaKind.OUTDOORS})
ALWAYS_LIT: Final = frozenset({AreaKind.PARKING, AreaKind.SERVER_ROOM, AreaKind.DUTY_ROOM, AreaKind.LOBBY})
#: Where people switch the light on when they come and off when they leave.
SWITCHED: Final = frozenset({AreaKind.MEETING, AreaKind.ARCHIVE, AreaKind.PUMP_ROOM})
LIT: Final = ((420.0, 1170.0),)
#: So long a room stays as it is, in minutes.
STAY_MINUTES: Final = 50
#: Mean grey level by day, by lamp, and by the camera's own infrared lamp.
DAY_LEVEL, LAMP_LEVEL, INFRARED_LEVEL = 128.0, 112.0, 66.0
#: A camera outdoors turns its infrared lamp on when there is less light than this, and sees in grey then.
TURNS_AT: Final = 0.25


@dataclass(frozen=True, slots=True)
class Sight:
    """What a healthy camera sees.

    level:    mean grey level.
    infrared: by the camera's own lamp: no colours, bright in the middle.
    rain:     0 to 1; only outdoors.
    """

    kind: AreaKind
    level: float
    infrared: bool = False
    rain: float = 0.0


class Scenes:
    """Sights of every camera; row i is the camera `ids[i]`."""

    def __init__(
        self, ids: Sequence[str], areas: Sequence[Area], sites: Sequence[str], seed: int = 1
    ) -> None:
        self.ids = tuple(ids)
        self.row = {name: number for number, name in enumerate(ids)}
        self._areas = tuple(areas)
        self._sites = tuple(sites)
        self._seed = seed

    def sight(self, camera: str, day: Day, minute: float) -> Sight:
        """What a camera sees at `minute` of a local day."""
        row = self.row[camera]
        kind = self._areas[row].kind
        if kind in OUTDOORS:
            return self._outdoors(kind, day, minute)
        lit = kind in ALWAYS_LIT or (day.workday[self._sites[row]] and between(minute, LIT))
        if lit and kind in SWITCHED:
            stay = (day.number * 1440 + int(minute)) // STAY_MINUTES
            lit = (stay * 2_654_435_761 + row * 40_503) % 5 != 0
        return Sight(kind, LAMP_LEVEL) if lit else Sight(kind, INFRARED_LEVEL, infrared=True)

    def _outdoors(self, kind: AreaKind, day: Day, minute: float) -> Sight:
        light, wet = daylight(minute), rain(day.number, minute, self._seed)
        if light < TURNS_AT:
            return Sight(kind, INFRARED_LEVEL, infrared=True, rain=wet)
        return Sight(kind, DAY_LEVEL * light * (1.0 - 0.25 * wet), rain=wet)
