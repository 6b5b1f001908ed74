"""What comes in is stored, told and acknowledged, once; what makes no sense is set aside; nothing stops."""

from __future__ import annotations

import asyncio
from pathlib import Path

import numpy as np
import pytest

from devices.model.alerts import EventKind
from devices.model.samples import SampleBatch
from devices.wire.messages import Kind, Lane, Message, encode, health_topic, up_topic
from devices.wire.mqtt import connect
from devices.wire.records import Stamp, samples_message, stamped
from hub.alerts import store
from hub.db.tables import agents
from hub.ingest.inbox import MIB
from hub.live.bus import ALERT
from tests.brokers import RunningBroker
from tests.hub.ingest.campus import EPOCH, T0, A, B, alerts, demo, event, points, record, samples
from tests.hub.ingest.hub import HELLO, Hub, agent, hub
from tests.hub.waiting import until


def refusals(answers: list[tuple[object, ...]]) -> dict[tuple[object, ...], str]:
    return {tuple(answer[:2]): str(answer[2]) for answer in answers if len(answer) == 3}


async def test_samples_are_stored_acknowledged_and_shown(broker: RunningBroker, tmp_path: Path) -> None:
    async with hub(broker, tmp_path) as running, agent(broker) as edge:
        await edge.send(Lane.LIVE, record(samples(), Lane.LIVE, 1))
        ack = await edge.ack()
        assert (ack.epoch, ack.done, ack.refused) == (EPOCH, ((Lane.LIVE, 1),), ())
        assert await running.rows() == 20
        assert running.newest.reading(points()[3]) == (T0 + 13_000_000, 6.5, 0)
        received = running.ingest.status().agents[A].received
        assert (received.messages, received.samples, received.duplicates) == (1, 20, 0)


@pytest.mark.promise("P-ingest-4")
async def test_a_repeat_is_acknowledged_again_and_changes_nothing(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path) as running, agent(broker) as edge:
        for _ in range(3):
            await edge.send(Lane.LIVE, record(samples(), Lane.LIVE, 1))
            assert (await edge.ack()).done == ((Lane.LIVE, 1),)
            await edge.send(Lane.ALERTS, record(alerts(event()), Lane.ALERTS, 1))
            assert (await edge.ack()).done == ((Lane.ALERTS, 1),)
        assert await running.rows() == 20
        received = running.ingest.status().agents[A].received
        assert (received.samples, received.alerts, received.duplicates) == (20, 1, 4)
        record_now = await running.database.read(lambda c: store.get(c, event().id))
        assert record_now.count == 1


async def test_alerts_are_stored_and_told_after_their_commit(broker: RunningBroker, tmp_path: Path) -> None:
    async with hub(broker, tmp_path) as running, agent(broker) as edge:
        await edge.send(Lane.ALERTS, record(alerts(event(0), event(1)), Lane.ALERTS, 1))
        await edge.send(Lane.ALERTS, record(alerts(event(0, EventKind.CLEAR)), Lane.ALERTS, 2))
        await edge.acks(2)
        heard = {}
        async with asyncio.timeout(40):
            while len(heard) < 2 or heard[event(0).id] != "cleared":
                topic, value = await running.news.next()
                if topic == ALERT:
                    heard |= {one.id: str(one.state) for one in value}
        assert heard == {event(0).id: "cleared", event(1).id: "raised"}


@pytest.mark.promise("P-ingest-4")
async def test_records_of_all_lanes_of_many_agents_arrive_once_each(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path) as running, agent(broker, A) as one, agent(broker, B) as two:
        for seq in range(40):
            for edge in (one, two):
                lane = Lane.BACKLOG if seq % 3 else Lane.LIVE
                message = samples(20, start_s=seq * 20, agent=edge.name)
                await edge.send(lane, record(message, lane, seq, agent=edge.name))
        for edge in (one, two):
            assert len(set(await edge.acks(40))) == 40
        assert await running.rows() == 2 * 40 * 20


POISON = {
    "nothing": b"",
    "text": b"hello",
    "json": b'{"points": []}',
    "zeros": bytes(100),
    "torn": record(samples(), Lane.LIVE, 7)[:-3],
    "flipped": bytes([*record(samples(), Lane.LIVE, 7)[:-1], 0x55]),
    "no stamp": encode(samples()),
    "deep": encode(Message(Kind.HELLO, {"agent": A, "x": [[[[[[[[[1]]]]]]]]]})),
}


@pytest.mark.promise("P-ingest-5")
@pytest.mark.parametrize("what", POISON)
async def test_what_cannot_be_read_is_set_aside_and_never_comes_again(
    nats: RunningBroker, tmp_path: Path, what: str
) -> None:
    async with hub(nats, tmp_path) as running, agent(nats) as edge:
        for lane in (Lane.LIVE, Lane.ALERTS):
            await edge.send(lane, POISON[what])
        await edge.send(Lane.LIVE, record(samples(), Lane.LIVE, 1))
        await edge.send(Lane.ALERTS, record(alerts(event()), Lane.ALERTS, 1))
        assert sorted(await edge.acks(2)) == [(Lane.ALERTS, 1), (Lane.LIVE, 1)]
        assert len(await running.reasons()) == 2
        assert running.ingest.status().agents[A].received.refused == 2
    async with hub(nats, tmp_path) as again:
        await asyncio.sleep(0.3)
        assert len(await again.reasons()) == 2, "the broker should have forgotten it"


async def test_records_that_can_be_named_are_refused_with_the_reason(
    nats: RunningBroker, tmp_path: Path
) -> None:
    good = samples_message(SampleBatch.of([0], [T0], [1.0]), points())
    outside = Message(Kind.SAMPLES, {"points": []}, good.columns)
    strange = samples_message(SampleBatch.of([0], [T0], [1.0]), ["nobody.knows"])
    faulty = Message(Kind.ALERTS, {"events": [{"id": "x"}]})
    async with hub(nats, tmp_path) as running, agent(nats) as edge:
        await edge.send(Lane.LIVE, record(outside, Lane.LIVE, 1))
        await edge.send(Lane.LIVE, record(good, Lane.LIVE, 2, agent=B))
        await edge.send(Lane.LIVE, record(good, Lane.BACKLOG, 3))
        await edge.send(Lane.LIVE, record(alerts(event()), Lane.LIVE, 4))
        await edge.send(Lane.ALERTS, record(good, Lane.ALERTS, 5))
        await edge.send(Lane.LIVE, record(strange, Lane.LIVE, 6))
        await edge.send(Lane.ALERTS, record(faulty, Lane.ALERTS, 7))
        answers = refusals(await edge.acks(7))
        reasons = await running.reasons()
        assert await running.rows() == 0
    assert "outside the list" in answers[Lane.LIVE, 1]
    assert B in answers[Lane.LIVE, 2]
    assert "backlog" in answers[Lane.BACKLOG, 3]
    assert "do not travel" in answers[Lane.LIVE, 4]
    assert "do not travel" in answers[Lane.ALERTS, 5]
    assert "nobody.knows" in answers[Lane.LIVE, 6]
    assert "cannot be read" in answers[Lane.ALERTS, 7]
    assert sorted(reasons) == sorted(answers.values())


async def test_unknown_points_are_set_aside_and_the_rest_of_the_batch_is_stored(
    nats: RunningBroker, tmp_path: Path
) -> None:
    names = [points(A)[0], points(B)[0], "hq1-ac-gw1.link_up", "hall-ac-gw1.link_up"]
    batch = SampleBatch.of([0, 1, 2, 3], [T0] * 4, [1.0, 2.0, 3.0, 4.0])
    async with hub(nats, tmp_path) as running, agent(nats) as edge:
        await edge.send(Lane.LIVE, record(samples_message(batch, names), Lane.LIVE, 1))
        assert (await edge.ack()).done == ((Lane.LIVE, 1),)
        assert set(await running.series.latest()) == {names[0], names[2]}
        (reason,) = await running.reasons()
        assert reason.startswith("2 points")
        assert names[1] in reason
        assert running.newest.reading(names[1]) is None


async def test_history_may_speak_for_every_site(nats: RunningBroker, tmp_path: Path) -> None:
    names = [points(A)[0], points(B)[0]]
    message = samples_message(SampleBatch.of([0, 1], [T0, T0], [1.0, 2.0]), names)
    async with hub(nats, tmp_path) as running, agent(nats, "history") as past:
        await past.send(Lane.BACKLOG, record(message, Lane.BACKLOG, 1, agent="history"))
        assert (await past.ack()).done == ((Lane.BACKLOG, 1),)
        assert set(await running.series.latest()) == set(names)


async def test_strangers_and_strange_topics_are_counted_and_set_aside(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path) as running, agent(broker) as edge:
        for topic in ("campus/v1/nobody/up/live", f"campus/v1/{A}/up/gossip", f"campus/v1/{A}/up/live/x"):
            await edge.link.publish(topic, record(samples(), Lane.LIVE, 1))
        await until(lambda: running.ingest.status().quarantined == 3)
        assert await running.rows() == 0
        assert running.ingest.status().unknown == 3
        assert sorted(await running.reasons())[2] == "this agent is not enrolled"
        await edge.no_ack(0.2)


@pytest.mark.promise("P-ingest-5")
@pytest.mark.needs("mosquitto")
async def test_a_message_of_ten_megabytes_is_set_aside_and_delays_nobody(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path) as running, agent(broker) as edge, agent(broker, B) as other:
        sending = asyncio.create_task(edge.link.send(up_topic(A, Lane.LIVE), bytes(10 * MIB)))
        await other.send(Lane.LIVE, record(samples(agent=B), Lane.LIVE, 1, agent=B))
        assert (await other.ack()).done == ((Lane.LIVE, 1),)
        await sending
        if broker.engine.name == "mosquitto":  # the other one ends its sender's connection
            await until(lambda: running.ingest.status().quarantined == 1)
            assert "10485760 bytes" in (await running.reasons())[0]


async def test_values_an_agent_says_of_itself_are_kept(nats: RunningBroker, tmp_path: Path) -> None:
    hello = {"agent": A, "version": "0.1.0", "site_digest": "other", "nan": float("nan"), "sent_us": T0}
    async with hub(nats, tmp_path) as running, agent(nats) as edge:
        await edge.link.publish(health_topic(A), encode(Message(Kind.HEALTH, {"agent": B})))
        await until(lambda: running.ingest.status().quarantined)
        health = Message(Kind.HEALTH, {"agent": A, "outbox": {"n": 5}})
        await edge.link.publish(health_topic(A), encode(health))
        await edge.link.publish(HELLO, encode(Message(Kind.HELLO, hello)))
        await until(lambda: running.hellos)
        assert running.ingest.status().agents[A].digest_ok is False
        row = await row_of(running, A)
        assert row["hello"]["version"] == "0.1.0"
        assert row["hello"]["nan"] is None
        assert row["health"]["outbox"] == {"n": 5}
        hello["site_digest"] = demo().digest
        await edge.link.publish(HELLO, encode(Message(Kind.HELLO, hello)))
        await until(lambda: running.ingest.status().agents[A].digest_ok)


async def test_presence_follows_the_state_topic_the_last_will_and_silence(
    broker: RunningBroker, tmp_path: Path
) -> None:
    async with hub(broker, tmp_path, silent_after_s=0.5) as running:
        async with agent(broker, A, online=True):
            await until(lambda: running.presence)
        # the context above ended with a goodbye: nobody says `offline`, so silence has to tell
        await until(lambda: len(running.presence) == 2)
        assert (await row_of(running, A))["state"] == "offline"
        with pytest.raises(ZeroDivisionError):
            async with agent(broker, A, online=True):
                await until(lambda: len(running.presence) == 3)
                raise ZeroDivisionError
        await until(lambda: len(running.presence) == 4)
    assert [(change.agent, str(change.presence)) for change in running.presence] == [
        (A, "online"),
        (A, "offline"),
    ] * 2
    assert "silent" in running.presence[1].reason
    assert "connection" in running.presence[3].reason


async def test_the_clock_of_an_agent_is_measured(nats: RunningBroker, tmp_path: Path) -> None:
    async with hub(nats, tmp_path) as running, agent(nats) as edge:
        now_us = running.ingest._now_us()
        for seq, ahead_s in enumerate((3600, 3590)):
            sent_us = now_us + ahead_s * 1_000_000
            await edge.send(Lane.LIVE, record(samples(start_s=seq), Lane.LIVE, seq, sent_us=sent_us))
        await edge.acks(2)
        offset_s = running.ingest.status().agents[A].clock_offset_s
    assert offset_s == pytest.approx(3600, abs=2)


async def test_large_batches_pass(nats: RunningBroker, tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    names = points()
    batch = SampleBatch.of(rng.integers(0, len(names), 150_000), T0 + np.arange(150_000), rng.random(150_000))
    message = stamped(samples_message(batch, names), Stamp(A, EPOCH, Lane.BACKLOG, 1), T0)
    async with hub(nats, tmp_path) as running, agent(nats) as edge:
        await edge.send(Lane.BACKLOG, encode(message))
        assert (await edge.ack()).done == ((Lane.BACKLOG, 1),)
        assert await running.rows() == 150_000


async def row_of(running: Hub, name: str) -> dict[str, object]:
    query = agents.select().where(agents.c.agent == name)
    return dict((await running.database.read(lambda c: c.execute(query).mappings().one())).items())


async def test_a_stranger_to_the_broker_keeps_trying_and_says_why(
    nats: RunningBroker, tmp_path: Path
) -> None:
    async with hub(nats.to(port=1), tmp_path, connected=False) as running:
        await until(lambda: running.ingest.status().stalled)
        assert "cannot be reached" in running.ingest.status().stalled["broker"]
        assert not running.ingest.connected
    async with connect(nats, "probe"):
        pass
