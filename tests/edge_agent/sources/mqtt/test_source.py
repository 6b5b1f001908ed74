"""The MQTT source against real brokers: what is good is kept and acknowledged, what is not is set aside."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.samples import Quality, SampleBatch
from devices.wire.mqtt import Broker, connect
from edge_agent.errors import NotStored
from edge_agent.sources.mqtt import MqttSettings, MqttSource
from edge_agent.sources.port import SystemClock
from tests.brokers import StartBroker, mosquitto_broker, nats_broker
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

BROKERS = [
    pytest.param(nats_broker, id="nats", marks=pytest.mark.needs("nats-server")),
    pytest.param(mosquitto_broker, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
]
QUICK = MqttSettings(reconnect_first_s=0.05, reconnect_most_s=0.2)
SPEED = json.dumps({"speed": 10, "direction": "inbound"}).encode()


def campus(folder: Path) -> Campus:
    link = {"id": "field", "agent": AGENT, "kind": "mqtt", "name": NAME, "prefix": "field/here"}
    return campus_of(
        folder,
        [link],
        [
            device("radar", "ops243-radar", "field", topic="radar/1"),
            device("bytes", "hikvision-radar", "field", topic="radar/2"),
            device("door", "campus-door", "field", topic="door"),
        ],
    )


@contextlib.asynccontextmanager
async def taking(
    site: Campus, broker: Broker, sink: GatheringSink | None = None, settings: MqttSettings = QUICK
) -> AsyncIterator[tuple[GatheringSink, MqttSource]]:
    table = site.points_of(AGENT)
    sink = sink or GatheringSink(table)
    source = MqttSource(site, AGENT, settings, table, broker, SystemClock(), random=lambda: 0.5)
    task = asyncio.create_task(source.run(sink))
    try:
        await until(lambda: source.health()["state"] in {"up", "refused"})
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def until(done: Any, timeout_s: float = 40.0) -> None:
    async with asyncio.timeout(timeout_s):
        while not done():  # noqa: ASYNC110 - counters have no event to wait for
            await asyncio.sleep(0.02)


async def say(broker: Broker, *messages: tuple[str, bytes], retain: bool = False) -> None:
    async with connect(broker, "device") as link:
        for topic, payload in messages:
            await link.publish(f"field/here/{topic}", payload, retain=retain)


@pytest.mark.parametrize("start", BROKERS)
async def test_messages_of_every_kind_become_samples(tmp_path: Path, start: StartBroker) -> None:
    async with start(tmp_path) as broker, taking(campus(tmp_path), broker) as (sink, source):
        await say(
            broker, ("radar/1", SPEED), ("radar/2", b"\xf8\x1e"), ("door", b'{"door": "open", "lock": null}')
        )
        await sink.until_count("door.locked", 1)
        await until(lambda: source.health()["waiting"] == 0)
        health = source.health()
    assert sink.of("radar.speed_kmh") == [(36.0, Quality.GOOD)]
    assert sink.of("radar.direction") == [(1.0, Quality.GOOD)]
    assert sink.of("bytes.speed_kmh") == [(30.0, Quality.GOOD)]
    assert sink.of("bytes.direction") == [(2.0, Quality.GOOD)]
    assert sink.of("door.open") == [(1.0, Quality.GOOD)]
    assert sink.of("door.locked")[0][1] is Quality.SENTINEL
    assert health["links"]["field"]["answered"] == 3
    assert health["links"]["field"]["state"] == "up"
    assert health["errors"] == {}


@pytest.mark.promise("P-field-2")
@pytest.mark.parametrize("start", BROKERS)
async def test_garbage_is_set_aside_with_its_reason_and_delays_nobody(
    tmp_path: Path, start: StartBroker
) -> None:
    async with start(tmp_path) as broker, taking(campus(tmp_path), broker) as (sink, source):
        await say(
            broker,
            ("radar/9", SPEED),
            ("radar/1/more", SPEED),
            ("radar/1", b"\xff\xfe not JSON" * 50),
            ("radar/1", b'{"speed": NaN}'),
            ("radar/1", b'{"speed": ' + b"1" * 100_000 + b"}"),
            ("door", b'{"Product": "door"}'),
            ("radar/1", SPEED),
        )
        await sink.until(lambda: (36.0, Quality.GOOD) in sink.of("radar.speed_kmh"))
        health = source.health()
    assert health["errors"] == {"unknown_topic": 2, "garbled": 2, "oversized": 1}
    link = health["links"]["field"]
    assert [link[key] for key in ("unknown", "garbled", "oversized", "ignored", "answered")] == [
        2,
        2,
        1,
        1,
        1,
    ]
    assert [entry["reason"] for entry in health["aside"]] == [
        "oversized",
        "garbled",
        "garbled",
        "unknown_topic",
        "unknown_topic",
    ]
    assert health["aside"][0]["bytes"] > 100_000
    assert all(len(entry["start"]) <= 400 and len(entry["why"]) <= 200 for entry in health["aside"])
    assert [quality for _, quality in sink.of("radar.speed_kmh")] == [Quality.GARBLED] * 3 + [Quality.GOOD]


@pytest.mark.promise("P-field-2")
@pytest.mark.needs("mosquitto")
async def test_a_message_of_ten_megabytes_is_set_aside_unread(tmp_path: Path) -> None:
    async with mosquitto_broker(tmp_path) as broker, taking(campus(tmp_path), broker) as (sink, source):
        await say(broker, ("radar/1", bytes(10_000_000)), ("radar/1", SPEED))
        await sink.until(lambda: (36.0, Quality.GOOD) in sink.of("radar.speed_kmh"))
        (entry,) = source.health()["aside"]
    assert (entry["reason"], entry["bytes"], entry["start"]) == ("oversized", 10_000_000, "")


@pytest.mark.parametrize("start", BROKERS)
async def test_what_is_set_aside_is_bounded_and_never_comes_again(tmp_path: Path, start: StartBroker) -> None:
    site = campus(tmp_path)
    async with start(tmp_path) as broker:
        async with taking(site, broker) as (sink, source):
            await say(broker, *(("radar/1", b"no %d" % n) for n in range(150)))
            await until(lambda: source.health()["links"]["field"]["garbled"] == 150)
            await until(lambda: len(sink.of("radar.speed_kmh")) == 150)
            assert len(source.health()["aside"]) == 100
            assert bytes.fromhex(source.health()["aside"][0]["start"]) == b"no 149"
            await asyncio.sleep(0.5)
        async with taking(site, broker) as (sink, source):
            await say(broker, ("radar/1", SPEED))
            await sink.until_count("radar.speed_kmh", 1)
            await asyncio.sleep(1)  # an unacknowledged one would have come again by now
            assert source.health()["errors"] == {}
            assert len(sink.of("radar.speed_kmh")) == 1


@pytest.mark.promise("P-field-1")
@pytest.mark.parametrize("start", BROKERS)
async def test_messages_sent_while_the_agent_is_away_are_read_when_it_is_back(
    tmp_path: Path, start: StartBroker
) -> None:
    site = campus(tmp_path)
    async with start(tmp_path) as broker:
        async with taking(site, broker):
            pass
        await say(broker, *(("door", b'{"door": "open"}') for _ in range(20)))
        async with taking(site, broker) as (sink, _):
            await sink.until_count("door.open", 20)


class FullAtFirst(GatheringSink):
    """Refuses the first delivery, as a full disk does."""

    refusals = 0

    async def samples(self, batch: SampleBatch) -> None:
        if self.refusals == 0:
            self.refusals += 1
            raise NotStored("the disk is full")
        await super().samples(batch)


@pytest.mark.promise("P-field-1")
@pytest.mark.parametrize("start", BROKERS)
async def test_a_message_that_could_not_be_kept_is_not_acknowledged_and_comes_again(
    tmp_path: Path, start: StartBroker
) -> None:
    site = campus(tmp_path)
    sink = FullAtFirst(site.points_of(AGENT))
    async with start(tmp_path) as broker, taking(site, broker, sink) as (_, source):
        await say(broker, ("radar/1", SPEED))
        await sink.until_count("radar.speed_kmh", 1)
        assert source.health()["reconnects"] >= 1
    assert sink.refusals == 1


@pytest.mark.parametrize("start", BROKERS)
async def test_a_broker_that_dies_is_called_again_and_its_state_is_told(
    tmp_path: Path, start: StartBroker
) -> None:
    async with start(tmp_path) as broker, taking(campus(tmp_path), broker) as (sink, source):
        await broker.engine.kill()
        await until(lambda: source.health()["state"] == "down")
        assert source.health()["links"]["field"]["trouble"]
        await broker.engine.start()
        await until(lambda: source.health()["state"] == "up")
        await say(broker, ("radar/1", SPEED))
        await sink.until(lambda: len(sink.of("radar.speed_kmh")) >= 1)
    assert source.health()["trouble"] == ""


@pytest.mark.parametrize("start", BROKERS)
async def test_a_wrong_password_is_told_and_never_shown(
    tmp_path: Path, start: StartBroker, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    async with start(tmp_path, users={"agent": "right"}) as broker:
        wrong = broker.to(password="wrong-secret")
        async with taking(campus(tmp_path), wrong) as (_, source):
            health = source.health()
    assert health["state"] == "refused"
    assert "refuses the connection" in health["trouble"]
    assert "wrong-secret" not in f"{health} {caplog.text}"


@pytest.mark.parametrize("start", BROKERS)
async def test_an_old_retained_reading_without_a_time_is_not_taken_for_a_new_one(
    tmp_path: Path, start: StartBroker
) -> None:
    async with start(tmp_path) as broker:
        await say(broker, ("radar/1", SPEED), retain=True)
        async with taking(campus(tmp_path), broker) as (sink, source):
            await until(lambda: source.health()["links"]["field"]["retained"] == 1)
            assert sink.of("radar.speed_kmh") == []


def test_topic_filters_cover_each_prefix_once(tmp_path: Path) -> None:
    links = [
        {"id": name, "agent": AGENT, "kind": "mqtt", "name": NAME, "prefix": prefix}
        for name, prefix in (("a", "field"), ("b", "field/here"), ("c", "fields"), ("d", "field"))
    ]
    site = campus_of(tmp_path, links, [device("door", "campus-door", "b", topic="x/y")])
    source = MqttSource(site, AGENT, QUICK, site.points_of(AGENT), Broker("127.0.0.1", 1), SystemClock())
    assert source._devices.filters() == ["field/#", "fields/#"]
    assert source._devices.link_of("field/here/what") == "b"
    assert source._devices.link_of("field/heretic") in {"a", "d"}
    assert source._devices.link_of("elsewhere") is None
