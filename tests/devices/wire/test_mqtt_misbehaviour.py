"""A broker that lies, mumbles or hangs up: a few scripted bytes instead of a real one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import cast

import pytest

from devices.model.errors import CampusError, Refused, Unreachable
from devices.wire.mqtt import Broker, connect
from devices.wire.mqtt.paho_client import PUBLISH_OVERHEAD

WELCOME = b"\x20\x02\x00\x00"


@asynccontextmanager
async def scripted(*answers: bytes | None) -> AsyncIterator[Broker]:
    """Answers the n-th packet with the n-th bytes; None hangs up, and after the last it stays silent."""
    over = asyncio.Event()
    talks: list[asyncio.Task[None]] = []

    async def talk(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        talks.append(cast("asyncio.Task[None]", asyncio.current_task()))
        for answer in answers:
            if answer is None:
                break
            await reader.read(65536)
            writer.write(answer)
            await writer.drain()
        else:
            await over.wait()
        writer.close()

    async with await asyncio.start_server(talk, "127.0.0.1", 0) as server:
        yield Broker("127.0.0.1", server.sockets[0].getsockname()[1])
        over.set()
        await asyncio.gather(*talks, return_exceptions=True)


def publish_packet(topic: bytes, payload: bytes, announced: int | None = None) -> bytes:
    body = len(topic).to_bytes(2) + topic + payload
    left, length = announced or len(body), b""
    while True:
        left, digit = divmod(left, 128)
        length += bytes([digit | (0x80 if left else 0)])
        if not left:
            return b"\x30" + length + body


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        pytest.param(None, Unreachable, id="hangs up"),
        pytest.param(b"\x20\x03\x00\x00\x00", Refused, id="welcome of a wrong length"),
        pytest.param(b"\x20\xff\xff\xff\xff\xff", Refused, id="endless length"),
        pytest.param(b"\x20\x02\x00\x01", Refused, id="wants another version"),
        pytest.param(b"\x20\x02\x00\x02", Refused, id="rejects the client id"),
        pytest.param(b"\x20\x02\x00\x03", Unreachable, id="is not available now"),
        pytest.param(b"\x20\x02\x00\x04", Refused, id="bad user or password"),
        pytest.param(b"\x20\x02\x00\x05", Refused, id="not authorised"),
        pytest.param(b"\x20\x02\x00\x63", Refused, id="unknown reason"),
    ],
)
async def test_an_answer_that_is_no_welcome_says_who_has_to_act(
    answer: bytes | None, error: type[CampusError]
) -> None:
    async with scripted(answer) as broker:
        with pytest.raises(error, match=str(broker)):
            async with connect(broker, "a1"):
                pass


async def test_a_web_server_that_hangs_up_is_unreachable_at_once() -> None:
    async with scripted(b"HTTP/1.1 400 Bad Request\r\n\r\n", None) as broker, asyncio.timeout(1):
        with pytest.raises(Unreachable):
            async with connect(broker, "a1"):
                pass


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(b"\x90\x03\x00\x01\x80", id="refused"),
        pytest.param(b"\x90\x03\x00\x01\x00", id="granted with less"),
        pytest.param(b"\x90\x04\x00\x01\x01\x01", id="granted twice"),
        pytest.param(b"\x90\x02\x00\x01", id="granted nothing"),
        pytest.param(b"\x90\x03\x00\x01\x07", id="a code that does not exist"),
        pytest.param(b"\x90\x01\x00", id="cut short"),
    ],
)
async def test_a_subscription_answered_with_anything_but_a_yes_is_refused(answer: bytes) -> None:
    async with scripted(WELCOME, answer) as broker:
        with pytest.raises(Refused):
            async with connect(broker, "a1") as link:
                await link.subscribe(["t"])


async def test_a_topic_that_is_no_text_is_counted_and_the_next_message_arrives() -> None:
    packets = publish_packet(b"\xff\xfe", b"x") + publish_packet(b"t", b"next")
    async with scripted(WELCOME + packets) as broker, connect(broker, "a1") as link:
        message = await anext(link.messages())
        assert (message.topic, message.payload, link.garbled) == ("t", b"next", 1)


async def test_of_a_message_of_a_quarter_gigabyte_only_its_head_is_kept() -> None:
    announced = 256 * 1024 * 1024 - 1
    head = publish_packet(b"t", b"", announced) + bytes(20_000_000)
    async with scripted(WELCOME + head) as broker:
        with pytest.raises(TimeoutError):
            async with connect(broker, "a1") as link, asyncio.timeout(1.5):
                await anext(link.messages())
        assert link._client.packet_bytes == announced
        assert len(link._client._in_packet["packet"]) <= PUBLISH_OVERHEAD + 65536


async def test_hanging_up_fails_everything_that_waits_and_nothing_that_nobody_awaits() -> None:
    async with scripted(WELCOME, b"", None) as broker:
        with pytest.raises(Unreachable):
            async with connect(broker, "a1") as link:
                forgotten = await link.send("t", b"nobody awaits this one")
                await asyncio.sleep(0.05)
                waited_for = await link.send("t", b"x")
                await waited_for.sent()
        assert forgotten.is_done
        with pytest.raises(Unreachable):
            await link.publish("t", b"after the end")
        with pytest.raises(Unreachable):
            await link.subscribe(["t"])


async def test_nobody_at_the_address_is_unreachable(free_port: Callable[[], int]) -> None:
    for nobody in (Broker("127.0.0.1", free_port()), Broker("no-such-host.invalid", 1883)):
        with pytest.raises(Unreachable, match=nobody.host):
            async with connect(nobody, "a1"):
                pass


async def test_a_qos_that_we_do_not_speak_is_our_own_mistake() -> None:
    async with scripted(WELCOME) as broker:
        with pytest.raises(ValueError, match="QoS"):
            async with connect(broker, "a1") as link:
                await link.send("t", b"x", qos=2)


def test_a_keepalive_too_short_to_keep_is_our_own_mistake() -> None:
    with pytest.raises(ValueError, match="keepalive"):
        Broker("127.0.0.1", 1883, keepalive_s=1)


@pytest.mark.parametrize("shown", [repr, str])
def test_a_password_is_in_no_text_about_its_broker(shown: Callable[[object], str]) -> None:
    broker = Broker("127.0.0.1", 1883, "agent", "a secret")
    assert all("a secret" not in text for text in texts(shown, [broker, [broker], {"broker": broker}]))


def texts(shown: Callable[[object], str], values: Sequence[object]) -> list[str]:
    return [shown(value) for value in values]
