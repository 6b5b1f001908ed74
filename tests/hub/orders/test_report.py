"""What an agent says of a freeze moves its own number, within bounds, and never that of others."""

from __future__ import annotations

from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path

import pytest

from devices.wire.messages import orders_topic
from devices.wire.orders import Freeze
from hub.db import Database
from hub.db.audit import Actor
from hub.gateways import roster
from hub.gateways.roster import Gateway, Presence
from hub.live.bus import Bus
from hub.orders import shelf
from hub.orders.courier import Courier
from hub.orders.desk import Desk
from hub.orders.report import MOST_FREEZES, heard_freeze
from tests.fake_clock import FakeClock
from tests.hub.rulebook.documents import campus as site

ANN = Actor("ann", "engineer")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as made:
        yield made


def gateway(number: object) -> Gateway:
    health = {"orders": {"freeze": {"number": number, "frozen": True}}}
    return Gateway("edge", Presence.ONLINE, 0, None, None, None, health, 1, None)


def test_a_number_that_no_hub_has_ever_said_is_not_heard() -> None:
    assert heard_freeze(gateway(MOST_FREEZES)) == Freeze(MOST_FREEZES, frozen=True)
    for number in (MOST_FREEZES + 1, 1 << 63, -1, "5"):
        assert heard_freeze(gateway(number)) is None


async def test_one_agent_moves_its_own_number_and_no_other(db: Database, clock: FakeClock) -> None:
    desk = Desk(db, Bus(), site, clock.now_us, enabled=True)
    await desk.freeze("*", "a test", ANN, frozen=True)
    await desk.freeze("*", "over", ANN, frozen=False)
    health = {"orders": {"freeze": {"number": MOST_FREEZES, "frozen": True}}}
    for agent in ("edge-hq1", "edge-hall"):
        await db.write(partial(roster.said_health, agent=agent, health={}, now_us=1))
        await db.write(partial(roster.came, agent=agent, presence=Presence.ONLINE, now_us=1))
    await db.write(partial(roster.said_health, agent="edge-hq1", health=health, now_us=1))
    sent: list[str] = []

    async def send(topic: str, payload: bytes) -> None:
        del payload
        sent.append(topic)

    courier = Courier(desk, db, Bus(), send, clock.now_us, clock.monotonic)
    for _ in range(2):
        await courier.look({"*"})
    standings = await db.read(shelf.standings)
    assert shelf.freeze_of(standings, "edge-hq1") == Freeze(MOST_FREEZES + 1, frozen=True)
    assert shelf.freeze_of(standings, "edge-hall") == Freeze(2, frozen=False)
    assert {orders_topic("edge-hq1"), orders_topic("edge-hall")} <= set(sent)
    await desk.freeze("*", "a test", ANN, frozen=True)
    assert shelf.freeze_of(await db.read(shelf.standings), "edge-hall") == Freeze(3, frozen=True)
    await desk.freeze("edge-hq1", "over", ANN, frozen=False)
    await desk.freeze("*", "over", ANN, frozen=False)
    freeze = shelf.freeze_of(await db.read(shelf.standings), "edge-hq1")
    assert freeze == Freeze(MOST_FREEZES + 4, frozen=False)
