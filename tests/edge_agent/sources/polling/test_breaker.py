"""Waits that double, and time that probes may take."""

from __future__ import annotations

from edge_agent.sources.polling.allowance import Allowance
from edge_agent.sources.polling.breaker import Breaker


def test_waits_double_up_to_the_longest_and_begin_anew_after_an_answer() -> None:
    breaker = Breaker(2.0, 60.0)
    waits = []
    for _ in range(7):
        breaker.failed(100.0)
        waits.append(breaker.wait_s)
    assert waits == [2, 4, 8, 16, 32, 60, 60]
    breaker.answered()
    assert (breaker.closed, breaker.wait_s) == (True, 0.0)
    breaker.failed(100.0)
    assert breaker.wait_s == 2


def test_a_question_is_allowed_when_closed_and_again_when_the_wait_is_over() -> None:
    breaker = Breaker(2.0, 60.0)
    assert breaker.due(0.0)
    breaker.failed(10.0)
    assert not breaker.due(11.9)
    assert breaker.due(12.0)


def test_the_first_late_answer_closes_it_and_the_next_ones_leave_it_open_with_waits_that_double() -> None:
    breaker = Breaker(2.0, 60.0)
    breaker.failed(1.0)
    breaker.answered_late(1.5)
    assert (breaker.closed, breaker.wait_s) == (True, 0.0)
    waits = []
    for now_s in (2.0, 10.0, 20.0):
        breaker.failed(now_s)
        breaker.answered_late(now_s + 0.5)
        waits.append(breaker.wait_s)
    assert (waits, breaker.late) == ([4, 8, 16], 4)
    breaker.answered()
    assert (breaker.closed, breaker.wait_s) == (True, 0.0)


def test_a_late_answer_of_long_ago_is_forgotten() -> None:
    breaker = Breaker(2.0, 60.0)
    for now_s in (0.0, 181.0):
        breaker.failed(now_s)
        breaker.answered_late(now_s + 0.5)
        assert breaker.closed
    breaker.failed(200.0)
    breaker.answered_late(200.5)
    assert not breaker.closed


def test_who_had_too_little_time_for_an_answer_is_asked_again_whenever_it_comes_late() -> None:
    breaker = Breaker(2.0, 60.0)
    for now_s in (0.0, 5.0, 10.0):
        breaker.failed(now_s, hasty=True)
        breaker.answered_late(now_s + 0.5)
        assert breaker.closed


def test_after_days_of_silence_the_wait_is_still_a_number() -> None:
    breaker = Breaker(2.0, 60.0)
    for _ in range(5000):
        breaker.failed(0.0)
    assert breaker.wait_s == 60.0


def test_an_allowance_grows_by_its_share_up_to_its_most_and_debts_are_paid_by_waiting() -> None:
    allowance = Allowance(share=0.05, most_s=1.0)
    assert allowance.left_s(0.0) == 0.0
    assert allowance.left_s(10.0) == 0.5
    assert allowance.left_s(1000.0) == 1.0
    allowance.spend(1.5)
    assert allowance.left_s(1000.0) == -0.5
    assert abs(allowance.left_s(1012.0) - 0.1) < 1e-9
    allowance.spend(-5.0)
    assert abs(allowance.left_s(1012.0) - 0.1) < 1e-9
