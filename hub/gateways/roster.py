"""Agents as rows: enrolment, presence, hello and health. Every function runs in the caller's transaction."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from sqlalchemy import Connection, insert, select, update

from hub.db.tables import agents


class Presence(StrEnum):
    """Whether an agent is connected, as far as the broker and its messages say."""

    ONLINE = "online"
    OFFLINE = "offline"
    NEVER = "never"


@dataclass(frozen=True, slots=True)
class Gateway:
    """One agent.

    since_us:  when its presence last changed.
    seen_us:   hub time of its last message of any kind.
    hello, health: what it last said of itself, as plain JSON values.
    """

    agent: str
    presence: Presence
    since_us: int
    seen_us: int | None
    hello: dict[str, Any] | None
    hello_us: int | None
    health: dict[str, Any] | None
    health_us: int | None
    enrolled_us: int | None


@dataclass(frozen=True, slots=True)
class Credentials:
    """What an agent signs in to the broker with; the password itself is known to the agent alone."""

    agent: str
    username: str
    password_hash: str  # bcrypt


def gateways(connection: Connection) -> dict[str, Gateway]:
    """Every agent the hub has ever heard of or enrolled."""
    return {
        row.agent: Gateway(
            row.agent,
            Presence(row.state),
            row.since_us,
            row.seen_us,
            row.hello,
            row.hello_us,
            row.health,
            row.health_us,
            row.enrolled_us,
        )
        for row in connection.execute(select(agents).order_by(agents.c.agent))
    }


def away(connection: Connection, agent: str) -> bool:
    """Whether an agent is known to be away, so that asking it is of no use."""
    state = connection.execute(select(agents.c.state).where(agents.c.agent == agent)).scalar_one_or_none()
    return state == Presence.OFFLINE


def came(connection: Connection, agent: str, presence: Presence, now_us: int) -> bool:
    """Note that an agent is there, or gone; tells whether that is a change."""
    known = _known(connection, agent, now_us)
    if known == presence:
        return False
    _set(connection, agent, state=str(presence), since_us=now_us)
    return True


def heard(connection: Connection, seen: Mapping[str, int]) -> None:
    """Note when each agent was last heard, hub time; worth doing now and then, not for each message."""
    for agent, seen_us in seen.items():
        _known(connection, agent, seen_us)
        _set(connection, agent, seen_us=seen_us)


def said_hello(connection: Connection, agent: str, hello: Mapping[str, Any], now_us: int) -> None:
    """Keep what an agent said when it connected."""
    _known(connection, agent, now_us)
    _set(connection, agent, hello=dict(hello), hello_us=now_us, seen_us=now_us)


def said_health(connection: Connection, agent: str, health: Mapping[str, Any], now_us: int) -> None:
    """Keep an agent's latest counters."""
    _known(connection, agent, now_us)
    _set(connection, agent, health=dict(health), health_us=now_us, seen_us=now_us)


def enrol(connection: Connection, agent: str, username: str, password_hash: str, now_us: int) -> None:
    """Let an agent in from now on; an earlier password of it no longer works."""
    _known(connection, agent, now_us)
    _set(connection, agent, username=username, password_hash=password_hash, enrolled_us=now_us)


def dismiss(connection: Connection, agent: str) -> bool:
    """Let an agent in no more; tells whether it was enrolled."""
    was = select(agents.c.username).where(agents.c.agent == agent, agents.c.username.is_not(None))
    if connection.execute(was).first() is None:
        return False
    _set(connection, agent, username=None, password_hash=None, enrolled_us=None)
    return True


def credentials(connection: Connection) -> list[Credentials]:
    """Everybody who may connect."""
    query = select(agents.c.agent, agents.c.username, agents.c.password_hash).order_by(agents.c.agent)
    found = connection.execute(query.where(agents.c.username.is_not(None)))
    return [Credentials(row.agent, row.username, row.password_hash) for row in found]


def _known(connection: Connection, agent: str, now_us: int) -> Presence:
    """The presence of an agent, which gets its row if it has none."""
    state = connection.execute(select(agents.c.state).where(agents.c.agent == agent)).scalar_one_or_none()
    if state is None:
        state = str(Presence.NEVER)
        connection.execute(insert(agents).values(agent=agent, state=state, since_us=now_us))
    return Presence(state)


def _set(connection: Connection, agent: str, **values: Any) -> None:
    connection.execute(update(agents).where(agents.c.agent == agent).values(**values))
