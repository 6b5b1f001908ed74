"""Everything in the outbox reaches the hub, whatever gets lost on the way."""

from __future__ import annotations

import asyncio
import logging
import random
from pathlib import Path

import pytest

from devices.wire.messages import Kind, Lane, Message, ack_topic, encode
from devices.wire.mqtt import connect
from devices.wire.records import ack_message
from tests.brokers import RunningBroker, mosquitto_broker
from tests.edge_agent.outbox.numbered import numbered
from tests.edge_agent.uplink.conftest import Agent, Agents
from tests.edge_agent.uplink.fake_hub import FakeHub, Received, done, refused, until


async def put(agent: Agent, lane: Lane, numbers: range, size: int = 0) -> None:
    await agent.outbox.commit([(lane, numbered(number, lane, size)) for number in numbers])


def is_empty(agent: Agent) -> bool:
    return not sum(agent.outbox.stats().records.values())


async def test_an_agent_introduces_itself_and_everything_arrives_and_is_deleted(
    broker: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub()
    async with hub.on(broker), agents(broker, ack_timeout_s=20) as agent:
        for lane in Lane:
            await put(agent, lane, range(100))
        await until(lambda: all(hub.has_all(lane, range(100)) for lane in Lane) and is_empty(agent))
        await put(agent, Lane.LIVE, range(100, 110))
        await until(lambda: hub.has_all(Lane.LIVE, range(110)) and is_empty(agent))
        await until(lambda: hub.said[-1].header.get("outbox", {}).get("live") == 0)
        health = agent.uplink.health()
    assert len(hub.records) == 310, "nothing was sent twice without need"
    hello = hub.said[0]
    assert (hello.kind, hello.header["version"], hello.header["agent"]) == (Kind.HELLO, "0.1.0", "a1")
    assert hello.header["epoch"] == hub.records[0].stamp.epoch
    assert hub.states[0] == f"online {hello.header['boot']}"
    assert (health["state"], health["acked"], health["unacked"], health["connections"]) == (
        "connected",
        310,
        0,
        1,
    )


async def test_an_agent_that_ends_is_said_to_be_offline_by_its_broker(
    broker: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub()
    async with hub.on(broker):
        async with agents(broker) as agent:
            await until(lambda: agent.uplink.state == "connected")
            boot = agent.uplink.health()["boot"]
        await until(lambda: len(hub.states) > 1)
    assert hub.states == [f"online {boot}", f"offline {boot}"]


@pytest.mark.promise("P-uplink-1")
@pytest.mark.parametrize("seed", range(3))
async def test_lost_repeated_and_reordered_acknowledgements_end_with_everything_delivered(
    mosquitto: RunningBroker, agents: Agents, seed: int
) -> None:
    source = random.Random(seed)
    kept: list[Message] = []

    def answer(record: Received) -> list[Message]:
        """A third is lost, the others come late, in any order, and some twice."""
        kept.extend([done(record)] * source.choice((0, 1, 2)))
        source.shuffle(kept)
        leaving = source.randrange(len(kept) + 1)
        now, kept[:] = kept[:leaving], kept[leaving:]
        return now

    hub = FakeHub(answer)
    async with hub.on(mosquitto), agents(mosquitto, ack_timeout_s=0.05) as agent:
        for lane in Lane:
            await put(agent, lane, range(60), size=200)
        await until(lambda: is_empty(agent), within_s=30)
        health = agent.uplink.health()
    for lane in Lane:
        assert hub.has_all(lane, range(60))
    first: dict[tuple[Lane, int], bytes] = {}
    for record in hub.records:
        key = (record.stamp.lane, record.stamp.seq)
        assert first.setdefault(key, record.data) == record.data, "a repeat has the same bytes"
    assert health["resent"] + health["probes"] > 0


@pytest.mark.promise("P-uplink-2")
async def test_a_broker_killed_again_and_again_under_load_costs_nothing(
    broker: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub()
    hubs = asyncio.create_task(hub.through_everything(broker))
    async with agents(broker) as agent:
        for start in range(0, 300, 100):
            await put(agent, Lane.LIVE, range(start, start + 100), size=2000)
            await put(agent, Lane.ALERTS, range(start, start + 100))
            await until(lambda: len(hub.records) > 20)
            await broker.engine.kill()
            await asyncio.sleep(0.1)
            await broker.engine.start()
        await until(lambda: is_empty(agent), within_s=30)
        assert agent.uplink.health()["connections"] > 1
    hubs.cancel()
    await asyncio.wait([hubs])
    assert hub.has_all(Lane.LIVE, range(300))
    assert hub.has_all(Lane.ALERTS, range(300))


async def test_a_restarted_agent_sends_what_was_not_acknowledged_under_the_same_numbers(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    silent = FakeHub(lambda _record: [])
    async with silent.on(mosquitto), agents(mosquitto) as agent:
        await put(agent, Lane.ALERTS, range(20))
        await until(lambda: silent.has_all(Lane.ALERTS, range(20)))
    hub = FakeHub()
    async with hub.on(mosquitto), agents(mosquitto) as agent:
        await until(lambda: is_empty(agent))
    assert {r.data for r in hub.records} == {r.data for r in silent.records}


@pytest.mark.promise("P-uplink-3")
async def test_a_refused_record_is_deleted_counted_and_reported_and_never_sent_again(
    mosquitto: RunningBroker, agents: Agents, caplog: pytest.LogCaptureFixture
) -> None:
    def answer(record: Received) -> list[Message]:
        return [refused(record, "no such device") if record.number == 3 else done(record)]

    hub = FakeHub(answer)
    async with hub.on(mosquitto), agents(mosquitto) as agent:
        await put(agent, Lane.LIVE, range(10))
        await until(lambda: is_empty(agent))
        await asyncio.sleep(0.5)
        assert agent.uplink.health()["refused"] == 1
    assert hub.numbers(Lane.LIVE).count(3) == 1
    (entry,) = [each for each in caplog.records if each.levelno == logging.ERROR]
    assert "live 4 aside: no such device" in entry.getMessage()


@pytest.mark.promise("P-uplink-4")
async def test_garbage_and_foreign_acknowledgements_delete_nothing(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    hub = FakeHub(lambda _record: [])
    async with hub.on(mosquitto), agents(mosquitto) as agent, connect(mosquitto, "liar") as liar:
        await put(agent, Lane.LIVE, range(5))
        await until(lambda: hub.has_all(Lane.LIVE, range(5)))
        epoch = agent.outbox.epoch
        foreign = encode(ack_message(epoch ^ 1, [(Lane.LIVE, 1)], [], 0))
        unknown = encode(ack_message(epoch, [(Lane.LIVE, 999)], [], 0))
        wrong = encode(Message(Kind.ACK, {"epoch": epoch, "done": "everything"}))
        whole = encode(ack_message(epoch, [(Lane.LIVE, 1)], [], 0))
        for payload in (b"", b"garbage", whole[:-1], bytes(2_000_000), wrong, foreign, unknown):
            await liar.publish(ack_topic("a1"), payload)
        await until(lambda: agent.uplink.health()["garbled_acks"] == 5)
        await until(lambda: agent.uplink.health()["foreign_acks"] == 1)
        assert agent.outbox.stats().records[Lane.LIVE] == 5
        assert agent.uplink.state == "connected"


async def test_the_offset_of_the_clock_shows_in_the_health(mosquitto: RunningBroker, agents: Agents) -> None:
    hub = FakeHub()
    async with hub.on(mosquitto), agents(mosquitto) as agent:
        assert agent.uplink.clock_offset_s is None
        agent.clock.step_us = -7_000_000
        await put(agent, Lane.LIVE, range(20))
        await until(lambda: is_empty(agent))
        assert agent.uplink.clock_offset_s == pytest.approx(7, abs=3)
        agent.clock.step_us = 3_600_000_000
        await put(agent, Lane.LIVE, range(20, 40))
        await until(lambda: hub.has_all(Lane.LIVE, range(40)) and is_empty(agent))
        assert agent.uplink.clock_offset_s == pytest.approx(-3600, abs=3)


@pytest.mark.needs("mosquitto")
async def test_bad_credentials_are_told_as_refused_and_tried_again_slowly(
    tmp_path: Path, agents: Agents
) -> None:
    async with (
        mosquitto_broker(tmp_path / "closed", users={"a1": "right"}) as closed,
        agents(closed.to(password="wrong"), refused_wait_s=60) as agent,
    ):
        await until(lambda: agent.uplink.state == "refused")
        await asyncio.sleep(0.5)
        health = agent.uplink.health()
    assert health["connections"] == 0
    assert "refuses" in health["last_error"]
    assert "wrong" not in str(health)
