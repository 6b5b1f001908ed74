"""Stream time on the wall clock, and what packets say without being decoded."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sources.capture.counting import PacketCount
from edge_agent.sources.capture.failures import told_status
from edge_agent.sources.capture.walltime import WallTime

NOW_US = 1_790_000_000_000_000


@given(
    delays_us=st.lists(st.integers(0, 80_000), min_size=30, max_size=200),
    step_us=st.sampled_from([40_000, 100_000]),
    start_us=st.integers(0, 1 << 33),
)
def test_jitter_of_the_network_leaves_the_stream_s_own_steps(
    delays_us: list[int], step_us: int, start_us: int
) -> None:
    wall = WallTime()
    times_us = np.array(
        [
            wall.of(start_us + n * step_us, NOW_US + n * step_us + delay_us)
            for n, delay_us in enumerate(delays_us)
        ]
    )
    arrived_us = NOW_US + np.arange(len(delays_us)) * step_us + np.array(delays_us)
    assert (times_us <= arrived_us + 1).all()
    tied = int(np.argmin(delays_us))
    drift_us = step_us * len(delays_us) * 500e-6
    steps_us = np.diff(times_us[tied:])
    assert (np.abs(steps_us - step_us) <= drift_us + 1).all()


def test_a_stream_whose_clock_is_slow_is_followed_and_one_that_is_set_is_tied_anew() -> None:
    wall = WallTime()
    late_us = [NOW_US + n * 100_040 - wall.of(n * 100_000, NOW_US + n * 100_040) for n in range(20_000)]
    assert max(late_us) < 50_000
    assert wall.of(5, NOW_US + 3_000_000_000) == NOW_US + 3_000_000_000


@pytest.mark.parametrize("step_us", [-5_000_000, 3_000_000, 3_600_000_000])
def test_when_somebody_sets_the_time_packets_have_the_new_one_at_once(step_us: int) -> None:
    wall = WallTime()
    for number in range(50):
        wall.of(number * 100_000, number * 100_000, NOW_US)
    late_us = 70_000  # and a packet that comes late is as early as its fellows, before and after
    assert wall.of(5_000_000, 5_000_000 + late_us, NOW_US) == pytest.approx(NOW_US + 5_000_000, abs=3_000)
    told_us = wall.of(5_100_000, 5_100_000 + late_us, NOW_US + step_us)
    assert told_us == pytest.approx(NOW_US + step_us + 5_100_000, abs=3_000)


def test_packets_are_counted_by_their_own_times_and_pauses_by_arrival() -> None:
    count = PacketCount(100.0)
    for number in range(20):  # ten a second, arriving in two bursts with a pause between
        arrived_s = 100.0 + (0.1 if number < 10 else 2.5)
        count.add(number * 1e5, 1250, is_key=number % 5 == 0, now_s=arrived_s)
    counts = count.take(103.0)
    assert counts.fps == pytest.approx(10)
    assert counts.kbps == pytest.approx(20 * 1250 * 8 / 1000 / 3)
    assert counts.gap_s == pytest.approx(2.4)
    assert counts.key_s == pytest.approx(0.5)
    count.add(20e5, 1250, is_key=True, now_s=103.1)
    one = count.take(103.2)
    assert (one.packets, one.fps) == (1, pytest.approx(10))
    nothing = count.take(104.0)
    assert (nothing.packets, nothing.gap_s) == (0, pytest.approx(0.9))
    assert math.isnan(nothing.fps)


@pytest.mark.parametrize(
    ("messages", "status"),
    [
        ([], None),
        (["nothing of the kind 453"], None),
        (["method SETUP failed: 461 (Unsupported transport)\n"], 461),
        (["method DESCRIBE failed: 401 Unauthorized", "method SETUP failed: 453 Not Enough Bandwidth"], 453),
        (["HTTP error 503 Service Unavailable\n"], 503),
    ],
)
def test_the_status_is_read_out_of_what_ffmpeg_logs(messages: list[str], status: int | None) -> None:
    assert told_status(messages) == status
