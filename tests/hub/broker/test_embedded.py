"""A real nats-server, run as the hub runs it."""

from __future__ import annotations

import asyncio
import os
import signal
import stat
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devices.model.errors import Refused, Unreachable
from devices.wire.mqtt import Backoff, Broker, Incoming, Link, Will, connect
from hub.broker import EmbeddedBroker, agent_user, field_user, hashed
from hub.broker.embedded import Running
from tests.hub.waiting import until

pytestmark = pytest.mark.needs("nats-server")

ROOT = Path(__file__).parents[3]
A_HASH, B_HASH, FIELD_HASH = hashed("pa"), hashed("pb"), hashed("pf")
USERS = [
    agent_user("a", A_HASH, ["field/hq1"]),
    agent_user("b", B_HASH, ["field/hall"]),
    field_user("radars", FIELD_HASH, ["field/hq1"]),
]
QUICK = Backoff(0.05, 0.5, 0.0, lambda: 0.5)


@pytest.fixture
async def broker(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[EmbeddedBroker]:
    async with EmbeddedBroker(tmp_path, USERS, port=free_port(), backoff=QUICK) as running:
        yield running


def signed_in(broker: EmbeddedBroker, name: str, password: str) -> Broker:
    return Broker("127.0.0.1", broker.address.port, name, password)


async def take(link: Link, count: int = 1, within_s: float = 40) -> list[Incoming]:
    taken = []
    async with asyncio.timeout(within_s):
        async for message in link.messages():
            message.done()
            taken.append(message)
            if len(taken) == count:
                return taken
    raise AssertionError


async def nothing_for(link: Link, seconds: float = 0.4) -> None:
    with pytest.raises(TimeoutError):
        await take(link, within_s=seconds)


async def serving_again(broker: EmbeddedBroker, pid: int | None) -> None:
    await until(lambda: broker.state is Running.SERVING and broker.pid != pid)


HEARD_BY_HUB = ["campus/v1/+/up/#", "campus/v1/+/state"]


@pytest.mark.parametrize(
    ("name", "password"), [("a", "pb"), ("a", ""), ("hub", "hub"), ("nobody", "x"), ("", "")]
)
async def test_a_wrong_name_or_password_is_refused(broker: EmbeddedBroker, name: str, password: str) -> None:
    with pytest.raises(Refused):
        async with connect(signed_in(broker, name, password), "x"):
            pass
    await until(lambda: broker.counts["strangers"] >= 1 or not password)


async def test_agent_and_hub_hear_each_other(broker: EmbeddedBroker) -> None:
    async with connect(broker.address, "hub") as hub, connect(signed_in(broker, "a", "pa"), "a") as agent:
        await hub.subscribe(HEARD_BY_HUB)
        await agent.subscribe(["campus/v1/a/down/#"])
        await agent.publish("campus/v1/a/up/live", b"batch")
        await agent.publish("campus/v1/a/state", b"online", retain=True)
        await hub.publish("campus/v1/a/down/ack", b"ack")
        assert {message.payload for message in await take(hub, 2)} == {b"batch", b"online"}
        assert (await take(agent))[0].payload == b"ack"


async def test_an_agent_cannot_speak_as_another_nor_as_the_hub(broker: EmbeddedBroker) -> None:
    async with (
        connect(broker.address, "hub") as hub,
        connect(signed_in(broker, "a", "pa"), "a") as agent,
        connect(signed_in(broker, "b", "pb"), "b") as other,
    ):
        await hub.subscribe(HEARD_BY_HUB)
        await other.subscribe(["campus/v1/b/down/#"])
        for topic in ("campus/v1/b/up/live", "campus/v1/b/state", "campus/v1/b/down/ack", "field/hq1/x"):
            await agent.send(topic, b"forged")
        for topic in ("$MQTT/msgs/campus/v1/b/up/live", "$JS/API/STREAM/LIST"):
            await agent.send(topic, b"forged")
        await nothing_for(hub)
        await nothing_for(other)
    assert broker.counts["violations"] >= 4


@pytest.mark.parametrize(
    "topic",
    [
        "campus/v1/b/down/#",
        "campus/v1/b/down/ack",
        "campus/v1/+/down/#",
        "campus/v1/b/up/#",
        "field/hall/#",
        "#",
        "+/+/+/+/+",
        "$MQTT/msgs/#",
        "$MQTT/#",
        "$JS/#",
        "$SYS/#",
    ],
)
async def test_an_agent_cannot_listen_to_others(broker: EmbeddedBroker, topic: str) -> None:
    async with connect(signed_in(broker, "a", "pa"), "a") as agent:
        with pytest.raises(Refused):
            await agent.subscribe([topic])


async def test_a_stolen_client_id_brings_none_of_its_owners_messages(broker: EmbeddedBroker) -> None:
    async with connect(signed_in(broker, "a", "pa"), "a", clean_session=False) as agent:
        await agent.subscribe(["campus/v1/a/down/#"])
    async with connect(broker.address, "hub") as hub:
        await hub.publish("campus/v1/a/down/ack", b"for a only")
        async with connect(signed_in(broker, "b", "pb"), "a", clean_session=False) as thief:
            await hub.publish("campus/v1/a/down/ack", b"for a only, too")
            await nothing_for(thief)


async def test_devices_reach_only_the_agent_of_their_link(broker: EmbeddedBroker) -> None:
    async with (
        connect(signed_in(broker, "a", "pa"), "a") as agent,
        connect(signed_in(broker, "radars", "pf"), "radar-1") as device,
    ):
        await agent.subscribe(["field/hq1/#"])
        await device.send("field/hall/radar-1", b"elsewhere")
        await device.send("campus/v1/a/up/live", b"forged")
        await device.publish("field/hq1/radar-1", b"23.5")
        assert [message.payload for message in await take(agent)] == [b"23.5"]
        for topic in ("field/hq1/#", "campus/v1/a/down/#", "#"):
            with pytest.raises(Refused):
                await device.subscribe([topic])


@pytest.mark.promise("P-broker-1")
async def test_a_killed_broker_comes_back_with_what_a_session_had_not_acknowledged(
    broker: EmbeddedBroker,
) -> None:
    async with connect(broker.address, "hub", clean_session=False) as hub:
        await hub.subscribe(HEARD_BY_HUB)
    async with connect(signed_in(broker, "a", "pa"), "a") as agent:
        for number in range(5):
            await agent.publish("campus/v1/a/up/live", b"%d" % number)
    pid = broker.pid
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    await serving_again(broker, pid)
    async with connect(broker.address, "hub", clean_session=False) as hub:
        assert hub.session_present
        assert sorted(message.payload for message in await take(hub, 5)) == [b"%d" % n for n in range(5)]
    assert broker.counts["restarts"] == 1


async def test_an_agent_that_vanishes_is_announced_also_to_who_comes_later(broker: EmbeddedBroker) -> None:
    will = Will("campus/v1/a/state", b"offline", retain=True)
    with pytest.raises(ZeroDivisionError):
        async with connect(signed_in(broker, "a", "pa"), "a", will=will) as agent:
            await agent.publish(will.topic, b"online", retain=True)
            raise ZeroDivisionError
    said = b"online"
    while said == b"online":  # until the broker has missed the agent
        async with connect(broker.address, "hub") as hub:
            await hub.subscribe(HEARD_BY_HUB)
            (message,) = await take(hub)
            said = message.payload if message.retain else said
    assert said == b"offline"


async def test_an_agent_enrolled_later_may_come_and_one_that_is_removed_must_go(
    broker: EmbeddedBroker,
) -> None:
    async with connect(signed_in(broker, "a", "pa"), "a") as stays:
        async with connect(signed_in(broker, "b", "pb"), "b") as goes:
            await broker.set_users([USERS[0], agent_user("c", hashed("pc"))])
            with pytest.raises(Unreachable):
                await take(goes)
        async with connect(signed_in(broker, "c", "pc"), "c") as comes:
            await comes.publish("campus/v1/c/up/live", b"x")
        await stays.publish("campus/v1/a/up/live", b"x")
        with pytest.raises(Refused):
            async with connect(signed_in(broker, "b", "pb"), "b"):
                pass


async def test_a_message_larger_than_allowed_ends_only_its_senders_connection(broker: EmbeddedBroker) -> None:
    async with connect(broker.address, "hub") as hub:
        await hub.subscribe(HEARD_BY_HUB)
        with pytest.raises(Unreachable):
            async with connect(signed_in(broker, "a", "pa"), "a") as agent:
                await agent.publish("campus/v1/a/up/live", bytes(10_000_000))
        async with connect(signed_in(broker, "b", "pb"), "b") as other:
            await other.publish("campus/v1/b/up/live", bytes(4 * 1024 * 1024))
        assert [len(message.payload) for message in await take(hub)] == [4 * 1024 * 1024]


async def test_the_configuration_is_for_its_owner_alone_and_holds_no_password(
    broker: EmbeddedBroker, tmp_path: Path
) -> None:
    config = tmp_path / "nats.conf"
    assert stat.S_IMODE(config.stat().st_mode) == 0o600
    assert broker.address.password not in config.read_text()
    assert broker.address.password not in repr(broker.address)


async def test_the_broker_dies_with_a_hub_that_is_killed(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    command = [sys.executable, "-m", "tests.hub.broker.parent", str(tmp_path), str(free_port())]
    parent = await asyncio.create_subprocess_exec(*command, stdout=PIPE, cwd=ROOT)
    assert parent.stdout is not None
    pid = int(await parent.stdout.readline())
    os.kill(pid, 0)
    parent.kill()
    await parent.wait()
    await until(lambda: not Path(f"/proc/{pid}").exists())


async def test_a_port_that_is_taken_is_refused_in_words(broker: EmbeddedBroker, tmp_path: Path) -> None:
    with pytest.raises(Refused, match="address already in use"):
        async with EmbeddedBroker(tmp_path / "second", [], port=broker.address.port):
            pass


async def test_listening_beyond_loopback_needs_tls_or_a_word(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    with pytest.raises(Refused, match="without TLS"):
        async with EmbeddedBroker(tmp_path, USERS, host="0.0.0.0", port=free_port()):
            pass
    async with (
        EmbeddedBroker(tmp_path, USERS, host="0.0.0.0", port=free_port(), plaintext=True) as broker,
        connect(broker.address, "hub"),
    ):
        pass


async def test_tls_is_spoken_where_there_is_a_certificate(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    certificate, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    making = await asyncio.create_subprocess_exec(
        *("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"),
        *("-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(key), "-out", str(certificate)),
        stderr=PIPE,
    )
    await making.communicate()
    port = free_port()
    async with EmbeddedBroker(tmp_path, USERS, port=port, certificate=certificate, key=key) as broker:
        async with connect(broker.address, "hub") as hub:
            await hub.subscribe(HEARD_BY_HUB)
        with pytest.raises((Refused, Unreachable)):
            async with connect(Broker("127.0.0.1", port, "a", "pa"), "a"):
                pass


PRETENDER = """#!{python}
import sys, time, signal
def say(text): sys.stderr.write("[1] 2026/11/22 12:00:00.0 [INF] " + text + "\\n"); sys.stderr.flush()
signal.signal(signal.SIGHUP, lambda *_: say("Failed to reload server configuration: no"))
say("Server is ready")
{act}
time.sleep(60)
"""


async def pretend(folder: Path, act: str) -> Path:
    program = folder / "pretender"
    program.write_text(PRETENDER.format(python=sys.executable, act=act))
    program.chmod(0o700)
    return program


async def test_a_broker_that_dies_again_and_again_is_started_with_longer_waits(tmp_path: Path) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)
        (tmp_path / "pretender").write_text("#!/bin/false\n")
        await asyncio.sleep(0 if len(waits) < 5 else 3600)

    program = await pretend(tmp_path, "sys.exit(3)")
    backoff = Backoff(0.5, 4.0, 0.0, lambda: 0.5)
    async with EmbeddedBroker(tmp_path, [], program=program, sleep=sleep, backoff=backoff) as broker:
        await until(lambda: len(waits) == 5)
        assert waits == [0.5, 1.0, 2.0, 4.0, 4.0]
        assert broker.state is Running.RESTARTING
        assert broker.reason
        with pytest.raises(Unreachable):
            await broker.set_users([])
    assert broker.state is Running.STOPPED


@pytest.mark.promise("P-broker-2")
async def test_a_broker_that_lost_its_store_to_a_full_disk_is_started_anew(tmp_path: Path) -> None:
    program = await pretend(tmp_path, "say('JetStream out of File resources, will be DISABLED')")
    async with EmbeddedBroker(tmp_path, [], program=program, backoff=QUICK) as broker:
        await until(lambda: broker.counts["restarts"] >= 2)


async def test_users_that_the_server_does_not_accept_are_refused(tmp_path: Path) -> None:
    program = await pretend(tmp_path, "")
    async with EmbeddedBroker(tmp_path, [], program=program, backoff=QUICK) as broker:
        with pytest.raises(Refused, match="Failed to reload"):
            await broker.set_users([])
