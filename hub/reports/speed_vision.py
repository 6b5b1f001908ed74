"""What cameras say to the speeds of radars, lane by lane. Pure numpy.

A camera that measures speeds shares nothing with a radar. One vehicle on which they differ may be the error of either;
a ratio that stays the same over many vehicles is the radar's angle to the road.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.model.codes import SpeedCheck
from hub.reports.speed import Floats, Passes

#: Fewer vehicles say nothing about a radar's angle, and so does a smaller difference.
MINIMUM_RATIOS: Final = 30
LEAST_OFF: Final = 0.03


@dataclass(frozen=True, slots=True)
class Opinions:
    """What was said to each pass; columns as long as the passes.

    check:      float64 (n,)  a `SpeedCheck`; NaN where nothing was said, as without a camera
    vision_kmh: float64 (n,)  the camera's own speed; NaN where it measured none
    """

    check: Floats
    vision_kmh: Floats


def by_lane(passes: Passes, opinions: Opinions) -> list[dict[str, Any]]:
    """Figures of each radar and direction, in the order of `lanes` of the speed report."""
    lane = passes.device * 2 + passes.away
    return [second_opinion(passes, opinions, lane == number) for number in np.unique(lane).tolist()]


def second_opinion(passes: Passes, opinions: Opinions, own: npt.NDArray[np.bool_]) -> dict[str, Any]:
    """Counts of each check, their shares of the passes that were checked, and the ratio of both speeds.

    Args:
        passes: all of them.
        opinions: what was said to each.
        own: bool (n,), those that are looked at.
    """
    check = opinions.check[own]
    checked = int(np.isin(check, list(SpeedCheck)).sum())
    counts = {code.name.lower(): int((check == code).sum()) for code in SpeedCheck}
    shares = {name: count / checked if checked else None for name, count in counts.items()}
    return {"checked": checked, "counts": counts, "shares": shares, "ratio": _ratio(passes, opinions, own)}


def _ratio(passes: Passes, opinions: Opinions, own: npt.NDArray[np.bool_]) -> dict[str, Any] | None:
    """Median and quartiles of camera to radar, and whether they speak of the radar's angle."""
    both = own & (opinions.vision_kmh > 0) & (passes.kmh > 0)
    if not both.any():
        return None
    low, median, high = np.quantile(opinions.vision_kmh[both] / passes.kmh[both], (0.25, 0.5, 0.75))
    one_sided = (low > 1) == (high > 1)
    number = int(both.sum())
    return {
        "n": number,
        "low": round(float(low), 3),
        "median": round(float(median), 3),
        "high": round(float(high), 3),
        "angle": bool(number >= MINIMUM_RATIOS and abs(median - 1) > LEAST_OFF and one_sided),
    }
