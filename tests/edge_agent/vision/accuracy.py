"""How far the speeds of drawn scenes are from the truth; the figures of docs/vision-speed.md.

python -m tests.edge_agent.vision.accuracy          90 scenes, half a minute on one core
python -m tests.edge_agent.vision.accuracy 20 7     20 scenes of seed 7
"""

from __future__ import annotations

import sys
from dataclasses import dataclass

import numpy as np

from edge_agent.vision.watch import Watch
from tests.edge_agent.vision.scene import START_US, Car, Scene, frames

SHADES = (40, 70, 130, 160, 190, 230)
FPS = (5.0, 8.0, 10.0, 12.5)


@dataclass(frozen=True)
class Drawn:
    """A scene of one car, and how often a second it is looked at."""

    scene: Scene
    fps: float

    @property
    def kmh(self) -> float:
        """Its true speed."""
        return abs(self.scene.cars[0].kmh)


def drawn(scenes: int, seed: int) -> list[Drawn]:
    """Scenes at random: 12 to 70 km/h in either direction and lane, six shades, a shadow in half of them."""
    random = np.random.default_rng(seed)
    found = []
    for number in range(scenes):
        kmh = float(random.uniform(12, 70)) * (-1 if random.integers(2) else 1)
        shadow = (float(random.uniform(-2, 2)), float(random.uniform(-2, 2))) if number % 2 else (0.0, 0.0)
        car = Car(
            kmh,
            38.0 if kmh < 0 else 6.0,
            x_m=float(random.uniform(1.5, 5.5)),
            level=SHADES[random.integers(len(SHADES))],
        )
        scene = Scene((car,), shadow_m=shadow, noise=float(random.uniform(1, 5)), seed=number)
        found.append(Drawn(scene, FPS[random.integers(len(FPS))]))
    return found


def measured(one: Drawn) -> list[tuple[float, float]]:
    """Speed and told error of each vehicle that was seen; there is one."""
    watch, seconds = Watch(one.scene.calibration()), 34 / (one.kmh / 3.6)
    passes = [
        found
        for frame, time_us in frames(one.scene, one.fps, seconds)
        for found in watch.step(frame, time_us)
    ]
    empty = one.scene.frame(-1e3, np.random.default_rng(5))
    passes += watch.step(empty, START_US + round((seconds + 9) * 1e6))
    return [(abs(found.kmh), found.error_kmh) for found in passes]


def main(scenes: int = 90, seed: int = 20261123) -> None:
    """Measure, and print the figures."""
    off, within, silent, more = [], 0, 0, 0
    for one in drawn(scenes, seed):
        found = measured(one)
        silent, more = silent + (not found), more + (len(found) > 1)
        for kmh, error_kmh in found:
            off.append(abs(kmh / one.kmh - 1) * 100)
            within += abs(kmh - one.kmh) <= error_kmh
    half, most, worst = np.quantile(off, (0.5, 0.95, 1.0))
    sys.stdout.write(
        f"{scenes} scenes, {len(off)} speeds, {silent} scenes without one, {more} with more than one\n"
        f"half within {half:.1f} %, 95 % within {most:.1f} %, worst {worst:.1f} %; {within} within the told error\n"
    )


if __name__ == "__main__":
    main(*map(int, sys.argv[1:3]))
