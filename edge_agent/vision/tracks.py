"""The same thing from frame to frame, and the speed of what was a vehicle by itself all the way."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from edge_agent.vision.blobs import Blob
from edge_agent.vision.line import Line, robust_line

#: Nothing on a campus is faster.
MOST_M_PER_S: Final = 45.0
SLOWEST_M_PER_S: Final = 1.0
#: A track that was not seen for so long is over.
LOST_US: Final = 700_000
#: Where a track is looked for around where it should be, along and across.
ALONG_M: Final = 1.5
ACROSS_M: Final = 1.2
#: A blob that is suddenly so many times as wide is two vehicles, or one and its shadow.
GREW: Final = 1.45
ASIDE_M: Final = 0.5
#: A vehicle may be hidden by another for so long.
HIDDEN_US: Final = 3_000_000
LEAST_POINTS: Final = 5
LEAST_METRES: Final = 4.0
#: Share of a track's places that must be on its line, and that may have been seen merged with another thing.
LEAST_RIGHT: Final = 0.6
MOST_CROWDED: Final = 0.5
#: What goes so closely behind another in the same lane is the same vehicle: bonnet and roof, seen apart. A roof is
#: high above the road, so it seems further away, the more so the further it is: it seems faster too.
SAME_M: Final = 4.0
ROOF_M: Final = 14.0
ROOF_FASTER: Final = 1.06
#: Both must have been seen at so many moments.
LEAST_TOGETHER: Final = 3
SURE_POINTS: Final = 12
SURE_METRES: Final = 15.0
LONGEST: Final = 600


@dataclass(slots=True)
class Track:
    """Places of one thing: times, along, across, and its width; `crowded` where it was merged with another."""

    time_us: list[int] = field(default_factory=list)
    y_m: list[float] = field(default_factory=list)
    x_m: list[float] = field(default_factory=list)
    width_m: list[float] = field(default_factory=list)
    crowded: int = 0
    seen_us: int = -1

    def take(self, time_us: int, blob: Blob) -> None:
        """Add where it was seen, unless it is merged with another thing just now."""
        self.seen_us = time_us
        if self.width_m and blob.width_m > GREW * float(np.median(self.width_m)):
            self.crowded += 1
            return
        self.time_us.append(time_us)
        self.y_m.append(blob.y_m)
        self.x_m.append(blob.x_m)
        self.width_m.append(blob.width_m)

    def hide(self, time_us: int) -> None:
        """It is somewhere in a thing that is too wide for it."""
        self.crowded += 1
        self.seen_us = time_us

    def may_hide_in(self, blob: Blob, time_us: int) -> bool:
        """Whether a thing that is not its own may cover it."""
        near_enough = blob.left_m - ASIDE_M <= self.x_m[-1] <= blob.right_m + ASIDE_M
        is_wide = blob.width_m > GREW * float(np.median(self.width_m))
        return near_enough and is_wide and time_us - self.time_us[-1] <= HIDDEN_US

    def expected(self, time_us: int) -> tuple[float, float]:
        """Where it should be along the road, and how far from there it may be."""
        since_s = (time_us - self.time_us[-1]) / 1e6
        if len(self.time_us) == 1:
            return self.y_m[-1], ALONG_M + MOST_M_PER_S * since_s
        back = max(-6, -len(self.time_us))
        speed = (self.y_m[-1] - self.y_m[back]) / max((self.time_us[-1] - self.time_us[back]) / 1e6, 1e-3)
        return self.y_m[-1] + speed * since_s, ALONG_M + abs(speed) * since_s / 2

    def line(self) -> Line | None:
        """The straight line through its places."""
        seconds = (np.array(self.time_us, np.int64) - self.time_us[0]) / 1e6
        return robust_line(seconds, np.array(self.y_m))

    def is_shadowed_by(self, other: Track) -> bool:
        """Whether it is the far part of another: always close behind it, in the same lane."""
        both = np.intersect1d(self.time_us, other.time_us)
        if len(both) < max(LEAST_TOGETHER, len(self.time_us) // 2):
            return False
        mine, theirs = np.searchsorted(self.time_us, both), np.searchsorted(other.time_us, both)
        ahead = np.array(self.y_m)[mine] - np.array(other.y_m)[theirs]
        aside = np.array(self.x_m)[mine] - np.array(other.x_m)[theirs]
        most_m = ROOF_M if self._seems_faster(other) else SAME_M
        return bool(0 < np.median(ahead) < most_m and abs(np.median(aside)) < ACROSS_M)

    def _seems_faster(self, other: Track) -> bool:
        """As what is above the road does, against what stands on it."""
        mine, its = self.line(), other.line()
        if mine is None or its is None:
            return False
        return abs(mine.m_per_s) > ROOF_FASTER * abs(its.m_per_s) and mine.m_per_s * its.m_per_s > 0


def associate(tracks: Sequence[Track], blobs: Sequence[Blob], time_us: int) -> list[tuple[int, int]]:
    """Pairs of track and blob, the nearest first, each once."""
    near = []
    for number, track in enumerate(tracks):
        where, reach = track.expected(time_us)
        for other, blob in enumerate(blobs):
            along, across = abs(blob.y_m - where), abs(blob.x_m - track.x_m[-1])
            if along <= reach and across <= ACROSS_M:
                near.append((along + across, number, other))
    pairs: list[tuple[int, int]] = []
    for _, number, other in sorted(near):
        if all(number != taken and other != used for taken, used in pairs):
            pairs.append((number, other))
    return pairs


def confidence(line: Line, track: Track) -> float:
    """How sure a speed is, 0..1: enough places x enough road x places on the line x alone."""
    right = int(line.right.sum())
    metres = abs(track.y_m[-1] - track.y_m[0])
    alone = 1.0 - track.crowded / (track.crowded + len(track.y_m))
    return float(min(right / SURE_POINTS, 1.0) * min(metres / SURE_METRES, 1.0) * line.right.mean() * alone)


def is_vehicle(line: Line, track: Track) -> bool:
    """Whether a track is worth a speed."""
    places = len(track.y_m)
    return (
        int(line.right.sum()) >= LEAST_POINTS
        and abs(track.y_m[-1] - track.y_m[0]) >= LEAST_METRES
        and float(line.right.mean()) >= LEAST_RIGHT
        and track.crowded <= MOST_CROWDED * (places + track.crowded)
        and SLOWEST_M_PER_S <= abs(line.m_per_s) <= MOST_M_PER_S
    )
