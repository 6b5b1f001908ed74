"""How far a view has moved: phase correlation with the reference, believed only where the moved edges agree."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.model.frames import FRAME_WIDTH
from edge_agent.pictures.edges import Outline, Slopes, kept
from edge_agent.pictures.grid import HALF_BOTTOM, HALF_TOP, HALF_WIDTH, Floats, Greys, Pixels

#: A peak below this says that no shift explains the picture (1: a pure shift).
LEAST_PEAK: Final = 0.08
#: From so many pixels of half size on the moved edges must be found, so many % of them.
CHECKED_FROM, AGREEING = 1.0, 55.0
#: And so many of the reference's edges must still be in the picture after the shift.
LEAST_OVERLAP: Final = 0.3
_HEIGHT: Final = HALF_BOTTOM - HALF_TOP
_WINDOW: Final = np.outer(np.hanning(_HEIGHT + 2)[1:-1], np.hanning(HALF_WIDTH + 2)[1:-1]).astype(np.float32)
#: Fine grain is noise that differs from picture to picture; only what is coarser tells of a shift.
_COARSE: Final = 0.16
_WEIGHT: Final = np.exp(
    -(
        np.fft.fftfreq(_HEIGHT)[:, None].astype(np.float32) ** 2
        + np.fft.rfftfreq(HALF_WIDTH)[None, :].astype(np.float32) ** 2
    )
    / (2 * _COARSE**2)
).astype(np.float32)
_PURE: Final = float(np.fft.irfft2(_WEIGHT, s=(_HEIGHT, HALF_WIDTH)).max())


@dataclass(frozen=True, slots=True)
class Shift:
    """One row a picture, float64 (n,): pixels of a 320x180 picture, right and down; NaN: no shift explains it."""

    x: Floats
    y: Floats

    @property
    def share(self) -> Floats:
        """The way moved in % of the picture's width."""
        found: Floats = np.hypot(self.x, self.y) * 100.0 / FRAME_WIDTH
        return found


def shifts(reference: Greys, outline: Outline, half: Greys, now: Slopes) -> Shift:
    """Find the shift of each picture of half the size against its reference."""
    surface = _correlated(reference, half)
    n = len(half)
    flat = surface.reshape(n, _HEIGHT * HALF_WIDTH)
    place = flat.argmax(axis=1)
    peak = flat[np.arange(n), place] / _PURE
    row, column = np.divmod(place, HALF_WIDTH)
    y = _signed(row + _between(surface, row, column, 0), _HEIGHT)
    x = _signed(column + _between(surface, row, column, 1), HALF_WIDTH)
    believed = peak >= LEAST_PEAK
    for number in np.flatnonzero(believed & (np.hypot(x, y) >= CHECKED_FROM)):
        move = round(float(y[number])), round(float(x[number]))
        one = np.array([number])
        moved_to = moved(outline[one], move)
        enough = np.count_nonzero(moved_to.strong) >= LEAST_OVERLAP * np.count_nonzero(outline.strong[number])
        believed[number] = enough and kept(moved_to, now[one]).kept_edges[0] >= AGREEING
    return Shift(np.where(believed, 2.0 * x, np.nan), np.where(believed, 2.0 * y, np.nan))


def moved(outline: Outline, move: tuple[int, int]) -> Outline:
    """Outlines where a move (down, right) in pixels of half size takes them; nothing comes in from outside."""
    down, right = move
    source = slice(None), _overlap(_HEIGHT, down), _overlap(HALF_WIDTH, right)
    target = slice(None), _overlap(_HEIGHT, -down), _overlap(HALF_WIDTH, -right)
    was = outline.slopes
    found = [np.zeros_like(values) for values in (was.across, was.down, was.strength)]
    for new, old in zip(found, (was.across, was.down, was.strength), strict=True):
        new[target] = old[source]
    strong = np.zeros_like(outline.strong)
    strong[target] = outline.strong[source]
    return Outline(Slopes(*found), strong, outline.texture)


def _correlated(reference: Greys, half: Greys) -> Pixels:
    before, now = (np.fft.rfft2(_windowed(picture)) for picture in (reference, half))
    cross = now * np.conj(before)
    size = np.abs(cross)
    cross /= np.maximum(size, 1e-6 * np.maximum(size.max(axis=(1, 2), keepdims=True), 1e-12))
    surface: Pixels = np.fft.irfft2(cross * _WEIGHT, s=(_HEIGHT, HALF_WIDTH)).astype(np.float32)
    return surface


def _windowed(half: Greys) -> Pixels:
    values = half[:, HALF_TOP:HALF_BOTTOM].astype(np.float32)
    windowed: Pixels = (values - values.mean(axis=(1, 2), keepdims=True)) * _WINDOW
    return windowed


def _between(surface: Pixels, row: np.ndarray, column: np.ndarray, axis: int) -> Floats:
    """How far the top of the parabola through the peak and its neighbours is beside the peak."""
    step = (1, 0) if axis == 0 else (0, 1)
    rows = np.arange(len(surface))
    low = surface[rows, (row - step[0]) % _HEIGHT, (column - step[1]) % HALF_WIDTH].astype(np.float64)
    top = surface[rows, row, column].astype(np.float64)
    high = surface[rows, (row + step[0]) % _HEIGHT, (column + step[1]) % HALF_WIDTH].astype(np.float64)
    curve = low - 2.0 * top + high
    return np.where(curve < 0, 0.5 * (low - high) / np.where(curve < 0, curve, -1.0), 0.0)


def _signed(place: Floats, size: int) -> Floats:
    return np.where(place > size / 2, place - size, place)


def _overlap(size: int, move: int) -> slice:
    """Where a line of `size` pixels still is after it moved by `move`, in its own count."""
    return slice(max(0, -move), size - max(0, move))
