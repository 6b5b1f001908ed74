"""Real agents before a real hub: two of one name, an outbox from a copy, and alerts that only one side knows."""

from __future__ import annotations

import asyncio
import shutil
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from devices.model.alerts import AlertEvent, EventKind, State
from devices.wire.messages import Lane, encode, open_topic
from devices.wire.records import Stamp
from devices.wire.sessions import OpenAlerts, open_message
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.sources.port import SystemClock
from edge_agent.uplink import Uplink, UplinkSettings
from edge_agent.uplink.holding import Holding
from hub.alerts import board, store
from hub.db.audit import Actor
from hub.ingest.sessions import Sessions, Verdict
from tests.brokers import RunningBroker
from tests.hub.ingest.campus import EPOCH, A, alerts, event, record, samples
from tests.hub.ingest.hub import Hub, agent, hub
from tests.hub.waiting import until

FAST = {"probe_s": 0.2, "health_s": 0.2, "first_wait_s": 0.05, "most_wait_s": 0.2, "refused_wait_s": 0.5}
S = 1_000_000


@dataclass
class Gateway:
    outbox: Outbox
    uplink: Uplink
    holding: Holding

    async def say(self, *events: AlertEvent) -> None:
        self.holding.take(events)
        await self.outbox.commit([(Lane.ALERTS, alerts(*events))], self.holding.states())
        self.holding.kept()


@asynccontextmanager
async def gateway(
    broker: RunningBroker, folder: Path, name: str = "first", **changed: float
) -> AsyncIterator[Gateway]:
    clock, bounds, holding = SystemClock(), OutboxSettings(reserve_bytes=0), Holding()
    path = folder / f"{name}.db"
    async with Outbox(path, A, bounds, now_us=clock.now_us, monotonic=clock.monotonic) as outbox:
        holding.begin(await outbox.load_states(), {"pump-mode:1"})
        settings = UplinkSettings.model_validate({**FAST, **changed})
        uplink = Uplink(broker, A, outbox, settings, about={}, health=dict, clock=clock)
        running = asyncio.create_task(uplink.run())
        try:
            yield Gateway(outbox, uplink, holding)
        finally:
            running.cancel()
            await asyncio.wait([running])


async def open_ids(running: Hub) -> set[str]:
    return {one.id for one in await running.database.read(board.active_of) if one.agent == A}


async def settled(running: Hub, wanted: set[str]) -> None:
    async with asyncio.timeout(40):
        while await open_ids(running) != wanted:  # noqa: ASYNC110 - the database tells nobody
            await asyncio.sleep(0.05)


@pytest.mark.promise("P-session-1")
async def test_a_second_agent_of_the_same_name_is_refused_and_the_first_goes_on(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path) as running, gateway(broker, tmp_path) as first:
        await until(lambda: first.uplink.state == "connected")
        async with gateway(broker, tmp_path, "second") as second:
            await second.outbox.put(Lane.LIVE, samples(5))
            await until(lambda: second.uplink.state == "refused")
            await asyncio.sleep(2)
            await first.outbox.put(Lane.LIVE, samples(20))
            await until(lambda: not first.outbox.stats().as_health()["records"])
            assert first.uplink.health()["connections"] == 1, "nobody was thrown out"
            assert (await running.rows(), second.uplink.health()["sent"]) == (20, 0)
            assert running.ingest.status().agents[A].rival_us is not None
            gone = second.uplink.state
        assert gone == "refused"
        assert [str(change.presence) for change in running.presence] == ["online"]


@pytest.mark.promise("P-session-1")
async def test_when_the_first_has_ended_the_second_is_welcome(broker: RunningBroker, tmp_path: Path) -> None:
    async with hub(broker, tmp_path) as running:
        async with gateway(broker, tmp_path) as first:
            await until(lambda: first.uplink.state == "connected")
        async with gateway(broker, tmp_path, "second") as second:
            await second.outbox.put(Lane.LIVE, samples(5))
            await until(lambda: second.uplink.state == "connected")
            await until(lambda: not second.outbox.stats().as_health()["records"])
        assert await running.rows() == 5


@pytest.mark.promise("P-session-1")
async def test_a_copy_of_an_outbox_at_work_is_refused_as_soon_as_the_first_was_asked(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path):
        async with gateway(broker, tmp_path) as first:
            await until(lambda: first.uplink.state == "connected")
        shutil.copy(tmp_path / "first.db", tmp_path / "copy.db")
        async with gateway(broker, tmp_path, health_s=60) as first:
            await until(lambda: first.uplink.state == "connected")
            async with gateway(broker, tmp_path, "copy") as copy:
                await until(lambda: copy.uplink.state == "refused")
            assert first.uplink.health()["connections"] == 1


@pytest.mark.promise("P-session-2")
async def test_an_outbox_from_a_copy_loses_nothing_that_it_takes_after_that(
    broker: RunningBroker, tmp_path: Path
) -> None:
    path, copy = tmp_path / "first.db", tmp_path / "copy.db"
    async with hub(broker, tmp_path) as running:
        async with gateway(broker, tmp_path) as edge:
            await edge.outbox.put(Lane.LIVE, samples(5))
            await until(lambda: edge.uplink.health()["acked"] == 1)
        shutil.copy(path, copy)
        async with gateway(broker, tmp_path) as edge:
            await edge.outbox.put(Lane.LIVE, samples(5, start_s=100))
            await until(lambda: edge.uplink.health()["acked"] == 1)
        shutil.copy(copy, path)
        async with gateway(broker, tmp_path) as edge:
            await edge.outbox.put(Lane.LIVE, samples(5, start_s=200))
            await until(lambda: edge.uplink.health()["acked"] >= 1)
            assert edge.uplink.health()["renewals"] == 1
        assert await running.rows() == 15


@pytest.mark.promise("P-session-3")
async def test_open_alerts_that_only_the_hub_or_only_the_agent_knows_are_put_in_order(
    broker: RunningBroker, tmp_path: Path
) -> None:
    lost, both, only_here = event(0), event(1), event(2)
    by_hand = event(3)
    async with hub(broker, tmp_path) as running:
        async with gateway(broker, tmp_path) as edge:
            await edge.say(lost, both, by_hand)
            await settled(running, {lost.id, both.id, by_hand.id})
            await running.database.write(
                lambda c: store.clear(
                    c, by_hand.id, "seen to", Actor("ann", "engineer"), time.time_ns() // 1000
                )
            )
            edge.holding.take([event(0, EventKind.CLEAR), only_here])
            await edge.outbox.commit(
                [], edge.holding.states()
            )  # as if the hub had lost what was acknowledged
        async with gateway(broker, tmp_path):
            await settled(running, {both.id, only_here.id})
        last = (await running.database.read(lambda c: board.history(c, lost.id)))[-1]
        assert (last["act"], last["text"]) == ("clear", "reconciled")
        raised = await running.database.read(lambda c: store.get(c, only_here.id))
        assert (raised.state, raised.message) == (State.RAISED, only_here.message)
        assert (await running.database.read(lambda c: store.get(c, by_hand.id))).state is State.CLEARED


def told(seq: int, held: Sequence[AlertEvent]) -> bytes:
    stamp = Stamp(A, EPOCH, Lane.ALERTS, seq)
    return encode(open_message(OpenAlerts(stamp, 7, [one.id for one in held], list(held)), 1))


@pytest.mark.promise("P-session-3")
async def test_a_list_that_a_newer_event_has_overtaken_changes_nothing(
    broker: RunningBroker, tmp_path: Path
) -> None:
    """Whatever its times say: an event may have been judged before the list, and be told after it."""
    async with hub(broker, tmp_path) as running, agent(broker) as edge:
        await edge.send(Lane.ALERTS, record(alerts(event(5)), Lane.ALERTS, 1))
        await edge.send(Lane.ALERTS, record(alerts(event(0)), Lane.ALERTS, 2))
        await edge.acks(2)
        await edge.link.publish(open_topic(A), told(1, [event(5), event(9)]))
        await asyncio.sleep(0.5)
        assert await open_ids(running) == {event(5).id, event(0).id}
        await edge.link.publish(open_topic(A), told(2, [event(0)]))
        await settled(running, {event(0).id})


async def test_a_list_that_makes_no_sense_is_set_aside(broker: RunningBroker, tmp_path: Path) -> None:
    async with hub(broker, tmp_path) as running, agent(broker) as edge:
        await edge.link.publish(open_topic(A), b"nonsense")
        await edge.link.publish(open_topic(A), record(samples(), Lane.LIVE, 1))
        async with asyncio.timeout(40):
            while len(await running.reasons()) < 1:  # noqa: ASYNC110 - the database tells nobody
                await asyncio.sleep(0.05)


def test_the_same_outbox_in_a_new_process_waits_for_the_end_or_the_voice_of_the_first() -> None:
    sessions = Sessions()
    assert sessions.claim(A, 1, EPOCH, 10, 0) is Verdict.ACCEPTED
    assert sessions.claim(A, 2, EPOCH, 10, 5 * S) is Verdict.OPEN
    assert sessions.left(A, 1)
    assert sessions.claim(A, 2, EPOCH, 10, 6 * S) is Verdict.ACCEPTED
    assert not sessions.left(A, 1), "the will of the first comes late"
    assert sessions.claim(A, 3, EPOCH, 10, 7 * S) is Verdict.OPEN
    assert sessions.spoke(A, 2, 8 * S) == {3}, "two copies of one outbox"


def test_the_first_is_asked_and_gives_way_within_seconds_if_it_says_nothing() -> None:
    sessions = Sessions()
    sessions.claim(A, 1, EPOCH, 60, 0)
    assert sessions.asked(A) is None
    assert sessions.claim(A, 2, EPOCH, 10, 10 * S) is Verdict.OPEN
    assert sessions.asked(A) == 1
    assert sessions.spoke(A, 1, 12 * S) == {2}, "it is there"
    assert sessions.asked(A) is None
    assert sessions.claim(A, 3, EPOCH, 10, 30 * S) is Verdict.OPEN
    assert sessions.claim(A, 3, EPOCH, 10, 35 * S) is Verdict.OPEN
    assert sessions.claim(A, 3, EPOCH, 10, 36 * S) is Verdict.ACCEPTED, "it was asked six seconds ago"


def test_whoever_is_silent_loses_its_place_and_hears_of_it() -> None:
    sessions = Sessions()
    sessions.claim(A, 1, EPOCH, 10, 0)
    assert sessions.claim(A, 2, EPOCH + 1, 10, 29 * S) is Verdict.REFUSED
    sessions.listening_again(29 * S)
    assert sessions.claim(A, 2, EPOCH + 1, 10, 58 * S) is Verdict.REFUSED, "it was the hub that was away"
    assert sessions.claim(A, 2, EPOCH + 1, 10, 60 * S) is Verdict.ACCEPTED
    assert sessions.spoke(A, 1, 61 * S) == {1}
    assert sessions.spoke(A, 2, 62 * S) == set()
    assert sessions.claim(A, 9, EPOCH + 1, 60, 300 * S) is Verdict.ACCEPTED
    assert sessions.claim(A, 1, EPOCH, 10, 470 * S) is Verdict.REFUSED, "three of its own healths"
