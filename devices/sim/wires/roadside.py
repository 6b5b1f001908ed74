"""Roads as calibrated cameras see them: the ground in metres, and vehicles as boxes where they really are."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from devices.campus.calibrations import Calibration, survey
from devices.model.codes import VehicleClass
from devices.model.plane import Plane
from devices.sim.plant.roads import Vehicle
from devices.sim.wires.scenery import DRAWN_LEVEL, HEIGHT, WHITE, WIDTH, Picture, lit_by_infrared

Floats = npt.NDArray[np.float64]
Colour = tuple[int, int, int]

#: Wide, long, high, and how high the bonnet is, in metres.
SIZES: Final = {
    VehicleClass.CAR: (1.8, 4.5, 1.45, 0.9),
    VehicleClass.VAN: (1.95, 5.0, 2.0, 1.1),
    VehicleClass.EMERGENCY: (2.0, 5.6, 2.5, 1.2),
    VehicleClass.TRUCK: (2.3, 7.0, 2.9, 2.4),
    VehicleClass.BUS: (2.5, 9.0, 3.0, 2.9),
}
CLEARANCE_M: Final = 0.22
WHEEL_M: Final = 0.33
#: Blue, green and red of the bodies.
COLOURS: Final[tuple[Colour, ...]] = (
    (232, 232, 228),
    (38, 34, 32),
    (188, 190, 186),
    (46, 42, 168),
    (150, 84, 40),
    (214, 220, 224),
    (60, 62, 64),
)
GLASS: Final[Colour] = (62, 58, 52)
HEAD_LAMP: Final[Colour] = (235, 240, 240)
TAIL_LAMP: Final[Colour] = (50, 40, 200)
LAMP_SHINES: Final = 1.2
SHADOW: Final = 0.62
#: How far the shadow of something falls for each metre of its height, to the side and along.
SHADOW_FALLS: Final = (0.45, 0.2)
#: Nearer to the camera than this nothing is drawn; further the ground is not told from the sky.
NEAREST_M: Final = 1.5
FURTHEST_M: Final = 160.0
#: The pavement from the right side of the road on, a verge on the left, and how the lanes are painted.
PAVEMENT_M: Final = (0.4, 2.6)
VERGE_M, KERB_M, LINE_M, DASH_M = 1.0, 0.25, 0.16, 3.0
TREE: Final[Colour] = (92, 112, 86)
HOUSE: Final[Colour] = (150, 158, 170)
WALKS_M_PER_S, WALKS_FROM_M, WALKS_TO_M = 1.3, -4.0, 50.0
#: OpenCV's fixed point: sixteenths of a pixel. Beyond so many pixels it makes no difference.
SHIFT: Final = 4
FAR_OUTSIDE: Final = 4000.0


@dataclass(frozen=True, slots=True)
class Pose:
    """A pinhole camera over a road.

    ground: float64 (3, 3), metres on the road to pixels.
    up:     float64 (3,), what a metre of height adds.
    metre:  of depth, in the numbers that `ground` gives.
    """

    ground: Floats
    up: Floats
    metre: float

    def pixels(self, places: Floats) -> Floats:
        """Pixels (n, 2) of places (n, 3) in metres; what is beside or behind the camera lies far outside."""
        mapped = places[:, :2] @ self.ground[:, :2].T + self.ground[:, 2] + places[:, 2:] * self.up
        found: Floats = mapped[:, :2] / np.maximum(mapped[:, 2:], NEAREST_M * self.metre)
        return np.clip(found, -FAR_OUTSIDE, FAR_OUTSIDE)


def pose_of(plane: Plane) -> Pose:
    """The camera that sees a plane so, if its pixels are square and its axis is in the middle of the picture."""
    centred = np.array([[1, 0, -WIDTH / 2], [0, 1, -HEIGHT / 2], [0, 0, 1]]) @ plane.to_pixels
    across, along = centred[:, 0], centred[:, 1]
    deeper = along[2] ** 2 - across[2] ** 2
    square = (across[:2] @ across[:2] - along[:2] @ along[:2]) / deeper if deeper else 0.0
    focal = float(np.sqrt(square)) if square > 0 else float(WIDTH)
    rays = np.diag([1 / focal, 1 / focal, 1.0]) @ centred[:, :2]
    metre = float(np.linalg.norm(rays[:, 0]))
    lens = np.array([[focal, 0, WIDTH / 2], [0, focal, HEIGHT / 2], [0, 0, 1]])
    return Pose(plane.to_pixels, lens @ np.cross(rays[:, 0], rays[:, 1]) / metre, metre)


@dataclass(frozen=True, slots=True)
class Shape:
    """The hull of some places, float64 (n, 3), in one colour; without one, it dims what is there.

    share: of the light that falls on it.
    """

    places: Floats
    colour: Colour | None
    share: float = 1.0


class Road:
    """What stands before a calibrated camera, and what drives there."""

    def __init__(self, calibration: Calibration) -> None:
        found = survey(calibration)
        width, height = calibration.picture
        self._plane = found.plane.scaled(WIDTH / width, HEIGHT / height)
        self._pose = pose_of(self._plane)
        self._width_m, self._length_m = found.width_m, found.length_m
        self._lines_m = sorted({edge for lane in calibration.lanes for edge in (lane.from_m, lane.to_m)})
        self.scene = self._ground()
        self._by_night: dict[float, Picture] = {}

    def seen(self, level: float, *, infrared: bool) -> Picture:
        """The place by some light, as a picture of one's own."""
        if not infrared:
            return np.asarray(cv2.convertScaleAbs(self.scene, alpha=level / DRAWN_LEVEL), np.uint8)
        if level not in self._by_night:
            self._by_night[level] = lit_by_infrared(self.scene, level)
        return self._by_night[level].copy()

    def drive(
        self, picture: Any, vehicles: tuple[Vehicle, ...], time_us: int, light: float, shadow: float
    ) -> None:
        """Draw what moves; `light` 1 is the light that the scene is drawn for, `shadow` 0 to 1 by the sun."""
        shapes = [*_people(self._width_m, time_us)]
        for vehicle in sorted(vehicles, key=lambda one: -one.y_m):
            shapes += _vehicle(vehicle, shadow)
        self._draw(picture, shapes, light)

    def _ground(self) -> Picture:
        """The place without anybody, at the level of the other scenes."""
        rows, columns = np.mgrid[0:HEIGHT, 0:WIDTH]
        places = self._plane.metres(np.stack([columns.ravel(), rows.ravel()], axis=1) + 0.5)
        x, y = places[:, 0].reshape(HEIGHT, WIDTH), places[:, 1].reshape(HEIGHT, WIDTH)
        near = np.isfinite(y) & (y < FURTHEST_M)
        picture = np.full((HEIGHT, WIDTH, 3), (205, 190, 172), np.float32)
        picture[near] = (84, 120, 96)
        width = self._width_m
        picture[near & (x > -VERGE_M) & (x < width + PAVEMENT_M[1])] = (158, 164, 168)
        picture[near & (x > -KERB_M) & (x < width + KERB_M)] = (112, 112, 112)
        for line in self._lines_m:
            is_painted = (y % (2 * DASH_M) < DASH_M) | (line <= KERB_M) | (line >= width - KERB_M)
            picture[near & (abs(x - line) < LINE_M / 2) & is_painted] = (225, 225, 225)
        random = np.random.default_rng(81)
        rough = cv2.GaussianBlur(random.normal(0, 30, (HEIGHT, WIDTH, 1)).astype(np.float32), (0, 0), 1.2)
        picture += rough[:, :, None] * np.where(near, 1.0, 0.25)[:, :, None]
        self._houses(picture, random)
        for corner in self._plane.pixels(self._corners()[:, :2]):
            cv2.drawMarker(picture, [round(v) for v in corner], WHITE, cv2.MARKER_TILTED_CROSS, 7, 1)
        found: Picture = np.clip(picture * (DRAWN_LEVEL / float(picture.mean())), 0, 255).astype(np.uint8)
        return found

    def _corners(self) -> Floats:
        width, length = self._width_m, self._length_m
        return np.array([(0, 0, 0), (width, 0, 0), (width, length, 0), (0, length, 0)], np.float64)

    def _houses(self, picture: Any, random: np.random.Generator) -> None:
        """Houses and trees beside the road, which give the picture edges that stay."""
        for side in (-1, 1):
            for y in range(87, 0, -9):  # the furthest first
                away = 5.0 + float(random.uniform(0, 3))
                x = -away if side < 0 else self._width_m + away
                high, wide = float(random.uniform(2.5, 7)), float(random.uniform(2, 4))
                tone = random.uniform(0.7, 1.15)
                base = TREE if random.integers(2) else HOUSE
                blue, green, red = (int(level * tone) for level in base)
                self._draw(
                    picture, [*_box((x - wide / 2, y, 0.0), (wide, 4.0, high), (blue, green, red))], 1.0
                )

    def _draw(self, picture: Any, shapes: list[Shape], light: float) -> None:
        """Draw shapes in their order."""
        places = np.concatenate([shape.places for shape in shapes])
        fixed = np.round(self._pose.pixels(places) * (1 << SHIFT)).astype(np.int32)
        parts = np.split(fixed, np.cumsum([len(shape.places) for shape in shapes])[:-1])
        for shape, part in zip(shapes, parts, strict=True):
            hull = cv2.convexHull(part)
            if shape.colour is None:
                _dim(picture, hull, shape.share)
            else:
                tone = [min(255.0, level * shape.share * light) for level in shape.colour]
                cv2.fillConvexPoly(picture, hull, tone, cv2.LINE_AA, SHIFT)


def _people(width_m: float, time_us: int) -> Iterator[Shape]:
    """Two who walk on the pavement, one each way."""
    length = WALKS_TO_M - WALKS_FROM_M
    for number in range(2):
        gone = (time_us / 1e6 * WALKS_M_PER_S + number * length / 3) % length
        y = WALKS_FROM_M + gone if number else WALKS_TO_M - gone
        x = width_m + PAVEMENT_M[0] + 0.6 + number
        yield from _box((x, y, 0.0), (0.45, 0.3, 1.45), ((70, 60, 130), (120, 90, 60))[number])
        yield from _box((x + 0.1, y, 1.45), (0.25, 0.25, 0.27), (140, 160, 190))


def _vehicle(vehicle: Vehicle, shadow: float) -> Iterator[Shape]:
    wide, long, high, bonnet = SIZES[vehicle.kind]
    left, near = vehicle.x_m - wide / 2, vehicle.y_m - long / 2
    foot = _foot(left, near, wide, long)
    if shadow > 0:
        falls = foot + np.array([SHADOW_FALLS[0] * high, SHADOW_FALLS[1] * high, 0.0])
        yield Shape(np.concatenate([foot, falls]), None, 1.0 - (1.0 - SHADOW) * shadow)
    yield Shape(foot, (24, 24, 24))
    for y in (near + 0.7, near + long - 1.4):
        for x in (left, left + wide):
            wheel = ((x, y, 0), (x, y + 0.65, 0), (x, y + 0.65, WHEEL_M * 2), (x, y, WHEEL_M * 2))
            yield Shape(np.array(wheel, np.float64), (30, 30, 30))
    colour = COLOURS[vehicle.number % len(COLOURS)]
    yield from _box((left, near, CLEARANCE_M), (wide, long, bonnet - CLEARANCE_M), colour)
    behind, before = (0.3, 0.08) if vehicle.comes else (0.08, 0.3)
    cabin, glass_high = long * (1 - behind - before), high - bonnet
    yield from _box((left + 0.12, near + long * behind, bonnet), (wide - 0.24, cabin, glass_high), GLASS)
    roof = _foot(left + 0.16, near + long * behind + 0.1, wide - 0.32, cabin - 0.2)
    yield Shape(roof + np.array([0, 0, high]), colour, 1.05)
    for x in (left + 0.1, left + wide - 0.4):
        low, top = bonnet * 0.6, bonnet * 0.85
        lamp = ((x, near, low), (x + 0.3, near, low), (x + 0.3, near, top), (x, near, top))
        yield Shape(np.array(lamp), HEAD_LAMP if vehicle.comes else TAIL_LAMP, LAMP_SHINES)


def _box(
    corner: tuple[float, float, float], size: tuple[float, float, float], colour: Colour
) -> Iterator[Shape]:
    """A box with its near left lower corner there: its sides, its end towards the camera, its top."""
    wide, long, high = size
    low = _foot(corner[0], corner[1], wide, long) + np.array([0, 0, corner[2]])
    top = low + np.array([0, 0, high])
    yield Shape(np.concatenate([low, top]), colour, 0.72)
    yield Shape(np.concatenate([low[:2], top[:2]]), colour, 0.9)
    yield Shape(top, colour, 1.08)


def _dim(picture: Any, hull: Any, share: float) -> None:
    """A shadow on what is there."""
    left, top, wide, high = cv2.boundingRect(hull >> SHIFT)
    left, top, right, bottom = max(left, 0), max(top, 0), min(left + wide, WIDTH), min(top + high, HEIGHT)
    if left >= right or top >= bottom:
        return
    part = picture[top:bottom, left:right]
    mask = np.zeros(part.shape[:2], np.uint8)
    cv2.fillConvexPoly(mask, hull - (np.array([left, top]) << SHIFT), 255, cv2.LINE_8, SHIFT)
    cv2.copyTo(cv2.convertScaleAbs(part, alpha=share), mask, part)


def _foot(x: float, y: float, wide: float, long: float) -> Floats:
    """Corners of a rectangle on the ground, the two that are nearer to the camera first."""
    ends = ((x, y), (x + wide, y), (x + wide, y + long), (x, y + long))
    return np.array([(across, along, 0.0) for across, along in ends])
