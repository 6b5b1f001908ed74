"""How much comes in per second, lately: pure."""

from __future__ import annotations

import math


class Rate:
    """Exponentially weighted average over about `window_s`, true from the first seconds on."""

    def __init__(self, window_s: float, now_s: float) -> None:
        self._window_s = window_s
        self._since_s = self._last_s = now_s
        self._weighted = 0.0

    def add(self, amount: float, now_s: float) -> None:
        """Count an amount."""
        self._weighted = self._faded(now_s) + amount
        self._last_s = max(now_s, self._last_s)

    def per_s(self, now_s: float) -> float:
        """Amount per second."""
        seen = -math.expm1(-max(1.0, now_s - self._since_s) / self._window_s)
        return self._faded(now_s) / (self._window_s * seen)

    def _faded(self, now_s: float) -> float:
        return self._weighted * math.exp(-max(0.0, now_s - self._last_s) / self._window_s)
