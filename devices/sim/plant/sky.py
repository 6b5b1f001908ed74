"""The sky over the campus: rain that comes and goes, and daylight that fades."""

from __future__ import annotations

import math

#: First and last light of a day in minutes after midnight, and how long dawn and dusk take.
DAWN, DUSK, TWILIGHT = 385.0, 1035.0, 40.0


def rain(day_number: int, minute: float, seed: int) -> float:
    """How hard it rains, 0 not at all to 1 a downpour; about one hour in eight is wet."""
    hours = day_number * 24 + minute / 60
    phase = seed % 991
    # Three sines without a shared period: spells of some hours, no two days alike.
    wave = (
        math.sin(hours / 3.1 + phase) + math.sin(hours / 7.7 + 2 * phase) + math.sin(hours / 1.3 + 3 * phase)
    )
    return min(1.0, max(0.0, (wave - 1.2) / 1.2))


def daylight(minute: float) -> float:
    """How light it is outdoors, 0 night to 1 day."""
    rising = (minute - (DAWN - TWILIGHT / 2)) / TWILIGHT
    falling = ((DUSK + TWILIGHT / 2) - minute) / TWILIGHT
    return min(1.0, max(0.0, min(rising, falling)))
