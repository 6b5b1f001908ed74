"""When things were heard: readings count here whether or not they changed anything."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np

from edge_agent.detect.block import ENDLESS, NEVER, Flags, Rows, Times
from edge_agent.detect.lines import search


@dataclass(frozen=True, slots=True)
class Groups:
    """Points that belong to the same thing; a point belongs to one thing at most.

    point: int64 (members,)  rows of points, grouped by thing
    begin: int64 (things,)   where each thing's group begins in `point`; groups are not empty
    of_point: int64 (points,)  the thing of each point; negative: none
    """

    point: Rows
    begin: Rows
    of_point: Rows

    @classmethod
    def of(cls, members: list[list[int]], points: int) -> Self:
        """Groups of the given rows of points, of `points` in all."""
        flat = np.array([row for group in members for row in group], np.int64)
        sizes = np.array([len(group) for group in members], np.int64)
        of_point = np.full(points, -1, np.int64)
        of_point[flat] = np.repeat(np.arange(len(members)), sizes)
        return cls(flat, np.cumsum(sizes) - sizes, of_point)

    def __len__(self) -> int:
        return len(self.begin)

    def newest(self, at_us: Times) -> Times:
        """When each thing was last heard, given that of each point: int64 (things,)."""
        return np.maximum.reduceat(at_us[self.point], self.begin) if len(self) else np.empty(0, np.int64)


@dataclass(frozen=True, slots=True)
class Gaps:
    """Spans without a reading; columns of one length, by thing and then by time.

    thing:   int64 (n,)
    last_us: int64 (n,)  the reading before the gap; NEVER if there was none
    next_us: int64 (n,)  the reading after it; ENDLESS if it has not come
    """

    thing: Rows
    last_us: Times
    next_us: Times


class Heard(Protocol):
    """The readings of a stretch of time."""

    def gaps(self, groups: Groups, over_us: int, until_us: int) -> Gaps:
        """Spans longer than `over_us`; one that is still open at `until_us` is among them if it is as long."""
        ...

    def first_from(self, groups: Groups, thing: Rows, from_us: Times) -> Times:
        """The first reading of each `thing` at or after its `from_us`; ENDLESS if there is none yet."""
        ...

    def last_until(self, groups: Groups, thing: Rows, until_us: Times) -> Times:
        """The last reading of each `thing` at or before its `until_us`, also before the stretch; NEVER if none."""
        ...


class BatchHeard:
    """Readings of a batch: point int64 (n,), time_us int64 (n,), by point and then by time; before int64 (points,)."""

    def __init__(self, point: Rows, time_us: Times, before: Times) -> None:
        self._point, self._time_us, self._before = point, time_us, before
        self._ordered: dict[bytes, tuple[Rows, Times]] = {}

    def _lines(self, groups: Groups) -> tuple[Rows, Times]:
        """Thing and time of each reading, by thing and time; each thing begins with when it was heard before."""
        name = groups.of_point.tobytes()
        if name not in self._ordered:  # several rules ask about the same things
            self._ordered[name] = self._in_order(groups, np.ones(len(groups), np.bool_))
        return self._ordered[name]

    def _in_order(self, groups: Groups, wanted: Flags) -> tuple[Rows, Times]:
        thing = groups.of_point[self._point]
        mine = (thing >= 0) & wanted[thing]
        things = np.concatenate([np.flatnonzero(wanted), thing[mine]])
        times = np.concatenate([groups.newest(self._before)[wanted], self._time_us[mine]])
        order = np.lexsort((times, things))
        return things[order], times[order]

    def _may_have_gaps(self, groups: Groups, over_us: int, until_us: int) -> Flags:
        """Things without a point that was read all the time, bool (things,): the others need not be ordered."""
        suspects = np.ones(len(groups), np.bool_)
        if not len(self._point):
            return suspects
        first = np.flatnonzero(np.append(True, self._point[1:] != self._point[:-1]))
        point, last = self._point[first], self._time_us[np.append(first[1:], len(self._point)) - 1]
        gap = np.diff(self._time_us, prepend=0)
        gap[first] = self._time_us[first] - self._before[point]
        steady = (np.maximum.reduceat(gap, first) <= over_us) & (until_us - last < over_us)
        steady &= (self._before[point] != NEVER) & (groups.of_point[point] >= 0)
        suspects[groups.of_point[point[steady]]] = False
        return suspects

    def gaps(self, groups: Groups, over_us: int, until_us: int) -> Gaps:
        """Spans longer than `over_us`."""
        thing, time = self._in_order(groups, self._may_have_gaps(groups, over_us, until_us))
        return _gaps(thing, time, over_us, until_us)

    def first_from(self, groups: Groups, thing: Rows, from_us: Times) -> Times:
        """The first reading at or after."""
        if not len(thing):
            return from_us
        things, times = self._lines(groups)
        place = search(things, times, thing, np.maximum(from_us, 0), "left")
        inside = np.minimum(place, len(times) - 1)
        hit = (place < len(times)) & (things[inside] == thing) & (times[inside] != NEVER)
        return np.where(hit, times[inside], ENDLESS)

    def last_until(self, groups: Groups, thing: Rows, until_us: Times) -> Times:
        """The last reading at or before."""
        if not len(thing):
            return until_us
        things, times = self._lines(groups)
        place = np.maximum(search(things, times, thing, until_us, "right") - 1, 0)
        return np.where(things[place] == thing, times[place], NEVER)


class BlockHeard:
    """Readings of a block: at_us int64 (points, steps), when each point was last heard; before int64 (points,)."""

    def __init__(self, at_us: Times, before: Times) -> None:
        self._at_us, self._before = at_us, before

    def _heard(self, groups: Groups) -> Times:
        """int64 (things, steps + 1): when each thing was last heard, first before the block."""
        before = groups.newest(self._before)[:, None]
        if not len(groups):
            return before
        within = np.maximum.reduceat(self._at_us[groups.point], groups.begin, axis=0)
        return np.concatenate([before, np.maximum(within, before)], axis=1)

    def gaps(self, groups: Groups, over_us: int, until_us: int) -> Gaps:
        """Spans longer than `over_us`."""
        heard = self._heard(groups)
        wide = (heard[:, 1:] - heard[:, :-1] > over_us) | ((heard[:, :-1] == NEVER) & (heard[:, 1:] != NEVER))
        thing, step = np.nonzero(wide)
        last = heard[:, -1]
        still = np.flatnonzero((until_us - last >= over_us) | (last == NEVER))
        things = np.concatenate([thing, still])
        gaps = Gaps(
            things,
            np.concatenate([heard[thing, step], last[still]]),
            np.concatenate([heard[thing, step + 1], np.full(len(still), ENDLESS, np.int64)]),
        )
        order = np.argsort(things, kind="stable")
        return Gaps(gaps.thing[order], gaps.last_us[order], gaps.next_us[order])

    def first_from(self, groups: Groups, thing: Rows, from_us: Times) -> Times:
        """The first reading at or after."""
        heard = self._heard(groups)
        found = np.full(len(thing), ENDLESS, np.int64)
        for number, (row, time) in enumerate(zip(thing.tolist(), from_us.tolist(), strict=True)):
            step = int(np.searchsorted(heard[row], max(time, 0)))
            if step < heard.shape[1]:
                found[number] = heard[row, step]
        return found

    def last_until(self, groups: Groups, thing: Rows, until_us: Times) -> Times:
        """The last reading at or before."""
        heard = self._heard(groups)
        found = np.full(len(thing), NEVER, np.int64)
        for number, (row, time) in enumerate(zip(thing.tolist(), until_us.tolist(), strict=True)):
            step = int(np.searchsorted(heard[row], time, "right"))
            if step:
                found[number] = heard[row, step - 1]
        return found


def _gaps(thing: Rows, time: Times, over_us: int, until_us: int) -> Gaps:
    same = thing[1:] == thing[:-1]
    following = np.append(np.where(same, time[1:], ENDLESS), ENDLESS) if len(thing) else time
    open_ = following == ENDLESS
    wide = np.where(open_, until_us - time >= over_us, following - time > over_us) | (time == NEVER)
    return Gaps(thing[wide], time[wide], following[wide])
