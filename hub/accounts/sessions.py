"""Sessions: opaque and kept at the server; the browser holds a cookie of which only the digest is stored."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from typing import Final

from sqlalchemy import Connection, delete, insert, select, update

from hub.accounts.roles import Role
from hub.db.tables import sessions, users

US_PER_S: Final = 1_000_000
#: How often the time of last use is written; more would be a write for every request.
TOUCH_US: Final = 60 * US_PER_S


@dataclass(frozen=True, slots=True)
class Lifetime:
    """How long a session lasts without use, and in all."""

    idle_s: float
    absolute_s: float


@dataclass(frozen=True, slots=True)
class Session:
    """A person who is signed in."""

    digest: str
    user: str
    role: Role
    created_us: int
    seen_us: int

    @property
    def label(self) -> str:
        """Enough of the digest to tell sessions apart in the audit trail."""
        return self.digest[:12]


def digest_of(token: str) -> str:
    """What is stored in place of a cookie or token."""
    return hashlib.sha256(token.encode()).hexdigest()


def begin(connection: Connection, user: str, address: str, now_us: int) -> str:
    """Start a session and return its token, which nobody will see again."""
    token = secrets.token_urlsafe(32)
    row = {
        "digest": digest_of(token),
        "user": user,
        "created_us": now_us,
        "seen_us": now_us,
        "address": address[:64],
    }
    connection.execute(insert(sessions).values(row))
    return token


def find(connection: Connection, digest: str, lifetime: Lifetime, now_us: int) -> Session | None:
    """The session of a digest, if it lives and its user may still sign in."""
    query = (
        select(sessions, users.c.role)
        .join(users, users.c.name == sessions.c.user)
        .where(sessions.c.digest == digest, users.c.disabled.is_(False))
    )
    row = connection.execute(query).first()
    if row is None:
        return None
    idle_us, age_us = now_us - row.seen_us, now_us - row.created_us
    if idle_us > lifetime.idle_s * US_PER_S or age_us > lifetime.absolute_s * US_PER_S:
        return None
    return Session(row.digest, row.user, Role.of(row.role), row.created_us, row.seen_us)


def touch(connection: Connection, session: Session, now_us: int) -> None:
    """Note that a session is in use."""
    connection.execute(update(sessions).where(sessions.c.digest == session.digest).values(seen_us=now_us))


def end(connection: Connection, digest: str) -> None:
    """End a session."""
    connection.execute(delete(sessions).where(sessions.c.digest == digest))


def sweep(connection: Connection, lifetime: Lifetime, now_us: int) -> int:
    """Remove the sessions that are over."""
    idle_us = now_us - round(lifetime.idle_s * US_PER_S)
    born_us = now_us - round(lifetime.absolute_s * US_PER_S)
    over = (sessions.c.seen_us < idle_us) | (sessions.c.created_us < born_us)
    return connection.execute(delete(sessions).where(over)).rowcount
