"""How far the agent's clock is from the hub's: pure."""

from __future__ import annotations

from collections import deque
from typing import Final

WINDOW_S: Final = 60.0
MOST: Final = 64


class ClockOffset:
    """Hub's clock minus ours, from the times in acknowledgements.

    Each one was on its way for a while, so its time is in the past: the difference is the offset minus that
    delay. The largest difference of the last minute is the one with the least delay.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[float, int]] = deque(maxlen=MOST)

    def add(self, hub_us: int, now_us: int, now_s: float) -> None:
        """Take in the time of an acknowledgement that arrived now."""
        difference_us = hub_us - now_us
        if self._seen and abs(difference_us - self._seen[-1][1]) > WINDOW_S * 1e6:
            self._seen.clear()  # one of the clocks was set
        self._seen.append((now_s, difference_us))

    def offset_s(self, now_s: float) -> float | None:
        """Seconds; None if nothing was acknowledged lately."""
        recent = [difference_us for at_s, difference_us in self._seen if now_s - at_s <= WINDOW_S]
        return max(recent) / 1e6 if recent else None
