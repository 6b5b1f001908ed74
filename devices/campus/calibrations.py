"""What a person measured of a road that a camera sees: corners in its picture and metres on the ground."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from devices.campus.calendars import Date, Id
from devices.model.plane import Plane, flaws, plane_of
from devices.model.texts import Said, Text
from devices.profiles.strict import Strict

Pixel = tuple[Annotated[float, Field(ge=0, le=20_000)], Annotated[float, Field(ge=0, le=20_000)]]
Metres = Annotated[float, Field(gt=0, le=500)]
#: Two sides that should be equal may differ by so much, and a measured distance from what the picture says.
MOST_CM: Final = 15.0
MOST_SHARE: Final = 0.03
#: A shorter piece of road gives too few metres for a speed.
LEAST_LENGTH_M: Final = 5.0
#: How precisely a corner is clicked, in pixels.
CLICK_PX: Final = 1.5
#: A speed that is wrong by more than this for the clicks alone confirms nothing.
MOST_CLICK_SHARE: Final = 0.25


class Distance(Strict):
    """A distance on the road that was measured as a check and is no side of the rectangle."""

    from_px: Pixel
    to_px: Pixel
    metres: Metres


class RoadLane(Strict):
    """A lane in the picture, and the radar that watches it."""

    radar: Id
    from_m: float = Field(ge=-50, le=500, description="From the left side of the rectangle, across the road.")
    to_m: float = Field(ge=-50, le=500)
    approaching: Literal["near", "far"] = Field(
        "near", description="To which side of the picture a vehicle goes when the radar says approaching."
    )

    @model_validator(mode="after")
    def _left_to_right(self) -> Self:
        if self.from_m >= self.to_m:
            raise ValueError(Said("from_m 小于 to_m", "from_m below to_m"))
        return self


class Measured(Strict):
    """What was clicked and measured, whether or not anything can be measured by it."""

    camera: Id
    picture: tuple[Annotated[int, Field(ge=160, le=20_000)], Annotated[int, Field(ge=120, le=20_000)]] = (
        Field(description="Width and height of the picture in which the corners were clicked.")
    )
    corners_px: tuple[Pixel, Pixel, Pixel, Pixel]
    lengths_m: tuple[Metres, Metres] = Field(description="Left and right side, along the road.")
    widths_m: tuple[Metres, Metres] = Field(description="Near and far side, across the road.")
    checks: tuple[Distance, ...] = Field((), max_length=16)
    lanes: tuple[RoadLane, ...] = Field(min_length=1, max_length=8)
    made_on: Date | None = None
    made_by: str = Field("", max_length=100)

    @property
    def id(self) -> str:
        """One for each camera."""
        return self.camera


class Calibration(Measured):
    """Four corners of a rectangle on the road: near left, near right, far right, far left."""

    @model_validator(mode="after")
    def _usable(self) -> Self:
        if found := list(problems(self)):
            raise ValueError(Said("；".join(text.zh for text in found), "; ".join(text.en for text in found)))
        return self


@dataclass(frozen=True, slots=True)
class Survey:
    """What a calibration comes to.

    residual_cm: how far the four sides are from those of a rectangle, root of the mean square
    checks_cm:   what the picture says of each further distance, less what was measured
    speed_share: by what share a speed may be wrong for clicks and tape, 0.01 is 1 %
    """

    plane: Plane
    width_m: float
    length_m: float
    residual_cm: float
    checks_cm: tuple[float, ...]
    speed_share: float


def survey(calibration: Measured) -> Survey:
    """Fit the plane, and say how well the metres fit each other and the picture."""
    width_m, length_m = _sides(calibration)
    plane = plane_of(calibration.corners_px, width_m, length_m)
    sides = [side - length_m for side in calibration.lengths_m] + [
        side - width_m for side in calibration.widths_m
    ]
    residual_cm = float(np.sqrt(np.mean(np.square(sides)))) * 100
    checks = [_measured(plane, check) - check.metres for check in calibration.checks]
    relative = [abs(error) / check.metres for error, check in zip(checks, calibration.checks, strict=True)]
    tape = residual_cm / 100 / length_m
    return Survey(
        plane=plane,
        width_m=width_m,
        length_m=length_m,
        residual_cm=residual_cm,
        checks_cm=tuple(error * 100 for error in checks),
        speed_share=max([math.hypot(_clicks(calibration, plane), tape), *relative]),
    )


def problems(calibration: Measured) -> Iterator[Text]:
    """Why a calibration cannot be used, in words for who made it."""
    found = list(flaws(calibration.corners_px, calibration.picture))
    yield from found
    width_m, length_m = _sides(calibration)
    if length_m < LEAST_LENGTH_M:
        yield Text(
            f"路段太短:至少 {LEAST_LENGTH_M:g} 米,15 米以上为好",
            f"too short a piece of road: at least {LEAST_LENGTH_M:g} m, better 15 m",
        )
    for sides, (one, other) in (
        (Text("左右两边", "the sides along the road"), calibration.lengths_m),
        (Text("近远两边", "the sides across the road"), calibration.widths_m),
    ):
        if abs(one - other) > _bound_m((one + other) / 2):
            yield Text(
                f"{sides.zh}相差 {abs(one - other) * 100:.0f} 厘米,不是矩形,请重新丈量",
                f"{sides.en} differ by {abs(one - other) * 100:.0f} cm: no rectangle, measure again",
            )
    if not found:
        plane = plane_of(calibration.corners_px, width_m, length_m)
        if not _clicks(calibration, plane) <= MOST_CLICK_SHARE:  # not a number: a click reaches the horizon
            yield Text(
                f"角点差 {CLICK_PX:g} 像素,车速就差 {MOST_CLICK_SHARE:.0%} 以上,请选更近、更大的一段路面",
                f"corners {CLICK_PX:g} pixels off make speeds wrong by more than {MOST_CLICK_SHARE:.0%}: choose a "
                "nearer or larger piece of road",
            )
        yield from _wrong_checks(calibration, plane)


def _wrong_checks(calibration: Measured, plane: Plane) -> Iterator[Text]:
    for number, check in enumerate(calibration.checks, 1):
        said_m = _measured(plane, check)
        if not abs(said_m - check.metres) <= _bound_m(check.metres):
            yield Text(
                f"校核距离 {number}:丈量 {check.metres:.2f} 米,画面推算 {said_m:.2f} 米,请检查角点和丈量",
                f"check {number}: {check.metres:.2f} m by tape, {said_m:.2f} m in the picture: look at both",
            )


def _sides(calibration: Measured) -> tuple[float, float]:
    return sum(calibration.widths_m) / 2, sum(calibration.lengths_m) / 2


def _bound_m(metres: float) -> float:
    return max(MOST_CM / 100, MOST_SHARE * metres)


def _measured(plane: Plane, check: Distance) -> float:
    ends = plane.metres([check.from_px, check.to_px])
    return float(np.hypot(*(ends[1] - ends[0])))


def _clicks(calibration: Measured, plane: Plane) -> float:
    """By what share a length is wrong where each corner is clicked so precisely, root of the sum of squares."""
    moved = 0.0
    left, right, far_right, far_left = calibration.corners_px
    for near, far in ((left, far_left), (right, far_right)):
        for corner, other in ((near, far), (far, near)):
            towards = np.sign(np.subtract(other, corner)) * CLICK_PX / math.sqrt(2)
            ends = plane.metres(np.array([np.add(corner, towards), other]))
            length_m = float(np.hypot(*(ends[1] - ends[0])))
            moved += (length_m / _sides(calibration)[1] - 1) ** 2
    return math.sqrt(moved / 2)
