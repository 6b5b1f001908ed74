"""The rules that are live in this hub, and the acts of people that change them."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection

from devices.campus.loading import ONCE, with_rules
from devices.campus.rule_documents import meaning, rules_of, text_of
from devices.campus.rules import Rule
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem
from devices.model.texts import Said, Text, same
from devices.wire.rule_sets import MAX_BYTES, NONE
from hub.db import Database, audit
from hub.db.audit import Actor
from hub.errors import Conflict, NotAllowed, TooLarge
from hub.live.bus import RULES, Bus
from hub.rulebook import draft, shelf
from hub.rulebook.draft import FILE, Change, Draft
from hub.rulebook.shelf import APPROVE, WITHDRAW, Act, Progress, Publication, State, Step

log = logging.getLogger(__name__)
#: The hub as the author of acts.
HUB: Final = Actor("hub")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A draft that fits the campus, and what it would change."""

    draft: Draft
    campus: Campus
    text: str
    changes: list[Change]
    removed: list[Rule]

    @property
    def needs_approval(self) -> bool:
        """Whether a second person has to agree."""
        return draft.needs_approval(self.changes, self.removed)

    @property
    def judges_anew(self) -> bool:
        """Whether more than words changes."""
        return bool(self.removed) or not all(change.words_only for change in self.changes)


class Rulebook:
    """The site file's rules, replaced and extended by the set in force.

    Attributes:
        site:   the campus as its file says.
        campus: the same with the rules that are live now.
        rules:  the set in force.
    """

    def __init__(self, site: Campus, db: Database, bus: Bus, now_us: Callable[[], int]) -> None:
        self.site = site
        self.campus = site
        self.rules = NONE
        self._db = db
        self._bus = bus
        self._now_us = now_us
        self._turn = asyncio.Lock()

    async def load(self) -> None:
        """Take over the set in force; one that does not fit the site file of today is withdrawn."""
        async with self._turn:
            while not await self._is_loaded():
                pass

    async def _is_loaded(self) -> bool:
        rules = await self._db.read(lambda c: shelf.rule_set(c, shelf.in_force(c)))
        if rules == self.rules:
            return True
        try:
            campus = await self._with(rules_of(rules.text))
        except ConfigRefused as refused:
            why = f"hub: {refused.problems[0]}"
            log.error("published set %d does not fit this site file: %s", rules.number, why)  # noqa: TRY400
            await self._act(rules.number, WITHDRAW, why, HUB)
            return False
        self.rules, self.campus = rules, campus
        return True

    # --- what would be

    async def check(self, rules: Sequence[Rule]) -> Campus:
        """The campus with these rules beside the live ones.

        Raises:
            ConfigRefused: they do not fit; with every problem.
        """
        live = {rule.id: rule for rule in rules_of(self.rules.text)}
        return await self._fitted(rules, live | {rule.id: rule for rule in rules})

    async def prepare(self, wanted: Draft) -> Prepared:
        """See what a draft would change.

        Raises:
            Conflict: its base is no longer in force, or another publication waits.
            ConfigRefused: it cannot be published; with every problem.
            TooLarge: there are too many rules for one set.
        """
        await self._caught_up()
        known, waiting = await self._db.read(lambda c: (shelf.meanings(c), shelf.waiting(c)))
        _not_stale(wanted.base, self.rules.number, waiting)
        published = {rule.id: rule for rule in rules_of(self.rules.text)}
        if wanted.again is None:
            after = {name: rule for name, rule in published.items() if name not in wanted.remove}
            after |= {rule.id: rule for rule in wanted.rules}
        else:
            number = wanted.again
            former = await self._db.read(lambda c: shelf.rule_set(c, number))
            after = {rule.id: rule for rule in rules_of(former.text)}
        meanings = {(rule.id, rule.version): meaning(rule) for rule in self.site.rules.values()} | known
        problems = [*_wrong_names(wanted, published), *draft.version_problems(wanted.rules, meanings)]
        campus = await self._fitted(wanted.rules, after, problems)
        changes = draft.changes(self.campus.rules, campus.rules)
        removed = [rule for name, rule in self.campus.rules.items() if name not in campus.rules]
        if not changes and not removed:
            expected = Said("与现行不同的规则", "a rule unlike the live one")
            raise ConfigRefused([Problem(FILE, "rules", Said("没有变动", "nothing new"), expected)])
        text = text_of(after.values())
        if len(text.encode()) > MAX_BYTES:
            raise TooLarge(Text("规则过多", "Too many rules for one publication"))
        return Prepared(wanted, campus, text, changes, removed)

    async def _fitted(
        self, rules: Sequence[Rule], after: Mapping[str, Rule], problems: Sequence[Problem] = ()
    ) -> Campus:
        try:
            campus = await self._with(list(after.values()))
        except ConfigRefused as refused:
            found = [draft.placed(problem, rules) for problem in refused.problems]
            raise ConfigRefused([*problems, *found]) from None
        if problems:
            raise ConfigRefused(problems)
        return campus

    async def _with(self, rules: Sequence[Rule]) -> Campus:
        if not rules:
            return self.site
        return await asyncio.to_thread(with_rules, self.site, rules, FILE)

    # --- acts

    async def publish(
        self, prepared: Prepared, warnings: Sequence[dict[str, str]], actor: Actor
    ) -> Publication:
        """Put a prepared draft into force, or let it wait for a second person.

        Raises:
            Conflict: somebody was faster.
        """
        wanted = prepared.draft
        new = Publication(
            number=0,
            base=wanted.base,
            time_us=self._now_us(),
            author=actor.name,
            note=wanted.note,
            text=prepared.text,
            changes=[change.plain() for change in prepared.changes],
            removed=[rule.id for rule in prepared.removed],
            warnings=list(warnings),
            backtest=wanted.backtest,
            again=wanted.again,
            needs_approval=prepared.needs_approval,
        )

        def work(connection: Connection) -> Publication:
            _not_stale(wanted.base, shelf.in_force(connection), shelf.waiting(connection))
            made = shelf.add(connection, new)
            self._begin_rollout(connection, wanted.base, made.time_us)
            said = {"changes": made.changes, "removed": made.removed, "warnings": made.warnings}
            _record(connection, "publish", made, wanted.note, actor, made.time_us, said)
            return made

        made = await self._db.write(work)
        await self._changed()
        return made

    async def approve(self, number: int, actor: Actor) -> Publication:
        """A second person agrees.

        Raises:
            NotFound, Conflict: it does not wait, or its base is no longer in force.
            NotAllowed: it is their own.
        """

        def allowed(connection: Connection) -> None:
            state, made = shelf.states(connection).get(number), shelf.publication(connection, number)
            if state is not State.WAITING:
                raise Conflict(Text("此发布不在等待批准", "This publication does not wait for approval"))
            if made.author == actor.name:
                raise NotAllowed(
                    Text("不能批准自己的发布，须由另一人批准", "Another person has to approve it")
                )
            _not_stale(made.base, shelf.in_force(connection), None)

        made = await self._act(number, APPROVE, "", actor, allowed)
        await self._changed()
        return made

    async def withdraw(self, number: int, reason: str, actor: Actor) -> Publication:
        """Take a publication back; the set before it comes into force again.

        Raises:
            NotFound, Conflict: it neither waits nor is in force.
        """

        def allowed(connection: Connection) -> None:
            shelf.publication(connection, number)
            if shelf.states(connection)[number] not in {State.WAITING, State.LIVE}:
                said = Text("此发布已不生效", "This publication is no longer in force")
                raise Conflict(said, _current(shelf.in_force(connection), shelf.waiting(connection)))

        made = await self._act(number, WITHDRAW, reason, actor, allowed)
        await self._changed()
        return made

    async def _act(
        self,
        number: int,
        what: str,
        reason: str,
        actor: Actor,
        allowed: Callable[[Connection], None] = lambda _: None,
    ) -> Publication:
        now_us = self._now_us()

        def work(connection: Connection) -> Publication:
            allowed(connection)
            before = shelf.in_force(connection)
            made = shelf.act(connection, number, Act(what, actor.name, now_us, reason))
            self._begin_rollout(connection, before, now_us)
            _record(connection, what, made, reason, actor, now_us, None)
            return made

        return await self._db.write(work)

    def _begin_rollout(self, connection: Connection, before: int, now_us: int) -> None:
        """Where another set is in force now, every agent has it to take up, also those that ran it once."""
        if (number := shelf.in_force(connection)) != before:
            pending = Step(Progress.PENDING, now_us)
            shelf.note(connection, number, dict.fromkeys(self.site.agents, pending))

    async def _caught_up(self) -> None:
        """Take over a set that came into force while the database went away before it could be read."""
        number = self.rules.number
        await self.load()
        if self.rules.number != number:
            self._bus.publish(RULES, self.rules.number)

    async def _changed(self) -> None:
        await self.load()
        self._bus.publish(RULES, self.rules.number)


def _record(
    connection: Connection, verb: str, made: Publication, reason: str, actor: Actor, now_us: int, said: Any
) -> None:
    act = audit.Act(f"rules.{verb}", str(made.number), reason, after=said)
    audit.record(connection, actor, act, now_us)


def _current(number: int, waiting: int | None) -> dict[str, int | None]:
    return {"set": number, "waiting": waiting}


def _not_stale(base: int, number: int, waiting: int | None) -> None:
    if waiting is not None:
        said = Text(f"发布 {waiting} 在等待批准", f"Publication {waiting} waits for approval")
        raise Conflict(said, _current(number, waiting))
    if base != number:
        said = Text("其间已有人发布规则，请重新查看", "Somebody has published meanwhile; look again")
        raise Conflict(said, _current(number, waiting))


def _wrong_names(wanted: Draft, published: Mapping[str, Rule]) -> list[Problem]:
    ids = [rule.id for rule in wanted.rules]
    twice = [
        Problem(FILE, f"rules.{number}.id", same(repr(name)), ONCE)
        for number, name in enumerate(ids)
        if name in ids[:number]
    ]
    unknown = [
        Problem(
            FILE,
            f"remove.{number}",
            same(repr(name)),
            Said("已发布、且未同时提交的规则", "a published rule that is not sent as well"),
        )
        for number, name in enumerate(wanted.remove)
        if name not in published or name in ids
    ]
    return twice + unknown
