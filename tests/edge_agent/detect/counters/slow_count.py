"""One reading after the other, written down as the decision page says it: what the columns must agree with."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

MINUTES_5 = 300_000_000
DAY = 86_400_000_000


@dataclass
class SlowCounter:
    """Everything about one counter; `notes` are (at_us, final, initial)."""

    modulus: float | None = None
    per_us: float | None = None
    step: float = 0.0
    notes: list[tuple[int, float, float]] = field(default_factory=list)
    believed: list[tuple[int, float]] = field(default_factory=list)  # time and count, all of them
    doubted: list[tuple[int, float]] = field(default_factory=list)
    newest_us: int = -1
    add: float = 0.0
    totals: list[tuple[int, float]] = field(default_factory=list)
    events: list[tuple[str, int, float, float]] = field(default_factory=list)
    used: int = -1

    def read(self, time_us: int, value: float) -> None:
        if time_us <= self.newest_us:
            return
        self.newest_us = time_us
        if not self.believed:
            self.believed.append((time_us, value))
        elif follows(self.believed, time_us, value, self.per_us, self.step):
            self.forget_doubts()
            self.believed.append((time_us, max(value, self.believed[-1][1])))
        elif self.told_by_a_person(time_us, value) or self.sure_now(time_us, value):
            pass
        else:
            return
        self.totals.append((time_us, self.believed[-1][1] + self.add))

    def forget_doubts(self) -> None:
        if self.doubted:
            first_us, first = self.doubted[0]
            self.events.append(("glitch", first_us, self.believed[-1][1], first))
            self.doubted = []

    def told_by_a_person(self, time_us: int, value: float) -> bool:
        for at_us, final, initial in self.notes:
            since_us = min(at_us, came_to_be(self.believed))
            if at_us <= self.used or time_us < at_us - DAY or value < initial:
                continue
            if came_to_be(self.believed) > at_us + DAY:
                continue
            if value - initial > most(self.per_us, time_us - since_us, self.step):
                continue
            self.forget_doubts()
            self.used = at_us
            last = self.believed[-1][1]
            self.events.append(("signed", time_us, last, initial))
            self.add += max(final, last) - initial
            self.believed = [(time_us, value)]
            return True
        return False

    def sure_now(self, time_us: int, value: float) -> bool:
        if self.doubted and follows(self.doubted, time_us, value, self.per_us, self.step):
            self.doubted.append((time_us, max(value, self.doubted[-1][1])))
        else:
            self.forget_doubts()
            self.doubted = [(time_us, value)]
        (since_us, first), last = self.doubted[0], self.believed[-1][1]
        if len(self.doubted) < 3 or time_us - since_us < MINUTES_5:
            return False
        can = most(self.per_us, since_us - came_to_be(self.believed), self.step)
        if self.modulus and first < last and 0 <= first + self.modulus - last <= min(can, self.modulus / 10):
            event, by = "rollover", self.modulus
        elif 0 <= first < last and first <= min(can, last / 10):
            event, by = "reset", last
        else:
            event, by = "replaced", last - first
        self.events.append((event, since_us, last, first))
        self.add += by
        self.believed, self.doubted = self.doubted, []
        return True


def most(per_us: float | None, took_us: int, step: float) -> float:
    return math.inf if per_us is None else per_us * took_us * 1.5 + step


def came_to_be(readings: list[tuple[int, float]]) -> int:
    """When the newest count was read first."""
    return next(time_us for time_us, value in readings if value == readings[-1][1])


def follows(
    readings: list[tuple[int, float]], time_us: int, value: float, per_us: float | None, step: float
) -> bool:
    last = readings[-1][1]
    if value < last:
        return last - value <= abs(last) * 2.0**-22
    return value - last <= most(per_us, time_us - came_to_be(readings), step)
