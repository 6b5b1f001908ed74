"""What rules compare: the value of a point, or what can be made of it, as traces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeVar

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, Flags, Floats, Held, Rows, shifted
from edge_agent.detect.trace import Trace
from edge_agent.detect.track import Track

Columns = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a rule is given: changes from `since_us` to the track's end.

    fresh: bool (rows,)  rows that the rule has not judged before: what is held of them counts as a change
    has_fresh: whether there is such a row
    """

    track: Track
    since_us: int
    fresh: Flags
    has_fresh: bool = True

    @property
    def until_us(self) -> int:
        """Up to when everything is known."""
        return self.track.until_us


class Quantity(ABC):
    """A number of each row that changes with time, and the state that it takes to follow it."""

    @abstractmethod
    def points(self) -> tuple[Rows, ...]:
        """Rows of the points that it is made of, each int64 (rows,); negative where there is none."""

    @abstractmethod
    def trace(self, stretch: Stretch) -> Trace:
        """Its changes in a stretch. Each stretch must be given once, in the order of time."""

    def next_us(self) -> int:
        """When it changes next if no reading does it; the past if every stretch has to be looked at."""
        return ENDLESS

    def parts(self) -> dict[str, Quantity]:
        """Quantities with a state that it is made of."""
        return {}

    def own_columns(self) -> Columns:
        """Its own state as arrays with one line a row."""
        return {}

    def own_queues(self) -> dict[str, Columns]:
        """Its own state of any length: arrays, one of them `row`."""
        return {}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from its own saved state, if it has one."""
        del columns, queues

    def own_shift(self, by_us: int) -> None:
        """The clock was set: move its own remembered times, if it has any."""
        del by_us

    def values(self) -> Iterator[PointValue]:
        """The points that it is made of, with what was told of them last."""
        for part in self.parts().values():
            yield from part.values()

    def columns(self) -> Columns:
        """All state as arrays with one line a row."""
        return self.own_columns() | named({name: part.columns() for name, part in self.parts().items()})

    def queues(self) -> dict[str, Columns]:
        """All state of any length."""
        return self.own_queues() | named({name: part.queues() for name, part in self.parts().items()})

    def restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from saved state."""
        self.own_restore(columns, queues)
        for name, part in self.parts().items():
            part.restore(within(name, columns), within(name, queues))

    def shift(self, by_us: int) -> None:
        """The clock was set: move remembered times."""
        self.own_shift(by_us)
        for part in self.parts().values():
            part.shift(by_us)


T = TypeVar("T")


def named(parts: dict[str, dict[str, T]]) -> dict[str, T]:
    """One dictionary of those of the parts: `part/name`."""
    return {f"{part}/{name}": value for part, of in parts.items() for name, value in of.items()}


def within(part: str, values: dict[str, T]) -> dict[str, T]:
    """What one dictionary holds of a part."""
    start = f"{part}/"
    return {name.removeprefix(start): value for name, value in values.items() if name.startswith(start)}


class Still(Quantity):
    """A number that never changes: float64 (rows,)."""

    def __init__(self, value: Floats) -> None:
        self._trace = Trace.still(value)

    def points(self) -> tuple[Rows, ...]:
        """None."""
        return ()

    def trace(self, stretch: Stretch) -> Trace:  # noqa: ARG002 - at any time
        """The number."""
        return self._trace


class PointValue(Quantity):
    """The last good value of a point, or one bit of it, times a factor and plus a number."""

    def __init__(
        self, point: Rows, points: int, *, bit: int | None = None, times: float = 1.0, plus: float = 0.0
    ) -> None:
        """`point` is int64 (rows,), negative where a row has none; `points` is how many there are in all."""
        self.point = point
        self._now = np.full(len(point), np.nan)
        self._at_us = np.full(len(point), NEVER, np.int64)
        self._still: Trace | None = None
        self._bit, self._times, self._plus = bit, times, plus
        self._row_of = np.full(points, -1, np.int64)
        self._row_of[point[point >= 0]] = np.flatnonzero(point >= 0)
        self._ascending = bool(np.all(np.diff(point[point >= 0]) > 0))

    def points(self) -> tuple[Rows, ...]:
        """The point."""
        return (self.point,)

    def trace(self, stretch: Stretch) -> Trace:
        """The changes of the point since what was told of it last: what is held may be older after a restart."""
        track, before = stretch.track, self._now
        row = self._row_of[track.point]
        mine = np.flatnonzero(row >= 0)
        row, time, value = row[mine], track.time_us[mine], track.value[mine]
        if stretch.has_fresh:
            new = np.flatnonzero(stretch.fresh & (self.point >= 0))
            new = new[~np.isnan(track.before.value[self.point[new]])]
            held = self.point[new]
            row = np.concatenate([new, row])
            time = np.concatenate([track.before.at_us[held], time])
            value = np.concatenate([track.before.value[held], value])
        if not len(row):
            if self._still is None:
                self._still = Trace.still(self._made(before))
            return self._still
        raw = Trace.of(row, time, value, before) if stretch.has_fresh or not self._ascending else None
        if raw is not None:
            row, time, value = raw.row, raw.time_us, raw.value
        follows = np.append(False, row[1:] == row[:-1])
        is_new = value != np.where(follows, np.roll(value, 1), before[row])
        changed = np.flatnonzero(is_new & (time > self._at_us[row]))
        row, time, value = row[changed], time[changed], value[changed]
        self._now, self._at_us, self._still = before.copy(), self._at_us.copy(), None
        self._now[row], self._at_us[row] = value, time  # by row and time: the last counts
        return Trace(row, time, self._made(value), self._made(before))

    def values(self) -> Iterator[PointValue]:
        """Itself."""
        yield self

    def newer(self, held: Held) -> Held:
        """What is held, or what was told last where that is newer: it was judged by that."""
        point = self.point[self.point >= 0]
        now, at_us = self._now[self.point >= 0], self._at_us[self.point >= 0]
        later = at_us > held.at_us[point]
        value, when = held.value.copy(), held.at_us.copy()
        value[point[later]], when[point[later]] = now[later], at_us[later]
        return Held(value, when)

    def own_columns(self) -> Columns:
        """What was told last, and of when it was."""
        return {"now": self._now, "at_us": self._at_us}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: ARG002 - it has none
        """Continue from saved state."""
        self._now, self._at_us, self._still = columns["now"], columns["at_us"], None

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._at_us = shifted(self._at_us, by_us)

    def _made(self, value: Floats) -> Floats:
        if self._bit is not None:
            known = ~np.isnan(value)
            bits = np.where(known, value, 0).astype(np.int64) >> self._bit & 1
            return np.where(known, bits, np.nan)
        return value if (self._times, self._plus) == (1.0, 0.0) else value * self._times + self._plus


class MadeOf(Quantity):
    """Something made of one value."""

    def __init__(self, value: PointValue) -> None:
        self._value = value

    def points(self) -> tuple[Rows, ...]:
        """The point of the value."""
        return self._value.points()

    def parts(self) -> dict[str, Quantity]:
        """The value."""
        return {"value": self._value}
