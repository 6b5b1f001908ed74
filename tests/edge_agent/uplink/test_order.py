"""What goes first, what waits, and what happens while the hub says nothing."""

from __future__ import annotations

import asyncio
import time

import pytest

from devices.wire.messages import Lane, Message, ack_topic, encode
from devices.wire.mqtt import connect
from tests.brokers import RunningBroker
from tests.edge_agent.outbox.numbered import numbered
from tests.edge_agent.uplink.conftest import Agents
from tests.edge_agent.uplink.fake_hub import FakeHub, Received, done, until
from tests.edge_agent.uplink.test_delivery import is_empty, put


@pytest.mark.promise("P-uplink-6")
async def test_an_alert_overtakes_telemetry_that_fills_its_window(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    """A hub that commits alerts and is slow with everything else: the alert does not wait for it."""

    def answer(record: Received) -> list[Message]:
        return [done(record)] if record.stamp.lane is Lane.ALERTS else []

    hub = FakeHub(answer)
    async with hub.on(mosquitto), agents(mosquitto, ack_timeout_s=60, window=8) as agent:
        await put(agent, Lane.LIVE, range(500), size=1000)
        await until(lambda: len(hub.records) == 8)
        for number in range(20):
            await agent.outbox.put(Lane.ALERTS, numbered(number, Lane.ALERTS))
            await until(lambda: len(hub.numbers(Lane.ALERTS)) > number)  # noqa: B023 - waited for here
        assert len(hub.numbers(Lane.LIVE)) == 8
        await until(lambda: not agent.outbox.stats().records[Lane.ALERTS])


@pytest.mark.promise("P-uplink-6")
async def test_alerts_that_waited_go_before_all_telemetry_that_waited(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub()
    async with agents(mosquitto.to(port=1)) as agent:
        await put(agent, Lane.LIVE, range(200))
        await put(agent, Lane.ALERTS, range(50))
    async with hub.on(mosquitto), agents(mosquitto) as agent:
        await until(lambda: is_empty(agent))
    assert {record.stamp.lane for record in hub.records[:32]} == {Lane.ALERTS}


@pytest.mark.promise("P-uplink-7")
async def test_after_an_outage_the_fresh_goes_first_and_the_late_beside_it_throttled(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub()
    async with agents(mosquitto.to(port=1)) as agent:
        await put(agent, Lane.LIVE, range(400), size=500)
        size = agent.outbox.stats().sizes[Lane.LIVE]
    rate = size // 4
    changes = {"late_after_s": 0.5, "backlog_bytes_per_s": rate, "ack_timeout_s": 30}
    async with agents(mosquitto.to(port=1)) as agent:
        await put(agent, Lane.ALERTS, range(1))  # running time goes on
        await asyncio.sleep(0.7)
        await put(agent, Lane.ALERTS, range(1, 2))
    async with hub.on(mosquitto), agents(mosquitto, **changes) as agent:
        started_s = time.monotonic()
        for number in range(1000, 1010):
            await agent.outbox.put(Lane.LIVE, numbered(number))
            await until(lambda: number in hub.numbers(Lane.LIVE))  # noqa: B023 - waited for here
        assert len(hub.numbers(Lane.LIVE)) < 410, "what is late is still being sent"
        await until(lambda: is_empty(agent), within_s=20)
        late = [record for record in hub.records if record.number < 1000 and record.stamp.lane is Lane.LIVE]
        assert agent.uplink.health()["sent_late"] == len(late) == 400
    assert [record.number for record in late] == list(range(400)), "the late go oldest first"
    spread_s = late[-1].at_s - started_s
    assert spread_s > 2.5, "a quarter of it each second, one second's worth at once"


@pytest.mark.promise("P-uplink-7")
async def test_live_that_falls_behind_on_a_thin_link_makes_way_for_what_is_new(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    """A hub that takes a record each 30 ms, and an agent that makes more: the newest stays fresh."""
    waiting: list[Message] = []

    def answer(record: Received) -> list[Message]:
        waiting.append(done(record))
        return []

    hub = FakeHub(answer)
    changes = {"late_after_s": 0.4, "window": 1, "ack_timeout_s": 60}
    async with hub.on(mosquitto), agents(mosquitto, **changes) as agent, connect(mosquitto, "slow") as slow:

        async def acknowledge_slowly() -> None:
            while True:
                await asyncio.sleep(0.03)
                while waiting:
                    await slow.publish(ack_topic("a1"), encode(waiting.pop(0)))

        acknowledging = asyncio.create_task(acknowledge_slowly())
        for number in range(200):
            await agent.outbox.put(Lane.LIVE, numbered(number))
            await asyncio.sleep(0.005)
        newest = max(hub.numbers(Lane.LIVE))
        assert newest > 100, "it did not go through them one by one"
        await until(lambda: is_empty(agent), within_s=30)
        acknowledging.cancel()
        await asyncio.wait([acknowledging])
    assert sorted(set(hub.numbers(Lane.LIVE))) == list(range(200))


@pytest.mark.promise("P-uplink-8")
async def test_a_silent_hub_is_asked_now_and_then_and_gets_everything_when_it_is_back(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    is_awake = False

    def answer(record: Received) -> list[Message]:
        return [done(record)] if is_awake else []

    hub = FakeHub(answer)
    async with hub.on(mosquitto), agents(mosquitto, window=10, ack_timeout_s=0.2, probe_s=0.5) as agent:
        await put(agent, Lane.LIVE, range(200))
        await until(lambda: agent.uplink.health()["hub_silent"])
        asked = len(hub.records)
        await asyncio.sleep(2.2)
        assert asked <= 10 + 2
        assert len(hub.records) - asked <= 6, "one record each half second, and not the window"
        await until(lambda: len(hub.records) - asked >= 2)
        await agent.outbox.put(Lane.ALERTS, numbered(7, Lane.ALERTS))
        await until(lambda: 7 in hub.numbers(Lane.ALERTS))
        is_awake = True
        await until(lambda: is_empty(agent), within_s=10)
        assert not agent.uplink.health()["hub_silent"]
    assert hub.has_all(Lane.LIVE, range(200))


@pytest.mark.promise("P-uplink-8")
async def test_without_a_hub_a_broker_with_a_session_for_it_piles_up_nothing(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    async with connect(mosquitto, "sleeping hub", clean_session=False) as session:
        await session.subscribe(["campus/v1/+/up/live", "campus/v1/+/up/hello", "campus/v1/+/up/open"])
    async with agents(mosquitto, window=4, ack_timeout_s=0.1, probe_s=0.05) as agent:
        await asyncio.sleep(1)
        async with FakeHub().on(mosquitto):
            await until(lambda: agent.uplink.state == "connected")
        await put(agent, Lane.LIVE, range(50))
        await until(lambda: agent.uplink.health()["probes"] >= 20)
    received = 0
    async with connect(mosquitto, "sleeping hub", clean_session=False) as session:
        try:
            async with asyncio.timeout(0.5):
                async for message in session.messages():
                    message.done()
                    received += 1
        except TimeoutError:
            pass
    assert received <= 4 + 1, "a window and one hello"
