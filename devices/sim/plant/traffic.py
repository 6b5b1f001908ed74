"""Vehicles before the radars: how many an hour, how fast, and what a radar reports while one passes.

The vehicles of a lane in one minute are drawn from (seed, lane, minute) alone, so the history and the live
screen agree, whatever the steps.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.model.codes import Direction
from devices.sim.plant.days import US_PER_MINUTE, US_PER_S, Almanac, between
from devices.sim.plant.plates import PlateReading, records

RUSH: Final = ((450.0, 540.0), (1020.0, 1110.0))
WORKING: Final = ((420.0, 1140.0),)
EVENING: Final = ((1140.0, 1350.0),)
#: Vehicles per hour and lane.
RUSH_PER_H, WORKING_PER_H, EVENING_PER_H, NIGHT_PER_H = 95.0, 42.0, 22.0, 9.0
DAY_OFF_SHARE: Final = 0.4
#: Lognormal speed: median km/h and sigma; the 85th percentile is near 15, in the rush near 9.
FREE: Final = (11.6, 0.24)
SLOW: Final = (7.2, 0.22)
FAST_SHARE: Final = 0.006
FAST_KMH: Final = (22.0, 38.0)
READ_EVERY_S: Final = 0.2
BEAM_M: Final = 14.0
HEADWAY_S: Final = 6.0


@dataclass(frozen=True, slots=True)
class Pass:
    """One vehicle before one radar; `kmh` is its highest true speed."""

    radar: str
    start_us: int
    kmh: float
    direction: Direction

    @property
    def readings(self) -> int:
        """How often the radar speaks of it."""
        seconds = float(np.clip(BEAM_M / (self.kmh / 3.6), 1.0, 6.0))
        return max(4, int(seconds / READ_EVERY_S))

    @property
    def middle_us(self) -> int:
        """When it is right before the radar, at the reading in the middle; a plate camera takes its picture then."""
        return self.start_us + round(self.readings // 2 * READ_EVERY_S * US_PER_S)


@dataclass(frozen=True, slots=True, order=True)
class RadarReading:
    """What a radar says at one moment."""

    time_us: int
    radar: str
    kmh: float
    direction: Direction


@dataclass(frozen=True, slots=True)
class Lane:
    """What a radar looks at: `direction` UNKNOWN means that both come."""

    radar: str
    site: str
    direction: Direction


class Traffic:
    """All lanes of the campus; `eyes` are the plate cameras by the radar of their lane."""

    def __init__(
        self, lanes: tuple[Lane, ...], almanac: Almanac, seed: int, eyes: Mapping[str, str] | None = None
    ) -> None:
        self.lanes = lanes
        self._eyes = eyes or {}
        self._read: list[PlateReading] = []
        self._almanac = almanac
        self._seed = seed
        self._due: list[RadarReading] = []
        self._drawn_to = self._begun_us = 0
        self._sent: list[Pass] = []
        self._minutes: dict[tuple[int, int], tuple[Pass, ...]] = {}

    def begin(self, time_us: int) -> None:
        """Vehicles come from here on."""
        self._drawn_to = self._begun_us = time_us

    def send(self, passed: Pass) -> None:
        """Let a vehicle come that is not one of those that are drawn by chance."""
        self._sent = [one for one in self._sent if passed.start_us - one.start_us < 2 * US_PER_MINUTE]
        self._sent.append(passed)
        self.drive(passed)

    def around(self, radar: str, time_us: int) -> list[Pass]:
        """Vehicles that pass a radar in the minute of a moment, or in those beside it."""
        lane = next(number for number, one in enumerate(self.lanes) if one.radar == radar)
        middle = time_us // US_PER_MINUTE
        minutes = [(lane, number) for number in range(middle - 1, middle + 2)]
        for key in minutes:
            if key not in self._minutes:
                self._minutes = {kept: seen for kept, seen in self._minutes.items() if kept[1] >= middle - 2}
                self._minutes[key] = tuple(self.passes(*key))
        drawn = [one for key in minutes for one in self._minutes[key] if one.start_us >= self._begun_us]
        return drawn + [one for one in self._sent if one.radar == radar]

    def passes(self, lane: int, minute_number: int) -> Iterator[Pass]:
        """Vehicles of one lane in one minute (UTC minutes since 1970), in order."""
        rng = np.random.default_rng([self._seed, 31, lane, minute_number])
        where = self.lanes[lane]
        moment = self._almanac.moment(minute_number * US_PER_MINUTE)
        workday = self._almanac.day(moment.day).workday[where.site]
        count = int(rng.poisson(per_hour(moment.minute, workday=workday) / 60))
        starts = np.sort(rng.uniform(0, 60, count))
        median, sigma = SLOW if workday and between(moment.minute, RUSH) else FREE
        last = -HEADWAY_S
        for start in starts:
            kmh = float(median * np.exp(sigma * rng.standard_normal()))
            if rng.random() < FAST_SHARE:
                kmh = float(rng.uniform(*FAST_KMH))
            both = where.direction is Direction.UNKNOWN
            ways = (Direction.APPROACHING, Direction.RECEDING)
            direction = ways[int(rng.integers(2))] if both else where.direction
            if start - last < HEADWAY_S:  # one behind the other: the radar sees one vehicle
                continue
            last = start
            yield Pass(where.radar, minute_number * US_PER_MINUTE + round(start * US_PER_S), kmh, direction)

    def drive(self, passed: Pass) -> None:
        """Let a vehicle come, now or later."""
        for reading in readings(passed, self._seed):
            heapq.heappush(self._due, reading)
        if passed.radar in self._eyes:
            for record in records(self._eyes[passed.radar], passed.middle_us, self._seed):
                heapq.heappush(self._read, record)

    def plates(self, until_us: int) -> list[PlateReading]:
        """What plate cameras read up to `until_us`, in order of time; call after `step`."""
        due: list[PlateReading] = []
        while self._read and self._read[0].time_us <= until_us:
            due.append(heapq.heappop(self._read))
        return due

    def step(self, until_us: int) -> list[RadarReading]:
        """Readings up to `until_us`, in order of time; call with a growing time."""
        first, last = self._drawn_to // US_PER_MINUTE, until_us // US_PER_MINUTE
        for minute in range(first, last + 1):
            for lane in range(len(self.lanes)):
                for passed in self.passes(lane, minute):
                    # A minute is drawn whole when first touched; what lies before the start is over.
                    if self._drawn_to <= passed.start_us < (minute + 1) * US_PER_MINUTE:
                        self.drive(passed)
        self._drawn_to = max(self._drawn_to, (last + 1) * US_PER_MINUTE)
        due: list[RadarReading] = []
        while self._due and self._due[0].time_us <= until_us:
            due.append(heapq.heappop(self._due))
        return due


def per_hour(minute: float, *, workday: bool) -> float:
    """Vehicles an hour in one lane at a minute of a local day."""
    if between(minute, RUSH):
        rate = RUSH_PER_H if workday else WORKING_PER_H
    elif between(minute, WORKING):
        rate = WORKING_PER_H
    else:
        rate = EVENING_PER_H if between(minute, EVENING) else NIGHT_PER_H
    return rate if workday else max(rate * DAY_OFF_SHARE, NIGHT_PER_H)


def readings(passed: Pass, seed: int) -> Iterator[RadarReading]:
    """What the radar reports of one vehicle: five times a second in the beam, slower at both ends."""
    rng = np.random.default_rng([seed, 32, passed.start_us])
    count = passed.readings
    for number in range(count):
        # Parabola with its top at the true speed in the middle; the radar's own noise never lifts it above.
        off_middle = 2 * number / (count - 1) - 1
        kmh = passed.kmh * (1 - 0.08 * off_middle**2) - abs(float(rng.normal(0, 0.12)))
        time_us = passed.start_us + round(number * READ_EVERY_S * US_PER_S)
        yield RadarReading(time_us, passed.radar, max(kmh, 0.5), passed.direction)
