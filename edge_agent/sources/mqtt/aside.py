"""Messages that could not be used, kept aside with the reason: the newest hundred, their first bytes."""

from __future__ import annotations

from collections import Counter, deque
from typing import Any, Final

KEPT: Final = 100
SHOWN_BYTES: Final = 200
SHOWN_TOPIC: Final = 200
SHOWN_WHY: Final = 200


class Aside:
    """A bounded list for people, and counts by reason for machines."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self._kept: deque[dict[str, Any]] = deque(maxlen=KEPT)

    def put(self, reason: str, why: str, topic: str, payload: bytes, size: int, time_us: int) -> None:
        """Keep one message aside.

        Args:
            reason: one of a few words, counted.
            why: the same for a person.
            topic: as it came.
            payload: as it came; may be empty where it was never kept.
            size: bytes that it had.
            time_us: when it came.
        """
        self.counts[reason] += 1
        self._kept.append(
            {
                "time_us": time_us,
                "reason": reason,
                "why": why[:SHOWN_WHY],
                "topic": topic[:SHOWN_TOPIC],
                "bytes": size,
                "start": payload[:SHOWN_BYTES].hex(),
            }
        )

    def newest(self) -> list[dict[str, Any]]:
        """What is kept, newest first."""
        return list(reversed(self._kept))
