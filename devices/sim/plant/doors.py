"""Doors that people open with a card, hold open, or force; each change is a message of the controller."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from devices.sim.plant.days import US_PER_MINUTE, US_PER_S, Almanac, between

REPORT_US: Final = 60 * US_PER_S
BUSY: Final = ((480.0, 1080.0),)
#: Passages an hour through one door.
BUSY_PER_H, QUIET_PER_H = 5.0, 0.15


@dataclass(frozen=True, slots=True)
class DoorMessage:
    """What a controller says at one moment."""

    time_us: int
    door: str
    open: bool
    locked: bool
    forced: bool
    event: str


@dataclass(slots=True)
class _Door:
    open: bool = False
    locked: bool = True
    forced: bool = False
    held: bool = False
    report_us: int = 0


class Doors:
    """All doors of the campus; `step` yields what their controllers said since the last step."""

    def __init__(self, ids: Sequence[str], almanac: Almanac, seed: int) -> None:
        self.ids = tuple(ids)
        self._almanac = almanac
        self._seed = seed
        self._doors = {name: _Door() for name in ids}
        self._acts: list[tuple[int, int, str, str]] = []
        self._acted = 0
        self._drawn_to = 0
        self._rng = np.random.default_rng([seed, 41])

    def begin(self, time_us: int) -> None:
        """Controllers report once soon after this, not all at the same instant."""
        self._drawn_to = time_us // US_PER_MINUTE
        for name in self.ids:
            self._doors[name].report_us = time_us + int(self._rng.integers(0, 4 * US_PER_S))

    def hold(self, door: str, time_us: int) -> None:
        """Somebody opens the door with a card and puts a wedge under it."""
        self._doors[door].held = True
        self._act(time_us, door, "granted")
        self._act(time_us + US_PER_S, door, "opened")

    def force(self, door: str, time_us: int) -> None:
        """Somebody opens the door without a card."""
        self._doors[door].held = True
        self._act(time_us, door, "forced")

    def release(self, door: str, time_us: int) -> None:
        """The door is shut and in order again."""
        self._doors[door].held = False
        self._act(time_us, door, "restored" if self._doors[door].forced else "closed")

    def step(self, until_us: int) -> list[DoorMessage]:
        """Messages up to `until_us`, in order of time; call with a growing time."""
        last = until_us // US_PER_MINUTE
        for minute in range(self._drawn_to + 1, last + 1):
            self._draw(minute)
        self._drawn_to = max(self._drawn_to, last)
        said: list[DoorMessage] = []
        while self._acts and self._acts[0][0] <= until_us:
            time_us, _, name, event = heapq.heappop(self._acts)
            said.extend(self._change(time_us, name, event))
        for name, door in self._doors.items():
            if door.report_us <= until_us:
                said.append(self._message(max(door.report_us, until_us - US_PER_S), name, "report"))
        said.sort(key=lambda message: message.time_us)
        return said

    def _act(self, time_us: int, door: str, event: str) -> None:
        self._acted += 1
        heapq.heappush(self._acts, (time_us, self._acted, door, event))

    def _draw(self, minute_number: int) -> None:
        rng = np.random.default_rng([self._seed, 42, minute_number])
        moment = self._almanac.moment(minute_number * US_PER_MINUTE)
        workday = any(self._almanac.day(moment.day).workday.values())
        rate = BUSY_PER_H if workday and between(moment.minute, BUSY) else QUIET_PER_H
        for row in np.flatnonzero(rng.random(len(self.ids)) < rate / 60):
            start_us = minute_number * US_PER_MINUTE + int(rng.integers(0, US_PER_MINUTE))
            name = self.ids[row]
            self._act(start_us, name, "granted")
            self._act(start_us + US_PER_S, name, "opened")
            self._act(start_us + round(float(rng.uniform(4, 11)) * US_PER_S), name, "closed")

    def _change(self, time_us: int, name: str, event: str) -> list[DoorMessage]:
        door = self._doors[name]
        if door.held and event in {"closed", "restored"}:
            return []  # it cannot fall shut
        if door.forced and event in {"granted", "opened"}:
            return []  # nobody needs a card
        if event == "granted":
            door.locked = False
        elif event == "opened":
            door.open = True
        elif event == "forced":
            door.open, door.locked, door.forced = True, True, True
        else:
            door.open, door.locked, door.forced = False, True, False
        return [self._message(time_us, name, event)]

    def _message(self, time_us: int, name: str, event: str) -> DoorMessage:
        door = self._doors[name]
        door.report_us = time_us + REPORT_US
        return DoorMessage(time_us, name, door.open, door.locked, door.forced, event)
