"""Road scenes hold the truth: what is drawn moves as the radar says, on the plane of the site file."""

from __future__ import annotations

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.codes import Direction
from devices.sim.plant.plant import Plant
from devices.sim.plant.traffic import Pass
from devices.sim.simulation import Drawing
from devices.sim.wires.pictures import Trouble, paint
from edge_agent.vision.watch import VisionPass, Watch

CAMERA, HALL = "hq1-cam-011", "hall-cam-011"
FRAME_US = 100_000


def grey(drawing: Drawing, camera: str, time_us: int) -> np.ndarray:
    return cv2.cvtColor(paint(drawing.view(camera, time_us, {})), cv2.COLOR_BGR2GRAY)


def watched(plant: Plant, camera: str, sent: Pass) -> list[VisionPass]:
    """Send a vehicle where else nobody drives, and look from before it comes until it is gone."""
    plant.traffic.begin(sent.start_us + 3_600_000_000)
    plant.traffic.send(sent)
    drawing, watch = Drawing(plant), Watch(plant.campus.calibrations[camera])
    first, last = sent.middle_us - 6_000_000, sent.middle_us + 5_000_000
    return [
        found
        for time_us in range(first, last, FRAME_US)
        for found in watch.step(grey(drawing, camera, time_us), time_us)
    ]


@pytest.mark.parametrize(
    ("camera", "radar", "direction", "kmh"),
    [
        (CAMERA, "hq1-radar-in", Direction.APPROACHING, 34.0),
        (CAMERA, "hq1-radar-out", Direction.RECEDING, 22.0),
        (HALL, "hall-radar", Direction.RECEDING, 45.0),
    ],
)
def test_vision_measures_the_speed_at_which_the_plant_lets_a_vehicle_drive(
    demo: Campus, local_us: Callable[..., int], camera: str, radar: str, direction: Direction, kmh: float
) -> None:
    sent = Pass(radar, local_us(2026, 11, 24, 13, 20), kmh, direction)
    found = watched(Plant(demo, 1), camera, sent)
    assert [one.radar for one in found] == [radar]
    sign = 1 if direction is Direction.APPROACHING else -1
    assert found[0].kmh * sign == pytest.approx(kmh, abs=max(1.0, 0.04 * kmh))
    assert abs(found[0].middle_us - sent.middle_us) < 1_000_000


def test_a_frozen_camera_whose_clock_goes_on_lets_vehicles_stand(
    demo: Campus, local_us: Callable[..., int]
) -> None:
    plant, start = Plant(demo, 1), local_us(2026, 11, 24, 13)
    plant.traffic.begin(start + 3_600_000_000)
    plant.traffic.send(Pass("hq1-radar-in", start, 20.0, Direction.APPROACHING))
    view = Drawing(plant).view(CAMERA, start + 3_000_000, {"frozen-clock": Trouble(0.0, start + 500_000)})
    assert view.vehicles == Drawing(plant).view(CAMERA, start + 500_000, {}).vehicles
    assert view.vehicles


def test_a_vehicle_that_is_sent_drives_into_the_picture_and_meets_nobody(
    demo: Campus, local_us: Callable[..., int]
) -> None:
    plant, start = Plant(demo, 1), local_us(2026, 11, 24, 8, 20)  # the rush
    plant.traffic.begin(start - 120_000_000)
    sent = plant.roads.with_room(Pass("hq1-radar-in", start, 34.0, Direction.APPROACHING))
    assert 5_000_000 <= sent.start_us - start < 30_000_000
    others = [one.middle_us for one in plant.traffic.around("hq1-radar-in", sent.start_us)]
    assert others
    assert min(abs(sent.middle_us - middle_us) for middle_us in others) > 5_000_000
    unseen = Pass("nobody", start, 34.0, Direction.APPROACHING)
    assert plant.roads.with_room(unseen) == unseen
