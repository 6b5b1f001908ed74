"""What was sent and is not acknowledged yet: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum, auto
from typing import Final

from devices.wire.messages import Lane
from edge_agent.uplink.thinning import Bandwidth

LONGEST_TIMEOUT_S: Final = 60.0
#: Telemetry under way is what the line carries in so many seconds, so that no alert stands behind more.
UNDER_WAY_S: Final = 2.0
LEAST_BYTES: Final = 16 * 1024
FIRST_BYTES: Final = 64 * 1024  # before anything was measured


class Way(Enum):
    """How a record travels: three queues beside each other, so that none waits for another's window."""

    ALERTS = auto()
    LIVE = auto()
    LATE = auto()


@dataclass(slots=True)
class Flight:
    """A record under way."""

    way: Way
    lane: Lane
    seq: int
    data: bytes
    sent_s: float
    times: int = 1


class Window:
    """Flights by lane and number, bounded for each way in records and in bytes.

    The hub is silent when a flight is overdue and nothing at all was acknowledged since it was sent; then
    only a probe is worth sending.
    """

    def __init__(self, most: int, most_bytes: int, timeout_s: float) -> None:
        self._most = most
        self._most_bytes = most_bytes
        self._timeout_s = timeout_s
        self._flights: dict[tuple[Lane, int], Flight] = {}
        self._count = dict.fromkeys(Way, 0)
        self._bytes = dict.fromkeys(Way, 0)
        self._heard_s = float("-inf")
        self.bandwidth = Bandwidth()

    def __len__(self) -> int:
        return len(self._flights)

    def __contains__(self, key: tuple[Lane, int]) -> bool:
        return key in self._flights

    def has_room(self, way: Way, size: int) -> bool:
        """Whether a record may be sent; one that is larger than the window may go alone."""
        if not self._count[way]:
            return True
        bound = self._most_bytes if way is Way.ALERTS else self._telemetry_bytes()
        return self._count[way] < self._most and self._bytes[way] + size <= bound

    def _telemetry_bytes(self) -> float:
        carried = self.bandwidth.bytes_per_s
        fitting = FIRST_BYTES if carried is None else max(LEAST_BYTES, UNDER_WAY_S * carried)
        return min(self._most_bytes, fitting)

    def under_way(self, way: Way) -> int:
        """How many records of a way are not acknowledged."""
        return self._count[way]

    def add(self, flight: Flight) -> None:
        """Count a record that was sent for the first time."""
        self._flights[flight.lane, flight.seq] = flight
        self._count[flight.way] += 1
        self._bytes[flight.way] += len(flight.data)

    def settle(self, acks: Iterable[tuple[Lane, int]], now_s: float) -> int:
        """Take out what the hub has answered; return how many of it were under way."""
        self._heard_s = now_s
        settled = 0
        for key in acks:
            flight = self._flights.pop(key, None)
            if flight is not None:
                self._count[flight.way] -= 1
                self._bytes[flight.way] -= len(flight.data)
                self.bandwidth.arrived(len(flight.data), now_s)
                settled += 1
        return settled

    def is_silent(self, now_s: float) -> bool:
        """Whether the hub answers nothing."""
        return any(flight.sent_s > self._heard_s for flight in self.overdue(now_s))

    def overdue(self, now_s: float) -> list[Flight]:
        """Flights to send again, alerts first, then the oldest."""
        late = [flight for flight in self._flights.values() if now_s >= self._due_s(flight)]
        return sorted(late, key=lambda flight: (flight.way is not Way.ALERTS, flight.sent_s))

    def next_due_s(self) -> float:
        """When the next flight is overdue; infinity if there is none."""
        return min((self._due_s(flight) for flight in self._flights.values()), default=float("inf"))

    def smallest(self) -> Flight | None:
        """The cheapest record to ask with whether the hub is there."""
        return min(self._flights.values(), key=lambda flight: len(flight.data), default=None)

    def _due_s(self, flight: Flight) -> float:
        return flight.sent_s + min(LONGEST_TIMEOUT_S, self._timeout_s * 2.0 ** min(flight.times - 1, 20))
