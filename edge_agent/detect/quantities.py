"""What rules compare: the value of a point, or what can be made of it, as traces."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeVar

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, Flags, Floats, Held, Rows, Times, shifted
from edge_agent.detect.heard import Groups
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.track import Track

Columns = dict[str, Any]
PER_S: Final = {"second": 1.0, "minute": 60.0, "hour": 3600.0, "day": 86400.0}


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a rule is given: changes from `since_us` to the track's end.

    fresh: bool (rows,)  rows that the rule has not judged before: what is held of them counts as a change
    """

    track: Track
    since_us: int
    fresh: Flags

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

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: B027 - most have no state
        """Continue from its own saved state."""

    def own_shift(self, by_us: int) -> None:  # noqa: B027 - most remember no time
        """The clock was set: move its own remembered times."""

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
        if stretch.fresh.any():
            new = np.flatnonzero(stretch.fresh & (self.point >= 0))
            new = new[~np.isnan(track.before.value[self.point[new]])]
            held = self.point[new]
            row = np.concatenate([new, row])
            time = np.concatenate([track.before.at_us[held], time])
            value = np.concatenate([track.before.value[held], value])
        if not len(row):
            return Trace.still(self._made(before))
        raw = Trace.of(row, time, value, before) if stretch.fresh.any() or not self._ascending else None
        if raw is not None:
            row, time, value = raw.row, raw.time_us, raw.value
        follows = np.append(False, row[1:] == row[:-1])
        is_new = value != np.where(follows, np.roll(value, 1), before[row])
        changed = np.flatnonzero(is_new & (time > self._at_us[row]))
        row, time, value = row[changed], time[changed], value[changed]
        self._now, self._at_us = before.copy(), self._at_us.copy()
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
        self._now, self._at_us = columns["now"], columns["at_us"]

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._at_us = shifted(self._at_us, by_us)

    def _made(self, value: Floats) -> Floats:
        if self._bit is not None:
            known = ~np.isnan(value)
            bits = np.where(known, value, 0).astype(np.int64) >> self._bit & 1
            return np.where(known, bits, np.nan)
        return value if (self._times, self._plus) == (1.0, 0.0) else value * self._times + self._plus


class Delay:
    """A trace that comes again so much later."""

    def __init__(self, rows: int, by_us: int) -> None:
        self._by_us = by_us
        self.now = np.full(rows, np.nan)
        self._row: Rows = np.empty(0, np.int64)
        self._time_us: Times = np.empty(0, np.int64)
        self._value: Floats = np.empty(0)

    def trace(self, source: Trace, until_us: int) -> Trace:
        """Take a trace in and give out what is due."""
        row = np.concatenate([self._row, source.row])
        time = np.concatenate([self._time_us, source.time_us + self._by_us])
        value = np.concatenate([self._value, source.value])
        due = time <= until_us
        self._row, self._time_us, self._value = row[~due], time[~due], value[~due]
        out = Trace.of(row[due], time[due], value[due], self.now)
        self.now = self.now.copy()
        self.now[out.row] = out.value  # by row and time: the last counts
        return out

    def next_us(self) -> int:
        """When the next change is due."""
        return int(self._time_us.min(initial=ENDLESS))

    def queue(self) -> Columns:
        """What waits."""
        return {"row": self._row, "time_us": self._time_us, "value": self._value}

    def restore(self, now: Floats, queue: Columns) -> None:
        """Continue from saved state."""
        self.now = now
        self._row, self._time_us, self._value = queue["row"], queue["time_us"], queue["value"]

    def shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._time_us = shifted(self._time_us, by_us)


class Rate(Quantity):
    """How fast a value changes: its difference over a window, per second, minute, hour or day."""

    def __init__(self, value: Quantity, rows: int, over_s: float, per: str) -> None:
        self._value = value
        self._factor = PER_S[per] / over_s
        self._then = Delay(rows, round(over_s * 1e6))

    def points(self) -> tuple[Rows, ...]:
        """The points of the value."""
        return self._value.points()

    def parts(self) -> dict[str, Quantity]:
        """The value."""
        return {"value": self._value}

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes: those of the value, and again when they leave the window."""
        now = self._value.trace(stretch)
        then = self._then.trace(now, stretch.until_us)
        moments = Moments(len(now.before), [now, then])
        return moments.trace((moments.filled(0) - moments.filled(1)) * self._factor)

    def next_us(self) -> int:
        """When the next change leaves the window."""
        return self._then.next_us()

    def own_columns(self) -> Columns:
        """The value of then."""
        return {"then": self._then.now}

    def own_queues(self) -> dict[str, Columns]:
        """The changes within the window."""
        return {"window": self._then.queue()}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from saved state."""
        self._then.restore(columns["then"], queues["window"])

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._then.shift(by_us)


class Count(Quantity):
    """How often a value became a certain one within a window; a first reading is no change."""

    def __init__(self, value: Quantity, becomes: Floats, within_s: float) -> None:
        """`becomes` is float64 (rows,)."""
        self._value, self._becomes = value, becomes
        self._total = np.full(len(becomes), np.nan)
        self._then = Delay(len(becomes), round(within_s * 1e6))
        #: How often in all, of the stretch that was given last.
        self.totals = Trace.still(self._total)

    def points(self) -> tuple[Rows, ...]:
        """The points of the value."""
        return self._value.points()

    def parts(self) -> dict[str, Quantity]:
        """The value."""
        return {"value": self._value}

    def trace(self, stretch: Stretch) -> Trace:
        """Its changes: one more when it becomes, one less when that leaves the window."""
        value = self._value.trace(stretch)
        moments = Moments(len(value.before), [value])
        now = moments.filled(0)
        became = now == self._becomes[moments.row]
        became[1:] &= (now[:-1] == now[:-1]) & (now[:-1] != now[1:])
        became[moments.first] = False
        count = np.cumsum(became)
        count = count - count[moments.first[moments.row]] + np.nan_to_num(self._total)[moments.row]
        self.totals = moments.trace(np.where(np.isnan(now), np.nan, count))
        self.totals = Trace(self.totals.row, self.totals.time_us, self.totals.value, self._total)
        self._total = self._total.copy()
        self._total[self.totals.row] = self.totals.value
        then = self._then.trace(self.totals, stretch.until_us)
        both = Moments(len(value.before), [self.totals, then])
        return both.trace(both.filled(0) - np.nan_to_num(both.filled(1)))

    def next_us(self) -> int:
        """When the next one leaves the window."""
        return self._then.next_us()

    def own_columns(self) -> Columns:
        """How often in all, and how often before the window."""
        return {"total": self._total, "then": self._then.now}

    def own_queues(self) -> dict[str, Columns]:
        """What is within the window."""
        return {"window": self._then.queue()}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from saved state."""
        self._total = columns["total"]
        self._then.restore(columns["then"], queues["window"])

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._then.shift(by_us)


class Flat(Quantity):
    """1 where a point was read and has said the same for so long, else 0; NaN before its first reading."""

    def __init__(self, value: PointValue, points: int, flat_s: float) -> None:
        self._value = value
        self._flat_us = round(flat_s * 1e6)
        rows = len(value.point)
        self._groups = Groups.of([[int(point)] for point in value.point], points)
        self._changed_us = np.full(rows, NEVER, np.int64)
        self._is_flat = np.zeros(rows, np.bool_)

    def points(self) -> tuple[Rows, ...]:
        """The point."""
        return self._value.points()

    def parts(self) -> dict[str, Quantity]:
        """The value."""
        return {"value": self._value}

    def trace(self, stretch: Stretch) -> Trace:
        """1 from the reading that shows it, 0 from the change that ends it."""
        value = self._value.trace(stretch)
        moments = Moments(len(value.before), [value])
        first = moments.first
        since = moments.time_us.copy()
        since[first] = self._changed_us
        end = np.append(np.where(moments.is_first[1:], ENDLESS, moments.time_us[1:]), ENDLESS)
        long = (since != NEVER) & (np.minimum(end, stretch.until_us) - since >= self._flat_us)
        long[first] &= ~self._is_flat
        which = np.flatnonzero(long)
        shown = stretch.track.heard.first_from(self._groups, moments.row[which], since[which] + self._flat_us)
        ends = shown < end[which]
        which, shown = which[ends], shown[ends]
        before = np.where(self._changed_us == NEVER, np.nan, self._is_flat.astype(np.float64))
        changes = np.flatnonzero(~moments.is_first)
        trace = Trace.of(
            np.concatenate([moments.row[changes], moments.row[which]]),
            np.concatenate([moments.time_us[changes], shown]),
            np.concatenate([np.zeros(len(changes)), np.ones(len(which))]),
            before,
        )
        last = moments.last
        flat_now = np.zeros(len(moments), np.bool_)
        flat_now[first], flat_now[which] = self._is_flat, True
        self._changed_us, self._is_flat = since[last], flat_now[last]
        return trace

    def next_us(self) -> int:
        """When the first of those that are not flat could be."""
        waits = ~self._is_flat & (self._changed_us != NEVER)
        return int((self._changed_us[waits] + self._flat_us).min(initial=ENDLESS))

    def own_columns(self) -> Columns:
        """When it changed last, and whether it is flat since."""
        return {"changed_us": self._changed_us, "is_flat": self._is_flat}

    def own_restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: ARG002 - it has none
        """Continue from saved state."""
        self._changed_us, self._is_flat = columns["changed_us"], columns["is_flat"]

    def own_shift(self, by_us: int) -> None:
        """Move with the clock."""
        self._changed_us = shifted(self._changed_us, by_us)
