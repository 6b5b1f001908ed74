"""Whole packets through a bad line, between a real client and a real broker: everything arrives at least once."""

from __future__ import annotations

import asyncio
import random
from pathlib import Path

import pytest

from devices.model.errors import Unreachable
from devices.sim.torture.packets import PUBLISH, Packet, puback, publish, read
from devices.sim.torture.proxy import ACTS, Proxy
from devices.wire.mqtt import Broker, Link, connect
from tests.brokers import nats_broker

MESSAGES = 60


@pytest.mark.parametrize("size", [0, 1, 120, 127, 128, 16_383, 16_384, 70_000])
async def test_a_packet_that_is_read_is_the_one_that_was_packed(size: int) -> None:
    reader = asyncio.StreamReader()
    sent = publish("a/b", b"x" * size, 7)
    reader.feed_data(sent.packed() + puback(7).packed())
    found = await read(reader)
    assert (found, found.topic, found.payload, found.number) == (sent, "a/b", b"x" * size, 7)
    assert (await read(reader)).number == 7


def test_a_repeat_is_the_same_but_for_its_flag() -> None:
    first = publish("a", b"x", 1)
    assert first.again() == Packet(first.first | 8, first.body)
    assert first.again().kind == PUBLISH


@pytest.mark.needs("nats-server")
async def test_everything_that_is_sent_until_it_is_acknowledged_goes_through_a_bad_line(
    tmp_path: Path,
) -> None:
    heard: list[bytes] = []
    async with nats_broker(tmp_path) as broker, asyncio.timeout(40):
        proxy = Proxy(broker.port, random.Random(1))
        line = Broker("127.0.0.1", await proxy.open())
        proxy.chance = 0.3
        async with connect(broker.to(), "hearer") as hearer:
            await hearer.subscribe(["t"])
            hearing = asyncio.create_task(hear(hearer, heard))
            waiting = [str(number).encode() for number in range(MESSAGES)]
            while waiting:
                try:
                    async with connect(line, "speaker") as link:
                        while waiting:
                            await link.publish("t", waiting[0])
                            waiting.pop(0)
                except Unreachable:
                    continue
            await hearing
        await proxy.close()
    assert set(proxy.acts) == set(ACTS)
    assert len(heard) > MESSAGES, "some came twice"


async def hear(link: Link, heard: list[bytes]) -> None:
    async for message in link.messages():
        heard.append(message.payload)
        message.done()
        if len(set(heard)) == MESSAGES:
            return
