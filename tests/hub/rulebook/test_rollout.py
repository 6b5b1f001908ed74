"""Published rules on their way: real broker with its rights, real ingest, whole agents."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devices.model.errors import Refused
from devices.wire.messages import Kind, Message, encode, rules_topic
from devices.wire.mqtt import connect
from devices.wire.rule_sets import RuleSet, rules_message
from hub.gateways import roster
from hub.rulebook.draft import Draft
from hub.rulebook.shelf import Progress, State, states
from tests.hub.rulebook.documents import SITE, setpoint
from tests.hub.rulebook.house import ANN, HALL, HQ1, House, house
from tests.hub.waiting import until

pytestmark = [pytest.mark.needs("nats-server"), pytest.mark.timeout(400)]


@pytest.fixture
async def hub(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[House]:
    async with house(tmp_path, free_port) as running:
        yield running


@pytest.mark.promise("P-rules-9")
async def test_every_agent_takes_a_publication_up_and_says_which_versions_it_runs(hub: House) -> None:
    async with hub.agent(HQ1), hub.agent(HALL):
        await hub.running(0, HQ1, HALL)
        await hub.publish(setpoint())
        await hub.running(1, HQ1, HALL)
        for agent in (HQ1, HALL):
            said = await hub.said(agent)
            assert (said.number, said.versions["ac-setpoint"], said.versions["speeding"]) == (1, 2, 1)


@pytest.mark.promise("P-rules-10")
async def test_what_one_agent_refuses_is_withdrawn_from_all(hub: House, tmp_path: Path) -> None:
    older = tmp_path / "older.yaml"  # this agent's site file does not know a device of the other yet
    lines = SITE.read_text("utf-8").splitlines(keepends=True)
    older.write_text("".join(line for line in lines if "id: hq1-ac-301" not in line), "utf-8")
    async with hub.agent(HQ1), hub.agent(HALL, older):
        await hub.publish(setpoint())
        await hub.running(1, HQ1, HALL)
        await hub.publish(setpoint(3, select={"devices": ["hq1-ac-301"]}))
        await until(lambda: hub.book.rules.number == 1)
        async with asyncio.timeout(40):  # until both have taken the former set up again, and told it
            while {(await hub.said(agent)).versions["ac-setpoint"] for agent in (HQ1, HALL)} != {2}:  # noqa: ASYNC110 - what is waited for is in a database
                await asyncio.sleep(0.05)
        await hub.running(1, HQ1, HALL)
        refused = (await hub.steps(2))[HALL]
        assert refused.state is Progress.REFUSED
        assert refused.problems[0]["found"]["en"] == "'hq1-ac-301'"
        assert await hub.db.read(states) == {1: State.LIVE, 2: State.WITHDRAWN}


@pytest.mark.promise("P-rules-11")
async def test_an_agent_that_was_away_takes_the_newest_set_up_when_it_is_back(hub: House) -> None:
    async with hub.agent(HQ1):
        await hub.publish(setpoint())
        await hub.running(1, HQ1)
    async with hub.agent(HALL):
        await hub.running(1, HALL)
        await hub.publish(setpoint(3, dead_band_c=0.5))
        await hub.running(2, HALL)
        assert HQ1 not in {agent for agent, step in (await hub.steps(2)).items() if step.state == "running"}
    async with hub.agent(HQ1):
        await hub.running(2, HQ1)


async def test_a_former_set_published_again_runs_everywhere(hub: House) -> None:
    async with hub.agent(HQ1):
        await hub.publish(setpoint())
        await hub.running(1, HQ1)
        bare = await hub.book.prepare(Draft(1, (), (), "back", again=0))
        await hub.book.publish(bare, [], ANN)
        await hub.running(2, HQ1)
        assert (await hub.said(HQ1)).versions["ac-setpoint"] == 1


async def test_a_set_that_got_lost_on_the_way_is_sent_again(hub: House) -> None:
    """Nothing rests on the broker: the set came into force while nobody could hear it."""
    async with hub.agent(HQ1):
        await hub.running(0, HQ1)
        pid = hub.broker.pid
        assert pid is not None
        os.kill(pid, signal.SIGKILL)
        await hub.publish(setpoint())
        await hub.running(1, HQ1)


@pytest.mark.promise("P-rules-8")
async def test_garbage_on_the_way_down_changes_nothing(hub: House) -> None:
    async with hub.agent(HQ1):
        await hub.publish(setpoint())
        await hub.running(1, HQ1)
        good = encode(rules_message(HQ1, RuleSet(7, "[]"), 1))
        async with connect(hub.broker.address, "somebody") as link:
            for payload in (
                b"",
                b"garbage",
                good[:-1],
                bytes([*good[:-1], good[-1] ^ 1]),
                encode(Message(Kind.RULES, {"agent": HQ1})),
                encode(rules_message(HALL, RuleSet(7, "[]"), 1)),
            ):
                await link.publish(rules_topic(HQ1), payload)
        async with asyncio.timeout(40):
            while await garbled(hub) < 6:  # noqa: ASYNC110 - what is waited for is in a database
                await asyncio.sleep(0.05)
        said = await hub.said(HQ1)
        assert (said.number, said.refused) == (1, {})


async def garbled(hub: House) -> int:
    health = (await hub.db.read(roster.gateways))[HQ1].health or {}
    return int(health.get("uplink", {}).get("garbled_acks", 0))


@pytest.mark.promise("P-rules-8")
async def test_an_agent_neither_sees_nor_forges_the_rules_of_another(hub: House) -> None:
    async with hub.agent(HQ1):
        await hub.publish(setpoint())
        await hub.running(1, HQ1)
        forged = encode(rules_message(HQ1, RuleSet(9, "[]"), 1))
        for whose in (HQ1, HALL):
            async with connect(hub.signed_in(HALL), "thief") as thief:
                with pytest.raises(Refused):
                    await thief.subscribe([rules_topic(HQ1)])
                await thief.send(rules_topic(whose), forged)
                await asyncio.sleep(0.3)
        said = await hub.said(HQ1)
        assert (said.number, said.refused) == (1, {})
    assert hub.broker.counts["violations"] >= 2
