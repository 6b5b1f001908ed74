"""What an ingest has counted, for the gateways page and the metrics: pure."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field
from typing import Final

US_PER_S: Final = 1_000_000
WINDOW_S: Final = 60


@dataclass(slots=True)
class Received:
    """What came from one agent since the hub started.

    messages:   records that arrived, repeats and wrong ones among them
    samples, alerts: committed now and not before
    duplicates: records that had been committed before
    refused:    records, or parts of them, that were set aside
    shed:       records that found no room and will come again
    """

    messages: int = 0
    samples: int = 0
    alerts: int = 0
    duplicates: int = 0
    refused: int = 0
    shed: int = 0


class Rate:
    """Amounts by second, over the last minute."""

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque()

    def add(self, amount: int, now_us: int) -> None:
        """Count an amount now."""
        second = now_us // US_PER_S
        if self._seconds and self._seconds[-1][0] == second:
            amount += self._seconds.pop()[1]
        self._seconds.append((second, amount))
        self._forget(second)

    def per_second(self, now_us: int) -> float:
        """Mean over the window."""
        self._forget(now_us // US_PER_S)
        return sum(amount for _, amount in self._seconds) / WINDOW_S

    def _forget(self, second: int) -> None:
        while self._seconds and self._seconds[0][0] <= second - WINDOW_S:
            self._seconds.popleft()


class ClockOffset:
    """How far an agent's clock is ahead of the hub's.

    A message shows (sent - received) = offset - time under way, and that time is never negative: so the
    largest difference among recent messages is the nearest to the truth.
    """

    def __init__(self) -> None:
        self._seen: deque[tuple[int, int]] = deque(maxlen=200)

    def saw(self, sent_us: int, received_us: int) -> None:
        """Take a message in that was sent as soon as it was made."""
        self._seen.append((received_us, sent_us - received_us))

    def seconds(self, now_us: int) -> float | None:
        """Seconds ahead (negative: behind); None if nothing recent says."""
        while self._seen and self._seen[0][0] < now_us - 5 * WINDOW_S * US_PER_S:
            self._seen.popleft()
        return max(difference for _, difference in self._seen) / US_PER_S if self._seen else None


@dataclass(slots=True)
class AgentCounts:
    """All that is counted of one agent."""

    received: Received = field(default_factory=Received)
    rate: Rate = field(default_factory=Rate)
    clock: ClockOffset = field(default_factory=ClockOffset)
