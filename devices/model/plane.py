"""A road as a plane: four corners of a rectangle in a picture, and its metres, give each pixel a place.

Axes of the road in metres: x across, from the left side to the right; y along, from the near side to the far one.
Corners count near left, near right, far right, far left, as a person before the picture sees them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.texts import Text

Floats = npt.NDArray[np.float64]
#: Less of the picture is too small to click precisely.
LEAST_SHARE: Final = 0.01
#: The thinnest of the four triangles, as a share of the whole: below it three corners are nearly on one line.
LEAST_TRIANGLE: Final = 0.04
#: What is nearer on a road is lower in the picture; of a road straight across it both sides are at about one height.
LEVEL_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Plane:
    """A homography, both ways; float64 (3, 3)."""

    to_metres: Floats
    to_pixels: Floats

    def metres(self, pixels: npt.ArrayLike) -> Floats:
        """Places on the road, float64 (n, 2) in metres, of pixels (n, 2); NaN at and above the horizon."""
        return _mapped(self.to_metres, pixels)

    def pixels(self, metres: npt.ArrayLike) -> Floats:
        """Where places on the road (n, 2) are in the picture, float64 (n, 2); NaN behind the camera."""
        return _mapped(self.to_pixels, metres)

    def grid(self, width_m: float, length_m: float, apart_m: float) -> Floats:
        """Lines each so many metres, across and along, as they are in the picture: float64 (lines, 2 ends, 2)."""
        across = [((0.0, y), (width_m, y)) for y in _steps(length_m, apart_m)]
        along = [((x, 0.0), (x, length_m)) for x in _steps(width_m, apart_m)]
        return self.pixels(np.array(across + along)).reshape(-1, 2, 2)

    def scaled(self, factor_x: float, factor_y: float) -> Plane:
        """The same road in a picture whose pixels are counted so many times as fine."""
        down, up = np.diag([1 / factor_x, 1 / factor_y, 1.0]), np.diag([factor_x, factor_y, 1.0])
        return Plane(self.to_metres @ down, up @ self.to_pixels)


def plane_of(corners: npt.ArrayLike, width_m: float, length_m: float) -> Plane:
    """The plane on which four corners (4, 2) are a rectangle; `flaws` says beforehand whether there is one."""
    road = np.array([(0.0, 0.0), (width_m, 0.0), (width_m, length_m), (0.0, length_m)])
    to_pixels = _homography(road, np.asarray(corners, np.float64))
    to_metres = np.linalg.inv(to_pixels)
    # Both are used up to a factor: choose the sign that makes what is before the camera positive.
    inside = np.append(np.asarray(corners, np.float64).mean(axis=0), 1.0)
    return Plane(to_metres * np.sign(to_metres[2] @ inside), to_pixels * _sign(to_pixels, width_m, length_m))


def flaws(corners: npt.ArrayLike, picture: tuple[int, int]) -> Iterator[Text]:
    """Why four corners (4, 2) in a picture (width, height) cannot be the corners of a rectangle on a road."""
    points = np.asarray(corners, np.float64)
    width, height = picture
    if ((points < 0) | (points > (width, height))).any():
        yield Text("角点在画面之外", "a corner lies outside of the picture")
    areas = np.array([_shoelace(np.delete(points, left_out, axis=0)) for left_out in range(len(points))])
    if np.abs(areas).max() < LEAST_SHARE * width * height / 2:
        yield Text(
            "四边形太小,请选更大的一段路面", "the four corners are too close together: choose a larger piece"
        )
    elif np.abs(areas).min() < LEAST_TRIANGLE * np.abs(areas).max():
        yield Text("三个角点几乎在一条直线上", "three of the corners are nearly on one line")
    elif not (areas < 0).all():  # a picture counts its rows downwards, so going round leftwards is negative
        yield Text(
            "角点顺序不对或边相交:请依次点选近左、近右、远右、远左",
            "the sides cross or the order is wrong: near left, near right, far right, far left",
        )
    elif points[2:, 1].mean() - points[:2, 1].mean() > LEVEL_SHARE * height:
        yield Text(
            "近边应在画面下方:远近颠倒,车速方向会反,请依次点选近左、近右、远右、远左",
            "the near side is above the far one, so directions would be reversed: near left, near right, far right, "
            "far left",
        )


def _steps(most: float, apart: float) -> list[float]:
    """0, and on in steps up to the end."""
    return [*np.arange(0.0, most - apart / 100, apart).tolist(), most]


def _shoelace(points: Floats) -> float:
    x, y = points[:, 0], points[:, 1]
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2


def _homography(source: Floats, target: Floats) -> Floats:
    """The projective map that takes four points (4, 2) to four others, by the linear equations of both axes."""
    rows = []
    for (x, y), (u, v) in zip(source, target, strict=True):
        rows += [(x, y, 1, 0, 0, 0, -u * x, -u * y), (0, 0, 0, x, y, 1, -v * x, -v * y)]
    found = np.linalg.solve(np.array(rows), target.ravel())
    return np.append(found, 1.0).reshape(3, 3)


def _sign(to_pixels: Floats, width_m: float, length_m: float) -> float:
    return float(np.sign(to_pixels[2] @ (width_m / 2, length_m / 2, 1.0)))


def _mapped(matrix: Floats, points: npt.ArrayLike) -> Floats:
    given = np.asarray(points, np.float64).reshape(-1, 2)
    mapped = given @ matrix[:, :2].T + matrix[:, 2]
    depth = np.where(mapped[:, 2] > 0, mapped[:, 2], np.nan)
    return np.asarray(mapped[:, :2] / depth[:, None], np.float64)
