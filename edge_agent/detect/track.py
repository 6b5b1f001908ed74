"""Tracks: what changed in a stretch of time. Rules work on changes, whichever way the readings came.

A month of an air conditioner at ten seconds is 259,200 readings and perhaps a hundred changes. Finding them is one
pass over the data at the speed of memory, shared by all rules; everything after it costs by the change.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from devices.model.samples import Quality, SampleBatch
from edge_agent.detect.block import Block, Flags, Floats, Held, Rows, Times
from edge_agent.detect.heard import BatchHeard, BlockHeard, Heard
from edge_agent.detect.lines import search

#: Values compared at a time: small enough for the cache of a core.
CHUNK: Final = 1 << 16
#: So many readings are worth a look at whether they are in the order of time.
MANY: Final = 10_000
_SHORT: Final = 1 << 16
_USABLE: Final = max(Quality.GOOD, Quality.UNCERTAIN)


@dataclass(frozen=True, slots=True)
class Track:
    """Changes of points between two moments; columns of one length, by point and then by time.

    point:   int64   (n,)
    time_us: int64   (n,)  when the device said the new value
    value:   float64 (n,)  the new value, never NaN
    before, after: what is held at both ends
    until_us: up to when everything is known
    heard:   the readings, whether or not they changed anything
    """

    point: Rows
    time_us: Times
    value: Floats
    before: Held
    after: Held
    until_us: int
    heard: Heard

    @classmethod
    def of_batch(cls, held: Held, batch: SampleBatch, until_us: int) -> Self:
        """Changes of a batch of samples. What is bad, or not newer than what is held of its point, is left out.

        What a device with a fast clock says of the future is taken as said just now, all of it and in its order.
        """
        mine = (batch.quality <= _USABLE) & (batch.time_us > held.at_us[batch.point])
        mine &= batch.value == batch.value
        point = batch.point[mine].astype(np.int64)
        time, value = batch.time_us[mine], batch.value[mine]
        if len(point) > 1:
            order = _by_point(point, time, len(held.at_us))
            point, time, value = point[order], time[order], value[order]
        again = np.zeros(len(point), np.bool_)
        again[1:] = (point[1:] == point[:-1]) & (time[1:] == time[:-1])
        if again.any():
            point, time, value = point[~again], time[~again], value[~again]
        follows = np.zeros(len(point), np.bool_)
        follows[1:] = point[1:] == point[:-1]
        if time.max(initial=until_us) > until_us:
            time = _not_ahead(time, follows, until_us)
        earlier = np.where(follows, np.roll(value, 1), held.value[point])
        changed = np.flatnonzero(value != earlier)
        last = np.ones(len(point), np.bool_)
        last[:-1] = ~follows[1:]
        after = Held(held.value.copy(), held.at_us.copy())
        after.value[point[last]], after.at_us[point[last]] = value[last], time[last]
        heard = BatchHeard(point, time, held.at_us)
        return cls(point[changed], time[changed], value[changed], held, after, until_us, heard)

    @classmethod
    def of_block(cls, held: Held, block: Block) -> Self:
        """Changes of a block of steps."""
        point, step = _changes(held, block)
        value = block.value[point, step]
        has = value == value  # noqa: PLR0124 - NaN differs from itself
        point, step, value = point[has], step[has], value[has]
        after = Held(block.value[:, -1].copy(), block.at_us[:, -1].copy()) if block.steps else held
        until_us = int(block.until_us[-1]) if block.steps else 0
        heard = BlockHeard(block.at_us, held.at_us)
        return cls(point, block.at_us[point, step], value, held, after, until_us, heard)

    def values_at(self, point: Rows, time_us: Times) -> Floats:
        """The value of each `point` at its moment, float64 (n,); NaN where it was not known."""
        if not len(self.point):
            return self.before.value[point]
        place = search(self.point, self.time_us, point, time_us, "right") - 1
        hit = (place >= 0) & (self.point[place] == point)
        return np.where(hit, self.value[place], self.before.value[point])


def _not_ahead(time: Times, follows: Flags, until_us: int) -> Times:
    """Times not ahead of the clock: the last of each point at most now, those before it a microsecond apart."""
    number = np.arange(len(time))
    ends = np.append(~follows[1:], True)
    last = np.flatnonzero(ends)[np.searchsorted(np.flatnonzero(ends), number)]
    moved: Times = np.minimum(time, until_us - (last - number))
    return moved


def _by_point(point: Rows, time: Times, points: int) -> Rows:
    """The order by point and then by time. Where each point's readings come in order, only points need sorting."""
    if len(point) >= MANY and points <= _SHORT:
        order = np.argsort(point.astype(np.uint16), kind="stable")  # by radix: a tenth of the time
        ordered, same = time[order], np.diff(point[order]) == 0
        if not (same & (ordered[1:] < ordered[:-1])).any():
            return order
    return np.lexsort((time, point))


def _changes(held: Held, block: Block) -> tuple[Rows, Rows]:
    """Points and steps at which a value is another than just before, by point and step.

    Values are compared bit by bit, so a missing value is equal to itself.
    """
    points, steps = block.value.shape
    if points == 0 or steps == 0:
        return np.empty(0, np.int64), np.empty(0, np.int64)
    bits, before = block.value.view(np.int64), held.value.view(np.int64)
    rows = max(1, CHUNK // steps)
    differs: Flags = np.empty((rows, steps), np.bool_)
    found: list[Rows] = []
    for first in range(0, points, rows):
        part = bits[first : first + rows]
        here = differs[: len(part)]
        np.not_equal(part[:, 0], before[first : first + rows], out=here[:, 0])
        np.not_equal(part[:, 1:], part[:, :-1], out=here[:, 1:])
        found.append(np.flatnonzero(here) + first * steps)
    point, step = np.divmod(np.concatenate(found), steps)
    return point, step
