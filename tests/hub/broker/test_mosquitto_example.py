"""The example configuration for Mosquitto keeps agents apart like the embedded broker does."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from devices.model.errors import Refused
from devices.wire.mqtt import Broker, Link, connect
from tests.brokers import Engine, program

pytestmark = pytest.mark.needs("mosquitto")

EXAMPLES = Path(__file__).parents[3] / "config/examples"
PASSWORDS = {"hub": "ph", "edge-hq1": "pa", "edge-hall": "pb", "field-hq1": "pf"}


@pytest.fixture
async def port(tmp_path: Path, free_port: Callable[[], int]) -> AsyncIterator[int]:
    number = free_port()
    passwords = tmp_path / "passwords"
    passwords.write_text("".join(f"{name}:{password}\n" for name, password in PASSWORDS.items()))
    hashing = await asyncio.create_subprocess_exec(program("mosquitto_passwd"), "-U", str(passwords))
    assert await hashing.wait() == 0
    text = (EXAMPLES / "mosquitto.conf").read_text()
    for there, here in {
        "listener 1883 127.0.0.1": f"listener {number} 127.0.0.1\nuser root",
        "/etc/mosquitto/campuswatch.passwords\nacl": f"{passwords}\nacl",
        "acl_file /etc/mosquitto/mosquitto.acl": f"acl_file {EXAMPLES / 'mosquitto.acl'}",
        "/var/lib/mosquitto/": f"{tmp_path}/",
    }.items():
        assert there in text
        text = text.replace(there, here)
    config = tmp_path / "mosquitto.conf"
    config.write_text(text)
    engine = Engine("mosquitto", [program("mosquitto"), "-c", str(config)], number, tmp_path / "log")
    await engine.start()
    yield number
    await engine.stop()


def signed_in(port: int, name: str) -> Broker:
    return Broker("127.0.0.1", port, name, PASSWORDS[name])


async def heard(link: Link, within_s: float) -> list[tuple[str, bytes]]:
    found = []
    try:
        async with asyncio.timeout(within_s):
            async for message in link.messages():
                message.done()
                found.append((message.topic, message.payload))
    except TimeoutError:
        return found
    raise AssertionError


async def test_nobody_comes_in_without_the_right_password(port: int) -> None:
    for address in (Broker("127.0.0.1", port), Broker("127.0.0.1", port, "hub", "pa")):
        with pytest.raises(Refused):
            async with connect(address, "x"):
                pass


async def test_each_user_speaks_and_hears_only_what_is_its_own(port: int) -> None:
    async with (
        connect(signed_in(port, "hub"), "hub") as hub,
        connect(signed_in(port, "edge-hq1"), "edge-hq1") as one,
        connect(signed_in(port, "edge-hall"), "edge-hall") as two,
        connect(signed_in(port, "field-hq1"), "radar") as device,
    ):
        await hub.subscribe(["campus/v1/+/up/#", "campus/v1/+/state"])
        await one.subscribe(["campus/v1/edge-hq1/down/#", "field/hq1/#"])
        await two.subscribe(["#", "campus/v1/edge-hq1/down/#", "field/hq1/#"])  # granted, but nothing comes
        for name in ("edge-hq1", "edge-hall"):
            await one.publish(f"campus/v1/{name}/up/live", b"batch")
            await one.publish(f"campus/v1/{name}/state", b"online")
        await device.publish("field/hq1/radar", b"23.5")
        await device.publish("campus/v1/edge-hq1/up/live", b"forged")
        await hub.publish("campus/v1/edge-hq1/down/ack", b"ack")
        await hub.publish("campus/v1/edge-hall/up/live", b"forged")
        assert sorted(await heard(one, 0.4)) == [
            ("campus/v1/edge-hq1/down/ack", b"ack"),
            ("field/hq1/radar", b"23.5"),
        ]
        assert sorted(await heard(hub, 0.2)) == [
            ("campus/v1/edge-hq1/state", b"online"),
            ("campus/v1/edge-hq1/up/live", b"batch"),
        ]
        assert await heard(two, 0.2) == []
