"""What the MQTT client promises, held against each broker that we support."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.model.errors import Refused, Unreachable
from devices.wire.mqtt import Broker, Incoming, Link, Will, connect
from tests.brokers import RunningBroker, StartBroker, mosquitto_broker, nats_broker

HERE = Path(__file__).parent
CERTIFICATE = HERE / "certificates" / "broker.pem"
KEY = HERE / "certificates" / "broker.key"
USERS = {"agent": "a secret", "guest": "another"}
KEEPALIVE_S = 2


@pytest.fixture(
    params=[
        pytest.param(nats_broker, id="nats", marks=pytest.mark.needs("nats-server")),
        pytest.param(mosquitto_broker, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
    ]
)
def start(request: pytest.FixtureRequest) -> StartBroker:
    started: StartBroker = request.param
    return started


@pytest.fixture
async def broker(start: StartBroker, tmp_path: Path) -> AsyncIterator[RunningBroker]:
    async with start(tmp_path, keepalive_s=KEEPALIVE_S) as running:
        yield running


async def first(link: Link, within_s: float = 5.0) -> Incoming:
    async with asyncio.timeout(within_s):
        return await anext(link.messages())


async def nothing_more(link: Link, within_s: float = 0.3) -> bool:
    try:
        await first(link, within_s)
    except TimeoutError:
        return True
    return False


@pytest.mark.parametrize("qos", [0, 1])
async def test_what_is_published_is_received_unchanged(broker: Broker, qos: int) -> None:
    async with connect(broker, "reader") as reader, connect(broker, "writer") as writer:
        await reader.subscribe(["campus/v1/a1/up/live"])
        await writer.publish("campus/v1/a1/up/live", b"\x00CW\xff", qos)
        message = await first(reader)
    assert (message.topic, message.payload, message.qos) == ("campus/v1/a1/up/live", b"\x00CW\xff", qos)
    assert not message.retain
    assert not message.duplicate


async def test_wildcards_reach_each_agent_and_only_what_they_name(broker: Broker) -> None:
    async with connect(broker, "reader") as reader, connect(broker, "writer") as writer:
        await reader.subscribe(["campus/v1/+/up/live", "campus/v1/a9/#"])
        for topic in ("campus/v1/a1/up/live", "campus/v1/a1/up/health", "campus/v1/a9/state"):
            await writer.publish(topic, b"x")
        assert {(await first(reader)).topic for _ in range(2)} == {
            "campus/v1/a1/up/live",
            "campus/v1/a9/state",
        }
        assert await nothing_more(reader)


async def test_a_thousand_messages_in_flight_arrive_in_order(broker: Broker) -> None:
    async with connect(broker, "reader") as reader, connect(broker, "writer") as writer:
        await reader.subscribe(["t"])
        tickets = [await writer.send("t", str(number).encode()) for number in range(1000)]
        for ticket in tickets:
            await ticket.sent()
        received = []
        async for message in reader.messages():
            message.done()
            received.append(int(message.payload))
            if len(received) == 1000:
                break
    assert received == list(range(1000))


async def test_a_message_that_was_not_done_comes_again_after_a_reconnect(broker: Broker) -> None:
    async with connect(broker, "hub", clean_session=False) as hub, connect(broker, "agent") as agent:
        await hub.subscribe(["t"])
        await agent.publish("t", b"committed")
        await agent.publish("t", b"not committed")
        (await first(hub)).done()
        assert (await first(hub)).payload == b"not committed"
        await asyncio.sleep(0.5)  # the first acknowledgement is on its way
    async with connect(broker, "hub", clean_session=False) as hub:
        assert hub.session_present
        again = await first(hub)
        assert (again.payload, again.duplicate) == (b"not committed", True)
        again.done()
        assert await nothing_more(hub, 1.5)
    async with connect(broker, "hub", clean_session=False) as hub:
        assert await nothing_more(hub)


async def test_messages_for_a_session_that_is_away_wait_for_it(broker: Broker) -> None:
    async with connect(broker, "hub", clean_session=False) as hub:
        await hub.subscribe(["t"])
    async with connect(broker, "agent") as agent:
        await agent.publish("t", b"meanwhile")
    async with connect(broker, "hub", clean_session=False) as hub:
        assert (await first(hub)).payload == b"meanwhile"


async def test_a_retained_message_greets_a_later_subscriber(broker: Broker) -> None:
    async with connect(broker, "agent") as agent:
        await agent.publish("campus/v1/a1/state", b"online", retain=True)
    async with connect(broker, "reader") as reader:
        await reader.subscribe(["campus/v1/+/state"])
        message = await first(reader)
    assert (message.payload, message.retain) == (b"online", True)


async def test_the_will_is_spoken_after_a_crash_and_not_after_a_goodbye(broker: Broker) -> None:
    will = Will("campus/v1/a1/state", b"offline", retain=True)
    async with connect(broker, "reader") as reader:
        await reader.subscribe(["campus/v1/a1/state"])
        async with connect(broker, "a1", will=will):
            pass
        assert await nothing_more(reader)
        with pytest.raises(RuntimeError, match="crash"):
            async with connect(broker, "a1", will=will):
                raise RuntimeError("crash")
        assert (await first(reader)).payload == b"offline"


async def test_three_megabytes_arrive_whole(broker: Broker) -> None:
    large = bytes(range(256)) * (3 * 4096)
    async with connect(broker, "reader") as reader, connect(broker, "writer") as writer:
        await reader.subscribe(["t"])
        await writer.publish("t", large)
        assert (await first(reader)).payload == large


async def test_an_oversized_message_is_dropped_with_its_length_and_the_next_one_arrives(
    broker: Broker,
) -> None:
    async with connect(broker, "reader", max_bytes=1000) as reader, connect(broker, "writer") as writer:
        await reader.subscribe(["t"])
        for size in (1_000, 1_001, 70_000, 5_000_000):
            await writer.publish("t", bytes(size))
        await writer.publish("t", b"next")
        seen = [await first(reader) for _ in range(5)]
    assert [(len(m.payload), m.dropped_bytes) for m in seen] == [
        (1000, 0),
        (0, 1_001),
        (0, 70_000),
        (0, 5_000_000),
        (4, 0),
    ]
    assert reader.oversized == 3


async def test_a_slow_consumer_gets_everything_while_little_waits_in_memory(broker: Broker) -> None:
    async with connect(broker, "reader", max_queued=10) as reader, connect(broker, "writer") as writer:
        await reader.subscribe(["t"])
        for number in range(200):
            await writer.send("t", str(number).encode() + bytes(20_000))
        received: list[int] = []
        await asyncio.sleep(KEEPALIVE_S * 1.5 + 0.2)  # longer than the broker would wait for a dead client
        async for message in reader.messages():
            assert len(reader._inbox) <= 10
            message.done()
            received.append(int(message.payload.rstrip(b"\0")))
            if len(received) == 200:
                break
    assert received == list(range(200))


async def test_a_killed_broker_ends_reading_and_writing_as_unreachable(broker: RunningBroker) -> None:
    async with asyncio.timeout(KEEPALIVE_S * 1.5):
        with pytest.raises(Unreachable):
            async with connect(broker, "a1") as link:
                await broker.engine.kill()
                await anext(link.messages())
        with pytest.raises(Unreachable):
            async with connect(broker, "a1"):
                pass


async def test_publishing_to_a_killed_broker_ends_as_unreachable(broker: RunningBroker) -> None:
    with pytest.raises(Unreachable):
        async with connect(broker, "a1") as link:
            await broker.engine.kill()
            async with asyncio.timeout(KEEPALIVE_S * 1.5):
                while True:
                    await link.publish("t", b"x")


@pytest.mark.promise("P-uplink-5")
async def test_a_broker_that_hangs_is_noticed_within_one_and_a_half_keepalives(broker: RunningBroker) -> None:
    loop = asyncio.get_running_loop()
    with pytest.raises(Unreachable):
        async with connect(broker, "a1") as link:
            ticket = await link.send("t", b"x")
            await ticket.sent()
            broker.engine.freeze()
            started_s = loop.time()
            await anext(link.messages())
    assert 0.5 < loop.time() - started_s <= KEEPALIVE_S * 1.5
    broker.engine.thaw()


async def test_a_hanging_broker_cannot_hold_up_connecting(broker: RunningBroker) -> None:
    broker.engine.freeze()
    with pytest.raises(Unreachable, match="within"):
        async with connect(broker, "a1", connect_s=0.5):
            pass
    broker.engine.thaw()


async def test_an_idle_connection_stays(broker: Broker) -> None:
    async with connect(broker, "a1") as link:
        await link.subscribe(["t"])
        await asyncio.sleep(KEEPALIVE_S * 1.75)
        await link.publish("t", b"still here")
        assert (await first(link)).payload == b"still here"


async def test_a_broker_that_came_back_takes_a_new_connection(broker: RunningBroker) -> None:
    with pytest.raises(Unreachable):
        async with connect(broker, "a1") as link:
            await broker.engine.kill()
            await anext(link.messages())
    await broker.engine.start()
    async with connect(broker, "a1") as link:
        await link.publish("t", b"x")


async def test_a_second_connection_of_the_same_client_ends_the_first(broker: Broker) -> None:
    with pytest.raises(Unreachable):
        async with connect(broker, "a1") as old, connect(broker, "a1"), asyncio.timeout(40):
            await anext(old.messages())


async def test_bad_credentials_are_refused_and_the_password_is_never_shown(
    start: StartBroker, tmp_path: Path
) -> None:
    async with start(tmp_path, users=USERS) as broker:
        async with connect(broker, "a1") as link:
            await link.publish("t", b"x")
        assert "a secret" not in repr(broker)
        for wrong in (broker.to(password="wrong"), broker.to(username="", password="")):
            with pytest.raises(Refused, match=r"refuses the connection") as refusal:
                async with connect(wrong, "a1"):
                    pass
            assert "wrong" not in str(refusal.value)


@pytest.mark.needs("nats-server")
async def test_a_subscription_that_is_not_allowed_is_refused(tmp_path: Path) -> None:
    """Mosquitto 2.0 grants any subscription and then delivers nothing, so this one is about NATS only."""
    allowed = {"guest": ["campus/v1/guest/#"]}
    async with nats_broker(tmp_path, users=USERS, allowed=allowed) as broker:
        guest = broker.to(username="guest", password=USERS["guest"])
        async with connect(guest, "guest") as link:
            await link.subscribe(["campus/v1/guest/down/ack"])
            with pytest.raises(Refused, match="campus/v1/other/down/ack"):
                await link.subscribe(["campus/v1/guest/up/live", "campus/v1/other/down/ack"])


async def test_tls_with_the_right_authority_carries_large_messages_both_ways(
    start: StartBroker, tmp_path: Path
) -> None:
    async with start(tmp_path, tls=(CERTIFICATE, KEY)) as broker:
        secure = broker.to(tls_ca=CERTIFICATE)
        large = bytes(range(256)) * 8192
        async with connect(secure, "a1") as link:
            await link.subscribe(["t"])
            for number in range(20):
                await link.send("t", b"%d" % number)
            await link.publish("t", large)
            received = []
            for _ in range(21):
                message = await first(link)
                message.done()
                received.append(message.payload)
    assert received == [b"%d" % number for number in range(20)] + [large]


async def test_a_certificate_of_nobody_we_trust_is_refused(start: StartBroker, tmp_path: Path) -> None:
    async with start(tmp_path, tls=(CERTIFICATE, KEY)) as broker:
        stranger = HERE / "certificates" / "stranger.pem"
        with pytest.raises(Refused, match="TLS"):
            async with connect(broker.to(tls_ca=stranger), "a1"):
                pass


async def test_a_cancelled_attempt_leaves_nothing_behind(broker: RunningBroker) -> None:
    async def attempt() -> None:
        async with connect(broker, "a1"):
            pass

    broker.engine.freeze()
    task = asyncio.create_task(attempt())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    broker.engine.thaw()
