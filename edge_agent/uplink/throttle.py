"""A bound on bytes per second: pure."""

from __future__ import annotations


class Throttle:
    """A bucket of one second's bytes; what is spent beyond it is a debt that has to be waited off."""

    def __init__(self, bytes_per_s: float, now_s: float) -> None:
        self._rate = bytes_per_s
        self._left = bytes_per_s
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Seconds until something may be spent."""
        self._refill(now_s)
        return max(0.0, -self._left / self._rate)

    def spend(self, size: int, now_s: float) -> None:
        """Take so many bytes."""
        self._refill(now_s)
        self._left -= size

    def _refill(self, now_s: float) -> None:
        self._left = min(self._rate, self._left + self._rate * max(0.0, now_s - self._at_s))
        self._at_s = now_s
