"""The hub's own alert: an agent that is away. Its devices' alerts stay open and are marked stale, never cleared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy import Connection

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, alert_id
from devices.profiles.profile import Words
from hub.alerts import board, store
from hub.alerts.own_rules import AGENT_SILENT, OwnRule
from hub.alerts.record import Record

US_PER_S = 1_000_000


@dataclass(frozen=True, slots=True)
class Away:
    """Whether an agent is away, and since when it has been so, or back."""

    away: bool
    since_us: int


def judge(
    connection: Connection, campus: Campus, agents: Mapping[str, Away], after_s: float, now_us: int
) -> list[Record]:
    """Bring the alerts to what is known of the agents; returns those that are different now."""
    changed: dict[str, Record] = {}
    for agent, state in agents.items():
        for record in store.mark_stale(connection, agent, stale=state.away):
            changed[record.id] = record
    events = list(_events(connection, campus, agents, after_s, now_us))
    for record in store.apply_events(connection, events, store.HUB, None, now_us).changed:
        changed[record.id] = record
    return list(changed.values())


def _events(
    connection: Connection, campus: Campus, agents: Mapping[str, Away], after_s: float, now_us: int
) -> list[AlertEvent]:
    raised = {record.device: record for record in board.active_of(connection, rule=AGENT_SILENT.id)}
    due = [
        _event(campus, agent, EventKind.RAISE, state.since_us, now_us, after_s)
        for agent, state in agents.items()
        if state.away and agent not in raised and now_us - state.since_us > after_s * US_PER_S
    ]
    over = [
        _event(campus, agent, EventKind.CLEAR, record.start_us, now_us, after_s)
        for agent, record in raised.items()
        if agent not in agents or not agents[agent].away
    ]
    return due + over


def _event(
    campus: Campus, agent: str, kind: EventKind, start_us: int, now_us: int, after_s: float
) -> AlertEvent:
    away_s = (now_us - start_us) / US_PER_S
    return own_event(AGENT_SILENT, campus, agent, kind, start_us, now_us, away_s, after_s)


def own_event(
    rule: OwnRule,
    campus: Campus,
    agent: str,
    kind: EventKind,
    start_us: int,
    now_us: int,
    value_s: float,
    limit_s: float,
) -> AlertEvent:
    """One event of a rule of the hub itself about an agent."""
    name = campus.agents[agent].name if agent in campus.agents else Words(zh=agent, en=agent)
    message = rule.message
    return AlertEvent(
        id=alert_id(rule.id, rule.version, agent, start_us),
        kind=kind,
        rule=rule.id,
        rule_version=rule.version,
        family=rule.family,
        severity=rule.severity,
        site=next((site.id for site in campus.sites.values() if site.agent == agent), ""),
        device=agent,
        time_us=now_us,
        start_us=start_us,
        value=value_s,
        limit=limit_s,
        unit="s",
        message=type(message)(
            message.zh.format(agent=name.zh, seconds=round(value_s)),
            message.en.format(agent=name.en, seconds=round(value_s)),
        ),
    )
