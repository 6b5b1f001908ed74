"""Delays: the array version equals a loop over steps, and cutting the data anywhere changes nothing."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.detect.block import NEVER, Block, Flags, Times
from edge_agent.detect.cells import Cells, Changes
from edge_agent.detect.hold import HoldState, Turns, hold
from edge_agent.detect.latch import latch, latch_cells

Turn = tuple[int, bool, int, int]


def slow_hold(latched: Flags, change_us: Times, until_us: Times, on_us: int, off_us: int) -> list[Turn]:
    """One row after the other, one step after the other."""
    turns: list[Turn] = []
    for row in range(len(latched)):
        holds, since, raised, start = False, NEVER, False, NEVER
        for step in range(len(until_us)):
            changed = bool(latched[row, step]) != holds
            known_us = change_us[row, step] if changed else until_us[step]
            for at_us in (known_us, None):
                delay = on_us if holds else off_us
                if since != NEVER and holds != raised and at_us is not None and at_us - since >= delay:
                    raised, start = holds, since if holds else start
                    turns.append((row, holds, int(since + delay), int(start)))
                if at_us is not None and changed:
                    holds, since, changed = not holds, change_us[row, step], False
            delay = on_us if holds else off_us
            if since != NEVER and holds != raised and until_us[step] - since >= delay:
                raised, start = holds, since if holds else start
                turns.append((row, holds, int(since + delay), int(start)))
    return turns


def held(
    state: HoldState, latched: Flags, change_us: Times, until_us: Times, on_us: int, off_us: int
) -> tuple[HoldState, Turns]:
    """Every step of every row as a cell."""
    cells = Cells.every(*latched.shape)
    return hold(state, cells, latched.ravel(), change_us.ravel(), until_us, on_us=on_us, off_us=off_us)


def listed(turns: Turns) -> list[Turn]:
    return [
        (int(row), bool(up), int(time), int(start))
        for row, up, time, start in zip(turns.row, turns.raises, turns.time_us, turns.start_us, strict=True)
    ]


@st.composite
def histories(draw: st.DrawFn) -> tuple[Flags, Times, Times]:
    rows, steps = draw(st.integers(0, 3)), draw(st.integers(0, 14))
    until = np.cumsum(np.array(draw(st.lists(st.integers(1, 9), min_size=steps, max_size=steps)), np.int64))
    latched = np.array(draw(st.lists(st.booleans(), min_size=rows * steps, max_size=rows * steps)), np.bool_)
    back = np.array(draw(st.lists(st.integers(0, 8), min_size=rows * steps, max_size=rows * steps)), np.int64)
    gaps = np.diff(until, prepend=0)
    change = until - np.minimum(back.reshape(rows, steps), gaps - 1)
    return latched.reshape(rows, steps), change, until


@given(histories(), st.integers(0, 20), st.integers(0, 20))
def test_array_version_equals_the_loop(history: tuple[Flags, Times, Times], on_us: int, off_us: int) -> None:
    latched, change, until = history
    _, turns = held(HoldState.quiet(len(latched)), latched, change, until, on_us, off_us)
    assert listed(turns) == slow_hold(latched, change, until, on_us, off_us)


@given(histories(), st.integers(0, 20), st.integers(0, 20), st.data())
def test_any_cut_gives_the_same_turns_and_state(
    history: tuple[Flags, Times, Times], on_us: int, off_us: int, data: st.DataObject
) -> None:
    latched, change, until = history
    whole_state, whole = held(HoldState.quiet(len(latched)), latched, change, until, on_us, off_us)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(until)), max_size=5)))
    state, pieces = HoldState.quiet(len(latched)), []
    for first, last in zip([0, *cuts], [*cuts, len(until)], strict=True):
        state, turns = held(
            state, latched[:, first:last], change[:, first:last], until[first:last], on_us, off_us
        )
        pieces += listed(turns)
    assert sorted(pieces) == sorted(listed(whole))
    for name in HoldState.__slots__:
        np.testing.assert_array_equal(getattr(state, name), getattr(whole_state, name))


def slow_latch(rises: Flags, falls: Flags, before: Flags) -> Flags:
    held = np.zeros(rises.shape, np.bool_)
    for row in range(rises.shape[0]):
        now = bool(before[row])
        for step in range(rises.shape[1]):
            if rises[row, step]:
                now = True
            elif falls[row, step]:
                now = False
            held[row, step] = now
    return held


@pytest.mark.parametrize("shape", [(0, 0), (0, 3), (3, 0), (1, 1), (7, 50)])
def test_latch_equals_the_loop_on_every_shape(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(3)
    for _ in range(100):
        rises, falls = random.random(shape) < 0.2, random.random(shape) < 0.2
        before = random.random(shape[0]) < 0.5
        slow = slow_latch(rises, falls, before)
        np.testing.assert_array_equal(latch(rises, falls, before), slow)
        on_cells = latch_cells(Cells.every(*shape), rises.ravel(), falls.ravel(), before)
        np.testing.assert_array_equal(on_cells.reshape(shape), slow)


def test_a_condition_shorter_than_the_delay_raises_nothing() -> None:
    latched = np.array([[True, False]])
    change = np.array([[100, 109]], np.int64)
    _, turns = held(HoldState.quiet(1), latched, change, np.array([105, 200], np.int64), 10, 0)
    assert listed(turns) == []


def test_a_restart_in_the_middle_of_a_delay_raises_at_the_right_moment() -> None:
    true = np.array([[True]])
    change = np.array([[1000]], np.int64)
    before, nothing = held(HoldState.quiet(1), true, change, np.array([1300], np.int64), 600, 0)
    assert listed(nothing) == []
    revived = HoldState(*(getattr(before, name).copy() for name in HoldState.__slots__))
    _, turns = held(revived, true, change, np.array([9000], np.int64), 600, 0)
    assert listed(turns) == [(0, True, 1600, 1000)]


@given(histories(), st.integers(0, 20), st.integers(0, 20), st.data())
def test_steps_without_a_change_may_be_left_out(
    history: tuple[Flags, Times, Times], on_us: int, off_us: int, data: st.DataObject
) -> None:
    latched, change, until = history
    if not latched.size:
        return
    state = HoldState.quiet(len(latched))
    whole_state, whole = held(state, latched, change, until, on_us, off_us)
    points = np.repeat(np.arange(len(latched)), 2)  # every row has two points, the second never changes
    value = np.zeros((len(points), len(until)))
    value[::2] = latched
    changes = Changes.of(Block(value, np.zeros(value.shape, np.int64), until))
    row_of_point = points if data.draw(st.booleans()) else np.where(np.arange(len(points)) % 2, -1, points)
    cells = Cells.where(changes, row_of_point, len(latched), len(until))
    few = latched[cells.row, cells.step], change[cells.row, cells.step]
    few_state, turns = hold(state, cells, *few, until, on_us=on_us, off_us=off_us)
    assert listed(turns) == listed(whole)
    for name in HoldState.__slots__:
        np.testing.assert_array_equal(getattr(few_state, name), getattr(whole_state, name))


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (0, 4), (3, 1), (5, 300_000), (700, 500)])
def test_changes_are_found_where_bits_differ(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    value = np.repeat(random.choice([0.0, 1.0, np.nan], (shape[0], shape[1] // 50 + 1)), 50, axis=1)[
        :, : shape[1]
    ]
    changes = Changes.of(Block(value, np.zeros(shape, np.int64), np.arange(shape[1])))
    same = (value[:, 1:] == value[:, :-1]) | (np.isnan(value[:, 1:]) & np.isnan(value[:, :-1]))
    point, step = np.nonzero(~same)
    np.testing.assert_array_equal(changes.point, point)
    np.testing.assert_array_equal(changes.step, step + 1)
