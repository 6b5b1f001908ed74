"""Cameras of one building whose pictures change alike: fog, rain, dusk, power. One cause, not one alert for each."""

from __future__ import annotations

from collections.abc import Sequence
from enum import IntEnum
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_agent.pictures.grid import Floats

Rows = npt.NDArray[np.int64]

#: Fewer cameras than this are no whole building.
LEAST: Final = 4
#: A camera that was not looked at for so long counts for nothing.
FRESH_US: Final = 300_000_000


class Change(IntEnum):
    """In which way a picture is not as it should be; ways that one cause can have on several cameras are one."""

    NONE = 0
    DARK = 1
    BRIGHT = 2
    STILL = 3
    VIEW = 4
    MOVED = 5


class Together:
    """Which cameras changed, how and since when.

    Args:
        group: int64 (cameras,), which building each camera watches.
        together_s: changes that begin within this time have one cause.
    """

    def __init__(self, group: Sequence[int], together_s: float) -> None:
        self.group = np.array(group, np.int64)
        n = len(self.group)
        self._together_us = round(together_s * 1e6)
        self._change = np.zeros(n, np.int64)
        self._since_us = np.zeros(n, np.int64)
        self._seen_us = np.zeros(n, np.int64)
        self._share = np.zeros(n)

    def note(self, camera: Rows, change: Rows, time_us: Rows) -> None:
        """Take in what pictures look like; each camera at most once."""
        new = change != self._change[camera]
        self._since_us[camera] = np.where(new, time_us, self._since_us[camera])
        self._change[camera], self._seen_us[camera] = change, time_us

    def shares(self, camera: Rows) -> Floats:
        """Share of each camera's building that changed as it did at about the same time, in %; 0: it is alone."""
        of_group = self.group[camera][:, None] == self.group[None, :]
        fresh = of_group & (self._seen_us[None, :] > self._seen_us[camera][:, None] - FRESH_US)
        near = np.abs(self._since_us[None, :] - self._since_us[camera][:, None]) <= self._together_us
        same = fresh & near & (self._change[None, :] == self._change[camera][:, None])
        count = np.count_nonzero(same, axis=1)
        share = np.rint(100.0 * count / np.maximum(np.count_nonzero(fresh, axis=1), 1))
        found = np.where((count >= LEAST) & (self._change[camera] != Change.NONE), share, 0.0)
        self._share[camera] = found
        return found

    def largest(self, group: int) -> float:
        """The largest share of a building that changed alike, in %, as its cameras were told last."""
        newest_us = self._seen_us[self.group == group].max(initial=0)
        counts = (self.group == group) & (self._seen_us > newest_us - FRESH_US)
        return float(self._share[counts].max(initial=0.0))
