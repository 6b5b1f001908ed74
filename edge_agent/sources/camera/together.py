"""Cameras that are links of their own and go away together: a switch, or the power of a building. Pure."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Final

from edge_agent.sources.camera.host import STEP, UNREACHED, Camera

#: So many that go away within this time may have one cause; each is asked every 30 s, and may need a time-out.
LEAST: Final = 3
WITHIN_S: Final = 120.0


class Building:
    """The cameras of one building that stand alone behind their hosts.

    cameras: the first of them speaks for the building.
    """

    def __init__(self) -> None:
        self.cameras: list[Camera] = []
        self._since_s: dict[str, float] = {}
        self._told: dict[str, float] = {}
        self._told_most = math.nan
        self._begun_s = self._now_s = math.nan

    def note(self, camera: Camera, now_s: float) -> None:
        """Take in how an attempt at a camera went."""
        self._begun_s = now_s if math.isnan(self._begun_s) else self._begun_s
        self._now_s = now_s
        if camera.link in UNREACHED:
            self._since_s.setdefault(camera.id, now_s)
        else:
            self._since_s.pop(camera.id, None)

    def shares(self) -> Mapping[str, float]:
        """How many went away at about the time of each that is away, in % of all of them, rounded down."""
        found = {}
        for name, since_s in self._since_s.items():
            count = sum(abs(since_s - other_s) <= WITHIN_S for other_s in self._since_s.values())
            found[name] = float(STEP * (100 * count // len(self.cameras) // STEP)) if count >= LEAST else 0.0
        return found

    def news(self) -> dict[int, float]:
        """What has changed since the last time, by row of the point."""
        shares = self.shares()
        told: dict[int, float] = {}
        for camera in self.cameras:
            share = shares.get(camera.id, 0.0)
            if share != self._told.get(camera.id, 0.0):
                self._told[camera.id] = told[camera.rows["offline_alike"]] = share
        most = max(shares.values(), default=0.0)
        if most != self._told_most and (most or self._is_known()):
            self._told_most = told[self.cameras[0].rows["many_unreached"]] = most
        return told

    def _is_known(self) -> bool:
        """Whether all were tried, or had time to be: before, none that is away is no news, but not known."""
        return self._now_s - self._begun_s > WITHIN_S or all(one.link is not None for one in self.cameras)
