"""How long to wait before the next attempt: pure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits after failures in a row: doubling from `first_s` to `most_s`, spread by `jitter`.

    random: returns 0 <= x < 1; with a jitter of 0.5 a wait lies between half and one and a half times its
            mean, so that a hundred gateways do not come back in the same second.
    """

    first_s: float
    most_s: float
    jitter: float
    random: Callable[[], float]

    def wait_s(self, failures: int) -> float:
        """Seconds to wait after so many failures in a row (1 is the first)."""
        mean_s = min(self.most_s, self.first_s * 2.0 ** min(failures - 1, 60))
        return mean_s * (1 + self.jitter * (2 * self.random() - 1))
