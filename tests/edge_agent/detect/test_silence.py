"""Silence: who is silent, who speaks for whom, and what a restart must not do."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.detect.block import NEVER, Times
from edge_agent.detect.stale import SilenceState, silence

AFTER = 60


def played(
    heard: Times, until: Times, cuts: list[int], link: Times | None = None
) -> list[tuple[int, bool, int, int]]:
    state, found = SilenceState.begun(len(heard), 0), []
    edges = sorted({0, *cuts, len(until)})
    for first, last in itertools.pairwise(edges):
        part = slice(first, last)
        state, turns = silence(
            state, heard[:, part], until[part], AFTER, None if link is None else link[:, part]
        )
        found += list(
            zip(
                turns.row.tolist(),
                turns.raises.tolist(),
                turns.time_us.tolist(),
                turns.start_us.tolist(),
                strict=True,
            )
        )
    return sorted(found, key=lambda turn: (turn[0], turn[2], turn[1]))


def slow_silence(heard: Times, until: Times) -> list[tuple[int, bool, int, int]]:
    found = []
    for row in range(len(heard)):
        raised, since = False, 0
        for step in range(len(until)):
            last = max(int(heard[row, step]), 0)
            if not raised and until[step] - last >= AFTER:
                raised, since = True, last
                found.append((row, True, last + AFTER, last))
            elif raised and heard[row, step] > since and until[step] - last < AFTER:
                raised = False
                found.append((row, False, int(heard[row, step]), since))
    return sorted(found, key=lambda turn: (turn[0], turn[2], turn[1]))


@given(
    st.lists(st.tuples(st.integers(1, 50), st.booleans()), max_size=25),
    st.lists(st.integers(0, 25), max_size=4),
)
def test_equals_the_loop_however_it_is_cut(steps: list[tuple[int, bool]], cuts: list[int]) -> None:
    until = np.cumsum([gap for gap, _ in steps], dtype=np.int64)
    spoke = np.array([flag for _, flag in steps], np.bool_)
    heard = (
        np.maximum.accumulate(np.where(spoke, until, NEVER))[None, :]
        if len(steps)
        else np.empty((1, 0), np.int64)
    )
    assert played(heard, until, [c for c in cuts if c <= len(until)]) == slow_silence(heard, until)


def test_a_dead_link_speaks_for_its_devices() -> None:
    until = np.arange(10, 200, 10, dtype=np.int64)
    heard = np.tile(np.minimum(until, 30), (3, 1))
    assert played(heard, until, [], link=heard) == []
    assert [turn[:2] for turn in played(heard[:1], until, [])] == [(0, True)]


def test_one_dead_device_on_a_living_link_raises_once() -> None:
    until = np.arange(10, 300, 10, dtype=np.int64)
    heard = np.minimum(until, 30)[None, :]
    assert played(heard, until, [3, 9, 20], link=until[None, :]) == [(0, True, 90, 30)]


@pytest.mark.promise("P-detect-4")
@pytest.mark.parametrize("away_us", [0, 59, 61, 100_000])
def test_the_agents_own_absence_is_nobodys_silence(away_us: int) -> None:
    state, turns = silence(SilenceState.begun(1, 0), np.array([[100]]), np.array([100]), AFTER, None)
    now = 100 + away_us
    state, turns = silence(state.resumed(now), np.array([[100]]), np.array([now + 1]), AFTER, None)
    assert len(turns.row) == 0
    _, turns = silence(state, np.array([[100]]), np.array([now + AFTER]), AFTER, None)
    assert turns.raises.tolist() == [True]


def test_a_silence_that_is_told_stays_told_over_a_restart() -> None:
    state, _ = silence(SilenceState.begun(1, 0), np.array([[100]]), np.array([200]), AFTER, None)
    assert state.raised.tolist() == [True]
    state, turns = silence(state.resumed(500), np.array([[100]]), np.array([501]), AFTER, None)
    assert len(turns.row) == 0
    assert state.raised.tolist() == [True]
    _, turns = silence(state, np.array([[510]]), np.array([511]), AFTER, None)
    assert (turns.raises.tolist(), turns.start_us.tolist()) == ([False], [100])
