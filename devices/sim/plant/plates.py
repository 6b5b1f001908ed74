"""Number plates at the gate: what a plate camera reads of each vehicle that a radar of its lane sees."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.campus.site import Campus
from devices.model.codes import VehicleClass
from devices.profiles.profile import DeviceKind
from devices.sim.plant.days import US_PER_S

#: Share of vehicles of each class; the rest are cars.
CLASSES: Final = (
    (VehicleClass.VAN, 0.08),
    (VehicleClass.TRUCK, 0.05),
    (VehicleClass.BUS, 0.02),
    (VehicleClass.EMERGENCY, 0.005),
)
UNREAD_SHARE: Final = 0.03
#: Vehicles of which the camera makes a second record, and how long after the first.
TWICE_SHARE: Final = 0.1
TWICE_S: Final = 0.8
UNREAD: Final = "未识别"
#: Plates have no I and no O, which look like digits.
LAST_SIGNS: Final = "0123456789ABCDEFGHJKLMNPQRSTUVWXYZ"


@dataclass(frozen=True, slots=True, order=True)
class PlateReading:
    """One record of a plate camera."""

    time_us: int
    camera: str
    plate: str
    sure: float
    vehicle: VehicleClass


def eyes_of(campus: Campus) -> dict[str, str]:
    """The plate camera that sees the vehicles of each radar: in its area, with a tag of its lane."""
    kinds = {device.id: campus.profile_of(device).kind for device in campus.devices.values()}
    cameras = [d for d in campus.devices.values() if kinds[d.id] is DeviceKind.PLATE]
    return {
        radar.id: camera.id
        for radar in campus.devices.values()
        if kinds[radar.id] is DeviceKind.RADAR
        for camera in cameras
        if camera.area == radar.area and (not camera.tags or set(camera.tags) & set(radar.tags))
    }


def records(camera: str, middle_us: int, seed: int) -> Iterator[PlateReading]:
    """What the camera says of a vehicle that is before it at a moment."""
    rng = np.random.default_rng([seed, 33, middle_us])
    vehicle = _class_of(float(rng.random()))
    signs = rng.choice(list(LAST_SIGNS), 4)
    plate = f"浙B{rng.integers(10)}{''.join(signs)}"
    unread, twice = rng.random() < UNREAD_SHARE, rng.random() < TWICE_SHARE
    for number in range(2 if twice else 1):
        sure = 0.0 if unread else round(float(rng.uniform(82, 99.5)), 1)
        time_us = middle_us + round(number * TWICE_S * US_PER_S)
        yield PlateReading(time_us, camera, UNREAD if unread else plate, sure, vehicle)


def vehicle_at(middle_us: int, seed: int) -> VehicleClass:
    """What kind of vehicle is before a radar at a moment."""
    return _class_of(float(np.random.default_rng([seed, 33, middle_us]).random()))


def _class_of(draw: float) -> VehicleClass:
    for member, share in CLASSES:
        if draw < share:
            return member
        draw -= share
    return VehicleClass.CAR
