"""One road camera: frames in, speeds of vehicles out."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np

from devices.campus.calibrations import Calibration, survey
from edge_agent.vision.blobs import WIDEST_M, Blob, Zone, blobs
from edge_agent.vision.line import robust_line
from edge_agent.vision.motion import Background, Grey, moving
from edge_agent.vision.tracks import LONGEST, LOST_US, Track, associate, confidence, is_vehicle

#: Frames are measured at no more pixels across than this: finer ones cost and tell nothing more.
WIDEST_PX: Final = 640
#: Places this far beyond the zone still lie on the plane well enough.
BEYOND_M: Final = 0.5
#: A bumper stands a little above the road, so its foot is seen a little too far away: by a share of the speed.
HEIGHT_SHARE: Final = 0.015
#: How long a track that is over waits for those beside it, and is remembered for those after it.
WAIT_US: Final = 3_000_000
KEEP_US: Final = 6_000_000
KMH: Final = 3.6


@dataclass(frozen=True, slots=True)
class VisionPass:
    """A vehicle that was measured.

    kmh: negative where it receded, as the lane's radar says it.
    error_kmh: 95 % of such speeds are within this of the truth.
    """

    lane: int
    radar: str
    start_us: int
    end_us: int
    kmh: float
    error_kmh: float
    confidence: float
    places: int
    metres: float

    @property
    def middle_us(self) -> int:
        """The moment that its sample gets."""
        return (self.start_us + self.end_us) // 2


class Watch:
    """Measures vehicles in the frames of one camera; call `step` with each, in the order of time.

    Args:
        calibration: of the camera.
    """

    def __init__(self, calibration: Calibration) -> None:
        self._calibration = calibration
        self._survey = survey(calibration)
        self._shape: tuple[int, int] = (0, 0)
        self._zone = Zone(self._survey.plane, self._survey.width_m, self._survey.length_m)
        self._background: Background | None = None
        self._tracks: list[Track] = []
        self._over: list[Track] = []
        self._past: list[Track] = []
        self._last_us = -1
        self.counts = Counter[str]()

    def step(self, frame: Grey, time_us: int) -> list[VisionPass]:
        """Take a frame, uint8 (height, width), with its time in the stream; return vehicles that are through.

        A frame that is not later than the one before is left out.
        """
        if time_us <= self._last_us:
            self.counts["frames_not_later"] += 1
            return []
        self.counts["frames"] += 1
        mask = self._moving(frame)
        self._last_us = time_us
        if mask is None:
            self.counts["frames_unusable"] += 1
            return self._ended(time_us)
        seen = [blob for blob in blobs(mask, self._zone) if self._is_inside(blob.y_m)]
        self._follow(seen, time_us)
        return self._ended(time_us)

    def _follow(self, seen: list[Blob], time_us: int) -> None:
        """Give each track what was seen of it, and begin one for each vehicle that is new."""
        pairs = associate(self._tracks, seen, time_us)
        for number, other in pairs:
            self._tracks[number].take(time_us, seen[other])
        matched, taken = {number for number, _ in pairs}, {other for _, other in pairs}
        for number, track in enumerate(self._tracks):
            inside = number not in matched and self._is_inside(track.expected(time_us)[0])
            if inside and any(track.may_hide_in(blob, time_us) for blob in seen):
                track.hide(time_us)
        for other, blob in enumerate(seen):
            if other not in taken and blob.width_m <= WIDEST_M:
                track = Track()
                track.take(time_us, blob)
                self._tracks.append(track)

    def forget(self) -> None:
        """Begin anew: the stream was interrupted or the camera moved."""
        self._background, self._last_us = None, -1
        self._tracks, self._over, self._past = [], [], []

    def _moving(self, frame: Grey) -> Grey | None:
        height, width = frame.shape
        if width > WIDEST_PX:
            height, width = round(height * WIDEST_PX / width), WIDEST_PX
            frame = np.asarray(cv2.resize(frame, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
        if self._shape != (height, width):
            self._fit(height, width)
        if self._background is None:
            self._background = Background.of(frame)
            return None
        self._background, mask = moving(self._background, frame)
        return mask

    def _fit(self, height: int, width: int) -> None:
        """Count the corners in the pixels of these frames."""
        clicked_width, clicked_height = self._calibration.picture
        found = self._survey
        plane = found.plane.scaled(width / clicked_width, height / clicked_height)
        self._zone = Zone(plane, found.width_m, found.length_m)
        self.forget()
        self._shape = (height, width)

    def _is_inside(self, y_m: float) -> bool:
        return -BEYOND_M <= y_m <= self._zone.length_m + BEYOND_M

    def _ended(self, time_us: int) -> list[VisionPass]:
        """Speeds of the tracks that are over, once no open one can turn out to be their near part."""
        going: list[Track] = []
        for track in self._tracks:
            is_over = time_us - track.seen_us > LOST_US or len(track.time_us) >= LONGEST
            (self._over if is_over else going).append(track)
        self._tracks = going
        first_us = min((track.time_us[0] for track in going), default=time_us)
        ready = [t for t in self._over if t.time_us[-1] < first_us or time_us - t.time_us[-1] > WAIT_US]
        self._over = [track for track in self._over if track not in ready]
        passes = [self._measured(track, [*going, *self._over, *ready, *self._past]) for track in ready]
        self._past = [t for t in (*self._past, *ready) if time_us - t.time_us[-1] <= KEEP_US]
        return [found for found in passes if found is not None]

    def _measured(self, track: Track, others: list[Track]) -> VisionPass | None:
        line = track.line() if len(track.time_us) > 1 else None
        if line is None or not is_vehicle(line, track):
            return None
        if any(track.is_shadowed_by(other) for other in others if other is not track):
            self.counts["parts"] += 1
            return None
        lane = self._lane_of(track)
        if lane is None:
            self.counts["outside_lanes"] += 1
            return None
        self.counts["passes"] += 1
        kmh = abs(line.m_per_s) * KMH
        chosen = self._calibration.lanes[lane]
        came_near = line.m_per_s < 0
        sign = 1.0 if came_near == (chosen.approaching == "near") else -1.0
        share = math.hypot(self._survey.speed_share, HEIGHT_SHARE)
        error = math.hypot(line.error * KMH, share * kmh, _unsteady(track) * KMH)
        return VisionPass(
            lane=lane,
            radar=chosen.radar,
            start_us=track.time_us[0],
            end_us=track.time_us[-1],
            kmh=kmh * sign,
            error_kmh=error,
            confidence=confidence(line, track),
            places=int(line.right.sum()),
            metres=abs(track.y_m[-1] - track.y_m[0]),
        )

    def _lane_of(self, track: Track) -> int | None:
        """The lane that most of its places are in."""
        across = float(np.median(track.x_m))
        lanes = self._calibration.lanes
        return next((n for n, lane in enumerate(lanes) if lane.from_m <= across < lane.to_m), None)


def _unsteady(track: Track) -> float:
    """Half of the difference of speed between the halves of a track, m/s: beyond their errors it sped up or braked."""
    middle = len(track.time_us) // 2
    seconds, along = (np.array(track.time_us) - track.time_us[0]) / 1e6, np.array(track.y_m)
    halves = [robust_line(seconds[part], along[part]) for part in (slice(middle), slice(middle, None))]
    one, other = halves
    if one is None or other is None:
        return 0.0
    apart = abs(one.m_per_s - other.m_per_s) - math.hypot(one.error, other.error)
    return max(0.0, apart) / 2
