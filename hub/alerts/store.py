"""What changes alerts: agents' events and people's acts, each whole, in the caller's transaction."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection, delete, insert, select

from devices.model.alerts import Act as Change
from devices.model.alerts import AlertEvent, State, step
from devices.model.errors import Garbled
from devices.model.texts import Text
from devices.wire.records import Stamp
from hub.alerts import life, rows
from hub.alerts.record import Line, Record
from hub.db import audit
from hub.db.audit import Act, Actor
from hub.db.tables import alerts, ledger
from hub.errors import NotFound

#: The hub as the author of events and acts.
HUB: Final = "hub"
LONGEST: Final = {"id": 64, "rule": 64, "site": 64, "device": 64, "parent": 64, "unit": 16}


@dataclass(frozen=True, slots=True)
class Applied:
    """What became of some events.

    changed: the alerts that are different now, as they are now.
    repeats: events, or a whole message, that had been taken before.
    """

    changed: list[Record]
    repeats: int


def apply_events(
    connection: Connection, events: Collection[AlertEvent], agent: str, stamp: Stamp | None, now_us: int
) -> Applied:
    """Take an agent's events into the alerts; doing it again changes nothing.

    `stamp` is the message's place in the agent's history; None for events that the hub raises itself.

    Raises:
        Garbled: an event cannot be stored, or belongs to another agent's alert.
    """
    if stamp is not None and not _enter(connection, stamp, now_us):
        return Applied([], len(events))
    for event in events:
        _check(event)
    now = rows.load(connection, {event.id for event in events})
    lines: list[Line] = []
    for event in events:
        before = now.get(event.id)
        if before is not None and before.agent != agent:
            raise Garbled(f"alert {event.id} belongs to {before.agent}, not to {agent}")
        now[event.id], line = life.applied(before, event, agent, now_us)
        if line is not None:
            lines.append(line)
    changed = [now[number] for number in {line.alert: None for line in lines}]
    return Applied(rows.store(connection, changed, lines), len(events) - len(lines))


def acknowledge(
    connection: Connection, number: str, epoch: int, note: str, actor: Actor, now_us: int
) -> Record:
    """A person acknowledges what they saw in `epoch`, perhaps with a word.

    Raises:
        NotFound, Conflict, Invalid.
    """
    before = get(connection, number)
    after, line = life.acknowledged(before, epoch, actor.name, now_us)
    if note.strip():
        after, added = life.noted(after, note, actor.name, now_us)
        return _act(connection, before, after, [line, added], actor, now_us)
    return _act(connection, before, after, [line], actor, now_us)


def assign(connection: Connection, number: str, assignee: str | None, actor: Actor, now_us: int) -> Record:
    """A person gives it to somebody, or to nobody again.

    Raises:
        NotFound.
    """
    before = get(connection, number)
    after, line = life.assigned(before, assignee, actor.name, now_us)
    return _act(connection, before, after, [line], actor, now_us)


def note(connection: Connection, number: str, text: str, actor: Actor, now_us: int) -> Record:
    """A person writes something down.

    Raises:
        NotFound, Invalid.
    """
    before = get(connection, number)
    after, line = life.noted(before, text, actor.name, now_us)
    return _act(connection, before, after, [line], actor, now_us)


def clear(connection: Connection, number: str, reason: str, actor: Actor, now_us: int) -> Record:
    """A person says that it is over.

    Raises:
        NotFound, Conflict, Invalid.
    """
    before = get(connection, number)
    after, line = life.cleared_by_hand(before, reason, actor.name, now_us)
    return _act(connection, before, after, [line], actor, now_us)


def reset(connection: Connection, number: str, reason: str, actor: Actor, now_us: int) -> Record:
    """A person lets go of an alert that latches.

    Raises:
        NotFound, Conflict, Invalid.
    """
    before = get(connection, number)
    after, line = life.reset(before, reason, actor.name, now_us)
    return _act(connection, before, after, [line], actor, now_us)


def mark_stale(connection: Connection, agent: str, *, stale: bool) -> list[Record]:
    """Say of an agent's active alerts that nobody knows whether they still hold; or that one does again."""
    of_agent = select(alerts.c.id).where(
        alerts.c.agent == agent,
        alerts.c.open,
        alerts.c.stale != stale,
        alerts.c.state.in_([str(State.RAISED), str(State.ACKED)]),
    )
    found = rows.load(connection, set(connection.execute(of_agent).scalars())).values()
    after = [replace(record, stale=stale) for record in found]
    return rows.store(connection, after, [])


def reconcile(
    connection: Connection, agent: str, holding: Collection[str], as_of_us: int, now_us: int
) -> list[Record]:
    """Clear an agent's active alerts that it no longer knows, when it has told all that it knows.

    `holding` are the ids of the conditions that hold by its own word at `as_of_us`; younger alerts stay.
    """
    of_agent = select(alerts.c.id).where(
        alerts.c.agent == agent,
        alerts.c.open,
        alerts.c.last_us <= as_of_us,
        alerts.c.state.in_([str(State.RAISED), str(State.ACKED)]),
    )
    gone = set(connection.execute(of_agent).scalars()) - set(holding)
    found = rows.load(connection, gone).values()
    after = [
        replace(
            record,
            state=step(record.state, Change.CLEAR, latch=record.latch),
            cleared_us=as_of_us,
            last_us=as_of_us,
        )
        for record in found
    ]
    lines = [
        Line(new.id, as_of_us, now_us, "clear", HUB, "reconciled", old.state, new.state)
        for old, new in zip(found, after, strict=True)
    ]
    return rows.store(connection, after, lines)


def get(connection: Connection, number: str) -> Record:
    """Read one alert.

    Raises:
        NotFound: there is none of that id.
    """
    found = rows.load(connection, [number])
    if number not in found:
        raise NotFound(Text("没有此告警", "No such alert"))
    return found[number]


def forget_ledger(connection: Connection, before_us: int) -> int:
    """Drop old entries of the ledger; a repeat that late is still recognised by the events themselves."""
    return connection.execute(delete(ledger).where(ledger.c.received_us < before_us)).rowcount


def _enter(connection: Connection, stamp: Stamp, now_us: int) -> bool:
    """Enter a message into the ledger; False if it stands there."""
    place = {
        "agent": stamp.agent,
        "epoch": stamp.epoch,
        "lane": str(stamp.lane),
        "seq": stamp.seq,
    }
    there = select(ledger.c.seq).filter_by(**place)
    if connection.execute(there).first() is not None:
        return False
    connection.execute(insert(ledger).values(**place, received_us=now_us))
    return True


def _act(
    connection: Connection, before: Record, after: Record, lines: Iterable[Line], actor: Actor, now_us: int
) -> Record:
    """Store a person's act and its row in the audit trail."""
    lines = list(lines)
    rows.store(connection, [after], lines)
    said = " / ".join(line.text for line in lines if line.text)
    act = Act(f"alert.{lines[0].act}", before.id, said, _owned(before), _owned(after))
    audit.record(connection, actor, act, now_us)
    return after


def _owned(record: Record) -> dict[str, object]:
    return {"state": str(record.state), "epoch": record.epoch, "assignee": record.assignee}


def _check(event: AlertEvent) -> None:
    for name, longest in LONGEST.items():
        if len(getattr(event, name)) > longest:
            raise Garbled(f"{name} of an event is longer than {longest}")
    if not event.id:
        raise Garbled("an event without an id")
