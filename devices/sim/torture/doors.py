"""What the doors of the bench say: at random, never twice at one moment, some of them forced now and then."""

from __future__ import annotations

import random
import time
from typing import Final

from devices.sim.plant.doors import DoorMessage
from devices.sim.torture.bench_files import DOORS, PREFIX

EVENTS: Final = ("granted", "denied", "opened", "closed", "report")
#: Of a bad neighbourhood.
FORCED: Final = 0.25
#: How far their clocks are behind, so that a burst, each of its messages a millisecond later, is not ahead of the
#: agent, which takes what is said of the future as said now, and alerts get another name.
BEHIND_MS: Final = 50


class Speakers:
    """All doors."""

    def __init__(self, source: random.Random) -> None:
        self._source = source
        self._last_ms = dict.fromkeys(DOORS, 0)
        self._forced = dict.fromkeys(DOORS, False)

    def say(self) -> DoorMessage:
        """One of them says something."""
        chance = self._source.random
        door = self._source.choice(DOORS)
        now_ms = self._last_ms[door] = max(self._last_ms[door] + 1, time.time_ns() // 1_000_000 - BEHIND_MS)
        if chance() < FORCED:
            self._forced[door] = not self._forced[door]
        return DoorMessage(
            time_us=now_ms * 1000,
            door=door,
            open=chance() < 0.5,  # noqa: PLR2004 - any
            locked=chance() < 0.5,  # noqa: PLR2004 - any
            forced=self._forced[door],
            event=self._source.choice(EVENTS),
        )


def topic_of(message: DoorMessage) -> str:
    """Where a door publishes."""
    return f"{PREFIX}/{message.door}"
