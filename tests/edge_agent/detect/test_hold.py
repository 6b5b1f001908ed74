"""Delays: the array version equals a loop over changes, and cutting the data anywhere changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.detect.block import NEVER
from edge_agent.detect.compare import FALSE, STAYS, TRUE, UNKNOWN, latched, settled
from edge_agent.detect.hold import HoldState, Turns, hold
from edge_agent.detect.trace import Moments, Trace

Turn = tuple[int, bool, int, int]
#: For each row the changes of its condition: time and value.
History = list[list[tuple[int, bool]]]


def slow_hold(history: History, until_us: int, on_us: int, off_us: int) -> list[Turn]:
    """One row after the other, one change after the other."""
    turns: list[Turn] = []
    for row, changes in enumerate(history):
        holds, since, raised, start = False, NEVER, False, NEVER
        for time, value in [*changes, (until_us, None)]:
            delay = on_us if holds else off_us
            if since != NEVER and holds != raised and time - since >= delay:
                raised, start = holds, since if holds else start
                turns.append((row, holds, since + delay, start))
            if value is not None and value != holds:
                holds, since = value, time
    return turns


def held(
    state: HoldState, history: History, first_us: int, until_us: int, on_us: int, off_us: int
) -> tuple[HoldState, Turns]:
    """The changes in (first, until]."""
    rows = [
        (row, time, value)
        for row, changes in enumerate(history)
        for time, value in changes
        if first_us < time <= until_us
    ]
    row, time, value = (np.array([line[k] for line in rows], np.int64) for k in range(3))
    trace = Trace.of(row, time, value.astype(np.float64), state.latched.astype(np.float64))
    moments = Moments(len(history), [trace])
    holds = moments.filled(0) > 0
    return hold(state, moments, holds, moments.time_us, until_us, on_us=on_us, off_us=off_us)


def listed(turns: Turns) -> list[Turn]:
    columns = (turns.row, turns.raises, turns.time_us, turns.start_us)
    return [(int(r), bool(u), int(t), int(s)) for r, u, t, s in zip(*columns, strict=True)]


@st.composite
def histories(draw: st.DrawFn) -> History:
    row = st.lists(
        st.tuples(st.integers(1, 90), st.booleans()), max_size=14, unique_by=lambda change: change[0]
    )
    return [sorted(changes) for changes in draw(st.lists(row, max_size=3))]


@given(histories(), st.integers(91, 140), st.integers(0, 20), st.integers(0, 20))
def test_array_version_equals_the_loop(history: History, until: int, on_us: int, off_us: int) -> None:
    _, turns = held(HoldState.quiet(len(history)), history, 0, until, on_us, off_us)
    assert listed(turns) == slow_hold(history, until, on_us, off_us)


@given(histories(), st.integers(0, 20), st.integers(0, 20), st.lists(st.integers(1, 99), max_size=5))
def test_any_cut_gives_the_same_turns_and_state(
    history: History, on_us: int, off_us: int, cuts: list[int]
) -> None:
    whole_state, whole = held(HoldState.quiet(len(history)), history, 0, 100, on_us, off_us)
    state, pieces, first = HoldState.quiet(len(history)), [], 0
    for until in [*sorted(cuts), 100]:
        state, turns = held(state, history, first, until, on_us, off_us)
        pieces += listed(turns)
        first = until
    assert sorted(pieces) == sorted(listed(whole))
    for name in HoldState.__slots__:
        np.testing.assert_array_equal(getattr(state, name), getattr(whole_state, name))


def test_a_condition_shorter_than_the_delay_raises_nothing() -> None:
    _, turns = held(HoldState.quiet(1), [[(100, True), (109, False)]], 0, 200, 10, 0)
    assert listed(turns) == []


def test_a_restart_in_the_middle_of_a_delay_raises_at_the_right_moment() -> None:
    before, nothing = held(HoldState.quiet(1), [[(1000, True)]], 0, 1300, 600, 0)
    assert listed(nothing) == []
    revived = HoldState(*(getattr(before, name).copy() for name in HoldState.__slots__))
    _, turns = held(revived, [[(1000, True)]], 1300, 9000, 600, 0)
    assert listed(turns) == [(0, True, 1600, 1000)]


def test_a_run_that_is_put_off_raises_when_it_may_and_keeps_its_name() -> None:
    moments = Moments(1, [Trace.of(np.array([0]), np.array([100]), np.ones(1), np.zeros(1))])
    holds = moments.filled(0) > 0
    _, turns = hold(
        HoldState.quiet(1),
        moments,
        holds,
        moments.time_us,
        500,
        on_us=10,
        off_us=0,
        postpone=lambda _row, _begin, due: due + 200,
    )
    assert listed(turns) == [(0, True, 310, 100)]


def slow_settled(raw: list[int], before: int) -> list[int]:
    """One moment after the other; what is neither stays, and is false if it was not known."""
    now, told = before, [before]
    for truth in raw:
        now = (TRUE if now == TRUE else FALSE) if truth == STAYS else truth
        told.append(int(now))
    return told


def slow_latched(truth: list[int], before: bool) -> list[bool]:  # noqa: FBT001 - as the fast one
    now, told = before, [before]
    for one in truth:
        now = True if one == TRUE else (False if one == FALSE else now)
        told.append(now)
    return told


TRUTHS = st.lists(st.lists(st.sampled_from([0, 1, 2, 3]), max_size=12), max_size=4)


@given(TRUTHS, st.data())
def test_what_is_neither_true_nor_false_stays_what_it_was(rows: list[list[int]], data: st.DataObject) -> None:
    before = np.array(data.draw(st.lists(st.integers(0, 2), min_size=len(rows), max_size=len(rows))), np.int8)
    latch_before = np.array(
        data.draw(st.lists(st.booleans(), min_size=len(rows), max_size=len(rows))), np.bool_
    )
    row = np.repeat(np.arange(len(rows)), [len(r) for r in rows]).astype(np.int64)
    time = np.array([k for r in rows for k in range(1, len(r) + 1)], np.int64)
    moments = Moments(len(rows), [Trace.of(row, time, np.zeros(len(row)), np.zeros(len(rows)))])
    raw = np.array([t for r in rows for t in [UNKNOWN, *r]], np.int8)
    fast = settled(moments, raw.copy(), before)
    assert fast.tolist() == [
        t for r, b in zip(rows, before.tolist(), strict=True) for t in slow_settled(r, b)
    ]
    fast_latch = latched(moments, raw.copy(), latch_before)
    slow = [t for r, b in zip(rows, latch_before.tolist(), strict=True) for t in slow_latched(r, b)]
    assert fast_latch.tolist() == slow


@pytest.mark.parametrize("rows", [0, 1, 5])
def test_moments_of_nothing_are_the_rows_themselves(rows: int) -> None:
    moments = Moments(rows, [Trace.still(np.arange(rows, dtype=np.float64))])
    assert len(moments) == rows
    np.testing.assert_array_equal(moments.filled(0), np.arange(rows))
