"""Messages that could not be taken, with the reason; the newest few thousand, each shortened."""

from __future__ import annotations

from typing import Any, Final

from sqlalchemy import Connection, delete, func, insert, select

from hub.db.tables import quarantine

MOST_ROWS: Final = 2000
MOST_BYTES: Final = 4096
LONGEST_TEXT: Final = 256


def set_aside(
    connection: Connection, agent: str, topic: str, reason: str, payload: bytes, now_us: int
) -> None:
    """Keep the beginning of a message and why it was refused; the oldest makes room."""
    row = {
        "time_us": now_us,
        "agent": agent[:64],
        "topic": topic[:LONGEST_TEXT],
        "reason": reason[: 4 * LONGEST_TEXT],
        "bytes": len(payload),
        "sample": payload[:MOST_BYTES],
    }
    number = connection.execute(insert(quarantine).values(row)).inserted_primary_key
    assert number is not None
    connection.execute(delete(quarantine).where(quarantine.c.id <= number[0] - MOST_ROWS))


def count(connection: Connection) -> int:
    """How many messages were ever set aside, those that made room among them."""
    return connection.execute(select(func.max(quarantine.c.id))).scalar_one() or 0


def newest(connection: Connection, limit: int, before_id: int | None = None) -> list[dict[str, Any]]:
    """The newest messages set aside, newest first, without their contents."""
    names = ("id", "time_us", "agent", "topic", "reason", "bytes")
    query = select(*(quarantine.c[name] for name in names)).order_by(quarantine.c.id.desc()).limit(limit)
    if before_id is not None:
        query = query.where(quarantine.c.id < before_id)
    return [dict(row) for row in connection.execute(query).mappings()]


def sample(connection: Connection, number: int) -> bytes | None:
    """The beginning of one message; None if it has made room."""
    query = select(quarantine.c.sample).where(quarantine.c.id == number)
    return connection.execute(query).scalar_one_or_none()
