"""What the hub remembers of its agents."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import func, select

from hub.db import Database, tables
from hub.gateways import quarantine, roster
from hub.gateways.roster import Credentials, Presence


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as database:
        yield database


async def test_presence_tells_only_changes_and_since_when(db: Database) -> None:
    told = [
        await db.write(lambda c, p=presence, t=time_us: roster.came(c, "edge-hq1", p, t))
        for presence, time_us in [
            (Presence.ONLINE, 1),
            (Presence.ONLINE, 2),
            (Presence.OFFLINE, 3),
            (Presence.OFFLINE, 4),
        ]
    ]
    assert told == [True, False, True, False]
    gateway = (await db.read(roster.gateways))["edge-hq1"]
    assert (gateway.presence, gateway.since_us, gateway.seen_us) == (Presence.OFFLINE, 3, None)


async def test_hello_and_health_are_kept_and_count_as_heard(db: Database) -> None:
    await db.write(lambda c: roster.said_hello(c, "edge-hq1", {"version": "0.1.0"}, 5))
    await db.write(lambda c: roster.said_health(c, "edge-hq1", {"outbox": {"bytes": 7}}, 9))
    await db.write(lambda c: roster.heard(c, {"edge-hq1": 11, "edge-hall": 12}))
    found = await db.read(roster.gateways)
    assert list(found) == ["edge-hall", "edge-hq1"]
    hq1 = found["edge-hq1"]
    assert (hq1.hello, hq1.hello_us) == ({"version": "0.1.0"}, 5)
    assert (hq1.health, hq1.health_us, hq1.seen_us) == ({"outbox": {"bytes": 7}}, 9, 11)
    assert found["edge-hall"].presence is Presence.NEVER


async def test_an_enrolled_agent_has_credentials_until_it_is_dismissed(db: Database) -> None:
    await db.write(lambda c: roster.heard(c, {"edge-hall": 1}))
    await db.write(lambda c: roster.enrol(c, "edge-hq1", "edge-hq1", "$2b$old", 2))
    await db.write(lambda c: roster.enrol(c, "edge-hq1", "edge-hq1", "$2b$new", 3))
    assert await db.read(roster.credentials) == [Credentials("edge-hq1", "edge-hq1", "$2b$new")]
    assert await db.write(lambda c: roster.dismiss(c, "edge-hq1"))
    assert not await db.write(lambda c: roster.dismiss(c, "edge-hq1"))
    assert await db.read(roster.credentials) == []


async def test_what_is_set_aside_is_shortened_and_the_oldest_makes_room(db: Database) -> None:
    def many(connection: object) -> None:
        for number in range(quarantine.MOST_ROWS + 5):
            payload = bytes([number % 256]) * 10_000
            quarantine.set_aside(connection, "edge-hq1", f"t/{number}" * 100, "why " * 1000, payload, number)

    await db.write(many)
    stored = await db.read(lambda c: c.execute(select(func.count()).select_from(tables.quarantine)).scalar())
    assert stored == quarantine.MOST_ROWS
    assert await db.read(quarantine.count) == quarantine.MOST_ROWS + 5
    rows = await db.read(lambda c: quarantine.newest(c, 2))
    assert [(row["id"], row["bytes"]) for row in rows] == [(2005, 10_000), (2004, 10_000)]
    assert len(rows[0]["topic"]) == quarantine.LONGEST_TEXT
    older = await db.read(lambda c: quarantine.newest(c, 1, before_id=2004))
    assert older[0]["id"] == 2003
    assert await db.read(lambda c: quarantine.sample(c, 2005)) == bytes([2004 % 256]) * quarantine.MOST_BYTES
    assert await db.read(lambda c: quarantine.sample(c, 1)) is None
