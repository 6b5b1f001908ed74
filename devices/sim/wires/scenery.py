"""What stands before simulated cameras: drawn once for each kind of place, by day and by infrared light."""

from __future__ import annotations

from functools import cache
from typing import Any, Final

import cv2
import numpy as np
import numpy.typing as npt

from devices.campus.site import AreaKind

Picture = npt.NDArray[np.uint8]

WIDTH: Final = 640
HEIGHT: Final = 360
#: Mean level for which the scenes are drawn.
DRAWN_LEVEL: Final = 120.0
VARIANTS: Final = 4
NOISES: Final = 8
#: Most that noise adds to a pixel or takes from it, in good light.
NOISE: Final = 5
WHITE: Final = (255, 255, 255)
OUTSIDE: Final = frozenset({AreaKind.ROAD, AreaKind.GATE, AreaKind.PARKING, AreaKind.OUTDOORS})


def seed_of(camera: str) -> int:
    """A number for a camera."""
    return sum(camera.encode())


@cache
def scene(kind: AreaKind, variant: int) -> Picture:
    """A place by day, at the level it is drawn for."""
    rng = np.random.default_rng([78, list(AreaKind).index(kind), variant])
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    horizon = HEIGHT // 3 + int(rng.integers(-20, 20))
    vanishing = WIDTH // 2 + int(rng.integers(-120, 120))
    if kind in OUTSIDE:
        _outside(picture, horizon, vanishing)
    else:
        _inside(picture, horizon, vanishing)
    for _ in range(9 if kind is AreaKind.CORRIDOR else 18):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(horizon, HEIGHT - 40))
        # Things nearer to the camera are larger.
        size = 8 + (y - horizon) // 4
        grey, tint = int(rng.integers(60, 190)), rng.integers(-18, 19, 3)
        tone = [grey + int(value) for value in tint]
        cv2.rectangle(picture, (x, y - size), (x + size * int(rng.integers(1, 3)), y), tone, -1)
    mean = float(picture.mean())
    scaled: Picture = np.clip(picture * (DRAWN_LEVEL / mean), 0, 255).astype(np.uint8)
    return scaled


@cache
def by_infrared(kind: AreaKind, variant: int, level: float) -> Picture:
    """The same place by the camera's own lamp."""
    return lit_by_infrared(scene(kind, variant), level)


def lit_by_infrared(place: Picture, level: float) -> Picture:
    """A place by the camera's own lamp: without colours, bright in the middle, dim at the edges."""
    grey = cv2.cvtColor(place, cv2.COLOR_BGR2GRAY).astype(np.float32)
    across = np.linspace(-1, 1, WIDTH, dtype=np.float32)
    down = np.linspace(-1, 1, HEIGHT, dtype=np.float32)
    spot = 0.35 + 0.9 * np.exp(-1.2 * (across[None, :] ** 2 + down[:, None] ** 2))
    lit = grey * spot
    lit *= level / float(lit.mean())
    found: Picture = np.repeat(np.clip(lit, 0, 255).astype(np.uint8)[:, :, None], 3, axis=2)
    return found


def noise(time_us: int, strength: int = NOISE, more: int = 0, *, grey: bool = False) -> npt.NDArray[np.int8]:
    """Another piece of sensor noise each time: where it begins depends on the microsecond."""
    column, row = divmod(time_us // 7 + more, HEIGHT)
    column %= WIDTH
    whole = _noise(time_us // 1_000_003 % NOISES, strength, grey)
    return np.ascontiguousarray(whole[row : row + HEIGHT, column : column + WIDTH])


@cache
def _noise(number: int, strength: int, grey: bool) -> npt.NDArray[np.int8]:  # noqa: FBT001 - a key of the cache
    """Sensor noise, larger than a picture so that pieces of it differ."""
    rng = np.random.default_rng([77, number])
    found = rng.integers(-strength, strength + 1, (HEIGHT * 2, WIDTH * 2, 1 if grey else 3), np.int8)
    return np.repeat(found, 3, axis=2) if grey else found


def _outside(picture: Any, horizon: int, vanishing: int) -> None:
    picture[:horizon] = (205, 185, 165)
    picture[horizon:] = (95, 125, 100)
    road = np.array([[vanishing, horizon], [WIDTH - 40, HEIGHT], [40, HEIGHT]], np.int32)
    cv2.fillPoly(picture, [road], (110, 110, 112))
    cv2.line(picture, (vanishing, horizon), (WIDTH // 2, HEIGHT), WHITE, 2)


def _inside(picture: Any, horizon: int, vanishing: int) -> None:
    picture[:] = (165, 170, 172)
    far = ((vanishing - 70, horizon - 40), (vanishing + 70, horizon + 60))
    floor = [[far[0][0], far[1][1]], [far[1][0], far[1][1]], [WIDTH, HEIGHT], [0, HEIGHT]]
    ceiling = [[far[0][0], far[0][1]], [far[1][0], far[0][1]], [WIDTH, 0], [0, 0]]
    cv2.fillPoly(picture, [np.array(floor, np.int32)], (95, 100, 110))
    cv2.fillPoly(picture, [np.array(ceiling, np.int32)], (205, 208, 208))
    cv2.rectangle(picture, far[0], far[1], (140, 145, 150), -1)
