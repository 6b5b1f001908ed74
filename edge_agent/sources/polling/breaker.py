"""When to ask again something that did not answer: waits that double, until it does. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Final

#: A late answer is remembered for so many of the longest waits.
LATE_KEPT: Final = 3.0


@dataclass(slots=True)
class Breaker:
    """Closed while answers come; open after a failure; half-open when `due`: then one question may be asked.

    A late answer closes it once. If another one comes soon it stays open: who is late again and again costs as
    much time as who is dead, and is asked as seldom.

    first_s, most_s: the wait after the first failure, and the longest.
    late:            answers of late that came after they were given up
    """

    first_s: float
    most_s: float
    failures: int = 0
    retry_at_s: float = 0.0
    late: int = 0
    _late_at_s: float = -math.inf
    _awake: bool = False
    _hasty: bool = False

    @property
    def closed(self) -> bool:
        """Whether the last question was answered, or there is reason to think that the next will be."""
        return self.failures == 0 or self._awake

    @property
    def wait_s(self) -> float:
        """Wait that follows the latest failure; 0 while closed."""
        if self.closed:
            return 0.0
        return min(self.most_s, self.first_s * 2.0 ** min(self.failures - 1, 32))

    def due(self, now_s: float) -> bool:
        """Whether one more question may be asked."""
        return self.closed or now_s >= self.retry_at_s

    def failed(self, now_s: float, *, hasty: bool = False) -> None:
        """Note that the question was not answered; `hasty`: it had less time than an answer may take."""
        self.failures += 1
        self._awake, self._hasty = False, hasty
        self.retry_at_s = now_s + self.wait_s

    def answered(self) -> None:
        """Note that it was."""
        self.failures = 0
        self._awake = False

    def answered_late(self, now_s: float) -> None:
        """Note that it was, but after it had been given up."""
        self.late = 1 if now_s - self._late_at_s > LATE_KEPT * self.most_s else self.late + 1
        self._late_at_s = now_s
        self._awake = self._hasty or self.late == 1
