"""What is on its way to the hub: pure bookkeeping, without a clock or a socket.

Three streams leave an agent, in this order of right: alerts; telemetry of now; telemetry that waited while there
was no connection (the backlog: records of the live lane from before `fresh_from`, and the backlog lane itself).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final, NamedTuple

from devices.wire.messages import Lane

ENDLESS: Final = 1 << 62


class Record(NamedTuple):
    """A record's place in the outbox."""

    lane: Lane
    seq: int


@dataclass(slots=True)
class Stream:
    """A span of a lane that is sent in order: next is the first record after `sent`, last is `until`."""

    name: str
    lane: Lane
    sent: int
    until: int = ENDLESS


@dataclass(slots=True)
class Window:
    """Records without acknowledgement, each with the time at which it is given up."""

    streams: tuple[Stream, ...]
    due: dict[Record, float] = field(default_factory=dict)

    @classmethod
    def opened(cls, fresh_from: int) -> Window:
        """The window of a new connection: nothing of what was sent before counts as sent."""
        return cls(
            (
                Stream("alerts", Lane.ALERTS, 0),
                Stream("live", Lane.LIVE, fresh_from - 1),
                Stream("backlog", Lane.BACKLOG, 0),
                Stream("late", Lane.LIVE, 0, fresh_from - 1),
            )
        )

    def unacked(self, lanes: Iterable[Lane]) -> int:
        """How many records of these lanes are on their way."""
        wanted = set(lanes)
        return sum(record.lane in wanted for record in self.due)

    def sent(self, record: Record, due: float) -> None:
        """A record has left."""
        self.due[record] = due

    def settled(self, records: Iterable[Record]) -> int:
        """The hub has these; return how many of them were waited for."""
        return sum(self.due.pop(record, None) is not None for record in records)

    def overdue(self, now: float) -> Iterator[Record]:
        """Records whose time is over, oldest first."""
        return iter(
            sorted((r for r, due in self.due.items() if due <= now), key=lambda r: (self.due[r], r.seq))
        )

    def next_due(self) -> float | None:
        """When the next record is given up."""
        return min(self.due.values(), default=None)


@dataclass(slots=True)
class Allowance:
    """Bytes that may go now: refilled with time, up to one second's worth; a single record may overdraw it."""

    bytes_per_s: float
    left: float = 0.0
    at: float | None = None

    def may_send(self, now: float) -> bool:
        """Say whether something may go."""
        if self.at is None:
            self.left = self.bytes_per_s
        else:
            self.left = min(self.bytes_per_s, self.left + (now - self.at) * self.bytes_per_s)
        self.at = now
        return self.left > 0

    def took(self, size: int) -> None:
        """Something went."""
        self.left -= size

    def wait_s(self) -> float:
        """How long until something may go again."""
        return max(0.0, -self.left / self.bytes_per_s)
