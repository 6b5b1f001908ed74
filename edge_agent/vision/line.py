"""A straight line through places and times, which single wrong places do not bend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

#: Beyond so many times the usual distance from the line a place is wrong.
WRONG: Final = 3.5
#: The usual distance is at least this: below it is the size of pixels.
LEAST_SPREAD_M: Final = 0.05
LEAST_POINTS: Final = 3
#: Of two independent standard errors, 95 % are within this.
SURE: Final = 1.96


@dataclass(frozen=True, slots=True)
class Line:
    """A speed.

    m_per_s:  signed
    error:    95 % of the lines through such places are within this of it, in m/s
    right:    bool (n,)  places that lie on it
    spread_m: usual distance of those from it
    """

    m_per_s: float
    error: float
    right: npt.NDArray[np.bool_]
    spread_m: float


def robust_line(seconds: Floats, metres: Floats) -> Line | None:
    """Theil-Sen, then least squares through what lies on it; None with too few places or no time between them.

    Args:
        seconds: float64 (n,) ascending.
        metres: float64 (n,).
    """
    first = _theil_sen(seconds, metres)
    if first is None:
        return None
    away = metres - first * seconds
    away -= np.median(away)
    spread = max(float(np.median(np.abs(away))) * 1.4826, LEAST_SPREAD_M)
    right = np.abs(away) <= WRONG * spread
    t, y = seconds[right], metres[right]
    t = t - t.mean()
    room = float(t @ t)
    if len(t) < LEAST_POINTS or room <= 0:
        return None
    slope = float(t @ y) / room
    left = y - y.mean() - slope * t
    spread_m = max(float(np.sqrt(left @ left / max(len(t) - 2, 1))), LEAST_SPREAD_M / 2)
    # Neighbouring places err alike (one shadow, one reflection), so they are worth half as many.
    return Line(slope, SURE * spread_m / float(np.sqrt(room / 2)), right, spread_m)


def _theil_sen(seconds: Floats, metres: Floats) -> float | None:
    """The median of the slopes between all pairs."""
    if len(seconds) < LEAST_POINTS:
        return None
    one, other = np.triu_indices(len(seconds), 1)
    apart = seconds[other] - seconds[one]
    usable = apart > 0
    if not usable.any():
        return None
    return float(np.median((metres[other] - metres[one])[usable] / apart[usable]))
