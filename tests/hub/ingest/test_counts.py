from __future__ import annotations

import pytest

from hub.gateways.roster import Presence
from hub.ingest.attendance import Attendance, Change
from hub.ingest.counts import ClockOffset, Rate

S = 1_000_000


def test_a_rate_is_the_mean_of_the_last_minute() -> None:
    rate = Rate()
    for second in range(300):
        rate.add(50, second * S)
        rate.add(50, second * S + 1)
    assert rate.per_second(299 * S) == 100
    assert rate.per_second(329 * S) == 50
    assert rate.per_second(1000 * S) == 0


@pytest.mark.parametrize("ahead_s", [-3600, 0, 7])
def test_the_quickest_message_tells_the_clock_offset(ahead_s: int) -> None:
    clock = ClockOffset()
    for number, delay_s in enumerate([5, 1, 30, 2]):
        received_us = 1000 * S + number * S
        clock.saw(received_us + (ahead_s - delay_s) * S, received_us)
    assert clock.seconds(1010 * S) == ahead_s - 1


def test_an_old_measurement_of_a_clock_is_worth_nothing() -> None:
    clock = ClockOffset()
    clock.saw(5 * S, 0)
    assert clock.seconds(299 * S) == 5
    assert clock.seconds(301 * S) is None


def test_an_agent_is_there_while_it_speaks_and_gone_when_it_is_silent() -> None:
    attendance = Attendance(30)
    assert attendance.heard("a", 0) == Change("a", Presence.ONLINE, "it speaks")
    assert attendance.heard("a", 10 * S) is None
    assert attendance.silent(40 * S) == []
    assert attendance.silent(41 * S) == [Change("a", Presence.OFFLINE, "silent for 30 s")]
    assert attendance.silent(100 * S) == []
    assert attendance.heard("a", 101 * S) is not None


def test_an_agent_that_says_goodbye_is_gone_at_once() -> None:
    attendance = Attendance(30)
    attendance.said("a", b"online", 0)
    change = attendance.said("a", b"offline", 1)
    assert change is not None
    assert change.presence is Presence.OFFLINE
    assert attendance.said("a", b"offline", 2) is None
    assert attendance.seen == {}


def test_nobody_is_silent_while_we_could_not_hear() -> None:
    attendance = Attendance(30)
    attendance.heard("a", 0)
    attendance.listening_again(100 * S)
    assert attendance.silent(129 * S) == []
    assert len(attendance.silent(131 * S)) == 1


def test_an_agent_known_as_there_before_a_restart_is_given_time_and_then_gone() -> None:
    attendance = Attendance(30)
    attendance.expect("a", online=True, now_us=0)
    attendance.expect("b", online=False, now_us=0)
    assert attendance.heard("a", S) is None
    assert [change.agent for change in attendance.silent(60 * S)] == ["a"]
