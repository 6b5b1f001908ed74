"""A line that carries less than comes in: what goes now, and what may wait. Pure."""

from __future__ import annotations

from collections import deque
from typing import Final

from devices.model.errors import Garbled
from devices.wire.messages import decode

#: Header of a record of samples that no rule looks at.
REST: Final = "rest"
#: The line must carry so much more than comes in before everything goes as it comes again.
SPARE: Final = 1.25
#: Of what may wait, the readings of so many seconds go in each so many seconds.
COARSE_S: Final = 60
KEPT_S: Final = 10
MEMORY_S: Final = 30.0
SHORTEST_S: Final = 0.001
US_PER_S: Final = 1_000_000


class Bandwidth:
    """Bytes per second that arrive, as acknowledgements show them; the most of the last half minute.

    A record that was acknowledged says what was delivered while it was under way. Where little was sent, that is
    little: so it is the largest that is nearest to what the line carries.
    """

    def __init__(self) -> None:
        self.delivered = 0
        self._seen: deque[tuple[float, float]] = deque()

    def arrived(self, size: int, sent_s: float, delivered_before: int, now_s: float) -> None:
        """Take in a record that was sent once and is acknowledged now."""
        self.delivered += size
        rate = (self.delivered - delivered_before) / max(SHORTEST_S, now_s - sent_s)
        while self._seen and (self._seen[-1][1] <= rate or self._seen[0][0] < now_s - MEMORY_S):
            if self._seen[0][0] < now_s - MEMORY_S:
                self._seen.popleft()
            else:
                self._seen.pop()
        self._seen.append((now_s, rate))

    @property
    def bytes_per_s(self) -> float | None:
        """None before the first acknowledgement."""
        return self._seen[0][1] if self._seen else None


class Thinning:
    """Decides when less goes, and what.

    after_s: telemetry that is behind for so long makes the line a thin one.
    calm_s:  so long the line must carry all before it is none.

    active:   whether what no rule looks at waits.
    deferred: records that were left for later, since the start.
    """

    def __init__(self, after_s: float, calm_s: float) -> None:
        self._after_s = after_s
        self._needed_s = calm_s
        self.active = False
        self.deferred = 0
        self._behind_s: float | None = None
        self._calm_s: float | None = None

    def look(self, *, behind: bool, bandwidth: float | None, inflow: float, now_s: float) -> None:
        """Take in how it stands; called each second or so."""
        if behind:
            self._calm_s = None
            self._behind_s = now_s if self._behind_s is None else self._behind_s
            self.active = self.active or now_s - self._behind_s >= self._after_s
            return
        self._behind_s = None
        carries = bandwidth is not None and bandwidth >= SPARE * inflow
        self._calm_s = (now_s if self._calm_s is None else self._calm_s) if carries else None
        if self._calm_s is not None and now_s - self._calm_s >= self._needed_s:
            self.active = False

    def defers(self, data: bytes, time_us: int) -> bool:
        """Whether a record is left for later."""
        if not self.active or time_us // US_PER_S % COARSE_S < KEPT_S or not is_rest(data):
            return False
        self.deferred += 1
        return True


def is_rest(data: bytes) -> bool:
    """Whether a record holds only what no rule looks at."""
    try:
        return decode(data).header.get(REST) is True
    except Garbled:
        return False
