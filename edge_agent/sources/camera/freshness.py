"""Whether a host gives a new picture or the same old one again, and how wrong its clock is. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass
from email.utils import parsedate_to_datetime
from typing import Final

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import NoPicture

#: Equal pictures in a row that count as one from a cache.
MOST_EQUAL: Final = 3
#: A clock that shows whole seconds may stand for so long.
STANDS_US: Final = 2_500_000


@dataclass(frozen=True, slots=True)
class Fetched:
    """A picture as it came over HTTP.

    asked_us, time_us: when it was asked for, and complete. date, etag, modified: as the head said.
    """

    jpeg: bytes
    asked_us: int
    time_us: int
    date: str = ""
    etag: str = ""
    modified: str = ""

    def clock_off_s(self) -> float:
        """The host's clock less ours, in whole seconds as the host states it; NaN where it does not."""
        try:
            host_us = parsedate_to_datetime(self.date).timestamp() * 1e6
        except (TypeError, ValueError, OverflowError):
            return math.nan
        return off_s(host_us, self.asked_us, self.time_us)


def off_s(host_us: float, asked_us: int, time_us: int) -> float:
    """A clock that shows whole seconds less ours, which was between these two when it was read."""
    early, late = host_us - time_us, host_us + 1e6 - asked_us
    return 0.0 if early <= 0 <= late else float(round((early + late) / 2e6))


class Freshness:
    """Remembers the last picture of one camera.

    Equal bytes alone are a frozen picture, which the detectors find; a cache is what its host itself says to be one:
    by the same tag or the same time of change, or by a clock that does not go on.
    """

    def __init__(self) -> None:
        self._last: Fetched | None = None
        self._mark = 0
        self._equal = 0
        self._counted_us = 0

    def check(self, fetched: Fetched, apart_us: int = 0) -> None:
        """Take the next picture; an old one counts once more only `apart_us` after the one counted last.

        Raises:
            NoPicture: it comes from a cache.
        """
        last, mark = self._last, hash(fetched.jpeg)
        is_old = last is not None and mark == self._mark and _says_old(last, fetched)
        # Either way round: our clock may have been set back.
        counts = not is_old or abs(fetched.time_us - self._counted_us) >= apart_us
        if counts:
            self._counted_us = fetched.time_us
        self._equal = self._equal + counts if is_old else 1
        if not is_old:
            self._mark = mark
            self._last = Fetched(
                b"", fetched.asked_us, fetched.time_us, fetched.date, fetched.etag, fetched.modified
            )
        if self._equal >= MOST_EQUAL:
            raise NoPicture(CameraLink.CACHED, f"the same old picture {self._equal} times in a row")


def _says_old(last: Fetched, now: Fetched) -> bool:
    if (now.etag and now.etag == last.etag) or (now.modified and now.modified == last.modified):
        return True
    return bool(now.date) and now.date == last.date and abs(now.time_us - last.time_us) > STANDS_US
