"""When to ask again something that did not answer: waits that double, until it does. Pure."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Breaker:
    """Closed while answers come; open after a failure; half-open when `due`: then one question may be asked.

    first_s, most_s: the wait after the first failure, and the longest.
    """

    first_s: float
    most_s: float
    failures: int = 0
    retry_at_s: float = 0.0

    @property
    def closed(self) -> bool:
        """Whether the last question was answered."""
        return self.failures == 0

    @property
    def wait_s(self) -> float:
        """Wait that follows the latest failure; 0 while closed."""
        if self.closed:
            return 0.0
        return min(self.most_s, self.first_s * 2.0 ** min(self.failures - 1, 32))

    def due(self, now_s: float) -> bool:
        """Whether one more question may be asked."""
        return self.closed or now_s >= self.retry_at_s

    def failed(self, now_s: float) -> None:
        """Note that the question was not answered."""
        self.failures += 1
        self.retry_at_s = now_s + self.wait_s

    def answered(self) -> None:
        """Note that it was."""
        self.failures = 0
