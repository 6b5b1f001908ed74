"""Who has to agree, and what is in force after the database went away in between."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection

from devices.campus.loading import with_rules
from devices.campus.rules import RuleFile
from devices.model.errors import Unreachable
from hub.api.drafts import rules_of
from hub.db import Database
from hub.db.audit import Actor
from hub.live.bus import Bus
from hub.rulebook import draft
from hub.rulebook.draft import Draft
from hub.rulebook.rulebook import Rulebook
from tests.hub.rulebook.documents import campus, pump, setpoint

ANN = Actor("ann", "engineer")


def test_a_rule_that_holds_back_one_about_fire_needs_a_second_person_too() -> None:
    held = pump(held_back_by=[{"rule": "ac-setpoint", "on": "area"}])
    before = with_rules(campus(), rules_of([held]), "rules")
    after = with_rules(before, rules_of([setpoint()]), "rules")
    assert draft.needs_approval(draft.changes(before.rules, after.rules), [])
    assert not draft.needs_approval(
        draft.changes(campus().rules, with_rules(campus(), rules_of([setpoint()]), "rules").rules), []
    )


class Flaky(Database):
    """Goes away for one read."""

    away = False

    async def read(self, work: Callable[[Connection], Any]) -> Any:
        if self.away:
            self.away = False
            raise Unreachable("the database is away")
        return await super().read(work)


async def test_a_set_that_came_into_force_unseen_is_taken_over_by_the_next_look(tmp_path: Path) -> None:
    async with Flaky(f"sqlite:///{tmp_path}/hub.db") as database:
        book = Rulebook(campus(), database, Bus(), lambda: 1)
        await book.load()

        def wanted(base: int, version: int) -> Draft:
            return Draft(base, RuleFile.model_validate({"rules": [setpoint(version)]}).rules, (), "x")

        prepared = await book.prepare(wanted(0, 2))
        database.away = True
        with pytest.raises(Unreachable):
            await book.publish(prepared, [], ANN)
        assert book.rules.number == 0, "it could not be read"
        made = await book.publish(await book.prepare(wanted(1, 3)), [], ANN)
        assert (made.number, book.rules.number) == (2, 2)
