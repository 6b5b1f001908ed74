"""Vehicles on the roads that cameras see: the same that the radars measure, at each moment where they are."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from devices.campus.calibrations import Calibration, RoadLane, survey
from devices.campus.site import Campus
from devices.model.codes import Direction, VehicleClass
from devices.sim.plant.days import US_PER_S
from devices.sim.plant.plates import vehicle_at
from devices.sim.plant.traffic import Pass, Traffic

#: A lane that is wider has both directions side by side.
BOTH_WAYS_M: Final = 5.0
#: Further from the radar than this nobody sees a vehicle, in metres along the road.
SIGHT_M: Final = 90.0
#: So much room around the place before the radar a vehicle that is sent has to itself.
ROOM_M: Final = 14.0
#: A vehicle that is sent comes this much later where a camera looks, so that it drives into the picture.
COMES_US: Final = 5 * US_PER_S
#: How often a gap is looked for, a second apart.
TRIES: Final = 20


@dataclass(frozen=True, slots=True)
class Vehicle:
    """Where one stands, in metres of the calibrated road.

    x_m, y_m: its middle, across and along.
    comes:    it drives towards the camera.
    number:   the same as long as it drives; decides its colour.
    """

    x_m: float
    y_m: float
    comes: bool
    kind: VehicleClass
    number: int


class Roads:
    """The calibrated roads of a campus, by the cameras that look at them."""

    def __init__(self, campus: Campus, traffic: Traffic, seed: int) -> None:
        self._calibrations = campus.calibrations
        self._lengths = {name: survey(one).length_m for name, one in campus.calibrations.items()}
        self._traffic = traffic
        self._kind = lru_cache(maxsize=256)(lambda middle_us: vehicle_at(middle_us, seed))
        self._seen = {lane.radar for one in campus.calibrations.values() for lane in one.lanes}

    def calibration(self, camera: str) -> Calibration | None:
        """What a camera looks at, if that is known in metres."""
        return self._calibrations.get(camera)

    def vehicles(self, camera: str, time_us: int) -> tuple[Vehicle, ...]:
        """Everything that drives on a camera's road at a moment."""
        return tuple(
            self._vehicle(camera, lane, passed, along_m)
            for lane in self._calibrations[camera].lanes
            for passed in self._traffic.around(lane.radar, time_us)
            if abs(along_m := passed.kmh / 3.6 * (time_us - passed.middle_us) / US_PER_S) < SIGHT_M
        )

    def with_room(self, passed: Pass) -> Pass:
        """The same pass as late as a camera and those who drive before it ask for."""
        if passed.radar not in self._seen:
            return passed
        later = passed
        for wait_us in range(COMES_US, COMES_US + TRIES * US_PER_S, US_PER_S):
            later = Pass(passed.radar, passed.start_us + wait_us, passed.kmh, passed.direction)
            if not any(_meet(later, other) for other in self._traffic.around(later.radar, later.start_us)):
                break
        return later

    def _vehicle(self, camera: str, lane: RoadLane, passed: Pass, along_m: float) -> Vehicle:
        """Driven `along_m` past the radar, which looks at the middle of the measured piece."""
        comes = (passed.direction is Direction.APPROACHING) == (lane.approaching == "near")
        width_m, share = lane.to_m - lane.from_m, 0.5
        if width_m > BOTH_WAYS_M:
            share = 0.25 if comes else 0.75  # people drive on the right
        return Vehicle(
            x_m=lane.from_m + width_m * share,
            y_m=self._lengths[camera] / 2 + (-along_m if comes else along_m),
            comes=comes,
            kind=self._kind(passed.middle_us),
            number=passed.start_us // 1000,
        )


def _meet(one: Pass, other: Pass) -> bool:
    """Whether two that drive the same way are near the radar at the same time."""
    apart_s = abs(one.middle_us - other.middle_us) / US_PER_S
    needed_s = sum(ROOM_M / (passed.kmh / 3.6) for passed in (one, other))
    return one.direction is other.direction and apart_s < needed_s
