"""Pictures of simulated cameras: a drawn scene, light, something that moves, the camera's clock, and noise.

A real sensor never gives the same picture twice; neither does this one, unless its camera is frozen.
"""

from __future__ import annotations

import datetime as dt
from functools import cache
from typing import Any, Final
from zoneinfo import ZoneInfo

import cv2
import numpy as np
import numpy.typing as npt

from devices.campus.site import AreaKind

Picture = npt.NDArray[np.uint8]

WIDTH: Final = 640
HEIGHT: Final = 360
QUALITY: Final = 60
#: Mean level for which the scenes are drawn.
DRAWN_LEVEL: Final = 120.0
VARIANTS: Final = 4
NOISES: Final = 8
WHITE: Final = (255, 255, 255)
DARK_LEVEL: Final = 7.0
OUTSIDE: Final = frozenset({AreaKind.ROAD, AreaKind.GATE, AreaKind.PARKING, AreaKind.OUTDOORS})


def render(camera: str, kind: AreaKind, level: float, time_us: int, zone: ZoneInfo) -> bytes:
    """A JPEG of what the camera sees.

    Args:
        camera: its id; decides the variant of the scene and what stands in the picture.
        kind: what it looks at.
        level: mean grey level of the light.
        time_us: UTC, for what moves and for the camera's clock.
        zone: of the camera's clock.
    """
    seed = sum(camera.encode())
    picture = cv2.convertScaleAbs(_scene(kind, seed % VARIANTS), alpha=level / DRAWN_LEVEL, beta=0)
    _passer_by(picture, kind, seed, time_us, level)
    picture = cv2.add(picture, _slice(time_us), dtype=cv2.CV_8U)
    clock = dt.datetime.fromtimestamp(time_us / 1e6, zone)
    _label(picture, f"{clock:%Y-%m-%d %H:%M:%S}", (10, 24))
    _label(picture, camera, (10, HEIGHT - 12))
    return _jpeg(picture)


def render_dark(camera: str, time_us: int) -> bytes:
    """A JPEG of a covered lens: almost black, without the text that would lift its spread.

    The noise is as strong as ever: a fainter one would not survive the compression, and a dark camera would seem
    frozen as well.
    """
    noise = _slice(time_us, sum(camera.encode()))
    return _jpeg(cv2.add(np.full((HEIGHT, WIDTH, 3), DARK_LEVEL, np.uint8), noise, dtype=cv2.CV_8U))


def _jpeg(picture: Any) -> bytes:
    done, data = cv2.imencode(".jpg", picture, [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return bytes(data)


def _label(picture: Any, text: str, place: tuple[int, int]) -> None:
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, WHITE, 1, cv2.LINE_8)


def _passer_by(picture: Any, kind: AreaKind, seed: int, time_us: int, level: float) -> None:
    """A car or a person that walks through the lower half, a little further in each picture."""
    along = (time_us // 50_000 + seed * 97) % (WIDTH * 2) - WIDTH // 2
    size = (90, 40) if kind in OUTSIDE else (26, 80)
    shade = int(level * 0.45)
    top = HEIGHT * 2 // 3 - size[1] // 2 + seed % 30
    corner = (along + size[0], top + size[1])
    cv2.rectangle(picture, (along, top), corner, (shade, shade, shade // 2 + 20), -1)


def _slice(time_us: int, more: int = 0) -> npt.NDArray[np.int8]:
    """Another piece of the noise each time: where it begins depends on the microsecond."""
    column, row = divmod(time_us // 7 + more, HEIGHT)
    column %= WIDTH
    noise = _noise(time_us // 1_000_003 % NOISES)
    return np.ascontiguousarray(noise[row : row + HEIGHT, column : column + WIDTH])


@cache
def _noise(number: int) -> npt.NDArray[np.int8]:
    """Sensor noise, larger than a picture so that pieces of it differ."""
    rng = np.random.default_rng([77, number])
    return rng.integers(-5, 6, (HEIGHT * 2, WIDTH * 2, 3), np.int8)


@cache
def _scene(kind: AreaKind, variant: int) -> Picture:
    rng = np.random.default_rng([78, list(AreaKind).index(kind), variant])
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    horizon = HEIGHT // 3 + int(rng.integers(-20, 20))
    vanishing = WIDTH // 2 + int(rng.integers(-120, 120))
    if kind in OUTSIDE:
        _outside(picture, horizon, vanishing)
    else:
        _inside(picture, horizon, vanishing)
    for _ in range(7 if kind is AreaKind.CORRIDOR else 14):
        x, y = int(rng.integers(0, WIDTH)), int(rng.integers(horizon, HEIGHT - 40))
        # Things nearer to the camera are larger.
        size = 8 + (y - horizon) // 4
        grey, tint = int(rng.integers(60, 190)), rng.integers(-18, 19, 3)
        tone = [grey + int(value) for value in tint]
        cv2.rectangle(picture, (x, y - size), (x + size * int(rng.integers(1, 3)), y), tone, -1)
    mean = float(picture.mean())
    scaled: Picture = np.clip(picture * (DRAWN_LEVEL / mean), 0, 255).astype(np.uint8)
    return scaled


def _outside(picture: Picture, horizon: int, vanishing: int) -> None:
    picture[:horizon] = (205, 185, 165)
    picture[horizon:] = (95, 125, 100)
    road = np.array([[vanishing, horizon], [WIDTH - 40, HEIGHT], [40, HEIGHT]], np.int32)
    cv2.fillPoly(picture, [road], (110, 110, 112))
    cv2.line(picture, (vanishing, horizon), (WIDTH // 2, HEIGHT), WHITE, 2)


def _inside(picture: Picture, horizon: int, vanishing: int) -> None:
    picture[:] = (165, 170, 172)
    far = ((vanishing - 70, horizon - 40), (vanishing + 70, horizon + 60))
    floor = [[far[0][0], far[1][1]], [far[1][0], far[1][1]], [WIDTH, HEIGHT], [0, HEIGHT]]
    ceiling = [[far[0][0], far[0][1]], [far[1][0], far[0][1]], [WIDTH, 0], [0, 0]]
    cv2.fillPoly(picture, [np.array(floor, np.int32)], (95, 100, 110))
    cv2.fillPoly(picture, [np.array(ceiling, np.int32)], (205, 208, 208))
    cv2.rectangle(picture, far[0], far[1], (140, 145, 150), -1)
