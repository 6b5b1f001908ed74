"""Outdoor temperature of a place like Ningbo: the year, the day, and a slow drift of the weather."""

from __future__ import annotations

import math
from typing import Final

MEAN_C: Final = 17.2
YEAR_SWING_C: Final = 11.3
DAY_SWING_C: Final = 3.8
WARMEST_DAY: Final = 207.0  # day of the year, end of July
WARMEST_HOUR: Final = 14.5
DAY_S: Final = 86_400.0


def season_mean_c(day_of_year: float) -> float:
    """Mean of the day of an ordinary year, without weather."""
    return MEAN_C + YEAR_SWING_C * math.cos(2 * math.pi * (day_of_year - WARMEST_DAY) / 365.25)


def outdoor_c(day_number: int, day_of_year: int, minute: float, seed: int) -> float:
    """Temperature at `minute` of a local day.

    Args:
        day_number: proleptic ordinal of the day; the weather drifts over it.
        day_of_year: 1 to 366.
        minute: minutes since local midnight.
        seed: of the plant.
    """
    days = day_number + minute / 1440
    phase = seed % 997
    # Fronts pass every few days: three sines without a shared period, so no two weeks are alike.
    front = 2.4 * math.sin(days / 0.93 + phase) + 1.7 * math.sin(days / 2.17 + 2 * phase)
    front += 1.1 * math.sin(days / 5.3 + 3 * phase)
    swing = DAY_SWING_C * math.cos(2 * math.pi * (minute / 60 - WARMEST_HOUR) / 24)
    return season_mean_c(day_of_year) + swing + front
