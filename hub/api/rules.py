"""Rules: those that are live and where they run, and publishing others."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection

from devices.campus.rule_documents import document
from devices.campus.rules import Rule
from devices.campus.schema import schema
from devices.model.errors import ConfigRefused
from devices.model.texts import Text
from devices.profiles.strict import Strict
from hub.accounts.roles import Role
from hub.accounts.sessions import Session
from hub.api.access import SignedIn, actor_of
from hub.api.answers import Json, words
from hub.api.drafts import MOST_RULES, rules_of, unfit
from hub.api.drafts import Draft as Rules
from hub.api.ports import Hub, Ports
from hub.api.published import publication_shown, rollout
from hub.api.routes import Routes
from hub.api.verdicts import acknowledged_warnings
from hub.errors import Invalid, NotFound
from hub.gateways import roster
from hub.rulebook import shelf
from hub.rulebook.draft import Draft
from hub.rulebook.report import report
from hub.rulebook.shelf import Publication, State

ROUTES: Final = Routes("rules")

Number = Annotated[int, Path(ge=0, lt=1 << 31)]
Name = Annotated[str, Field(max_length=64)]
Note = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]


class Check(Strict):
    """Rules to look at."""

    rules: Rules


class Wanted(Strict):
    """A publication: what changes against the set in force."""

    base: int
    rules: Annotated[tuple[Any, ...], Field(max_length=MOST_RULES)] = ()
    remove: Annotated[tuple[Name, ...], Field(max_length=MOST_RULES)] = ()
    note: Note
    backtest: Name | None = None
    warnings_acknowledged: Annotated[tuple[Name, ...], Field(max_length=100)] = ()


class Again(Strict):
    """A former set, once more."""

    base: int
    note: Note


class Withdrawal(Strict):
    """Why it is taken back."""

    reason: Note


@ROUTES.get("/rules", role=Role.VIEWER)
async def rules(hub: Hub) -> Json:
    """The rules that are live, where each comes from, and which version runs on each agent."""
    book = hub.book
    known, history = await hub.db.read(lambda c: (roster.gateways(c), shelf.publications(c)))
    running = {agent: report(known.get(agent)).versions for agent in book.site.agents}
    sources = _sources(book.rules.number, history)
    shown = [_row(hub, rule, sources.get(rule.id), running) for rule in book.campus.rules.values()]
    return Json({**await rollout(hub), "rules": shown})


@ROUTES.get("/rules/schema", role=Role.VIEWER)
async def rule_schema() -> Json:
    """The JSON schema of one rule."""
    whole = schema("rules")
    return Json(
        {**whole["properties"]["rules"]["items"], "$schema": whole["$schema"], "$defs": whole["$defs"]}
    )


@ROUTES.post("/rules/check", role=Role.ENGINEER)
async def check(hub: Hub, body: Check) -> Json:
    """Every problem that these rules would have if they were published now."""
    try:
        await hub.book.check(rules_of(body.rules))
    except ConfigRefused as refused:
        return Json({"ok": False, "problems": unfit(refused).details})
    except Invalid as invalid:
        return Json({"ok": False, "problems": invalid.details})
    return Json({"ok": True, "problems": []})


@ROUTES.get("/rules/publications", role=Role.VIEWER)
async def publications(
    hub: Hub,
    before: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=100)] = 50,
) -> Json:
    """What was published, newest first."""

    def work(connection: Connection) -> list[dict[str, Any]]:
        states = shelf.states(connection)
        return [
            publication_shown(made, states[made.number], shelf.steps(connection, made.number))
            for made in shelf.publications(connection, before, limit)
        ]

    return Json({"publications": await hub.db.read(work)})


@ROUTES.post("/rules/publications", role=Role.ENGINEER, status=201)
async def publish(request: Request, hub: Hub, who: SignedIn, body: Wanted) -> Json:
    """Publish rules: at once, or after another person's approval where what is judged about fire changes."""
    parsed = rules_of(body.rules) if body.rules else ()
    wanted = Draft(body.base, parsed, body.remove, body.note.strip(), body.backtest)
    return await _published(request, hub, who, wanted, body.warnings_acknowledged)


@ROUTES.get("/rules/publications/{number}", role=Role.VIEWER)
async def publication(hub: Hub, number: Number) -> Json:
    """One publication with every rule of its set."""
    made, state, steps = await hub.db.read(
        lambda c: (shelf.publication(c, number), shelf.states(c)[number], shelf.steps(c, number))
    )
    return Json({**publication_shown(made, state, steps), "documents": json.loads(made.text)})


@ROUTES.post("/rules/publications/{number}/approve", role=Role.ADMIN)
async def approve(request: Request, hub: Hub, who: SignedIn, number: Number) -> Json:
    """Agree, as a second person."""
    return await _shown(hub, await hub.book.approve(number, actor_of(request, who)))


@ROUTES.post("/rules/publications/{number}/withdraw", role=Role.ENGINEER)
async def withdraw(request: Request, hub: Hub, who: SignedIn, number: Number, body: Withdrawal) -> Json:
    """Take a publication back; the set before it comes into force again."""
    made = await hub.book.withdraw(number, body.reason.strip(), actor_of(request, who))
    return await _shown(hub, made)


@ROUTES.post("/rules/publications/{number}/again", role=Role.ENGINEER, status=201)
async def again(request: Request, hub: Hub, who: SignedIn, number: Number, body: Again) -> Json:
    """Publish a former set as a new one; 0 is the site file alone."""
    wanted = Draft(body.base, (), (), body.note.strip(), again=number)
    return await _published(request, hub, who, wanted, None)


@ROUTES.get("/rules/{name}", role=Role.VIEWER)
async def versions(hub: Hub, name: Annotated[str, Path(max_length=64)]) -> Json:
    """Every version of one rule that was ever published, newest first."""
    return Json(await hub.db.read(lambda c: _history(hub, c, name)))


async def _published(
    request: Request, hub: Ports, who: Session, wanted: Draft, acknowledged: Sequence[str] | None
) -> Json:
    try:
        prepared = await hub.book.prepare(wanted)
    except ConfigRefused as refused:
        raise unfit(refused) from None
    warnings = [] if acknowledged is None else acknowledged_warnings(hub, prepared, acknowledged)
    made = await hub.book.publish(prepared, warnings, actor_of(request, who))
    return await _shown(hub, made, 201)


async def _shown(hub: Ports, made: Publication, status: int = 200) -> Json:
    number = made.number
    state, steps = await hub.db.read(lambda c: (shelf.states(c)[number], shelf.steps(c, number)))
    return Json(publication_shown(made, state, steps), status)


def _sources(number: int, history: Sequence[Publication]) -> dict[str, Publication]:
    """Which publication brought each rule of the set in force, as it is now."""
    by_number = {made.number: made for made in history}
    found: dict[str, Publication] = {}
    while number in by_number:
        made = by_number[number]
        for change in made.changes:
            found.setdefault(change["id"], made)
        number = made.base
    return found


def _row(
    hub: Ports, rule: Rule, source: Publication | None, running: Mapping[str, Mapping[str, int]]
) -> dict[str, Any]:
    in_file = hub.book.site.rules.get(rule.id)
    own = source if in_file != rule else None
    return {
        "id": rule.id,
        "title": words(rule.title),
        "kind": rule.kind,
        "family": str(rule.family),
        "severity": int(rule.severity),
        "version": rule.version,
        "enabled": rule.enabled,
        "document": document(rule),
        "source": "site-file" if own is None else "publication",
        "site_file_version": None if in_file is None else in_file.version,
        "set": 0 if own is None else own.number,
        "author": own and own.author,
        "time_us": own and own.time_us,
        "note": "" if own is None else own.note,
        "running": {agent: versions.get(rule.id) for agent, versions in running.items()},
    }


def _history(hub: Ports, connection: Connection, name: str) -> dict[str, Any]:
    """One rule through all publications, newest first, the site file last."""
    book, states, history = hub.book, shelf.states(connection), shelf.publications(connection)
    live, in_file = book.campus.rules.get(name), book.site.rules.get(name)
    source = None if live is None or live == in_file else _sources(book.rules.number, history).get(name)
    found = []
    for made in history:
        change = next((change for change in made.changes if change["id"] == name), None)
        written = next((one for one in json.loads(made.text) if one["id"] == name), None)
        if change is not None and written is not None:
            state = states[made.number]
            is_live = source is not None and source.number == made.number
            shown = state if state in {State.WAITING, State.WITHDRAWN} else State.REPLACED
            found.append(
                {
                    "version": change["version"],
                    "document": written,
                    "source": "publication",
                    "set": made.number,
                    "state": str(State.LIVE if is_live else shown),
                    "author": made.author,
                    "time_us": made.time_us,
                    "note": made.note,
                    "words_only": change["words_only"],
                }
            )
    if in_file is not None:
        found.append(
            {
                "version": in_file.version,
                "document": document(in_file),
                "source": "site-file",
                "set": 0,
                "state": str(State.LIVE if live == in_file else State.REPLACED),
                "author": None,
                "time_us": None,
                "note": "",
                "words_only": False,
            }
        )
    if not found:
        raise NotFound(Text("没有此规则", "No such rule"))
    return {"id": name, "live": live and _row(hub, live, source, {}), "versions": found}
