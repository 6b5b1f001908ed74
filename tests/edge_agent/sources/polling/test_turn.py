"""When the rounds of a link begin: pure."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sources.polling.turn import SLOT_S, SPREAD_S, first_round_s

NOWS = st.floats(0, 1e7)
POLLS = st.floats(0.05, 3600)
SHARES = st.floats(0, 1)


@given(NOWS, POLLS, SHARES)
def test_the_first_round_begins_within_a_period_or_a_second_of_the_start(
    now_s: float, poll_s: float, share: float
) -> None:
    wait_s = first_round_s(now_s, poll_s, share) - now_s
    assert -1e-6 <= wait_s <= min(poll_s, SPREAD_S) + SLOT_S + 1e-6


@given(NOWS, POLLS, SHARES, POLLS, SHARES)
def test_rounds_of_different_links_begin_together_or_a_slot_apart(
    now_s: float, poll_s: float, share: float, other_poll_s: float, other_share: float
) -> None:
    apart = (first_round_s(now_s, poll_s, share) - first_round_s(now_s, other_poll_s, other_share)) / SLOT_S
    assert apart == pytest.approx(round(apart), abs=1e-6)


def test_links_spread_over_the_first_second() -> None:
    assert len({first_round_s(100.0, 5.0, n / 100) for n in range(100)}) >= round(SPREAD_S / SLOT_S)
