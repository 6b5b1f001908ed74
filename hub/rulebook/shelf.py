"""Published sets of rules in the database, what became of them, and how far each agent is. Sets only grow in number."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, delete, func, insert, select

from devices.campus.rule_documents import WORDS
from devices.model.texts import Text
from devices.wire.rule_sets import NONE, RuleSet
from hub.db.tables import rule_acts, rule_rollout, rule_sets
from hub.errors import NotFound

APPROVE: Final = "approve"
WITHDRAW: Final = "withdraw"


class State(StrEnum):
    """What a publication is."""

    WAITING = "waiting"  # for a second person
    LIVE = "live"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


class Progress(StrEnum):
    """How far an agent is with the set in force."""

    PENDING = "pending"
    RUNNING = "running"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class Act:
    """What somebody did to a publication."""

    act: str
    actor: str
    time_us: int
    reason: str


@dataclass(frozen=True, slots=True)
class Step:
    """How far one agent is, since when, and what it refused."""

    state: Progress
    since_us: int
    problems: tuple[dict[str, Any], ...] = ()


@dataclass(frozen=True, slots=True)
class Publication:
    """One numbered set, as it was published.

    changes, removed: against `base`.
    acts: what became of it, the oldest first.
    """

    number: int
    base: int
    time_us: int
    author: str
    note: str
    text: str
    changes: list[dict[str, Any]]
    removed: list[str]
    warnings: list[dict[str, str]]
    backtest: str | None
    again: int | None
    needs_approval: bool
    acts: tuple[Act, ...] = ()

    @property
    def rules(self) -> RuleSet:
        """As it goes to the agents."""
        return RuleSet(self.number, self.text)

    def done(self, act: str) -> Act | None:
        """When this was done to it, if it was."""
        return next((done for done in self.acts if done.act == act), None)


def states(connection: Connection) -> dict[int, State]:
    """What each publication is, the oldest first. The newest that is approved and not withdrawn is in force."""
    acts: dict[int, set[str]] = {}
    for number, act in connection.execute(select(rule_acts.c.number, rule_acts.c.act)):
        acts.setdefault(number, set()).add(act)
    found: dict[int, State] = {}
    live: int | None = None
    query = select(rule_sets.c.number, rule_sets.c.needs_approval).order_by(rule_sets.c.number)
    for number, needs_approval in connection.execute(query):
        done = acts.get(number, set())
        if WITHDRAW in done:
            found[number] = State.WITHDRAWN
        elif needs_approval and APPROVE not in done:
            found[number] = State.WAITING
        else:
            if live is not None:
                found[live] = State.REPLACED
            found[number], live = State.LIVE, number
    return found


def in_force(connection: Connection) -> int:
    """Number of the set in force; 0 is the site file alone."""
    return next((number for number, state in states(connection).items() if state is State.LIVE), 0)


def waiting(connection: Connection) -> int | None:
    """Number of the publication that waits for a second person."""
    return next((number for number, state in states(connection).items() if state is State.WAITING), None)


def publications(
    connection: Connection, before: int | None = None, limit: int | None = None
) -> list[Publication]:
    """Publications below a number, newest first."""
    query = select(rule_sets).order_by(rule_sets.c.number.desc()).limit(limit)
    if before is not None:
        query = query.where(rule_sets.c.number < before)
    found = connection.execute(query).mappings().all()
    return [_publication(row, _acts(connection, row["number"])) for row in found]


def publication(connection: Connection, number: int) -> Publication:
    """One publication.

    Raises:
        NotFound: there is none of that number.
    """
    row = connection.execute(select(rule_sets).where(rule_sets.c.number == number)).mappings().first()
    if row is None:
        raise NotFound(Text("没有此发布", "No such publication"))
    return _publication(row, _acts(connection, number))


def rule_set(connection: Connection, number: int) -> RuleSet:
    """The set of a number.

    Raises:
        NotFound: there is none.
    """
    return publication(connection, number).rules if number else NONE


def meanings(connection: Connection) -> dict[tuple[str, int], Any]:
    """What each version of each rule that was ever published stood for."""
    found: dict[tuple[str, int], Any] = {}
    for text in connection.execute(select(rule_sets.c.text).order_by(rule_sets.c.number)).scalars():
        for document in json.loads(text):
            meaning = {key: value for key, value in document.items() if key not in {*WORDS, "version"}}
            found[document["id"], document.get("version", 1)] = meaning
    return found


def add(connection: Connection, new: Publication) -> Publication:
    """Put a publication on the shelf and number it."""
    number = (connection.execute(select(func.max(rule_sets.c.number))).scalar() or 0) + 1
    names = [column.name for column in rule_sets.c if column.name != "number"]
    connection.execute(
        insert(rule_sets).values(number=number, **{name: getattr(new, name) for name in names})
    )
    return publication(connection, number)


def act(connection: Connection, number: int, what: Act) -> Publication:
    """Note what became of a publication."""
    row = {"number": number, "act": what.act, "actor": what.actor[:64], "time_us": what.time_us}
    connection.execute(insert(rule_acts).values(**row, reason=what.reason))
    return publication(connection, number)


def steps(connection: Connection, number: int) -> dict[str, Step]:
    """How far each agent is, or was, with a set."""
    query = select(rule_rollout).where(rule_rollout.c.number == number).order_by(rule_rollout.c.agent)
    return {
        row["agent"]: Step(Progress(row["state"]), row["since_us"], tuple(row["problems"]))
        for row in connection.execute(query).mappings()
    }


def note(connection: Connection, number: int, progress: Mapping[str, Step]) -> None:
    """Note how far agents are with a set."""
    for agent, step in progress.items():
        place = (rule_rollout.c.number == number) & (rule_rollout.c.agent == agent)
        connection.execute(delete(rule_rollout).where(place))
        row = {"state": str(step.state), "since_us": step.since_us, "problems": list(step.problems)}
        connection.execute(insert(rule_rollout).values(number=number, agent=agent, **row))


def _acts(connection: Connection, number: int) -> Sequence[Act]:
    query = select(rule_acts).where(rule_acts.c.number == number).order_by(rule_acts.c.id)
    return [
        Act(row["act"], row["actor"], row["time_us"], row["reason"])
        for row in connection.execute(query).mappings()
    ]


def _publication(row: RowMapping, acts: Sequence[Act]) -> Publication:
    return Publication(**row, acts=tuple(acts))
