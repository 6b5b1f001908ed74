"""Pictures against what their cameras should see: all measures together, and in which way one is suspect."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_agent.pictures import edges
from edge_agent.pictures.alike import Change
from edge_agent.pictures.edges import Focus, Outline, joined
from edge_agent.pictures.grid import HALF_BOTTOM, HALF_TOP, Flags, Floats, Greys
from edge_agent.pictures.plain import Plain
from edge_agent.pictures.shift import CHECKED_FROM, Shift, moved, shifts
from edge_agent.pictures.sides import like_side

Rows = npt.NDArray[np.int64]

#: In the dark and in glare edges say nothing.
DARK_LEVEL, DARK_STD = 16.0, 8.0
GLARE_SHARE: Final = 60.0
#: A picture is suspect a little before the rules would say so.
SUSPECT_LEVEL, SUSPECT_STD = 20.0, 10.0
SUSPECT_BRIGHT, SUSPECT_FLAT = 50.0, 80.0
SUSPECT_KEPT, SUSPECT_SHARP, SUSPECT_COVERED = 45.0, 80.0, 50.0
SUSPECT_SHIFT: Final = 1.0
#: Haze takes texture and leaves the light; dusk takes both, and that much texture (down to this part) is no loss.
SUSPECT_HAZE: Final = 45.0
LEAST_LIGHT: Final = 0.15
#: A reference can be made of a picture with so much light and structure, and may follow one so like it.
LEARN_LEVEL, LEARN_STD, LEARN_FLAT = 24.0, 10.0, 70.0
LIKE_KEPT, LIKE_SHIFT, LIKE_COVERED = 80.0, 0.4, 15.0


@dataclass(frozen=True, slots=True)
class Against:
    """Pictures against their references; one row a picture, float64 (n,), NaN: there is none, or it makes no sense.

    They are the points of the same names.
    """

    noise: Floats
    sharpness: Floats
    kept_edges: Floats
    clear_third: Floats
    like_side: Floats
    texture: Floats
    covered_share: Floats
    shift: Floats
    shift_x: Floats
    shift_y: Floats

    @classmethod
    def nothing(cls, n: int) -> Against:
        """No references."""
        return cls(*(np.full(n, np.nan) for _ in range(10)))

    def put(self, rows: Rows, found: Against) -> None:
        """Fill in some rows."""
        for name in Against.__slots__:
            getattr(self, name)[rows] = getattr(found, name)


def compared(now: Outline, first: Outline, shown: Greys, focus: Focus, grey: Greys, half: Greys) -> Against:
    """Pictures against references, row by row; `first` and `shown` are what the references were first."""
    slopes = edges.slopes(half)
    shift = shifts(shown, first, half, slopes)
    there = edges.kept(_followed(now, shift), slopes)
    energies = edges.focus(now.strong, grey)
    still = ~(np.hypot(shift.x, shift.y) >= 2 * CHECKED_FROM)
    sharp = np.where(still, edges.sharpness(focus, energies, there.tiles), np.nan)
    return Against(
        energies.noise,
        sharp,
        there.kept_edges,
        there.clear_third,
        like_side(shown, half, slopes, there.tiles),
        there.texture / np.clip(_level(half) / np.maximum(_level(shown), 1.0), LEAST_LIGHT, 1.0),
        there.covered_share,
        shift.share,
        shift.x,
        shift.y,
    )


def _level(half: Greys) -> Floats:
    """Mean grey of the inner part, float64 (n,)."""
    found: Floats = half[:, HALF_TOP:HALF_BOTTOM].mean(axis=(1, 2), dtype=np.float64)
    return found


def _followed(outline: Outline, shift: Shift) -> Outline:
    """References moved to where their views are now: what a shift explains is not gone."""
    rows = np.flatnonzero(np.hypot(shift.x, shift.y) >= 2 * CHECKED_FROM)
    if not len(rows):
        return outline
    each = [outline[np.array([row])] for row in range(len(shift.x))]
    for row in rows:
        each[row] = moved(each[row], (round(float(shift.y[row]) / 2), round(float(shift.x[row]) / 2)))
    return joined(each)


def blind(plain: Plain) -> Flags:
    """Pictures that are so dark or so burnt out that their edges say nothing."""
    return (plain.mean_level < DARK_LEVEL) & (plain.std_level < DARK_STD) | (plain.bright_share > GLARE_SHARE)


def changes(plain: Plain, against: Against) -> Rows:
    """In which way each picture is suspect, see Change."""
    dark = (plain.mean_level < SUSPECT_LEVEL) & (plain.std_level < SUSPECT_STD)
    still = (plain.same_pictures > 0) | (plain.flat_share > SUSPECT_FLAT)
    view = (
        (against.kept_edges < SUSPECT_KEPT)
        | (against.sharpness < SUSPECT_SHARP)
        | (against.covered_share > SUSPECT_COVERED)
        | (against.texture < SUSPECT_HAZE)
    )
    found: Rows = np.select(
        [dark, plain.bright_share > SUSPECT_BRIGHT, still, view, against.shift > SUSPECT_SHIFT],
        [Change.DARK, Change.BRIGHT, Change.STILL, Change.VIEW, Change.MOVED],
        Change.NONE,
    ).astype(np.int64)
    return found


def learnable(plain: Plain) -> Flags:
    """Pictures with enough light and structure to make a reference of."""
    return (
        (plain.mean_level >= LEARN_LEVEL)
        & (plain.std_level >= LEARN_STD)
        & (plain.flat_share < LEARN_FLAT)
        & (plain.bright_share < SUSPECT_BRIGHT)
    )


def like(against: Against) -> Flags:
    """Pictures so like their references that these may follow them."""
    return (
        (against.kept_edges >= LIKE_KEPT)
        & (against.shift < LIKE_SHIFT)
        & (against.covered_share < LIKE_COVERED)
    )
