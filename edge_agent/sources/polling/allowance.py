"""Time that questions to silent units may take away from the units that answer. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Allowance:
    """Grows with the time that passes, up to `most_s`; what is spent is gone.

    share: seconds granted for each second.
    """

    share: float
    most_s: float
    _left_s: float = 0.0
    _at_s: float | None = None

    def left_s(self, now_s: float) -> float:
        """Seconds that may be spent now."""
        if self._at_s is not None:
            self._left_s = min(self.most_s, self._left_s + self.share * max(0.0, now_s - self._at_s))
        self._at_s = now_s
        return self._left_s

    def spend(self, seconds: float) -> None:
        """Take what was used; more than was left is paid back by waiting."""
        self._left_s -= max(0.0, seconds)
