"""A stream's own timestamps on our wall clock. Pure.

When a packet arrives says only how late it can have been taken: networks and encoders add delay and take none
away. The least delayed packets tie the two clocks together; arrival times are never believed one by one.
"""

from __future__ import annotations

from typing import Final

#: A stream may run this much slower than our clock; then a tie that was right is late by as much.
DRIFT: Final = 500e-6
#: A stamp that lies this far from its arrival belongs to another count: the stream was set or started anew.
JUMP_US: Final = 10_000_000


class WallTime:
    """Ties stream time to wall time by the smallest difference seen, which may rise by the allowed drift only."""

    def __init__(self) -> None:
        self._offset_us = 0.0
        self._last_us = 0.0
        self._is_tied = False

    def of(self, stream_us: float, arrived_us: int, steps_us: int = 0) -> int:
        """UTC microseconds of a packet, never later than its arrival.

        Args:
            stream_us: its own time.
            arrived_us: its arrival, by a clock that nobody sets.
            steps_us: UTC less that clock, just now; what was tied before stays right when somebody sets the time.
        """
        offset_us = arrived_us - stream_us
        if self._is_tied and abs(offset_us - self._offset_us) < JUMP_US:
            risen_us = self._offset_us + max(0.0, stream_us - self._last_us) * DRIFT
            self._offset_us = min(risen_us, offset_us)
        else:
            self._offset_us = offset_us
            self._is_tied = True
        self._last_us = stream_us
        return round(stream_us + self._offset_us) + steps_us
