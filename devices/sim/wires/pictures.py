"""Pictures of simulated cameras: a scene by its light, what passes, the camera's clock, noise, and what is wrong.

A real sensor never gives the same picture twice; neither does this one, unless its camera is frozen.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

import cv2
import numpy as np

from devices.campus.site import AreaKind
from devices.sim.plant.roads import Vehicle
from devices.sim.plant.scenes import DAY_LEVEL, Sight
from devices.sim.wires import passing
from devices.sim.wires.roadside import Road
from devices.sim.wires.scenery import (
    DRAWN_LEVEL,
    HEIGHT,
    NOISE,
    OUTSIDE,
    VARIANTS,
    WHITE,
    WIDTH,
    Picture,
    by_infrared,
    noise,
    scene,
    seed_of,
)

QUALITY: Final = 60
DARK_LEVEL: Final = 7.0
#: A camera that is turned further than this, in % of its picture's width, looks at something else.
AWAY: Final = 50.0
#: What it sees then, by whether it looked outside.
AWAY_TO: Final = {True: AreaKind.ARCHIVE, False: AreaKind.OUTDOORS}
FOG_GREY: Final = 165
#: Light of infrared or of dusk asks more of the sensor.
DIM_LEVEL, DIM_NOISE = 80.0, 8


class Trouble(NamedTuple):
    """Something wrong with a picture: its kind's number, and since when."""

    value: float
    since_us: int


@dataclass(frozen=True, slots=True)
class View:
    """What one picture is drawn of.

    camera:  its id; decides the variant of the scene and what stands in the picture.
    time_us: UTC, for what moves and for the camera's clock.
    zone:    of the camera's clock.
    troubles: by kind of fault, see `TROUBLES`.
    road:     what a calibrated camera looks at; others have a scene of their kind.
    vehicles: where they are on it.
    lingers:  now and then somebody or something stays before the camera for a while.
    """

    camera: str
    sight: Sight
    time_us: int
    zone: ZoneInfo
    troubles: Mapping[str, Trouble] = field(default_factory=dict)
    road: Road | None = None
    vehicles: tuple[Vehicle, ...] = ()
    lingers: bool = True


def render(view: View) -> bytes:
    """A JPEG of what the camera gives."""
    done, data = cv2.imencode(".jpg", paint(view), [cv2.IMWRITE_JPEG_QUALITY, QUALITY])
    assert done
    return bytes(data)


def paint(view: View) -> Picture:
    """What the camera gives, uint8 (HEIGHT, WIDTH, 3) BGR; not to be changed."""
    if "no-video" in view.troubles:
        return _no_video()
    if "dark" in view.troubles:
        return _dark(view)
    frozen = view.troubles.get("frozen-clock")
    drawn_us = view.time_us if frozen is None else frozen.since_us
    picture: Any = _scene(view, drawn_us)
    for kind, spoil in BEFORE_SENSOR.items():
        if kind in view.troubles:
            picture = spoil(picture, view.troubles[kind].value)
    if view.sight.infrared:  # whatever is wrong, it has no colours by infrared light
        picture = cv2.cvtColor(cv2.cvtColor(picture, cv2.COLOR_BGR2GRAY), cv2.COLOR_GRAY2BGR)
    strength = NOISE if view.sight.level >= DIM_LEVEL else DIM_NOISE
    picture = cv2.add(picture, noise(drawn_us, strength, grey=view.sight.infrared), dtype=cv2.CV_8U)
    if "snow" in view.troubles:
        strength = round(min(127.0, view.troubles["snow"].value))
        interference = noise(drawn_us, strength, 1234, grey=view.sight.infrared)
        picture = cv2.add(picture, interference, dtype=cv2.CV_8U)
    _label(picture, _clock(view), (10, 24))
    _label(picture, view.camera, (10, HEIGHT - 12))
    found: Picture = picture
    return found


def _scene(view: View, time_us: int) -> Any:
    """The place with all that passes, as the camera is turned."""
    turned = view.troubles.get("turn") or view.troubles.get("shift")
    percent = 0.0 if turned is None else turned.value
    away, seed, sight = abs(percent) >= AWAY, seed_of(view.camera), view.sight
    if view.road is None or away:
        picture = _place(view, away=away, percent=percent)
        passing.draw(picture, sight, seed, time_us, lingers=view.lingers)
        return picture
    picture = view.road.seen(sight.level, infrared=sight.infrared)
    sun = 0.0 if sight.rain > 0 or sight.infrared else max(0.0, 2 * sight.level / DAY_LEVEL - 1)
    view.road.drive(picture, view.vehicles, time_us, sight.level / DRAWN_LEVEL, sun)
    passing.draw_air(picture, sight, seed, time_us, lingers=view.lingers)
    return np.roll(picture, round(WIDTH * percent / 100), axis=1) if percent else picture


def _place(view: View, *, away: bool, percent: float) -> Any:
    """A scene of the camera's kind, or of another where it is turned away."""
    seed, sight = seed_of(view.camera), view.sight
    kind = AWAY_TO[sight.kind in OUTSIDE] if away else sight.kind
    if sight.infrared:
        picture: Any = by_infrared(kind, seed % VARIANTS, sight.level).copy()
    else:
        drawn = scene(kind, seed % VARIANTS)
        picture = cv2.convertScaleAbs(drawn, alpha=sight.level / DRAWN_LEVEL, beta=0)
    if away:
        return np.ascontiguousarray(picture[:, ::-1])
    return np.roll(picture, round(WIDTH * percent / 100), axis=1) if percent else picture


def _clock(view: View) -> str:
    ahead_s = view.troubles["clock-off"].value if "clock-off" in view.troubles else 0.0
    clock = dt.datetime.fromtimestamp(view.time_us / 1e6 + ahead_s, view.zone)
    return f"{clock:%Y-%m-%d %H:%M:%S}"


def _blur(picture: Any, pixels: float) -> Any:
    return cv2.GaussianBlur(picture, (0, 0), max(0.1, pixels))


def _cover(picture: Any, percent: float) -> Any:
    """Something without structure over the left part, not quite evenly lit."""
    width = round(WIDTH * min(100.0, max(0.0, percent)) / 100)
    picture[:, :width] = _cloth()[:, :width]
    return picture


def _glare(picture: Any, level: float) -> Any:
    return cv2.convertScaleAbs(picture, alpha=0.5, beta=level)


def _fog(picture: Any, percent: float) -> Any:
    share = min(1.0, max(0.0, percent / 100))
    thick = cv2.GaussianBlur(picture, (0, 0), 0.3 + 1.5 * share)
    return cv2.convertScaleAbs(thick, alpha=1.0 - share, beta=FOG_GREY * share)


#: What lies between the scene and the sensor, in the order of the light.
BEFORE_SENSOR: Final[dict[str, Callable[[Any, float], Any]]] = {
    "fog": _fog,
    "cover": _cover,
    "blur": _blur,
    "glare": _glare,
}
#: Every kind of fault that changes a picture.
TROUBLES: Final = (*BEFORE_SENSOR, "dark", "no-video", "turn", "shift", "snow", "frozen-clock", "clock-off")


@cache
def _cloth() -> Any:
    across = np.linspace(90, 125, WIDTH, dtype=np.float32)
    down = np.linspace(-8, 8, HEIGHT, dtype=np.float32)
    grey = across[None, :] + down[:, None]
    return np.stack([grey * 0.95, grey, grey * 1.05], axis=2).astype(np.uint8)


@cache
def _no_video() -> Picture:
    """What a recorder gives for a channel without a signal: always the same blue."""
    picture = np.full((HEIGHT, WIDTH, 3), (150, 60, 30), np.uint8)
    cv2.putText(picture, "NO VIDEO", (WIDTH // 2 - 110, HEIGHT // 2), cv2.FONT_HERSHEY_SIMPLEX, 1.6, WHITE, 3)
    return picture


def _dark(view: View) -> Picture:
    """A covered lens: almost black, without the text that would lift its spread.

    The noise is as strong as ever: a fainter one would not survive the compression, and a dark camera would seem
    frozen as well.
    """
    grain = noise(view.time_us, more=seed_of(view.camera))
    flat = np.full((HEIGHT, WIDTH, 3), DARK_LEVEL, np.uint8)
    return np.asarray(cv2.add(flat, grain, dtype=cv2.CV_8U), np.uint8)


def _label(picture: Any, text: str, place: tuple[int, int]) -> None:
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.5, WHITE, 1, cv2.LINE_8)
