"""Radar readings cut into vehicle passes, one after another in each lane and direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np
import numpy.typing as npt

from devices.model.codes import Direction
from edge_agent.detect.block import Flags, Floats, Rows, Times

LONGEST_PASS_US: Final = 60_000_000


@dataclass(frozen=True, slots=True)
class Readings:
    """Speed readings; columns of one length.

    radar:     int64   (n,)  row of the radar
    time_us:   int64   (n,)
    kmh:       float64 (n,)  absolute speed
    direction: uint8   (n,)  see Direction
    """

    radar: Rows
    time_us: Times
    kmh: Floats
    direction: npt.NDArray[np.uint8]

    def __getitem__(self, rows: npt.NDArray[np.bool_] | Rows) -> Readings:
        return Readings(self.radar[rows], self.time_us[rows], self.kmh[rows], self.direction[rows])

    def __len__(self) -> int:
        return len(self.radar)

    @classmethod
    def none(cls) -> Self:
        """No readings."""
        whole = np.empty(0, np.int64)
        return cls(whole, whole, np.empty(0), np.empty(0, np.uint8))

    def then(self, later: Readings) -> Readings:
        """Both, ordered by radar and time, each moment of a radar once."""
        radar = np.concatenate([self.radar, later.radar])
        time_us = np.concatenate([self.time_us, later.time_us])
        kmh = np.concatenate([self.kmh, later.kmh])
        direction = np.concatenate([self.direction, later.direction])
        order = np.lexsort((kmh, time_us, radar))
        ordered = Readings(radar[order], time_us[order], kmh[order], direction[order])
        again = np.zeros(len(order), np.bool_)
        again[:-1] = (np.diff(ordered.radar) == 0) & (np.diff(ordered.time_us) == 0)
        return ordered[~again]


@dataclass(frozen=True, slots=True)
class Passes:
    """Vehicle passes; columns of one length, in the order of radar and time.

    radar:     int64   (n,)  row of the radar
    start_us:  int64   (n,)  first reading
    end_us:    int64   (n,)  last reading
    peak_us:   int64   (n,)  the fastest reading
    peak_kmh:  float64 (n,)
    median_kmh: float64 (n,)
    readings:  int64   (n,)
    direction: uint8   (n,)  see Direction
    """

    radar: Rows
    start_us: Times
    end_us: Times
    peak_us: Times
    peak_kmh: Floats
    median_kmh: Floats
    readings: Rows
    direction: npt.NDArray[np.uint8]

    def __getitem__(self, rows: npt.NDArray[np.bool_] | Rows) -> Passes:
        return Passes(*(getattr(self, name)[rows] for name in self.__slots__))

    def __len__(self) -> int:
        return len(self.radar)


@dataclass(frozen=True, slots=True)
class Cutting:
    """How readings are cut, per radar: gap_us int64, low_kmh float64, min_readings int64, each (radars,)."""

    gap_us: Times
    low_kmh: Floats
    min_readings: Rows


@dataclass(frozen=True, slots=True)
class Cut:
    """What is left after a block: readings of passes still open, and up to when passes were closed.

    closed_us: int64 (radars,)  a reading not later than this comes too late: its pass is over
    """

    open: Readings
    closed_us: Times

    @classmethod
    def begun(cls, radars: int) -> Self:
        """Nothing seen yet."""
        return cls(Readings.none(), np.full(radars, -1, np.int64))


def cut(state: Cut, new: Readings, until_us: int, cutting: Cutting) -> tuple[Cut, Passes]:
    """Add readings and return the passes that are over at `until_us`.

    A pass ends after a silence longer than the gap, when the direction turns, or after LONGEST_PASS_US (an
    engine idling before the radar is not one endless vehicle). Readings below `low_kmh` are no vehicles.
    """
    counts = (new.kmh >= cutting.low_kmh[new.radar]) & (new.time_us > state.closed_us[new.radar])
    readings = state.open.then(new[counts])
    if not len(readings):
        return Cut(readings, state.closed_us), _summed(readings, np.empty(0, np.int64))
    first = np.flatnonzero(_begins(readings, cutting))
    last = np.append(first[1:], len(readings)) - 1
    followed = np.append(readings.radar[last[:-1] + 1] == readings.radar[last[:-1]], False)
    over = followed | (until_us - readings.time_us[last] > cutting.gap_us[readings.radar[last]])
    closed = _summed(readings, first)[over]
    closed_us = state.closed_us.copy()
    np.maximum.at(closed_us, closed.radar, closed.end_us)
    still_open = np.repeat(~over, last - first + 1)
    enough = closed.readings >= cutting.min_readings[closed.radar]
    return Cut(readings[still_open], closed_us), closed[enough]


def _begins(readings: Readings, cutting: Cutting) -> Flags:
    """Where a new pass begins."""
    begins = np.ones(len(readings), np.bool_)
    other_radar = np.diff(readings.radar) != 0
    gap = np.diff(readings.time_us) > cutting.gap_us[readings.radar[1:]]
    turned = (np.diff(readings.direction.astype(np.int64)) != 0) & _both_known(readings.direction)
    begins[1:] = other_radar | gap | turned
    return _split_long(readings, begins)


def _both_known(direction: npt.NDArray[np.uint8]) -> Flags:
    known: Flags = direction != Direction.UNKNOWN
    return known[1:] & known[:-1]


def _split_long(readings: Readings, begins: Flags) -> Flags:
    """Begin a new pass LONGEST_PASS_US after the start of one; each turn of the loop splits each once."""
    index = np.arange(len(readings))
    while True:
        first = np.maximum.accumulate(np.where(begins, index, 0))
        too_long = readings.time_us - readings.time_us[first] >= LONGEST_PASS_US
        if not too_long.any():
            return begins
        split = too_long & ~np.append(False, too_long[:-1] & (first[1:] == first[:-1]))
        begins = begins | split


def _summed(readings: Readings, first: Rows) -> Passes:
    """One row for each pass; `first` are the indices at which passes begin, 0 first."""
    if not len(first):
        whole = np.empty(0, np.int64)
        return Passes(whole, whole, whole, whole, np.empty(0), np.empty(0), whole, np.empty(0, np.uint8))
    count = np.diff(np.append(first, len(readings)))
    number = np.repeat(np.arange(len(first)), count)
    by_speed = np.lexsort((-readings.time_us, readings.kmh, number))
    last = first + count - 1
    peak = by_speed[last]
    middle = readings.kmh[by_speed]
    median = (middle[first + (count - 1) // 2] + middle[first + count // 2]) / 2
    known = np.maximum.reduceat(readings.direction, first)
    return Passes(
        radar=readings.radar[first],
        start_us=readings.time_us[first],
        end_us=readings.time_us[last],
        peak_us=readings.time_us[peak],
        peak_kmh=readings.kmh[peak],
        median_kmh=median,
        readings=count,
        direction=known,
    )
