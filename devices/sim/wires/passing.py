"""What comes before simulated cameras and goes again: people, vehicles, rain, headlights, a spider. All healthy."""

from __future__ import annotations

from typing import Any, Final

import cv2
import numpy as np

from devices.sim.plant.scenes import Sight
from devices.sim.wires.scenery import HEIGHT, OUTSIDE, WHITE, WIDTH

#: What stays for a while comes by chance in each stretch of so many seconds, and stays so long.
STRETCH_S: Final = 600
STAYS_S: Final = 100
#: One stretch in so many has it.
LORRIES, NEAR_PEOPLE, SPIDERS, HEADLIGHTS = 12, 9, 15, 4
DROPS: Final = 160


def draw(picture: Any, sight: Sight, seed: int, time_us: int, *, lingers: bool = True) -> None:
    """Draw what is there at this moment into a picture; `lingers` also what stays for a while."""
    second = time_us // 1_000_000
    _passer_by(picture, sight, seed, time_us)
    if lingers:
        _draw_lingering(picture, sight, seed, second)
    draw_air(picture, sight, seed, time_us, lingers=lingers)


def _draw_lingering(picture: Any, sight: Sight, seed: int, second: int) -> None:
    outside = sight.kind in OUTSIDE
    if outside and (since_s := _there(seed, second, LORRIES, 1)) is not None:
        _lorry(picture, sight.level, seed, since_s)
    if not outside and (since_s := _there(seed, second, NEAR_PEOPLE, 2)) is not None:
        _near_person(picture, sight.level, since_s)
    if outside and sight.infrared and (since_s := _there(seed, second, HEADLIGHTS, 4)) is not None:
        _headlights(picture, seed, since_s)


def draw_air(picture: Any, sight: Sight, seed: int, time_us: int, *, lingers: bool = True) -> None:
    """Draw what is in the air and on the glass."""
    if lingers and sight.infrared and _there(seed, time_us // 1_000_000, SPIDERS, 3) is not None:
        _spider(picture, seed, time_us // 1_000_000)
    if sight.rain > 0:
        _rain(picture, sight, time_us)


def _there(seed: int, second: int, one_in: int, what: int) -> float | None:
    """Since how many seconds something that stays is there, None: it is not."""
    stretch, since_s = divmod(second, STRETCH_S)
    chance = (stretch * 2_654_435_761 + seed * 40_503 + what * 97_561) // 64 % one_in
    return float(since_s) if chance == 0 and since_s < STAYS_S else None


def _passer_by(picture: Any, sight: Sight, seed: int, time_us: int) -> None:
    """A car or a person that walks through the lower half, a little further in each picture."""
    along = (time_us // 50_000 + seed * 97) % (WIDTH * 2) - WIDTH // 2
    size = (90, 40) if sight.kind in OUTSIDE else (26, 80)
    shade = int(sight.level * 0.45)
    top = HEIGHT * 2 // 3 - size[1] // 2 + seed % 30
    corner = (along + size[0], top + size[1])
    tint = 0 if sight.infrared else 20
    cv2.rectangle(picture, (along, top), corner, (shade, shade, shade // 2 + tint), -1)


def _lorry(picture: Any, level: float, seed: int, since_s: float) -> None:
    """It stops right before the camera, and fills more than half of the view."""
    left = int(WIDTH * (0.08 + 0.2 * (seed % 5) / 5))
    shade = int(min(200.0, level * 1.2))
    cv2.rectangle(picture, (left, 90), (left + int(WIDTH * 0.68), HEIGHT - 20), (shade, shade, shade), -1)
    for number in range(4):
        x = left + 40 + number * 100
        dark = int(level * 0.5)
        cv2.rectangle(picture, (x, 120), (x + 60, 170), (dark, dark, dark), -1)
    cv2.circle(picture, (left + 90 + int(since_s) % 3, HEIGHT - 30), 30, (20, 20, 20), -1)


def _near_person(picture: Any, level: float, since_s: float) -> None:
    """Somebody right below the camera."""
    left = int(WIDTH * 0.25 + 140 * (since_s / STAYS_S))
    shade = int(level * 0.6)
    cv2.rectangle(picture, (left, 140), (left + 190, HEIGHT), (shade, shade, shade), -1)
    cv2.circle(picture, (left + 95, 110), 55, (shade + 30, shade + 30, shade + 30), -1)


def _spider(picture: Any, seed: int, second: int) -> None:
    """Close to the infrared lamp, so bright and out of focus; its threads too."""
    x, y = 100 + (seed * 37 + second // 7) % 400, 80 + (seed * 53 + second // 11) % 200
    bright = np.zeros((HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    cv2.circle(bright, (x // 4, y // 4), 14, (150, 150, 150), -1)
    cv2.line(bright, (x // 4, 0), (x // 4, HEIGHT // 4), (60, 60, 60), 2)
    glow = cv2.resize(cv2.blur(bright, (7, 7)), (WIDTH, HEIGHT), interpolation=cv2.INTER_LINEAR)
    cv2.add(picture, glow, picture)


def _headlights(picture: Any, seed: int, since_s: float) -> None:
    """A car that comes towards the camera at night."""
    size = 6 + int(since_s * 0.3)
    x, y = 200 + seed * 31 % 240, 170 + int(since_s)
    glow = np.zeros((HEIGHT // 4, WIDTH // 4, 3), np.uint8)
    for side in (-1, 1):
        cv2.circle(glow, ((x + side * 2 * size) // 4, y // 4), size, (110, 110, 110), -1)
    cv2.add(picture, cv2.resize(cv2.blur(glow, (9, 9)), (WIDTH, HEIGHT)), picture)
    for side in (-1, 1):
        cv2.circle(picture, (x + side * 2 * size, y), size, WHITE, -1)


def _rain(picture: Any, sight: Sight, time_us: int) -> None:
    """Streaks; by infrared light they shine."""
    rng = np.random.default_rng([79, time_us])
    count = int(DROPS * sight.rain)
    tone = 210 if sight.infrared else int(min(230.0, sight.level * 1.4))
    places = rng.integers(0, [WIDTH, HEIGHT, 24], (count, 3))
    lines = [np.array([[x, y], [x + 2, y + 8 + length]], np.int32) for x, y, length in places.tolist()]
    cv2.polylines(picture, lines, isClosed=False, color=(tone, tone, tone), thickness=1)
