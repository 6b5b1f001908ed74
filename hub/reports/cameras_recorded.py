"""How much recorders recorded over a month, by whole hours. Pure numpy.

What a recorder could not say of an hour is unknown: it counts as not recorded, and stays in the denominator.
"""

from __future__ import annotations

import datetime as dt
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from hub.reports.cameras_rates import US_PER_S, Stretch

Floats = npt.NDArray[np.float64]

HOUR_S: Final = 3600
HOUR_US: Final = HOUR_S * US_PER_S
#: An hour counts so long after its end: recorders close their files late, and are asked later still.
LATE_US: Final = 2700 * US_PER_S
#: A day of which less was recorded is not complete, in %.
WHOLE: Final = 99.0


def hours(stretch: Stretch, now_us: int) -> int:
    """Whole hours of a stretch that count so far."""
    return max(0, (min(stretch.to_us, now_us - LATE_US) - stretch.from_us) // HOUR_US)


def told(stretch: Stretch, count: int) -> tuple[int, int]:
    """From when to when so many hours were told: each at its end."""
    return stretch.from_us + HOUR_US, stretch.from_us + (count + 1) * HOUR_US


def days(stretch: Stretch, count: int, zone: ZoneInfo) -> list[tuple[dt.date, slice]]:
    """The days of the campus that lie within so many hours, and which hours those are."""
    day = dt.datetime.fromtimestamp(stretch.from_us / US_PER_S, zone).date()
    found: list[tuple[dt.date, slice]] = []
    while True:
        midnights = (dt.datetime.combine(one, dt.time(), zone) for one in (day, day + dt.timedelta(days=1)))
        first, last = ((round(at.timestamp()) * US_PER_S - stretch.from_us) // HOUR_US for at in midnights)
        if last > count:
            return found
        found.append((day, slice(first, last)))
        day += dt.timedelta(days=1)


def shares(share: Floats, chosen: list[slice]) -> dict[str, Floats]:
    """What was recorded of each camera, of 1, float64 (cameras,) each; NaN where there is no hour or no day.

    Args:
        share: float64 (cameras, hours), recorded part of each hour in %; NaN where it is not known.
        chosen: the hours of each day.
    """
    part = np.nan_to_num(share)
    complete = np.stack([_mean(part[:, day]) >= WHOLE for day in chosen], axis=1) if chosen else part[:, :0]
    return {
        "time": _mean(part) / 100.0,
        "unknown": _mean(np.isnan(share)),
        "days": _mean(complete),
        "last_day": _mean(complete[:, -1:]),
    }


def _mean(columns: npt.NDArray[np.float64] | npt.NDArray[np.bool_]) -> Floats:
    count = columns.shape[1]
    return columns.sum(axis=1) / count if count else np.full(len(columns), np.nan)
