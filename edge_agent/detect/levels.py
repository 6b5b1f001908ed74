"""Levels: another severity while something more is true, or has lasted longer."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt

from devices.campus.rules import Level, StateRule
from devices.model.alerts import Severity
from edge_agent.detect.block import Flags, Rows, Times, shifted
from edge_agent.detect.compare import joined, latched
from edge_agent.detect.findings import CHANGE, CLEAR, RAISE
from edge_agent.detect.hold import HoldState, Turns, hold
from edge_agent.detect.leaf import Leaf
from edge_agent.detect.quantities import Columns
from edge_agent.detect.trace import Moments, Trace


class LevelJudge:
    """One level for all devices of a rule."""

    def __init__(self, level: Level, leaves: list[Leaf], rows: int) -> None:
        """`leaves` are the comparisons of its own condition; none: it has the rule's."""
        self.level, self.leaves = level, leaves
        self.state = HoldState.quiet(rows)
        self._delays = round(level.on_delay_s * 1e6), round(level.off_delay_s * 1e6)

    def judge(self, moments: Moments, condition: Flags, allowed: Flags, number: int, until_us: int) -> Trace:
        """1 while it counts. `condition` is the rule's; `number` is where its own leaves' traces begin."""
        holds = condition
        if self.leaves:
            truths = [leaf.truth(moments, number + 2 * place) for place, leaf in enumerate(self.leaves)]
            truth = np.where(allowed, joined(self.level.when, truths), 0)
            holds = latched(moments, truth, self.state.latched)
        before = self.state
        own = holds.copy()
        own[moments.first] = before.latched
        on_us, off_us = self._delays
        self.state, turns = hold(before, moments, own, moments.time_us, until_us, on_us=on_us, off_us=off_us)
        return trace_of(turns, before)

    def next_us(self) -> int:
        """When one of its delays is over, or a leaf changes unasked."""
        return min([self.state.next_due(*self._delays), *(leaf.next_us() for leaf in self.leaves)])

    def columns(self) -> Columns:
        """State, one line a row."""
        return {name: getattr(self.state, name) for name in HoldState.__slots__}

    def queues(self) -> dict[str, Columns]:
        """None."""
        return {}

    def restore(self, columns: Columns, queues: dict[str, Columns]) -> None:  # noqa: ARG002 - it has none
        """Continue from saved state."""
        self.state = HoldState(**columns)

    def shift(self, by_us: int) -> None:
        """Move with the clock."""
        self.state = moved(self.state, by_us)


def moved(state: HoldState, by_us: int) -> HoldState:
    """The state as if the clock had always been `by_us` ahead; an alert that is out keeps its name."""
    return replace(state, since_us=shifted(state.since_us, by_us), name_us=shifted(state.name_us, by_us))


def trace_of(turns: Turns, before: HoldState) -> Trace:
    """1 while an alert is out."""
    return Trace(turns.row, turns.time_us, turns.raises.astype(np.float64), before.raised.astype(np.float64))


def told(
    rule: StateRule, turns: Turns, before: HoldState, levels: list[tuple[Severity, Trace]]
) -> tuple[Rows, npt.NDArray[np.int8], Times, Times, npt.NDArray[np.int8]]:
    """What is to be told of an alert: row, kind, time_us, start_us and severity, columns of one length."""
    if not levels:
        kind = np.where(turns.raises, RAISE, CLEAR).astype(np.int8)
        severity = np.full(len(turns), int(rule.severity), np.int8)
        return turns.row, kind, turns.time_us, turns.start_us, severity
    traces = [trace_of(turns, before), *(trace for _, trace in levels)]
    moments = Moments(len(before.raised), traces)
    is_out = moments.filled(0) > 0
    active = [(int(grave), moments.filled(number) > 0) for number, (grave, _) in enumerate(levels, 1)]
    reached = np.max([np.where(counts, grave, 0) for grave, counts in active], axis=0)
    severity = np.where(reached > 0, reached, int(rule.severity)).astype(np.int8)
    at_turn = moments.at(turns.row, turns.time_us)
    changes = ~moments.is_first & is_out & np.roll(is_out, 1) & (severity != np.roll(severity, 1))
    changes[at_turn] = False  # a raise tells the severity of its moment
    changed = np.flatnonzero(changes)
    # What is cleared was told of before, unless it raised at the same moment.
    again = np.append(False, at_turn[1:] == at_turn[:-1]) if len(turns) else np.empty(0, np.bool_)
    told_by = np.where(turns.raises | again, at_turn, at_turn - 1)
    row = np.concatenate([turns.row, moments.row[changed]])
    time_us = np.concatenate([turns.time_us, moments.time_us[changed]])
    kind = np.concatenate([np.where(turns.raises, RAISE, CLEAR), np.full(len(changed), CHANGE)]).astype(
        np.int8
    )
    starts = Trace(
        turns.row, turns.time_us, turns.start_us.astype(np.float64), before.start_us.astype(np.float64)
    )
    named = Moments(len(before.raised), [starts])
    start_us = named.filled(0)[named.at(moments.row[changed], moments.time_us[changed])].astype(np.int64)
    order = np.lexsort((time_us, row))  # stable: turns of one moment stay in their order
    columns = (
        row,
        kind,
        time_us,
        np.concatenate([turns.start_us, start_us]),
        np.concatenate([severity[told_by], severity[changed]]),
    )
    return tuple(column[order] for column in columns)  # type: ignore[return-value] # five columns
