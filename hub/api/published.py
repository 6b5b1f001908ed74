"""Publications of rules and their roll-out as people and programs see them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hub.api.answers import words
from hub.api.ports import Ports
from hub.gateways import roster
from hub.gateways.roster import Gateway, Presence
from hub.rulebook import shelf
from hub.rulebook.report import Report, report
from hub.rulebook.shelf import APPROVE, WITHDRAW, Progress, Publication, State, Step


def publication_shown(made: Publication, state: State, steps: Mapping[str, Step]) -> dict[str, Any]:
    """One publication, without its rules."""
    approved, withdrawn = made.done(APPROVE), made.done(WITHDRAW)
    return {
        "number": made.number,
        "base": made.base,
        "state": str(state),
        "time_us": made.time_us,
        "author": made.author,
        "note": made.note,
        "again": made.again,
        "rules": [
            {name: change[name] for name in ("id", "title", "family", "version", "before", "words_only")}
            for change in made.changes
        ],
        "removed": made.removed,
        "warnings": made.warnings,
        "backtest": made.backtest,
        "needs_approval": made.needs_approval,
        "approved_by": approved and approved.actor,
        "approved_us": approved and approved.time_us,
        "withdrawn_by": withdrawn and withdrawn.actor,
        "withdrawn_us": withdrawn and withdrawn.time_us,
        "withdrawn_why": withdrawn and withdrawn.reason,
        "agents": [{"agent": agent, **_step(step)} for agent, step in steps.items()],
    }


async def rollout(hub: Ports) -> dict[str, Any]:
    """Which set is in force, and how far the agents are with it."""
    number = hub.book.rules.number
    known, waiting, steps = await hub.db.read(
        lambda c: (roster.gateways(c), shelf.waiting(c), shelf.steps(c, number))
    )
    reports = {agent: report(known.get(agent)) for agent in hub.book.site.agents}
    return {
        "now_us": hub.now_us(),
        "set": number,
        "waiting": waiting,
        "agents": agents_shown(hub, known, reports, steps),
    }


def agents_shown(
    hub: Ports, known: Mapping[str, Gateway], reports: Mapping[str, Report], steps: Mapping[str, Step]
) -> list[dict[str, Any]]:
    """How far each agent of the site file is with the set in force."""
    rules = hub.book.rules
    return [
        {
            "agent": agent,
            "name": words(hub.campus.agents[agent].name),
            "online": agent in known and known[agent].presence is Presence.ONLINE,
            "set": told.number,
            "state": str(told.progress(rules)),
            "since_us": steps[agent].since_us if agent in steps else None,
            "problems": list(steps[agent].problems) if agent in steps else [],
            "trial": told.trial and told.progress(rules) is Progress.RUNNING,
        }
        for agent, told in reports.items()
    ]


def _step(step: Step) -> dict[str, Any]:
    return {"state": str(step.state), "since_us": step.since_us, "problems": list(step.problems)}
