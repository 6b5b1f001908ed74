"""Records and history lines as rows of the database, and back."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from sqlalchemy import Connection, RowMapping, bindparam, insert, select, update

from devices.model.alerts import EventKind, Family, Severity, State
from devices.model.texts import Text
from hub.alerts.record import RANK, Line, Record
from hub.db.tables import alert_history, alerts

#: Most values that one statement names; SQLite takes 32766, PostgreSQL 65535.
CHUNK: Final = 500
#: What a record and its row hold alike.
_AS_IT_IS: Final = (
    *("id", "agent", "rule", "rule_version", "site", "device", "unit", "parent"),
    *("start_us", "raised_us", "received_us", "last_us", "shown_us", "cleared_us", "acked_us"),
    *("count", "historical", "stale", "latch", "epoch", "acked_by", "assignee", "notes"),
)


def load(connection: Connection, ids: Collection[str]) -> dict[str, Record]:
    """Read alerts by id, with the events they were made of."""
    found: list[RowMapping] = []
    for part in _chunks(sorted(ids)):
        found.extend(connection.execute(select(alerts).where(alerts.c.id.in_(part))).mappings().all())
    seen: dict[str, set[tuple[EventKind, int]]] = {}
    for part in _chunks([row["id"] for row in found]):
        known = select(alert_history.c.alert, alert_history.c.event).where(
            alert_history.c.alert.in_(part), alert_history.c.event.is_not(None)
        )
        for number, event in connection.execute(known).all():
            seen.setdefault(number, set()).add(_event(event))
    return {row["id"]: record(row, frozenset(seen.get(row["id"], ()))) for row in found}


def store(connection: Connection, records: Iterable[Record], lines: Iterable[Line]) -> list[Record]:
    """Write alerts, new and known, and what is to be added to their histories.

    Returns:
        The alerts with the hub's own numbers, which the database gives to new ones, in that order.
    """
    records = list(records)
    new = [_row(one) for one in records if one.seq is None]
    known = [{**_row(one), "at": one.seq} for one in records if one.seq is not None]
    numbers: dict[str, int] = {}
    if new:
        given = connection.execute(insert(alerts).returning(alerts.c.id, alerts.c.seq), new)
        numbers = {row.id: row.seq for row in given}
    if known:
        connection.execute(update(alerts).where(alerts.c.seq == bindparam("at")), known)
    added = [_line_row(line) for line in lines]
    if added:
        connection.execute(insert(alert_history), added)
    stored = [one if one.seq is not None else replace(one, seq=numbers[one.id]) for one in records]
    return sorted(stored, key=lambda one: one.seq or 0)


def record(row: RowMapping, seen: frozenset[tuple[EventKind, int]] = frozenset()) -> Record:
    """A row of `alerts` as a record."""
    return Record(
        **{name: row[name] for name in _AS_IT_IS},
        family=Family(row["family"]),
        severity=Severity(row["severity"]),
        message=Text(row["message_zh"], row["message_en"]),
        value=_number(row["value"]),
        limit=_number(row["limit"]),
        evidence={name: _number(value) for name, value in row["evidence"].items()},
        seen=seen,
        state=State(row["state"]),
        seq=row["seq"],
    )


def _row(one: Record) -> dict[str, Any]:
    return {
        **{name: getattr(one, name) for name in _AS_IT_IS},
        "state": str(one.state),
        "rank": RANK[one.state],
        "open": one.state is not State.CLOSED,
        "severity": int(one.severity),
        "family": str(one.family),
        "message_zh": one.message.zh,
        "message_en": one.message.en,
        "value": _finite(one.value),
        "limit": _finite(one.limit),
        "evidence": {name: _finite(value) for name, value in one.evidence.items()},
    }


def _line_row(line: Line) -> dict[str, Any]:
    return {
        "alert": line.alert,
        "time_us": line.time_us,
        "received_us": line.received_us,
        "act": line.act,
        "actor": line.actor,
        "text": line.text,
        "before": None if line.before is None else str(line.before),
        "after": str(line.after),
        "severity": None if line.severity is None else int(line.severity),
        "value": _finite(line.value),
        "event": None if line.event is None else f"{line.event[0]}@{line.event[1]}",
    }


def _event(text: str) -> tuple[EventKind, int]:
    kind, _, time_us = text.partition("@")
    return EventKind(kind), int(time_us)


def _finite(value: float) -> float | None:
    """A database and JSON know no NaN; there, nothing stands for "no reading"."""
    return value if math.isfinite(value) else None


def _number(value: float | None) -> float:
    return math.nan if value is None else value


def _chunks(items: Sequence[str]) -> Iterator[Sequence[str]]:
    return (items[start : start + CHUNK] for start in range(0, len(items), CHUNK))
