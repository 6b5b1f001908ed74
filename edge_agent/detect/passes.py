"""Radar readings cut into vehicle passes, each lane and direction by itself. A radar watches one lane.

What is still open after a block is kept as readings, and everything is decided again from them: so it makes no
difference where a stream is cut. A pass is told when no later reading can change it any more.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from devices.model.codes import Direction, VehicleClass
from edge_agent.detect.block import Flags, Floats, Rows, Times
from edge_agent.detect.columns import Columns

LONGEST_PASS_US: Final = 60_000_000
#: A pass of so many readings, or of so long, is as sure as one can be.
SURE_READINGS: Final = 8
SURE_US: Final = 1_000_000
#: A peak so far above the median, as a share of the peak, is not to be believed at all.
SPREAD: Final = 0.5
_WAYS: Final = len(Direction)
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Readings(Columns):
    """Speed readings; columns of one length.

    radar:     int64   (n,)  row of the radar
    time_us:   int64   (n,)
    kmh:       float64 (n,)  absolute speed, corrected for the radar's angle
    direction: uint8   (n,)  see Direction
    vehicle:   uint8   (n,)  see VehicleClass
    """

    radar: Rows
    time_us: Times
    kmh: Floats
    direction: Bytes
    vehicle: Bytes

    @classmethod
    def none(cls) -> Self:
        """No readings."""
        whole, codes = np.empty(0, np.int64), np.empty(0, np.uint8)
        return cls(whole, whole, np.empty(0), codes, codes)

    def then(self, later: Self) -> Self:
        """Both, ordered by radar and time; of two at one moment the faster counts."""
        both = self.followed_by(later)
        ordered = both[np.lexsort((both.direction, both.kmh, both.time_us, both.radar))]
        again = np.zeros(len(ordered), np.bool_)
        again[:-1] = (np.diff(ordered.radar) == 0) & (np.diff(ordered.time_us) == 0)
        return ordered[~again]


@dataclass(frozen=True, slots=True)
class Passes(Columns):
    """Vehicle passes; columns of one length, in the order of end and radar.

    radar:      int64   (n,)  row of the radar
    start_us:   int64   (n,)  first reading
    end_us:     int64   (n,)  last reading
    peak_us:    int64   (n,)  the fastest reading, the first of them
    peak_kmh:   float64 (n,)
    median_kmh: float64 (n,)
    readings:   int64   (n,)
    confidence: float64 (n,)  0..1, see `confidence`
    direction:  uint8   (n,)  see Direction
    vehicle:    uint8   (n,)  see VehicleClass; the one told most often, of equals the lowest code
    """

    radar: Rows
    start_us: Times
    end_us: Times
    peak_us: Times
    peak_kmh: Floats
    median_kmh: Floats
    readings: Rows
    confidence: Floats
    direction: Bytes
    vehicle: Bytes

    @classmethod
    def none(cls) -> Self:
        """No passes."""
        whole, real, codes = np.empty(0, np.int64), np.empty(0), np.empty(0, np.uint8)
        return cls(whole, whole, whole, whole, real, real, whole, real, codes, codes)

    def then(self, later: Self) -> Self:
        """Both, in the order of end and radar."""
        both = self.followed_by(later)
        return both[np.lexsort((both.direction, both.radar, both.end_us))]


@dataclass(frozen=True, slots=True)
class Cutting:
    """How readings are cut, per radar, each (radars,).

    gap_us:       int64    silence that ends a pass
    merge_gap_us: int64    a longer silence does not, where the speed goes on as before
    merge_kmh:    float64  as before: this close
    split_kmh:    float64  a jump up beyond this after a fall of half of it is another vehicle
    low_kmh:      float64  slower readings do not count
    min_readings: int64    shorter passes are noise
    """

    gap_us: Times
    merge_gap_us: Times
    merge_kmh: Floats
    split_kmh: Floats
    low_kmh: Floats
    min_readings: Rows

    @property
    def hold_us(self) -> Times:
        """How long after its last reading a pass may still grow, int64 (radars,)."""
        return np.maximum(self.gap_us, self.merge_gap_us)


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left after a block.

    open:    readings of passes that may still grow; `direction` is as far as it was told before each
    seen_us: int64 (radars,)  the newest reading of each radar; one that is not newer comes too late
    """

    open: Readings
    seen_us: Times

    @classmethod
    def begun(cls, radars: int) -> Self:
        """Nothing seen yet."""
        return cls(Readings.none(), np.full(radars, -1, np.int64))


def cut(state: Cut, new: Readings, until_us: int, cutting: Cutting) -> tuple[Cut, Passes]:
    """Add readings and return the passes that nothing after `until_us` can change.

    A pass is of one radar and one direction: a reading of the other one belongs to another vehicle. It ends
    after a silence, at a jump up after a fall, or after LONGEST_PASS_US (an engine idling before the radar is not
    one endless vehicle). Readings below `low_kmh` are no vehicles.
    """
    counts = (new.kmh >= cutting.low_kmh[new.radar]) & (new.time_us > state.seen_us[new.radar])
    readings = state.open.then(new[counts])
    if not len(readings):
        return state, Passes.none()
    seen_us = state.seen_us.copy()
    np.maximum.at(seen_us, readings.radar, readings.time_us)
    gap_us = cutting.gap_us[readings.radar]
    told = _told_before(readings, gap_us)
    way = _told_soon(readings, told, gap_us)
    order = np.lexsort((readings.time_us, way, readings.radar))
    tracks = replace(readings, direction=way)[order]
    first = np.flatnonzero(_begins(tracks, cutting))
    last = np.append(first[1:], len(tracks)) - 1
    over = until_us - tracks.time_us[last] > cutting.hold_us[tracks.radar[last]]
    passes = _summed(tracks, first)
    still_open = np.empty(len(readings), np.bool_)
    still_open[order] = np.repeat(~over, last - first + 1)
    over &= passes.readings >= cutting.min_readings[passes.radar]
    left = replace(readings, direction=told)[still_open]
    return Cut(left, seen_us), Passes.none().then(passes[over])


def confidence(readings: Rows, duration_us: Times, peak_kmh: Floats, median_kmh: Floats) -> Floats:
    """How sure a pass is, 0..1: enough readings x long enough x a peak that its other readings bear out."""
    enough = np.minimum(readings / SURE_READINGS, 1.0)
    long = np.minimum((duration_us + SURE_US / SURE_READINGS) / SURE_US, 1.0)
    borne_out = np.maximum(1.0 - (1.0 - median_kmh / peak_kmh) / SPREAD, 0.0)
    return enough * long * borne_out


def _told_before(readings: Readings, gap_us: Times) -> Bytes:
    """Directions, where unknown that of the reading before, as long as no gap lies between."""
    known = readings.direction != Direction.UNKNOWN
    index = np.arange(len(readings))
    apart = np.ones(len(readings), np.bool_)
    apart[1:] = (np.diff(readings.radar) != 0) | (np.diff(readings.time_us) > gap_us[1:])
    stretch = np.maximum.accumulate(np.where(apart, index, 0))
    before = np.maximum.accumulate(np.where(known, index, -1))
    return np.where(before >= stretch, readings.direction[before], Direction.UNKNOWN).astype(np.uint8)


def _told_soon(readings: Readings, told: Bytes, gap_us: Times) -> Bytes:
    """The same, where still unknown that of the next known reading within the gap."""
    size = len(readings)
    known = np.where(told != Direction.UNKNOWN, np.arange(size), size - 1)
    after = np.minimum.accumulate(known[::-1])[::-1]
    near = readings.time_us[after] - readings.time_us <= gap_us
    near &= readings.radar[after] == readings.radar
    return np.where(near, told[after], told).astype(np.uint8)


def _begins(tracks: Readings, cutting: Cutting) -> Flags:
    """Where a new pass begins, in readings ordered by radar, direction and time."""
    radar = tracks.radar[1:]
    same_track = np.diff(tracks.radar * _WAYS + tracks.direction) == 0
    silence_us, rise = np.diff(tracks.time_us), np.diff(tracks.kmh)
    goes_on = (silence_us <= cutting.merge_gap_us[radar]) & (np.abs(rise) <= cutting.merge_kmh[radar])
    begins = np.ones(len(tracks), np.bool_)
    begins[1:] = ~same_track | ((silence_us > cutting.gap_us[radar]) & ~goes_on)
    jump = np.append(False, rise > cutting.split_kmh[radar])
    return _split(tracks, begins, jump, cutting.split_kmh[tracks.radar] / 2)


def _split(tracks: Readings, begins: Flags, jump: Flags, fall_kmh: Floats) -> Flags:
    """Begin a pass at each jump after a fall, and LONGEST_PASS_US after the start of one.

    Both depend on where the pass began, so each turn of the loop splits each pass once, where it must be first.
    """
    index = np.arange(len(tracks))
    while True:
        first = np.maximum.accumulate(np.where(begins, index, 0))
        wrong = tracks.time_us - tracks.time_us[first] >= LONGEST_PASS_US
        jumps = np.flatnonzero(jump & ~begins)
        if len(jumps):
            spans = np.stack([first[jumps], jumps], axis=1).ravel()
            peak = np.maximum.reduceat(tracks.kmh, spans)[::2]
            wrong[jumps] |= peak - tracks.kmh[jumps - 1] >= fall_kmh[jumps]
        found = np.flatnonzero(wrong)
        if not len(found):
            return begins
        _, earliest = np.unique(first[found], return_index=True)
        begins[found[earliest]] = True


def _summed(tracks: Readings, first: Rows) -> Passes:
    """One row for each pass; `first` are the indices at which passes begin, 0 first."""
    count = np.diff(np.append(first, len(tracks)))
    number = np.repeat(np.arange(len(first)), count)
    by_speed = np.lexsort((-tracks.time_us, tracks.kmh, number))
    last = first + count - 1
    peak = by_speed[last]
    middle = tracks.kmh[by_speed]
    median = (middle[first + (count - 1) // 2] + middle[first + count // 2]) / 2
    lasted_us = tracks.time_us[last] - tracks.time_us[first]
    return Passes(
        radar=tracks.radar[first],
        start_us=tracks.time_us[first],
        end_us=tracks.time_us[last],
        peak_us=tracks.time_us[peak],
        peak_kmh=tracks.kmh[peak],
        median_kmh=median,
        readings=count,
        confidence=confidence(count, lasted_us, tracks.kmh[peak], median),
        direction=tracks.direction[first],
        vehicle=_usual(tracks.vehicle, number, len(first)),
    )


def _usual(vehicle: Bytes, number: Rows, passes: int) -> Bytes:
    """The class told most often in each pass; UNKNOWN where none was."""
    told = np.zeros((len(VehicleClass), passes), np.int64)
    known = vehicle != VehicleClass.UNKNOWN
    np.add.at(told, (vehicle[known], number[known]), 1)
    usual: Bytes = told.argmax(axis=0).astype(np.uint8)  # the first of equals: UNKNOWN where all are 0
    return usual
