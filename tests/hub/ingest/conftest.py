"""A real broker of each make."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.brokers import RunningBroker, mosquitto_broker, nats_broker

BROKERS = {"nats-server": nats_broker, "mosquitto": mosquitto_broker}
EVERY_BROKER = [pytest.param(name, marks=pytest.mark.needs(name), id=name) for name in BROKERS]


@pytest.fixture(params=EVERY_BROKER)
async def broker(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[RunningBroker]:
    """Each broker in turn."""
    async with BROKERS[request.param](tmp_path / "broker") as running:
        yield running


@pytest.fixture
async def nats(tmp_path: Path) -> AsyncIterator[RunningBroker]:
    """The one that the hub itself runs."""
    async with nats_broker(tmp_path / "broker") as running:
        yield running
