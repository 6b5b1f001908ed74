"""Tracks: the same changes and readings, whether they came as samples or as steps of a block."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.samples import Quality, SampleBatch
from edge_agent.detect.block import ENDLESS, NEVER, Block, Held
from edge_agent.detect.heard import BatchHeard, BlockHeard, Groups
from edge_agent.detect.track import Track

POINTS = 4
STEP_US = 10


@st.composite
def months(draw: st.DrawFn) -> Block:
    """Readings at some of the steps; a step without one keeps the last."""
    steps = draw(st.integers(1, 12))
    said = draw(
        st.lists(
            st.lists(st.sampled_from([None, 0.0, 1.0, 2.0]), min_size=steps, max_size=steps),
            min_size=POINTS,
            max_size=POINTS,
        )
    )
    value, at_us = np.full((POINTS, steps), np.nan), np.full((POINTS, steps), NEVER, np.int64)
    for point, line in enumerate(said):
        last, when = np.nan, NEVER
        for step, reading in enumerate(line):
            if reading is not None:
                last, when = reading, (step + 1) * STEP_US
            value[point, step], at_us[point, step] = last, when
    return Block(value, at_us, (np.arange(steps, dtype=np.int64) + 1) * STEP_US)


def samples_of(block: Block) -> SampleBatch:
    fresh = block.at_us == block.until_us
    point, step = np.nonzero(fresh)
    return SampleBatch.of(point, block.until_us[step], block.value[point, step])


@given(months())
def test_a_block_and_its_samples_have_the_same_changes(block: Block) -> None:
    held = Held.nothing(POINTS)
    from_block = Track.of_block(held, block)
    from_batch = Track.of_batch(held, samples_of(block), int(block.until_us[-1]))
    for name in ("point", "time_us", "value"):
        np.testing.assert_array_equal(getattr(from_block, name), getattr(from_batch, name))
    np.testing.assert_array_equal(from_block.after.value, from_batch.after.value)
    np.testing.assert_array_equal(from_block.after.at_us, from_batch.after.at_us)


@given(months(), st.integers(0, 60), st.lists(st.integers(0, 130), min_size=2, max_size=2))
def test_a_block_and_its_samples_were_heard_at_the_same_times(
    block: Block, over_us: int, asked: list[int]
) -> None:
    groups = Groups.of([[0, 2], [3]], POINTS)
    batch, until = samples_of(block), int(block.until_us[-1])
    before = np.full(POINTS, NEVER, np.int64)
    fast = BlockHeard(block.at_us, before), BatchHeard(batch.point.astype(np.int64), batch.time_us, before)
    spans = [heard.gaps(groups, over_us, until) for heard in fast]
    thing = np.array([0, 1])
    times = np.array(asked, np.int64)
    for name in ("thing", "last_us", "next_us"):
        np.testing.assert_array_equal(getattr(spans[0], name), getattr(spans[1], name))
    for heard in fast:
        for row, time in enumerate(asked):
            own = [
                t
                for p, t in zip(batch.point.tolist(), batch.time_us.tolist(), strict=True)
                if groups.of_point[p] == row
            ]
            first = min((t for t in own if t >= time), default=ENDLESS)
            last = max((t for t in own if t <= time), default=NEVER)
            assert heard.first_from(groups, thing, times)[row] == first
            assert heard.last_until(groups, thing, times)[row] == last


@given(months(), st.lists(st.tuples(st.integers(0, POINTS - 1), st.integers(0, 140)), max_size=9))
def test_the_value_at_a_moment_is_that_of_the_last_reading(
    block: Block, asked: list[tuple[int, int]]
) -> None:
    track = Track.of_batch(Held.nothing(POINTS), samples_of(block), int(block.until_us[-1]))
    point, time = (np.array([pair[k] for pair in asked], np.int64) for k in range(2))
    steps = np.searchsorted(block.until_us, time, "right") - 1
    slow = [
        np.nan if s < 0 else block.value[p, s] for p, s in zip(point.tolist(), steps.tolist(), strict=True)
    ]
    np.testing.assert_array_equal(track.values_at(point, time), np.array(slow, np.float64))


def test_what_is_bad_late_or_said_twice_changes_nothing() -> None:
    held = Held(np.array([5.0, np.nan]), np.array([100, NEVER]))
    batch = SampleBatch.of(
        [0, 0, 1, 0, 0, 0],
        [100, 90, 110, 120, 120, 130],
        [6.0, 7.0, np.nan, 8.0, 9.0, 8.0],
        [Quality.GOOD, Quality.GOOD, Quality.NO_ANSWER, Quality.UNCERTAIN, Quality.GOOD, Quality.GOOD],
    )
    track = Track.of_batch(held, batch, 200)
    assert (track.point.tolist(), track.time_us.tolist(), track.value.tolist()) == ([0], [120], [8.0])
    assert track.after.at_us.tolist() == [130, NEVER]


def test_a_reading_of_the_future_counts_as_of_now() -> None:
    track = Track.of_batch(Held.nothing(1), SampleBatch.of([0], [10_000], [1.0]), 500)
    assert track.time_us.tolist() == [500]


@pytest.mark.parametrize("shape", [(0, 0), (2, 0), (0, 4), (3, 1), (5, 300_000), (700, 500)])
def test_changes_of_a_block_are_found_where_values_differ(shape: tuple[int, int]) -> None:
    random = np.random.default_rng(5)
    value = np.repeat(random.choice([0.0, 1.0], (shape[0], shape[1] // 50 + 1)), 50, axis=1)[:, : shape[1]]
    at_us = np.broadcast_to(np.arange(1, shape[1] + 1, dtype=np.int64), shape)
    track = Track.of_block(Held.nothing(shape[0]), Block(value, at_us, np.arange(1, shape[1] + 1)))
    differs = np.ones(shape, np.bool_)
    differs[:, 1:] = value[:, 1:] != value[:, :-1]
    point, step = np.nonzero(differs)
    np.testing.assert_array_equal(track.point, point)
    np.testing.assert_array_equal(track.time_us, step + 1)


@given(
    st.lists(st.tuples(st.integers(0, 2), st.integers(1, 40), st.sampled_from([0.0, 1.0, 2.0])), max_size=20)
)
def test_what_a_fast_clock_says_of_the_future_is_all_taken_as_of_now_in_its_order(
    said: list[tuple[int, int, float]],
) -> None:
    until_us = 20_000
    rows = {
        (point, 1000 * time): value for point, time, value in reversed(said)
    }  # of repeats the first counts
    batch = SampleBatch.of(
        [point for point, _, _ in said], [1000 * time for _, time, _ in said], [v for _, _, v in said]
    )
    track = Track.of_batch(Held.nothing(POINTS), batch, until_us)
    for point in range(3):
        own = sorted((time, value) for (other, time), value in rows.items() if other == point)
        changes = [
            v for (_, v), before in zip(own, [None, *(v for _, v in own)], strict=False) if v != before
        ]
        mine = track.point == point
        assert track.value[mine].tolist() == changes
        assert (np.diff(track.time_us[mine]) > 0).all()
        assert (track.time_us[mine] <= until_us).all()
        past = {time for time, _ in own if time <= until_us - 1000}
        assert past >= {int(time) for time in track.time_us[mine] if time <= until_us - 1000}
        if own:
            assert track.after.value[point] == own[-1][1]
            assert track.after.at_us[point] == min(own[-1][0], until_us)
