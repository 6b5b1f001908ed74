from __future__ import annotations

import asyncio
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire.messages import HEAD, Lane
from devices.wire.mqtt import Incoming
from hub.ingest.inbox import Bounds, Inbox, Parcel, Put

WIDE = Bounds(messages=1000, bytes=1 << 30, total_bytes=1 << 30, held=1000, group=1000, group_bytes=1 << 30)


def inbox(bounds: Bounds = WIDE) -> Inbox:
    return Inbox([Lane.LIVE, Lane.BACKLOG], bounds)


def parcel(
    agent: str, number: int = 0, lane: Lane = Lane.LIVE, size: int = 100, done: list[int] | None = None
) -> Parcel:
    acknowledge = None if done is None else lambda: done.append(number)
    payload = number.to_bytes(HEAD.size, "little") + bytes(size - HEAD.size)
    return Parcel(agent, lane, Incoming(f"{agent}/{lane}", payload, acknowledge=acknowledge), number)


async def test_agents_take_turns_and_live_goes_first() -> None:
    box = inbox(Bounds(group=5))
    for number in range(4):
        box.put(parcel("flood", number))
        box.put(parcel("flood", number, Lane.BACKLOG))
    box.put(parcel("calm", 9))
    box.put(parcel("calm", 9, Lane.BACKLOG))
    first = await box.take()
    assert [(one.agent, one.lane) for one in first] == [
        ("flood", Lane.LIVE),
        ("calm", Lane.LIVE),
        ("flood", Lane.LIVE),
        ("flood", Lane.LIVE),
        ("flood", Lane.LIVE),
    ]
    second = await box.take()
    assert [one.agent for one in second] == ["flood", "calm", "flood", "flood", "flood"]
    assert {one.lane for one in second} == {Lane.BACKLOG}


async def test_messages_of_one_queue_keep_their_order() -> None:
    box = inbox()
    for number in range(10):
        box.put(parcel("a", number))
    assert [one.received_us for one in await box.take()] == list(range(10))


async def test_the_broker_forgets_a_message_when_it_is_finished_and_not_before() -> None:
    done: list[int] = []
    box = inbox()
    box.put(parcel("a", 1, done=done))
    taken = await box.take()
    assert done == []
    box.finished(taken)
    assert done == [1]
    assert (len(box), box.bytes, box.oldest_us) == (0, 0, None)


async def test_only_a_few_messages_are_held_at_the_broker() -> None:
    done: list[int] = []
    box = inbox(Bounds(held=2))
    for number in range(5):
        assert box.put(parcel("a", number, done=done)) is Put.QUEUED
    assert done == [2, 3, 4]
    box.finished(await box.take())
    assert done == [2, 3, 4, 0, 1]
    box.put(parcel("a", 7, done=done))
    assert 7 not in done


async def test_a_message_that_waits_already_is_not_queued_again() -> None:
    done: list[int] = []
    box = inbox()
    box.put(parcel("a", 1))
    assert box.put(parcel("a", 1, done=done)) is Put.REPEATED
    assert done == [1]
    taken = await box.take()
    assert box.put(parcel("a", 1)) is Put.REPEATED, "it is being stored just now"
    box.finished(taken)
    assert box.put(parcel("a", 1)) is Put.QUEUED


@pytest.mark.parametrize(
    "bounds",
    [Bounds(messages=3), Bounds(bytes=300), Bounds(total_bytes=300)],
    ids=["messages", "bytes", "total bytes"],
)
async def test_what_finds_no_room_is_shed_and_the_broker_may_forget_it(bounds: Bounds) -> None:
    done: list[int] = []
    box = inbox(bounds)
    verdicts = [box.put(parcel("a", number, done=done)) for number in range(5)]
    assert verdicts == [Put.QUEUED] * 3 + [Put.SHED] * 2
    assert done == [3, 4]


async def test_one_agents_flood_leaves_the_others_their_room() -> None:
    box = inbox(Bounds(messages=3))
    for number in range(10):
        box.put(parcel("flood", number))
    assert box.put(parcel("calm")) is Put.QUEUED
    assert box.put(parcel("flood", 0, Lane.BACKLOG)) is Put.QUEUED


async def test_a_group_is_bounded_by_what_it_unpacks_to() -> None:
    box = inbox(Bounds(group_bytes=1000))
    for number in range(5):
        box.put(parcel("a", number, size=400))
    assert [len(await box.take()) for _ in range(2)] == [3, 2]


async def test_take_waits_for_the_first_message() -> None:
    box = inbox()
    taking = asyncio.create_task(box.take())
    await asyncio.sleep(0)
    assert not taking.done()
    box.put(parcel("a"))
    assert len(await taking) == 1


@given(st.lists(st.tuples(st.sampled_from("abc"), st.sampled_from([Lane.LIVE, Lane.BACKLOG])), max_size=60))
async def test_everything_queued_is_taken_once(arrivals: list[tuple[str, Lane]]) -> None:
    box = inbox(Bounds(group=7))
    for number, (agent, lane) in enumerate(arrivals):
        box.put(parcel(agent, number, lane))
    taken: list[Parcel] = []
    while len(taken) < len(arrivals):
        group = await box.take()
        box.finished(group)
        taken += group
    assert Counter(one.received_us for one in taken) == Counter(range(len(arrivals)))
    assert box.bytes == 0
