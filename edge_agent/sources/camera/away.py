"""When a camera gave no picture so long that it had an alert: what a recording lacks then has the same cause. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np
import numpy.typing as npt

#: What is shorter, or but one attempt, raises no alert; see camera-offline in config/rules/camera.yaml.
LEAST_US: Final = 50_000_000
#: A recorder begins again so much later than we see the camera, beside two attempts of ours.
LATER_US: Final = 60_000_000
#: Outages that are remembered; a camera that goes oftener has alerts enough.
MOST: Final = 200


class Away:
    """The outages of one camera, by what came of each attempt at it."""

    def __init__(self) -> None:
        self._ended: deque[tuple[int, int]] = deque(maxlen=MOST)
        self._since_us: int | None = None

    def note(self, time_us: int, poll_us: int, *, is_away: bool) -> None:
        """Take in an attempt."""
        if is_away and self._since_us is None:
            self._since_us = time_us
        if not is_away and self._since_us is not None:
            if _has_alert(time_us - self._since_us, poll_us):
                self._ended.append((self._since_us, time_us))
            self._since_us = None

    def explains(
        self, share: npt.NDArray[np.float64], first_us: int, hour_us: int, poll_us: int
    ) -> npt.NDArray[np.bool_]:
        """Whether what is missing of each hour is no more than the camera was away in it.

        Args:
            share: recorded part of each hour in %, float64 (hours,); NaN is not explained.
            first_us: the beginning of the first hour.
            hour_us: an hour.
            poll_us: from one attempt to the next.
        """
        edges = first_us + hour_us * np.arange(len(share) + 1)
        away_us = np.zeros(len(share))
        for begin_us, end_us in (*self._ended, *self._going_on(int(edges[-1]), poll_us)):
            away_us += np.clip(np.minimum(end_us, edges[1:]) - np.maximum(begin_us, edges[:-1]), 0, None)
        missing_us = (100.0 - share) / 100.0 * hour_us
        return (away_us > 0) & (missing_us <= away_us + LATER_US + 2 * poll_us)

    def _going_on(self, now_us: int, poll_us: int) -> list[tuple[int, int]]:
        since_us = self._since_us
        return [(since_us, now_us)] if since_us is not None and _has_alert(now_us - since_us, poll_us) else []


def _has_alert(for_us: int, poll_us: int) -> bool:
    return for_us >= max(LEAST_US, poll_us * 3 // 2)
