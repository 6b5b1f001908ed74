"""News reach every subscriber in order, and a slow one holds up nobody."""

from __future__ import annotations

import asyncio

from hub.live.bus import Bus


async def test_news_reach_all_who_hear_the_topic_in_order() -> None:
    bus = Bus()
    with bus.subscribe("alert") as ann, bus.subscribe("alert", "gateway") as bob:
        bus.publish("alert", 1)
        bus.publish("gateway", 2)
        bus.publish("alert", 3)
        assert ann.take() == [("alert", 1), ("alert", 3)]
        assert [await bob.next() for _ in range(3)] == [("alert", 1), ("gateway", 2), ("alert", 3)]
    bus.publish("alert", 4)
    assert ann.take() == []


async def test_a_subscriber_waits_until_there_is_news() -> None:
    bus = Bus()
    with bus.subscribe("alert") as subscription:
        waiting = asyncio.create_task(subscription.next())
        await asyncio.sleep(0)
        assert not waiting.done()
        bus.publish("alert", 1)
        assert await asyncio.wait_for(waiting, 20) == ("alert", 1)


async def test_a_slow_subscriber_loses_the_oldest_and_knows_how_many() -> None:
    bus = Bus()
    with bus.subscribe("alert", size=3) as slow:
        for number in range(5):
            bus.publish("alert", number)
        assert slow.lost == 2
        assert slow.take() == [("alert", 2), ("alert", 3), ("alert", 4)]
