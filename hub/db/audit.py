"""Who did what, when and why: rows that only grow, each sealed with a digest over itself and all before it.

Written in the transaction of the act, so there is no act without its row and no row without its act.
"""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Connection, insert, select

from hub.db.tables import audit

#: What the first row's digest covers in place of a row before it.
ORIGIN: Final = "campuswatch audit 1"
MAX_TEXT: Final = 4000


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts, and from where; a program of ours is a person without address."""

    name: str
    role: str = ""
    address: str = ""
    session: str = ""  # first characters of the session's digest: tells two sign-ins apart, opens nothing
    request: str = ""


@dataclass(frozen=True, slots=True)
class Act:
    """What was done to what. `before` and `after` hold plain JSON values."""

    verb: str  # `alert.ack`, `session.sign-in`, ...
    object: str  # the alert's id, the user's name, ...
    reason: str = ""
    before: Any = None
    after: Any = None


@dataclass(frozen=True, slots=True)
class Break:
    """The first row at which the chain does not hold."""

    row: int
    why: str


def record(connection: Connection, actor: Actor, act: Act, now_us: int) -> None:
    """Append one row. The caller's transaction makes it stand or fall with the act."""
    latest = select(audit.c.digest).order_by(audit.c.id.desc()).limit(1)
    before = connection.execute(latest).scalar_one_or_none() or ORIGIN
    content = _canonical(actor, act, now_us)
    row = {
        "time_us": now_us,
        "actor": _clean(actor.name)[:64],
        "verb": act.verb,
        "object": _clean(act.object)[:128],
        "content": content,
        "digest": _seal(before, content),
    }
    connection.execute(insert(audit).values(row))


def rows(connection: Connection, before_id: int | None, limit: int) -> list[dict[str, Any]]:
    """The newest rows before `before_id`, newest first."""
    query = select(audit.c.id, audit.c.content, audit.c.digest).order_by(audit.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(audit.c.id < before_id)
    found = connection.execute(query)
    return [{"id": row.id, **json.loads(row.content), "digest": row.digest} for row in found]


def verify(connection: Connection) -> Break | None:
    """Find the first row that was edited, removed or moved; None if the whole chain holds."""
    before = ORIGIN
    expected = 1
    for row in _all(connection):
        if row.id != expected:
            return Break(expected, f"row {expected} is missing")
        if _seal(before, row.content) != row.digest:
            return Break(row.id, "the digest does not fit the content and the row before")
        said = json.loads(row.content)
        if (said["time_us"], said["actor"][:64], said["verb"]) != (row.time_us, row.actor, row.verb):
            return Break(row.id, "a column differs from the sealed content")
        before, expected = row.digest, row.id + 1
    return None


def _all(connection: Connection) -> Iterator[Any]:
    query = select(audit).order_by(audit.c.id)
    yield from connection.execution_options(yield_per=1000).execute(query)


def _seal(before: str, content: str) -> str:
    return hashlib.sha256(f"{before}\n{content}".encode()).hexdigest()


def _canonical(actor: Actor, act: Act, now_us: int) -> str:
    content = {
        "time_us": now_us,
        "actor": _clean(actor.name),
        "role": actor.role,
        "address": _clean(actor.address),
        "session": actor.session,
        "request": actor.request,
        "verb": act.verb,
        "object": _clean(act.object),
        "reason": _clean(act.reason),
        "before": act.before,
        "after": act.after,
    }
    return json.dumps(content, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def _clean(text: str) -> str:
    """Text as one harmless line: no control characters that a terminal or a log reader would obey."""
    safe = (
        f"\\u{ord(char):04x}" if unicodedata.category(char) in {"Cc", "Cf", "Cs"} else char for char in text
    )
    return "".join(safe)[:MAX_TEXT]
