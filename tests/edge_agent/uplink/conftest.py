from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from devices.wire.mqtt import Broker
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.uplink import Uplink, UplinkSettings
from tests.brokers import RunningBroker, mosquitto_broker, nats_broker

FAST = {"ack_timeout_s": 0.3, "probe_s": 0.2, "health_s": 0.2, "first_wait_s": 0.05, "most_wait_s": 0.2}


class WallClock:
    """The machine's time, with a wall clock that a test may set."""

    def __init__(self) -> None:
        self.step_us = 0

    def now_us(self) -> int:
        return time.time_ns() // 1000 + self.step_us

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@dataclass
class Agent:
    outbox: Outbox
    uplink: Uplink
    clock: WallClock


Agents = Callable[..., AbstractAsyncContextManager[Agent]]


@pytest.fixture(
    params=[
        pytest.param(nats_broker, id="nats", marks=pytest.mark.needs("nats-server")),
        pytest.param(mosquitto_broker, id="mosquitto", marks=pytest.mark.needs("mosquitto")),
    ]
)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningBroker]:
    """Each broker that we support."""
    async with request.param(tmp_path / "broker", keepalive_s=2) as running:
        yield running


@pytest.fixture(params=[pytest.param("mosquitto", marks=pytest.mark.needs("mosquitto"))])
async def mosquitto(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningBroker]:
    """One broker, for what has nothing to do with the kind."""
    async with mosquitto_broker(tmp_path / "broker", keepalive_s=2) as running:
        yield running


@pytest.fixture
def agents(tmp_path: Path) -> Agents:
    """Starts an outbox and its uplink; the outbox keeps its file from one start to the next."""

    @asynccontextmanager
    async def start(broker: Broker, agent: str = "a1", **changes: Any) -> AsyncIterator[Agent]:
        clock = WallClock()
        settings = UplinkSettings.model_validate({**FAST, **changes})
        path = tmp_path / f"{agent}.db"
        bounds = OutboxSettings(reserve_bytes=0)
        async with Outbox(path, agent, bounds, now_us=clock.now_us, monotonic=clock.monotonic) as outbox:
            uplink = Uplink(
                broker,
                agent,
                outbox,
                settings,
                about={"version": "0.1.0", "site_digest": "abc"},
                health=lambda: {"outbox": outbox.stats().as_health()},
                clock=clock,
            )
            running = asyncio.create_task(uplink.run())
            try:
                yield Agent(outbox, uplink, clock)
            finally:
                running.cancel()
                await asyncio.wait([running])
                assert running.cancelled(), running.exception()

    return start
