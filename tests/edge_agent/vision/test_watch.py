from __future__ import annotations

from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from devices.campus.calibrations import Calibration
from edge_agent.vision.motion import Background, moving
from edge_agent.vision.watch import VisionPass, Watch
from tests.edge_agent.vision.scene import START_US, Car, Scene, frames

CLIP = Path(__file__).parents[2] / "data/car-detection/car-detection.mp4"
NOBODY = np.random.default_rng(5)


def watched(scene: Scene, fps: float = 10.0, clicks_px: float = 0.0, **bad: float) -> list[VisionPass]:
    """Drive until all are through, and say what was measured."""
    watch = Watch(scene.calibration(clicks_px))
    seconds = max(34 / abs(car.kmh / 3.6) for car in scene.cars)
    found = [
        one for frame, time_us in frames(scene, fps, seconds, **bad) for one in watch.step(frame, time_us)
    ]
    return found + watch.step(scene.frame(-1e3, NOBODY), START_US + round((seconds + 9) * 1e6))


def car(kmh: float, **more: object) -> Car:
    return Car(kmh, 38.0 if kmh < 0 else 6.0, **more)


CASES = {
    "plain": ({}, {}, 1.5),
    "five frames a second": ({}, {"fps": 5.0}, 1.5),
    "uneven times and lost frames": ({}, {"jitter_s": 0.06, "dropped": 0.2}, 1.5),
    "shadow to the side": ({"shadow_m": (2.0, 1.0)}, {}, 1.5),
    "shadow towards the camera": ({"shadow_m": (1.0, -2.0)}, {}, 3.0),
    "noise": ({"noise": 7.0}, {}, 1.5),
    "dim": ({"light": 0.5}, {}, 1.5),
    "roughly clicked": ({}, {"clicks_px": 2.0}, 5.0),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(("kmh", "level", "seed"), [(-22.0, 190, 1), (47.0, 50, 2)])
def test_a_car_of_known_speed_is_measured_within_bounds(name: str, kmh: float, level: int, seed: int) -> None:
    scene_more, more, percent = CASES[name]
    scene = Scene((car(kmh, level=level),), seed=seed, **scene_more)
    (found,) = watched(scene, **more)
    assert abs(abs(found.kmh) - abs(kmh)) <= abs(kmh) * percent / 100
    assert abs(abs(found.kmh) - abs(kmh)) <= found.error_kmh
    assert (found.kmh > 0) == (kmh < 0), "approaching is positive, as with radars"
    assert found.error_kmh <= max(3.0, abs(kmh) * 0.06)
    assert found.confidence > 0.5


def test_times_of_arrival_instead_of_the_stream_would_be_worse() -> None:
    scene = Scene((car(-40.0),), seed=3)
    random = np.random.default_rng(3)
    late = Watch(scene.calibration())
    found = []
    for frame, time_us in frames(scene, 10, 4):
        found += late.step(frame, time_us + round(random.uniform(0, 0.09) * 1e6))
    (by_arrival,) = found + late.step(scene.frame(-1e3, NOBODY), START_US + 15_000_000)
    (by_stream,) = watched(scene)
    assert abs(by_stream.kmh - 40) < 0.6
    assert by_arrival.error_kmh > by_stream.error_kmh


def test_two_that_meet_are_two_with_their_own_directions() -> None:
    scene = Scene((Car(-30, 38, x_m=1.7), Car(25, 6, x_m=5.2, level=60)), seed=4)
    found = sorted(watched(scene), key=lambda one: one.kmh)
    assert [round(one.kmh / 5) * 5 for one in found] == [-25, 30]


def test_two_close_together_in_one_lane_give_two_speeds_or_none_but_no_wrong_one() -> None:
    scene = Scene((Car(-30, 26), Car(-30, 38)), seed=5)
    found = watched(scene)
    assert found
    assert all(abs(one.kmh - 30) < 1.5 for one in found)


@pytest.mark.parametrize("kmh", [-33.0, 52.0])
def test_a_car_as_grey_as_the_road_falls_apart_and_is_one_car_all_the_same(kmh: float) -> None:
    (found,) = watched(Scene((car(kmh, level=85),), seed=11))
    assert abs(abs(found.kmh) - abs(kmh)) <= abs(kmh) * 0.02


def test_one_that_brakes_says_that_its_speed_is_not_one_number() -> None:
    steady, braking = Scene((car(-45.0),), seed=6), Scene((car(-45.0, brake_m_per_s2=2.5),), seed=6)
    (plain,), (slower,) = watched(steady), watched(braking)
    assert slower.error_kmh > 2 * plain.error_kmh


@pytest.mark.parametrize(
    "scene",
    [
        Scene((car(-30.0, size_m=(0.5, 0.4, 1.7)),), seed=7),
        Scene((car(-30.0),), light=0.2, seed=7),
    ],
    ids=["somebody on foot", "night"],
)
def test_no_number_where_none_can_be_trusted(scene: Scene) -> None:
    assert watched(scene) == []


def test_where_nearly_all_moves_at_once_nothing_is_told_to_move() -> None:
    scene = Scene((car(-30.0),), seed=12)
    background = Background.of(scene.frame(-1e3, NOBODY))
    while background.is_young:
        background, _ = moving(background, scene.frame(-1e3, NOBODY))
    road = scene.frame(-1e3, NOBODY)
    tiles = np.add.outer(np.arange(road.shape[0]) // 16, np.arange(road.shape[1]) // 16) % 5
    lit = lambda brighter, darker: np.select(  # noqa: E731
        [np.isin(tiles, brighter), np.isin(tiles, darker)], [road // 2 + 120, road // 4], road
    ).astype(np.uint8)
    assert moving(background, lit([0], [1]))[1] is not None
    assert moving(background, lit([0, 2], [1, 3]))[1] is None


def test_lanes_belong_to_their_radars_and_beyond_them_nothing_is_measured() -> None:
    scene = Scene((Car(-30, 38, x_m=1.7), Car(-40, 38, x_m=5.2)), seed=8)
    watch = Watch(scene.calibration(lanes=((0, 3.5),)))
    found = [one for frame, time_us in frames(scene, 10, 4.5) for one in watch.step(frame, time_us)]
    found += watch.step(scene.frame(-1e3, NOBODY), START_US + 15_000_000)
    assert [one.radar for one in found] == ["radar-0"]
    assert watch.counts["outside_lanes"] == 1


def test_frames_that_come_twice_or_out_of_order_are_left_out() -> None:
    scene = Scene((car(-35.0),), seed=9)
    watch = Watch(scene.calibration())
    found = []
    for frame, time_us in frames(scene, 10, 3.5):
        found += watch.step(frame, time_us)
        found += watch.step(np.roll(frame, 40, axis=0), time_us - 150_000)
        found += watch.step(np.roll(frame, 40, axis=0), time_us)
    (one,) = found + watch.step(scene.frame(-1e3, NOBODY), START_US + 15_000_000)
    assert abs(one.kmh - 35) < 0.6
    assert watch.counts["frames_not_later"] == 2 * (watch.counts["frames"] - 1)


def test_another_picture_size_measures_the_same() -> None:
    scene = Scene((car(-35.0),), seed=10)
    watch = Watch(scene.calibration())
    found = []
    for frame, time_us in frames(scene, 10, 3.5):
        found += watch.step(cv2.resize(frame, (960, 540)), time_us)
    last = cv2.resize(scene.frame(-1e3, NOBODY), (960, 540))
    (one,) = found + watch.step(last, START_US + 15_000_000)
    assert abs(one.kmh - 35) < 1.0


def test_every_car_of_the_real_clip_is_seen_with_its_direction_and_no_other() -> None:
    """Four cars by eye: away, near, away (the two meet), near, last seen at these seconds."""
    calibration = Calibration.model_validate(
        {
            "camera": "clip",
            "picture": (768, 432),
            "corners_px": ((60, 420), (700, 420), (600, 30), (130, 30)),
            "lengths_m": (10, 10),
            "widths_m": (8, 8),
            "lanes": ({"radar": "r", "from_m": -20, "to_m": 40},),
        }
    )
    watch = Watch(calibration)
    found: list[VisionPass] = []
    with av.open(str(CLIP)) as container:
        stream = container.streams.video[0]
        for frame in container.decode(stream):
            grey = np.asarray(frame.to_ndarray(format="gray"), np.uint8)
            found += watch.step(grey, round(frame.pts * stream.time_base * 1e6))
    assert [one.kmh > 0 for one in found] == [False, True, False, True]
    assert [one.end_us / 1e6 for one in found] == pytest.approx([8.6, 16.6, 19.0, 26.6], abs=0.5)
    assert all(8 < abs(one.kmh) < 40 and one.places > 10 for one in found)
