"""Whether each area that must be watched is watched by enough good cameras just now. Pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from enum import StrEnum

from devices.campus.coverage_checks import Need, needs
from devices.campus.site import Campus
from hub.reports import cameras
from hub.reports.cameras import Reading, State


class Standing(StrEnum):
    """What can be said of an area."""

    COVERED = "covered"
    UNCOVERED = "uncovered"  # also if every camera of unknown state were good
    UNKNOWN = "unknown"  # too few are known to be good, but those of unknown state could make it up


@dataclass(frozen=True, slots=True)
class Covered:
    """An area that must be watched, as it is now."""

    need: Need
    states: tuple[State, ...]

    @property
    def good(self) -> int:
        """How many of its cameras are good."""
        return self.states.count(State.ONLINE)

    @property
    def unknown(self) -> int:
        """Of how many nothing is known."""
        return self.states.count(State.UNKNOWN)

    @property
    def standing(self) -> Standing:
        """Whether that is enough."""
        least = self.need.coverage.least
        if self.good >= least:
            return Standing.COVERED
        return Standing.UNKNOWN if self.good + self.unknown >= least else Standing.UNCOVERED


def standing(campus: Campus, reading: Reading, troubled: Collection[str], now_us: int) -> Iterator[Covered]:
    """Every area that must be watched, with its cameras as `cameras.now` finds them."""
    wanted = needs(campus)
    names = list(dict.fromkeys(camera for need in wanted for camera in need.cameras))
    found = cameras.now(campus, names, reading, troubled, now_us)
    states = dict(zip(names, map(State, found.tolist()), strict=True))
    for need in wanted:
        yield Covered(need, tuple(states[camera] for camera in need.cameras))
