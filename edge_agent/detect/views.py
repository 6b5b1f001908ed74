"""A second opinion about a pass: what a calibrated camera measured of the same vehicle."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, Self

import numpy as np

from devices.campus.calibrations import Calibration
from devices.model.codes import Direction, SpeedCheck
from devices.model.samples import SampleBatch
from edge_agent.detect.block import ENDLESS, Flags, Floats, Rows, Times, shifted
from edge_agent.detect.columns import Columns
from edge_agent.detect.passes import Bytes

#: A camera tells a speed once the vehicle has left its piece of road, and its pictures come late: a pass waits so long.
WAIT_US: Final = 6_000_000
#: A view belongs to a pass in which its middle lies, or this close to it.
MATCH_US: Final = 2_000_000
KEEP_US: Final = 120_000_000
#: Both agree within the larger of these, in km/h and as a share; beyond the others they contradict each other.
AGREE: Final = (3.0, 0.05)
DIFFER: Final = (6.0, 0.10)
#: A view that moved by more than this share of the picture's width, so often in a row and for so long, is another view.
#: A suspect picture is looked at again within seconds: three of a mast that shakes behind a lorry are no proof.
MOVED_PERCENT: Final = 1.0
MOVED_TIMES: Final = 3
MOVED_US: Final = 50_000_000
NOBODY: Final = -1


@dataclass(frozen=True, slots=True)
class Views(Columns):
    """Vehicles that cameras measured; columns of one length.

    radar:     int64   (n,)  row of the radar whose lane it was
    time_us:   int64   (n,)  the middle of what was seen
    kmh:       float64 (n,)  negative where it receded
    error_kmh: float64 (n,)  95 % are within this of the truth
    taken:     uint8   (n,)  1 where a pass that was told has it
    """

    radar: Rows
    time_us: Times
    kmh: Floats
    error_kmh: Floats
    taken: Bytes

    @classmethod
    def none(cls) -> Self:
        """Nothing measured."""
        whole, real = np.empty(0, np.int64), np.empty(0)
        return cls(whole, whole, real, real, np.empty(0, np.uint8))

    def then(self, later: Self) -> Self:
        """Both, in the order of time and radar; one that is here already counts once."""
        both = self.followed_by(later)
        ordered = both[np.lexsort((both.taken == 0, both.radar, both.time_us))]
        again = np.zeros(len(ordered), np.bool_)
        again[1:] = (np.diff(ordered.radar) == 0) & (np.diff(ordered.time_us) == 0)
        return ordered[~again]


@dataclass(frozen=True, slots=True)
class Opinion:
    """What a camera says to the speed of one pass; NaN where it saw nothing that could be measured."""

    check: SpeedCheck
    kmh: float = math.nan
    error_kmh: float = math.nan


class Eyes:
    """The calibrated cameras of an agent: which lane belongs to which radar, what they measured, and which moved.

    moved:   int64 (cameras,)  so often in a row the view was found moved
    first_us: int64 (cameras,) the first picture of these; while there are any, nothing measured since then counts
    void_us: int64 (cameras,)  since when it counts as moved; ENDLESS where it does not. Only another calibration
             makes the camera count again.
    """

    def __init__(self, calibrations: Sequence[Calibration], radars: Sequence[str]) -> None:
        self.cameras = tuple(one.camera for one in calibrations)
        most = max((len(one.lanes) for one in calibrations), default=0)
        self._radar_of = np.full((len(calibrations), most), NOBODY, np.int64)
        for row, one in enumerate(calibrations):
            for number, lane in enumerate(one.lanes):
                self._radar_of[row, number] = radars.index(lane.radar) if lane.radar in radars else NOBODY
        self.watched = np.isin(np.arange(len(radars)), self._radar_of)
        self._camera_of = np.zeros(len(radars), np.int64)
        for row, lanes in enumerate(self._radar_of):
            self._camera_of[lanes[lanes != NOBODY]] = row
        #: Says whether a saved state is of these calibrations.
        self.marks = np.array([_mark(one) for one in calibrations], np.int64)
        self.views = Views.none()
        self.moved = np.zeros(len(calibrations), np.int64)
        self.first_us = np.full(len(calibrations), ENDLESS, np.int64)
        self.void_us = np.full(len(calibrations), ENDLESS, np.int64)

    def take(self, camera: Rows, lane: Floats, measured: SampleBatch, error_kmh: Floats) -> None:
        """Remember what was measured in lanes of radars."""
        number = np.where(np.isfinite(lane), lane, -1).astype(np.int64)
        known = (number >= 0) & (number < self._radar_of.shape[1])
        radar = self._radar_of[camera[known], number[known]]
        fresh = Views(
            radar=radar,
            time_us=measured.time_us[known],
            kmh=measured.value[known],
            error_kmh=error_kmh[known],
            taken=np.zeros(len(radar), np.uint8),
        )
        self.views = self.views.then(fresh[radar != NOBODY])

    def look(self, camera: Rows, shifts: SampleBatch) -> Floats:
        """Count how often in a row each view was found moved, in per cent of the picture's width.

        Returns:
            Of each picture for how long the calibration is void by then, float64 (n,) in seconds; 0 where it is not.
        """
        void_s = np.zeros(len(shifts))
        for place in np.argsort(shifts.time_us, kind="stable").tolist():
            row, time_us = int(camera[place]), int(shifts.time_us[place])
            if shifts.value[place] > MOVED_PERCENT:
                self.moved[row] += 1
                self.first_us[row] = min(self.first_us[row], time_us)
                if self.moved[row] >= MOVED_TIMES and time_us - self.first_us[row] >= MOVED_US:
                    self.void_us[row] = min(self.void_us[row], self.first_us[row])
            else:
                self.moved[row], self.first_us[row] = 0, ENDLESS
            void_s[place] = max(0.0, (time_us - self.void_us[row]) / 1e6)
        return void_s

    def turned(self, camera: str, since_us: int) -> None:
        """An alert says that a camera looks elsewhere."""
        if camera in self.cameras:
            row = self.cameras.index(camera)
            self.void_us[row] = min(self.void_us[row], since_us)

    def forget(self, until_us: int) -> None:
        """Drop what no pass can ask for any more."""
        if len(self.views):
            self.views = self.views[self.views.time_us >= until_us - KEEP_US]

    def opinion(
        self, radars: Sequence[int], opposed: Flags, pass_: tuple[int, int, int], kmh: float, direction: int
    ) -> Opinion:
        """What a camera says to a pass; the view that it takes is not given again.

        Args:
            radars: rows of those that see the vehicle, the one that speaks for it first.
            opposed: bool (radars of the agent,), see `Roads`.
            pass_: first reading, last reading and peak, in microseconds.
            kmh: what the radar says.
            direction: of the pass, see `Direction`.
        """
        start_us, end_us, peak_us = pass_
        views = self.views
        near = (views.time_us >= start_us - MATCH_US) & (views.time_us <= end_us + MATCH_US)
        near &= np.isin(views.radar, radars) & (views.taken == 0)
        near &= views.time_us < np.minimum(self.void_us, self.first_us)[self._camera_of[views.radar]]
        ways = np.where(views.kmh < 0, Direction.RECEDING, Direction.APPROACHING)
        same_way = (ways == direction) == (opposed[views.radar] == opposed[radars[0]])
        rows = np.flatnonzero(near & (same_way | (direction == Direction.UNKNOWN)))
        if not len(rows):
            return Opinion(SpeedCheck.SINGLE_SOURCE)
        row = int(rows[np.argmin(np.abs(views.time_us[rows] - peak_us))])
        taken = views.taken.copy()
        taken[row] = 1
        self.views = replace(views, taken=taken)
        seen, error = abs(float(views.kmh[row])), float(views.error_kmh[row])
        return Opinion(compared(kmh, seen, error), seen, error)

    def columns(self) -> dict[str, Any]:
        """State as named arrays."""
        own = {"eyes_mark": self.marks, "eyes_moved": self.moved, "eyes_first_us": self.first_us}
        own["eyes_void_us"] = self.void_us
        return own | self.views.named("view_")

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock."""
        self.views, self.void_us = self.views.moved(by_us), shifted(self.void_us, by_us)
        self.first_us = shifted(self.first_us, by_us)

    def restore(self, columns: dict[str, Any]) -> None:
        """Continue from saved columns of the same radars."""
        self.views = Views.read(columns, "view_")
        self.recall(columns)

    def recall(self, columns: dict[str, Any]) -> None:
        """Know again which cameras moved, whichever others there are now; one that was calibrated anew is believed."""
        was = {mark: row for row, mark in enumerate(columns.get("eyes_mark", np.empty(0)).tolist())}
        for row, mark in enumerate(self.marks.tolist()):
            if mark not in was:
                continue
            for name, own in (("moved", self.moved), ("first_us", self.first_us), ("void_us", self.void_us)):
                if f"eyes_{name}" in columns:  # an older agent saved no first_us
                    own[row] = columns[f"eyes_{name}"][was[mark]]


def compared(radar_kmh: float, vision_kmh: float, error_kmh: float) -> SpeedCheck:
    """Whether two speeds of one vehicle agree; between agreeing and contradicting a camera says nothing.

    A camera that is unsure itself confirms nothing, and contradicts only what is beyond its own error. One that does
    not say how sure it is does neither.
    """
    if math.isnan(error_kmh):
        return SpeedCheck.SINGLE_SOURCE
    apart = abs(radar_kmh - vision_kmh)
    agree, differ = (max(kmh, share * radar_kmh) for kmh, share in (AGREE, DIFFER))
    if max(apart, error_kmh) <= agree:
        return SpeedCheck.CONFIRMED
    return SpeedCheck.CONFLICT if apart > max(differ, error_kmh) else SpeedCheck.SINGLE_SOURCE


def _mark(calibration: Calibration) -> int:
    """A number that is another one for another calibration."""
    return zlib.crc32(calibration.model_dump_json().encode())
