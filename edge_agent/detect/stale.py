"""Silence: devices and links without a good reading. A silent link speaks for all devices behind it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import numpy as np

from edge_agent.detect.block import NEVER, Block, Flags, Rows, Times
from edge_agent.detect.hold import Turns
from edge_agent.detect.latch import latch


@dataclass(frozen=True, slots=True)
class Silent:
    """Which points belong to which thing that can fall silent.

    point: int64 (members,)  rows of points in the block, grouped by thing
    begin: int64 (things,)   where each thing's group begins in `point`; groups are not empty
    """

    point: Rows
    begin: Rows

    def heard(self, block: Block) -> Times:
        """When each thing was last heard, int64 (things, steps); NEVER if not yet."""
        if not len(self.begin):
            return np.empty((0, block.steps), np.int64)
        return np.maximum.reduceat(block.at_us[self.point], self.begin, axis=0)


@dataclass(frozen=True, slots=True)
class SilenceState:
    """Where each thing stands.

    floor_us: int64 (things,)  it counts as heard then: the start of the agent, or its return after a pause
    raised:   bool  (things,)  an alert is out
    mark_us:  int64 (things,)  when it was last heard before that alert; moves with the clock
    start_us: int64 (things,)  the same as it was told, part of the alert's name; never moves
    """

    floor_us: Times
    raised: Flags
    mark_us: Times
    start_us: Times

    @classmethod
    def begun(cls, things: int, now_us: int) -> Self:
        """All things get `now_us` as the time from which their silence counts."""
        never = np.full(things, NEVER, np.int64)
        return cls(np.full(things, now_us, np.int64), np.zeros(things, np.bool_), never, never.copy())

    def resumed(self, now_us: int) -> SilenceState:
        """After the agent itself was away: its absence is nobody's silence."""
        return replace(self, floor_us=np.maximum(self.floor_us, now_us))


def silence(
    state: SilenceState, heard: Times, until_us: Times, after_us: int, link_heard: Times | None
) -> tuple[SilenceState, Turns]:
    """Judge one block.

    Args:
        state: where the things stand before it.
        heard: int64 (things, steps), when each was last heard.
        until_us: int64 (steps,).
        after_us: longer silence than this raises.
        link_heard: int64 (things, steps), when anything on the thing's link was last heard: a device
            raises only while its link speaks. None for links themselves.
    """
    things, steps = heard.shape
    since = np.maximum(heard, state.floor_us[:, None])
    due = since + after_us
    rises = until_us >= due
    if link_heard is not None:
        rises &= until_us - np.maximum(link_heard, state.floor_us[:, None]) <= after_us // 2
    falls = heard > np.where(state.raised, state.mark_us, NEVER)[:, None]
    falls &= until_us < due
    raised = latch(rises, falls, state.raised)
    before = np.concatenate([state.raised[:, None], raised[:, :-1]], axis=1) if steps else raised
    row, step = np.nonzero(raised != before)
    ups = raised[row, step]
    start = _starts(row, step, ups, since, state.start_us)
    time = np.where(ups, due[row, step], heard[row, step])
    last = np.full(things, -1)
    last[row[ups]] = np.flatnonzero(ups)
    newest = start[last] if len(start) else np.full(things, NEVER, np.int64)
    final = SilenceState(
        floor_us=state.floor_us,
        raised=raised[:, -1] if steps else state.raised,
        mark_us=np.where(last >= 0, newest, state.mark_us),
        start_us=np.where(last >= 0, newest, state.start_us),
    )
    return final, Turns(row, step, ups, time, start)


def _starts(row: Rows, step: Rows, ups: Flags, since: Times, before: Times) -> Times:
    """Since when the thing was silent: for a raise its own time, for a clear that of the raise before it."""
    own = since[row, step]
    index = np.arange(len(row))
    last_up = np.maximum.accumulate(np.where(ups, index, -1))
    same_row = (last_up >= 0) & (row[last_up] == row)
    return np.where(ups, own, np.where(same_row, own[last_up], before[row]))
