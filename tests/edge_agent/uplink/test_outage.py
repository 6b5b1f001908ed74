"""Days without a broker: nothing grows, nothing stops, and the waits are what they should be."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.wire.messages import Lane
from devices.wire.mqtt import Broker
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.uplink import Uplink, UplinkSettings
from tests.edge_agent.outbox.numbered import numbered
from tests.fake_clock import FakeClock

DAY_S = 86400.0


class Sleeps(FakeClock):
    """A clock that jumps over each sleep, and remembers them."""

    def __init__(self) -> None:
        super().__init__(auto=True)
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        await super().sleep(seconds)


@pytest.mark.promise("P-uplink-9")
async def test_three_days_without_a_broker(tmp_path: Path, free_port: Callable[[], int]) -> None:
    clock = Sleeps()
    outbox = Outbox(
        tmp_path / "o.db",
        "a1",
        OutboxSettings(reserve_bytes=0),
        now_us=clock.now_us,
        monotonic=clock.monotonic,
    )
    async with outbox:
        await outbox.put(Lane.ALERTS, numbered(1, Lane.ALERTS))
        uplink = Uplink(
            Broker("127.0.0.1", free_port()),
            "a1",
            outbox,
            UplinkSettings(),
            about={},
            health=dict,
            clock=clock,
            random=random.Random(1).random,
        )
        running = asyncio.create_task(uplink.run())
        while clock.monotonic() < 3 * DAY_S and not running.done():  # noqa: ASYNC110 - days, not events
            await asyncio.sleep(0)
        assert not running.done()
        running.cancel()
        await asyncio.wait([running])
        health = uplink.health()
        assert outbox.stats().records[Lane.ALERTS] == 1
    assert (health["state"], health["connections"], health["unacked"]) == ("unreachable", 0, 0)
    waits = clock.slept
    assert waits[0] < 2
    assert max(waits) <= 45
    assert min(waits[10:]) >= 15
    assert len(set(waits)) > len(waits) / 2, "no two gateways come back in step"
