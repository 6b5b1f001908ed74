"""Who may send under a name, what happens to an outbox that was restored, and which alerts are told as open."""

from __future__ import annotations

import asyncio
import shutil
from dataclasses import replace
from pathlib import Path

import pytest

from devices.model.alerts import EventKind
from devices.wire.messages import Lane, Message
from devices.wire.sessions import Standing
from edge_agent.uplink.holding import Holding
from tests.brokers import RunningBroker
from tests.devices.wire.examples import EVENTS
from tests.edge_agent.outbox.numbered import numbered
from tests.edge_agent.uplink.conftest import Agents
from tests.edge_agent.uplink.fake_hub import FakeHub, until


async def test_nothing_is_sent_before_the_hub_has_answered_the_introduction(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    standing: Standing | None = None
    hub = FakeHub(greets=lambda _: standing)
    async with hub.on(mosquitto), agents(mosquitto) as agent:
        await agent.outbox.put(Lane.ALERTS, numbered(1, Lane.ALERTS))
        await until(lambda: len(hub.said) >= 3)
        assert (hub.records, agent.uplink.state, hub.states) == ([], "waiting", [])
        await until(lambda: agent.uplink.health()["hub_silent"])
        standing = Standing.WELCOME
        await until(lambda: hub.numbers(Lane.ALERTS) == [1])


@pytest.mark.promise("P-session-1")
async def test_an_agent_that_is_refused_sends_nothing_says_so_loudly_and_asks_again_slowly(
    mosquitto: RunningBroker, agents: Agents, caplog: pytest.LogCaptureFixture
) -> None:
    standing = Standing.REFUSED
    hub = FakeHub(greets=lambda _: standing)
    async with hub.on(mosquitto), agents(mosquitto, refused_wait_s=0.5) as agent:
        await agent.outbox.put(Lane.ALERTS, numbered(1, Lane.ALERTS))
        await until(lambda: agent.uplink.state == "refused")
        assert "another agent that calls itself a1" in agent.uplink.health()["last_error"]
        await asyncio.sleep(1.2)
        assert len(hub.said) <= 4, "asked now and then"
        await until(lambda: len(hub.said) >= 2)
        assert not hub.records
        standing = Standing.WELCOME
        await until(lambda: hub.numbers(Lane.ALERTS) == [1])
    loud = [record for record in caplog.records if record.levelname == "ERROR"]
    assert len([record for record in loud if "another agent" in record.getMessage()]) == 1


@pytest.mark.promise("P-session-2")
async def test_a_restored_outbox_begins_a_new_epoch_before_it_sends_anything(
    mosquitto: RunningBroker, agents: Agents, tmp_path: Path
) -> None:
    stored: dict[int, int] = {}

    def greet(hello: Message) -> Standing:
        behind = hello.header["next"]["live"] <= stored.get(hello.header["epoch"], 0)
        return Standing.RENEW if behind else Standing.WELCOME

    hub = FakeHub(greets=greet)
    async with hub.on(mosquitto):
        async with agents(mosquitto) as agent:
            await agent.outbox.put(Lane.LIVE, numbered(1, Lane.LIVE))
            await until(lambda: hub.has_all(Lane.LIVE, range(1, 2)) and not agent.uplink.health()["unacked"])
        shutil.copy(tmp_path / "a1.db", tmp_path / "copy.db")
        async with agents(mosquitto) as agent:
            for number in range(2, 6):
                await agent.outbox.put(Lane.LIVE, numbered(number, Lane.LIVE))
            await until(lambda: hub.has_all(Lane.LIVE, range(1, 6)))
        stored[hub.records[-1].stamp.epoch] = max(record.stamp.seq for record in hub.records)
        before = len(hub.records)
        shutil.copy(tmp_path / "copy.db", tmp_path / "a1.db")
        async with agents(mosquitto) as agent:
            for number in range(6, 9):
                await agent.outbox.put(Lane.LIVE, numbered(number, Lane.LIVE))
            await until(lambda: hub.has_all(Lane.LIVE, range(6, 9)))
            assert agent.uplink.health()["renewals"] == 1
    names = [record.stamp for record in hub.records]
    assert len(set(names)) == len(names), "no number was given twice"
    assert {record.stamp.epoch for record in hub.records[before:]}.isdisjoint(stored)


async def test_open_alerts_are_told_when_their_records_are_acknowledged_and_again_after_each_connection(
    mosquitto: RunningBroker, agents: Agents
) -> None:
    raised = replace(next(event for event in EVENTS if event.kind is EventKind.RAISE), evidence={})
    hub = FakeHub()
    holding = Holding()
    holding.begin({}, ())
    holding.take([raised])
    async with hub.on(mosquitto):
        for _ in range(2):
            async with agents(mosquitto) as agent:
                await agent.outbox.commit([(Lane.ALERTS, numbered(1, Lane.ALERTS))], holding.states())
                await until(lambda: bool(hub.opened) and hub.opened[-1].boot == agent.uplink.health()["boot"])
                told = hub.opened[-1]
            assert told.stamp.seq == max(record.stamp.seq for record in hub.records)
    assert (set(told.ids), told.events) == ({raised.id}, [raised])
