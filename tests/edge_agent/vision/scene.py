"""A road with boxes that drive at a known speed, seen through a pinhole camera that is known exactly."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import cv2
import numpy as np

from devices.campus.calibrations import Calibration

WIDTH, HEIGHT = 480, 270
FOCAL_PX = 430.0
CAR_M = (1.8, 4.5, 1.45)  # wide, long, high
CLEARANCE_M = 0.2
START_US = 1_763_800_000_000_000


@dataclass(frozen=True)
class Car:
    """y_m: where its near end is at time 0; kmh: negative towards the camera."""

    kmh: float
    y_m: float
    x_m: float = 2.0
    level: int = 190
    size_m: tuple[float, float, float] = CAR_M
    brake_m_per_s2: float = 0.0

    def near_m(self, time_s: float) -> float:
        speed = self.kmh / 3.6
        return self.y_m + speed * time_s - np.sign(speed) * self.brake_m_per_s2 * time_s**2 / 2


@dataclass(frozen=True)
class Scene:
    """A camera on a pole beside the road. The zone begins `zone_m` in front of it, 7 m wide."""

    cars: tuple[Car, ...]
    height_m: float = 6.0
    tilt_deg: float = 20.0
    zone_m: tuple[float, float] = (10.0, 30.0)
    shadow_m: tuple[float, float] = (0.0, 0.0)  # how far the top's shadow falls, across and along
    noise: float = 2.0
    light: float = 1.0
    seed: int = 0
    texture: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        random = np.random.default_rng(self.seed)
        rough = cv2.GaussianBlur(random.normal(0, 14, (HEIGHT, WIDTH)), (0, 0), 1.2)
        object.__setattr__(self, "texture", 105 + rough * 2)

    def pixels(self, places: np.ndarray) -> np.ndarray:
        """Pixels (n, 2) of places (n, 3): across, along from the camera's foot, up."""
        tilt = np.radians(self.tilt_deg)
        x, y, z = places[:, 0] - 3.5, places[:, 1], places[:, 2] - self.height_m
        depth = y * np.cos(tilt) - z * np.sin(tilt)
        down = -y * np.sin(tilt) - z * np.cos(tilt)
        return np.stack([WIDTH / 2 + FOCAL_PX * x / depth, HEIGHT / 2 + FOCAL_PX * down / depth], axis=1)

    def corners(self) -> np.ndarray:
        near, far = self.zone_m
        return self.pixels(np.array([(0, near, 0), (7, near, 0), (7, far, 0), (0, far, 0)], float))

    def calibration(
        self, clicks_px: float = 0.0, lanes: tuple[tuple[float, float], ...] = ((-1, 8),)
    ) -> Calibration:
        random = np.random.default_rng(self.seed + 1)
        corners = self.corners() + random.uniform(-clicks_px, clicks_px, (4, 2))
        length = self.zone_m[1] - self.zone_m[0]
        return Calibration.model_validate(
            {
                "camera": "road-cam",
                "picture": (WIDTH, HEIGHT),
                "corners_px": [tuple(corner) for corner in corners.tolist()],
                "lengths_m": (length, length),
                "widths_m": (7.0, 7.0),
                "lanes": [
                    {"radar": f"radar-{n}", "from_m": left, "to_m": right}
                    for n, (left, right) in enumerate(lanes)
                ],
            }
        )

    def frame(self, time_s: float, random: np.random.Generator) -> np.ndarray:
        """The picture at a moment, uint8 (HEIGHT, WIDTH)."""
        picture = self.texture.copy()
        for car in sorted(self.cars, key=lambda one: -one.near_m(time_s)):
            near = car.near_m(time_s)
            if 2.5 < near < 80:
                self._draw(picture, car, near)
        noisy = picture * self.light + random.normal(0, self.noise, picture.shape)
        return np.clip(noisy, 0, 255).astype(np.uint8)

    def _draw(self, picture: np.ndarray, car: Car, near: float) -> None:
        wide, long, high = car.size_m
        left, right = car.x_m - wide / 2, car.x_m + wide / 2
        foot = np.array([(x, y, 0.0) for x in (left, right) for y in (near, near + long)])
        across, along = self.shadow_m
        if across or along:
            _fill(
                picture, self.pixels(np.concatenate([foot, foot + np.array([across, along, 0.0])])), None, 0.6
            )
        _fill(picture, self.pixels(foot), 25.0)  # under the car it is dark
        low, top = foot + np.array([0, 0, CLEARANCE_M]), foot + np.array([0, 0, high])
        _fill(picture, self.pixels(np.concatenate([low, top])), car.level * 0.8)
        _fill(picture, self.pixels(np.concatenate([low[[0, 2]], top[[0, 2]]])), float(car.level))


def _fill(picture: np.ndarray, points: np.ndarray, level: float | None, share: float = 1.0) -> None:
    """Fill the hull of some points: the pixels whose middles lie in it, no more."""
    hull = cv2.convexHull(points.astype(np.float32))[:, 0].astype(np.float64)
    low = np.maximum(np.floor(hull.min(axis=0)).astype(int), 0)
    high = np.minimum(np.ceil(hull.max(axis=0)).astype(int), (WIDTH, HEIGHT))
    if (low >= high).any():
        return
    x, y = np.arange(low[0], high[0]) + 0.5, (np.arange(low[1], high[1]) + 0.5)[:, None]
    sides = np.stack(
        [
            (b[0] - a[0]) * (y - a[1]) - (b[1] - a[1]) * (x - a[0])
            for a, b in zip(hull, np.roll(hull, -1, 0), strict=True)
        ]
    )
    inside = (sides >= 0).all(axis=0) | (sides <= 0).all(axis=0)
    part = picture[low[1] : high[1], low[0] : high[0]]
    part[inside] = part[inside] * share if level is None else level


def frames(
    scene: Scene,
    fps: float,
    seconds: float,
    *,
    jitter_s: float = 0.0,
    dropped: float = 0.0,
    before_s: float = 3.0,
) -> Iterator[tuple[np.ndarray, int]]:
    """Frames with the times at which they were taken; a time begins after the road was empty for `before_s`.

    jitter_s: the frames are taken so unevenly; the stream tells when.  dropped: share that never arrives.
    """
    random = np.random.default_rng(scene.seed + 2)
    for number in range(-round(before_s * 10), round(seconds * fps)):
        if number < 0:
            yield scene.frame(-1e3, random), START_US + round(number * 1e5)
            continue
        time_s = number / fps + random.uniform(0, jitter_s)
        if random.uniform() >= dropped:
            yield scene.frame(time_s, random), START_US + round(time_s * 1e6)
