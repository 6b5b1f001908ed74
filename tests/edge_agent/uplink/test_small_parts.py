from __future__ import annotations

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire.messages import Lane
from edge_agent.uplink.offset import ClockOffset
from edge_agent.uplink.owed import MOST, Owed
from edge_agent.uplink.throttle import Throttle
from edge_agent.uplink.window import LONGEST_TIMEOUT_S, Flight, Way, Window

LANE = {Way.ALERTS: Lane.ALERTS, Way.LIVE: Lane.LIVE, Way.LATE: Lane.BACKLOG}


def flight(seq: int, way: Way = Way.LIVE, size: int = 10, sent_s: float = 0.0, times: int = 1) -> Flight:
    return Flight(way, LANE[way], seq, bytes(size), sent_s, times)


@given(
    acts=st.lists(
        st.one_of(
            st.tuples(st.just("send"), st.sampled_from(list(Way)), st.integers(1, 20), st.integers(0, 60)),
            st.tuples(st.just("settle"), st.sampled_from(list(Way)), st.integers(1, 20), st.just(0)),
        ),
        max_size=60,
    )
)
def test_the_window_stays_within_its_bounds_and_agrees_with_a_plain_dictionary(
    acts: list[tuple[str, Way, int, int]],
) -> None:
    window = Window(most=3, most_bytes=100, timeout_s=1)
    plain: dict[tuple[Lane, int], tuple[Way, int]] = {}
    for act, way, seq, size in acts:
        key = (LANE[way], seq)
        mine = [held for of, held in plain.values() if of is way]
        if act == "settle":
            assert window.settle([key], 0.0) == (key in plain)
            plain.pop(key, None)
        elif key not in plain:
            has_room = not mine or (len(mine) < 3 and sum(mine) + size <= 100)
            assert window.has_room(way, size) == has_room
            if has_room:
                window.add(flight(seq, way, size))
                plain[key] = (way, size)
    assert len(window) == len(plain)
    assert all(key in window for key in plain)


def test_one_record_larger_than_the_window_may_go_alone() -> None:
    window = Window(most=3, most_bytes=100, timeout_s=1)
    assert window.has_room(Way.LIVE, 5000)
    window.add(flight(1, size=5000))
    assert not window.has_room(Way.LIVE, 1)
    assert window.has_room(Way.ALERTS, 1)


def test_each_repeat_waits_twice_as_long_up_to_a_minute() -> None:
    for times, wait_s in ((1, 10), (2, 20), (3, 40), (4, LONGEST_TIMEOUT_S), (500, LONGEST_TIMEOUT_S)):
        window = Window(most=3, most_bytes=100, timeout_s=10)
        window.add(flight(1, sent_s=100.0, times=times))
        assert window.next_due_s() == 100.0 + wait_s
        assert not window.overdue(100.0 + wait_s - 0.1)
        assert [each.seq for each in window.overdue(100.0 + wait_s)] == [1]


def test_overdue_alerts_come_before_overdue_telemetry_and_the_oldest_first() -> None:
    window = Window(most=9, most_bytes=1000, timeout_s=1)
    for seq, way, sent_s in (
        (1, Way.LIVE, 0.0),
        (2, Way.LIVE, 0.5),
        (3, Way.ALERTS, 0.7),
        (4, Way.LATE, 0.2),
    ):
        window.add(flight(seq, way, sent_s=sent_s))
    assert [each.seq for each in window.overdue(10.0)] == [3, 1, 4, 2]


def test_a_hub_is_silent_only_when_nothing_came_since_an_overdue_record_was_sent() -> None:
    window = Window(most=9, most_bytes=1000, timeout_s=10)
    assert not window.is_silent(1e9)
    window.add(flight(1, sent_s=0.0))
    window.add(flight(2, sent_s=5.0))
    assert not window.is_silent(9.0)
    assert window.is_silent(10.0)
    window.settle([(Lane.LIVE, 2)], 11.0)
    assert not window.is_silent(30.0), "the hub lives, only this one was lost"
    assert [each.seq for each in window.overdue(30.0)] == [1]


@given(
    rate=st.floats(1, 1e6),
    spends=st.lists(st.tuples(st.floats(0, 10), st.integers(0, 100_000)), min_size=1, max_size=40),
)
def test_a_throttle_never_lets_more_through_than_its_rate_and_one_second(
    rate: float, spends: list[tuple[float, int]]
) -> None:
    throttle, now_s, spent = Throttle(rate, 0.0), 0.0, 0
    for gap_s, size in spends:
        now_s += gap_s
        wait_s = throttle.wait_s(now_s)
        now_s += wait_s
        assert throttle.wait_s(now_s) <= 1e-6 + wait_s * 1e-9
        assert spent <= rate * (now_s + 1) * (1 + 1e-9) + 1e-6
        throttle.spend(size, now_s)
        spent += size


def test_a_throttle_waits_off_a_debt() -> None:
    throttle = Throttle(100, 0.0)
    throttle.spend(600, 0.0)
    assert throttle.wait_s(0.0) == pytest.approx(5)
    assert throttle.wait_s(2.0) == pytest.approx(3)
    assert throttle.wait_s(6.0) == 0


@given(
    offset_s=st.floats(-30, 30),
    delays=st.lists(st.floats(0.001, 3), min_size=1, max_size=30),
)
def test_the_offset_is_off_by_the_smallest_delay(offset_s: float, delays: list[float]) -> None:
    offset = ClockOffset()
    for number, delay_s in enumerate(delays):
        now_us = 1_000_000_000 + number * 1_000_000
        offset.add(round(now_us + (offset_s - delay_s) * 1e6), now_us, float(number))
    measured = offset.offset_s(float(len(delays)))
    assert measured == pytest.approx(offset_s - min(delays), abs=1e-5)


def test_an_offset_is_forgotten_after_a_minute_and_after_a_clock_was_set() -> None:
    offset = ClockOffset()
    offset.add(5_000_000, 0, 0.0)
    assert offset.offset_s(60.0) == 5
    assert offset.offset_s(61.0) is None
    offset.add(-3_600_000_000, 0, 61.0)
    assert offset.offset_s(61.0) == -3600


async def test_what_is_owed_is_taken_once_in_order_and_bounded() -> None:
    owed = Owed()
    await owed.add([(Lane.LIVE, 2), (Lane.LIVE, 1), (Lane.LIVE, 2)])
    assert await owed.take() == [(Lane.LIVE, 2), (Lane.LIVE, 1)]
    waiting = asyncio.create_task(owed.take())
    await asyncio.sleep(0)
    assert not waiting.done()
    owed.put_back([(Lane.ALERTS, 1)])
    assert await waiting == [(Lane.ALERTS, 1)]
    await owed.add([(Lane.LIVE, seq) for seq in range(MOST)])
    more = asyncio.create_task(owed.add([(Lane.LIVE, MOST)]))
    await asyncio.sleep(0)
    assert not more.done()
    assert len(await owed.take()) == MOST
    await more
