"""Pictures against their references: which edges are still there, and how sharp they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_agent.pictures.grid import (
    BOTTOM,
    HALF_BOTTOM,
    HALF_TOP,
    TILE_HEIGHT,
    TILE_WIDTH,
    TILES,
    TOP,
    Flags,
    Floats,
    Greys,
    Pixels,
    tiled,
)

Rows = npt.NDArray[np.int64]

#: The strongest pixels of a reference are its edges, if they are at least so strong (grey levels).
EDGE_SHARE: Final = 0.12
LEAST_EDGE: Final = 10.0
#: An edge is there when at least this part of it is, after the light.
PRESENT: Final = 0.3
#: How much darker a picture may be than its reference before fading edges are no longer put down to the light.
LEAST_GAIN: Final = 0.35
#: Most pixels are no edges: so many times their median is above the noise. And within these bounds (grey levels).
ABOVE_NOISE: Final = 3.0
FLOORS: Final = (3.0, 14.0)
#: Texture is told by the strength that this part of the pixels stays below.
TEXTURE_SHARE: Final = 0.95
#: Of noise alone this share stays below so many times the median (Rayleigh).
NOISE_STRONG: Final = 2.08
#: A tile says something if it has so many pixels of edges; it is clear if this part of them is there, else covered.
LEAST_PIXELS: Final = 4
CLEAR: Final = 0.6
#: First columns of tiles of the three thirds of a view; one says something if it has this part of the edges.
THIRDS: Final = (0, 7, 13)
LEAST_THIRD: Final = 0.1
#: Sharpness is judged where it is clear, if so many of the tiles are.
LEAST_CLEAR: Final = 0.25
#: White noise of variance 1 has these energies of curvature and of slope; the quietest tiles have nothing else.
NOISE_BEND, NOISE_SLOPE = 20.0, 4.0
QUIET: Final = 0.1


@dataclass(frozen=True, slots=True)
class Slopes:
    """How steeply the grey of pictures of half the size changes; float32 (n, 70, 160), in grey levels, never negative.

    across, down: from left to right, and from above to below.
    strength:     both together.
    """

    across: Pixels
    down: Pixels
    strength: Pixels

    def __getitem__(self, rows: Rows) -> Slopes:
        """Some of them."""
        return Slopes(self.across[rows], self.down[rows], self.strength[rows])


@dataclass(frozen=True, slots=True)
class Outline:
    """Edges of references.

    slopes:  of the pictures.
    strong:  bool (n, 70, 160): where the edges are.
    texture: float64 (n,), strength of the stronger edges.
    """

    slopes: Slopes
    strong: Flags
    texture: Floats

    def __getitem__(self, rows: Rows) -> Outline:
        """Some of them."""
        return Outline(self.slopes[rows], self.strong[rows], self.texture[rows])


@dataclass(frozen=True, slots=True)
class Focus:
    """Energies at the edges of the reference, without those of noise.

    bend, slope: float32 (n, ROWS, COLUMNS), of curvature and of slope.
    noise:       float64 (n,), standard deviation in grey levels.
    """

    bend: Pixels
    slope: Pixels
    noise: Floats


@dataclass(frozen=True, slots=True)
class Kept:
    """One row a picture, in %, float64 (n,), NaN: the reference has no edges.

    clear_third: of the left, middle and right third of the view the one of which most is there.
    tiles:       float64 (n, ROWS, COLUMNS), the part of each tile's edges that is there; NaN: it has none.
    """

    kept_edges: Floats
    clear_third: Floats
    texture: Floats
    covered_share: Floats
    tiles: Floats


def slopes(half: Greys) -> Slopes:
    """Slopes in the inner part of pictures of half the size."""
    values = half[:, HALF_TOP - 1 : HALF_BOTTOM + 1].astype(np.float32)
    down = np.abs(values[:, 2:] - values[:, :-2])
    across = np.zeros_like(down)
    across[:, :, 1:-1] = np.abs(values[:, 1:-1, 2:] - values[:, 1:-1, :-2])
    return Slopes(across, down, np.sqrt(across * across + down * down))


def outline(half: Greys) -> Outline:
    """The edges of references."""
    found = slopes(half)
    limit = np.maximum(_ranked(found.strength, 1.0 - EDGE_SHARE), LEAST_EDGE)
    return Outline(found, found.strength >= limit[:, None, None], texture(found.strength))


def joined(outlines: Sequence[Outline]) -> Outline:
    """Outlines one after the other."""
    slopes_ = [one.slopes for one in outlines]
    return Outline(
        Slopes(
            np.concatenate([one.across for one in slopes_]),
            np.concatenate([one.down for one in slopes_]),
            np.concatenate([one.strength for one in slopes_]),
        ),
        np.concatenate([one.strong for one in outlines]),
        np.concatenate([one.texture for one in outlines]),
    )


def texture(strength: Pixels) -> Floats:
    """Strength of the stronger edges of each picture, without its noise; float64 (n,) in grey levels."""
    strong = _ranked(strength, TEXTURE_SHARE).astype(np.float64)
    noise = NOISE_STRONG * _ranked(strength[:, ::2, ::2], 0.5)
    return np.sqrt(np.maximum(strong * strong - noise * noise, 0.0))


def floors(strength: Pixels) -> Pixels:
    """What is weaker than this in a picture is noise: float32 (n,)."""
    every_other = strength[:, ::2, ::2]
    floor: Pixels = np.clip(ABOVE_NOISE * _ranked(every_other, 0.5), *FLOORS)
    return floor


def _ranked(strength: Pixels, share: float) -> Pixels:
    """The strength that `share` of the pixels of each picture stays below: float32 (n,)."""
    n, height, width = strength.shape
    flat = strength.reshape(n, height * width)
    place = int(flat.shape[1] * share)
    ranked: Pixels = np.partition(flat, place, axis=1)[:, place]
    return ranked


def kept(reference: Outline, now: Slopes) -> Kept:
    """How much of the references' edges is still there; row i against row i.

    An upright edge is there if there is an upright one, a level one if there is a level one: in a view full of
    other things most edges of the reference would find some edge in their place.
    """
    ratio = texture(now.strength) / np.maximum(reference.texture, 1.0)
    gain = np.clip(ratio, LEAST_GAIN, 1.0).astype(np.float32)[:, None, None]
    was = reference.slopes
    wanted = np.maximum(floors(now.strength)[:, None, None], PRESENT * gain * was.strength)
    along = was.across * widened(now.across) + was.down * widened(now.down)
    present = reference.strong & (along >= wanted * was.strength)
    edges = tiled(reference.strong.astype(np.float32)).astype(np.float64)
    found = tiled(present.astype(np.float32)).astype(np.float64)
    says = edges >= LEAST_PIXELS
    with np.errstate(divide="ignore", invalid="ignore"):
        tiles = np.where(says, found / edges, np.nan)
        share = found.sum(axis=(1, 2)) / edges.sum(axis=(1, 2))
        covered = np.count_nonzero(says & (tiles < CLEAR), axis=(1, 2)) / np.count_nonzero(says, axis=(1, 2))
    return Kept(100.0 * share, _best_third(found, edges), 100.0 * ratio, 100.0 * covered, tiles)


def _best_third(found: Floats, edges: Floats) -> Floats:
    """Of found and wanted edges of each tile: what stands right before a camera leaves one side of the view."""
    wanted = np.add.reduceat(edges.sum(axis=1), THIRDS, axis=1)
    there = np.add.reduceat(found.sum(axis=1), THIRDS, axis=1)
    says = wanted >= LEAST_THIRD * wanted.sum(axis=1, keepdims=True)
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(says, 100.0 * there / wanted, -1.0)
    best = np.fmax.reduce(share, axis=1, initial=-1.0)
    return np.where(best >= 0, best, np.nan)


def widened(strength: Pixels) -> Pixels:
    """The strongest of each pixel and its eight neighbours: a camera on its mast is never quite still."""
    wide = strength.copy()
    np.maximum(wide[:, :, 1:], strength[:, :, :-1], out=wide[:, :, 1:])
    np.maximum(wide[:, :, :-1], strength[:, :, 1:], out=wide[:, :, :-1])
    tall = wide.copy()
    np.maximum(tall[:, 1:], wide[:, :-1], out=tall[:, 1:])
    np.maximum(tall[:, :-1], wide[:, 1:], out=tall[:, :-1])
    return tall


def focus(strong: Flags, grey: Greys) -> Focus:
    """Energies of whole-size pictures at the edges of their references."""
    values = grey[:, TOP - 1 : BOTTOM + 1].astype(np.float32)
    middle = values[:, 1:-1, 1:-1]
    left, right, above, below = (
        values[:, 1:-1, :-2],
        values[:, 1:-1, 2:],
        values[:, :-2, 1:-1],
        values[:, 2:, 1:-1],
    )
    bend = left + right + above + below - 4.0 * middle
    across, down = right - left, below - above
    bends, slopes_ = _whole(bend * bend), _whole(across * across + down * down)
    where = np.repeat(np.repeat(strong, 2, axis=1), 2, axis=2).astype(np.float32)
    pixels = tiled(where)
    place = int(TILES * QUIET)
    quiet = np.partition(tiled(bends).reshape(len(grey), TILES), place, axis=1)[:, place]
    variance = quiet / (NOISE_BEND * TILE_HEIGHT * TILE_WIDTH)
    least = variance[:, None, None] * pixels
    return Focus(
        np.maximum(tiled(bends * where) - NOISE_BEND * least, 0.0),
        np.maximum(tiled(slopes_ * where) - NOISE_SLOPE * least, 0.0),
        np.sqrt(variance.astype(np.float64)),
    )


def _whole(values: Pixels) -> Pixels:
    """With a column of nothing on either side, where no differences can be taken."""
    wide = np.zeros((len(values), values.shape[1], values.shape[2] + 2), np.float32)
    wide[:, :, 1:-1] = values
    return wide


def sharpness(reference: Focus, now: Focus, tiles: Floats) -> Floats:
    """Bend by slope against the reference, in %, where its edges are still there; float64 (n,), NaN: too few are.

    The median of the tiles: what passes through some of them has edges of its own.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = (now.bend / now.slope) / (reference.bend / reference.slope)
        usable = (tiles >= CLEAR) & np.isfinite(ratio)
    counts = np.count_nonzero(usable, axis=(1, 2))
    says = np.count_nonzero(~np.isnan(tiles), axis=(1, 2))
    ranked = np.sort(np.where(usable, ratio, np.inf).reshape(len(tiles), TILES), axis=1)
    median = ranked[np.arange(len(tiles)), counts // 2]
    return np.where((counts > 0) & (counts >= LEAST_CLEAR * says), 100.0 * median, np.nan)
