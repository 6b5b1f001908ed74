from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.vision.clock import StreamClock

TICK_US = 1e6 / 90_000
NOW_US = 1_763_800_000_000_000


def test_times_are_even_however_unevenly_packets_come() -> None:
    random, clock = np.random.default_rng(1), StreamClock(TICK_US)
    late_us = random.uniform(0, 90_000, 200).round().astype(int).tolist()
    times = [clock.of(n * 9000, n * 9000, NOW_US + n * 100_000 + late) for n, late in enumerate(late_us)]
    assert {later - sooner for sooner, later in pairwise(times)} == {100_000}
    assert clock.breaks == 0


@pytest.mark.parametrize("wrap", [1 << 32, 1 << 33])
def test_a_count_that_wraps_goes_on(wrap: int) -> None:
    clock = StreamClock(TICK_US)
    stamps = [(wrap - 27_000 + n * 9000) % wrap for n in range(8)]
    times = [clock.of(stamp, stamp, NOW_US + n * 100_000) for n, stamp in enumerate(stamps)]
    assert {later - sooner for sooner, later in pairwise(times)} == {100_000}
    assert clock.breaks == 0


def test_frames_that_come_again_or_late_have_no_time() -> None:
    clock = StreamClock(TICK_US)
    assert clock.of(90_000, 90_000, NOW_US) == NOW_US
    assert clock.of(90_000, 90_000, NOW_US) is None
    assert clock.of(81_000, 81_000, NOW_US) is None
    assert clock.of(99_000, 99_000, NOW_US + 100_000) == NOW_US + 100_000


@pytest.mark.parametrize("stamp", [0, 90_000 * 100])
def test_a_count_that_is_set_breaks_and_goes_on_from_there(stamp: int) -> None:
    clock = StreamClock(TICK_US)
    start = 90_000 * 50
    clock.of(start, start, NOW_US)
    assert clock.of(stamp, stamp, NOW_US + 100_000) == NOW_US + 100_000
    assert clock.breaks == 1
    assert clock.of(stamp + 9000, stamp + 9000, NOW_US + 200_000) == NOW_US + 200_000


def test_a_clock_that_drifts_away_is_tied_anew() -> None:
    clock = StreamClock(TICK_US)
    clock.of(0, 0, NOW_US)
    assert clock.of(9000, 9000, NOW_US + 100_000 + 400_000) == NOW_US + 100_000
    assert clock.of(18_000, 18_000, NOW_US + 200_000 + 600_000) == NOW_US + 800_000
    assert clock.breaks == 1


@given(st.lists(st.integers(0, (1 << 33) - 1), max_size=30))
def test_whatever_stamps_come_times_of_one_count_only_rise(stamps: list[int]) -> None:
    clock, last, breaks = StreamClock(TICK_US), -1, 0
    for number, stamp in enumerate(stamps):
        time_us = clock.of(stamp, stamp, NOW_US + number * 40_000)
        if clock.breaks == breaks and time_us is not None:
            assert time_us > last
        if time_us is not None:
            last, breaks = time_us, clock.breaks
