"""The audit trail grows, and every other change to it shows."""

from __future__ import annotations

import sqlite3
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy import delete, update

from devices.model.errors import Refused
from hub.db import Database, audit
from hub.db.audit import Act, Actor
from hub.db.tables import audit as trail

ANN = Actor("ann", "operator", "10.0.0.7", "abcd1234", "r-1")


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as database:
        yield database


async def filled(db: Database, rows: int = 5) -> None:
    for number in range(rows):
        act = Act("alert.ack", f"alert-{number}", "seen", {"state": "raised"}, {"state": "acked"})
        await db.write(lambda c, act=act, number=number: audit.record(c, ANN, act, 1000 + number))


async def test_rows_come_back_newest_first_with_all_that_was_said(db: Database) -> None:
    await filled(db)
    newest = await db.read(lambda c: audit.rows(c, None, 2))
    assert [row["object"] for row in newest] == ["alert-4", "alert-3"]
    assert newest[0] | {"digest": ""} == {
        "id": 5,
        "time_us": 1004,
        "actor": "ann",
        "role": "operator",
        "address": "10.0.0.7",
        "session": "abcd1234",
        "request": "r-1",
        "verb": "alert.ack",
        "object": "alert-4",
        "reason": "seen",
        "before": {"state": "raised"},
        "after": {"state": "acked"},
        "digest": "",
    }
    older = await db.read(lambda c: audit.rows(c, 4, 10))
    assert [row["id"] for row in older] == [3, 2, 1]


async def test_an_untouched_trail_holds(db: Database) -> None:
    assert await db.read(audit.verify) is None
    await filled(db)
    assert await db.read(audit.verify) is None


@pytest.mark.parametrize("statement", [update(trail).values(actor="eve"), delete(trail)])
async def test_the_program_itself_cannot_change_the_trail(db: Database, statement: object) -> None:
    await filled(db)
    with pytest.raises(Refused, match="append-only"):
        await db.write(lambda c: c.execute(statement))
    assert await db.read(audit.verify) is None


@pytest.mark.promise("P-audit-1")
@pytest.mark.parametrize(
    ("damage", "row"),
    [
        ("UPDATE audit SET content = replace(content, 'ann', 'eve') WHERE id = 3", 3),
        ("UPDATE audit SET actor = 'eve' WHERE id = 2", 2),
        ("DELETE FROM audit WHERE id = 3", 3),
        ("DELETE FROM audit WHERE id = 1", 1),
        ("UPDATE audit SET id = 100 - id", 1),
        ("UPDATE audit SET digest = (SELECT digest FROM audit WHERE id = 1) WHERE id = 4", 4),
    ],
)
async def test_damage_by_another_hand_is_found(tmp_path: Path, damage: str, row: int) -> None:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as db:
        await filled(db)
    with sqlite3.connect(tmp_path / "hub.db") as raw:
        raw.executescript(f"DROP TRIGGER audit_no_update; DROP TRIGGER audit_no_delete; {damage};")
    raw.close()
    async with Database(f"sqlite:///{tmp_path}/hub.db") as db:
        found = await db.read(audit.verify)
    assert found is not None
    assert found.row == row


async def test_a_row_falls_with_the_act_it_speaks_of(db: Database) -> None:
    def act_and_fail(connection: object) -> None:
        audit.record(connection, ANN, Act("user.create", "bob"), 1)
        raise ValueError("the act failed")

    with pytest.raises(ValueError, match="the act failed"):
        await db.write(act_and_fail)
    assert await db.read(lambda c: audit.rows(c, None, 10)) == []


async def test_control_characters_cannot_forge_a_line(db: Database) -> None:
    evil = Actor("eve\n2026 ann signed in\x1b[2J")
    await db.write(lambda c: audit.record(c, evil, Act("session.refused", "eve\r\nx", "\u202ereversed"), 1))
    row = (await db.read(lambda c: audit.rows(c, None, 1)))[0]
    assert row["actor"] == "eve\\u000a2026 ann signed in\\u001b[2J"
    assert "\n" not in row["object"]
    assert "\u202e" not in row["reason"]
