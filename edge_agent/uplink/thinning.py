"""A line that carries less than comes in: what goes now, and what may wait. Pure."""

from __future__ import annotations

import itertools
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
MEMORY_S: Final = 30
US_PER_S: Final = 1_000_000


class Bandwidth:
    """Bytes per second that arrive, as acknowledgements show them: the best second of the last half minute.

    Where little was sent, that is little: so it is the best that is nearest to what the line carries. Shorter than
    a second, what was held up and comes at once looks like more than it is.
    """

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque()

    def arrived(self, size: int, now_s: float) -> None:
        """Take in a record that is acknowledged now."""
        second = int(now_s)
        if self._seconds and self._seconds[-1][0] == second:
            size += self._seconds.pop()[1]
        self._seconds.append((second, size))
        while self._seconds[0][0] < second - MEMORY_S:
            self._seconds.popleft()

    @property
    def bytes_per_s(self) -> float | None:
        """None before the first whole second."""
        return max(
            (size for _, size in itertools.islice(self._seconds, max(0, len(self._seconds) - 1))),
            default=None,
        )


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
