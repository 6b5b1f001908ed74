from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from devices.wire.mqtt import Backoff


def test_waits_double_up_to_the_most() -> None:
    steady = Backoff(1, 30, 0.5, lambda: 0.5)
    assert [steady.wait_s(failures) for failures in (1, 2, 3, 4, 5, 6, 7, 1000)] == [
        1,
        2,
        4,
        8,
        16,
        30,
        30,
        30,
    ]


@given(failures=st.integers(1, 10_000), drawn=st.floats(0, 1, exclude_max=True))
def test_a_wait_stays_within_its_jitter(failures: int, drawn: float) -> None:
    mean_s = Backoff(1, 30, 0, lambda: drawn).wait_s(failures)
    assert 0.5 * mean_s <= Backoff(1, 30, 0.5, lambda: drawn).wait_s(failures) <= 1.5 * mean_s


def test_a_hundred_gateways_spread_out() -> None:
    source = random.Random(1)
    waits = sorted(Backoff(1, 30, 0.5, source.random).wait_s(6) for _ in range(100))
    assert waits[-1] - waits[0] > 20
