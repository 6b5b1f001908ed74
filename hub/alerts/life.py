"""The life of an alert: (record, event, clock) -> record and history. Pure; the states step by `NEXT`.

Events may come late, twice and in any order, so the newest event by its own time says whether the condition
holds, the gravest says how bad it is, and a repeat says nothing. Any order of the same events ends the same.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from devices.model.alerts import Act, AlertEvent, EventKind, State, step
from devices.model.errors import WrongMove
from devices.model.texts import Text
from hub.alerts.record import ACTIVE, Line, Record, identity
from hub.errors import Conflict, Invalid

#: An event older than this when it arrives is history, not news.
HISTORICAL_US: Final = 600 * 1_000_000
MAX_NOTE: Final = 2000
#: What was acknowledged got worse or came back: the acknowledgement no longer counts.
ANEW: Final = {State.ACKED: State.RAISED, State.CLOSED: State.CLEARED}


def applied(record: Record | None, event: AlertEvent, agent: str, now_us: int) -> tuple[Record, Line | None]:
    """Take an agent's event into an alert; without a record the alert is new.

    Returns:
        The alert afterwards, and its line of history; None where the event is a repeat and changes nothing.
    """
    if record is not None and identity(event) in record.seen:
        return record, None
    known = record or _unborn(event, agent, now_us)
    after = _moved(_described(known, event, now_us), known, event)
    line = Line(
        alert=event.id,
        time_us=event.time_us,
        received_us=now_us,
        act=str(event.kind),
        actor=agent,
        text="",
        before=None if record is None else record.state,
        after=after.state,
        severity=event.severity,
        value=event.value,
        event=identity(event),
    )
    return after, line


def _unborn(event: AlertEvent, agent: str, now_us: int) -> Record:
    """An alert of which nothing is known yet: not active, older than any event."""
    return Record(
        id=event.id,
        agent=agent,
        family=event.family,
        rule=event.rule,
        rule_version=event.rule_version,
        site=event.site,
        device=event.device,
        severity=event.severity,
        message=event.message,
        unit=event.unit,
        value=event.value,
        limit=event.limit,
        evidence=event.evidence,
        parent=event.parent,
        start_us=event.start_us,
        raised_us=event.start_us,
        received_us=now_us,
        last_us=-1,
        shown_us=-1,
        cleared_us=None,
        count=0,
        historical=True,
        stale=False,
        seen=frozenset(),
        state=State.CLEARED,
    )


def _described(record: Record, event: AlertEvent, now_us: int) -> Record:
    """What the event adds to what is known, apart from the state."""
    late = now_us - event.time_us > HISTORICAL_US
    raises = event.kind is not EventKind.CLEAR
    first = raises and record.count == 0
    shown, said = (record.severity, record.shown_us), (event.severity, event.time_us)
    graver = said > shown or (said == shown and event.kind is EventKind.MOMENT)
    if first or (graver and raises == (record.count > 0)):
        record = replace(
            record,
            severity=event.severity,
            message=event.message,
            unit=event.unit,
            value=event.value,
            limit=event.limit,
            evidence=event.evidence,
            parent=event.parent,
            shown_us=event.time_us,
        )
    if raises:
        record = replace(
            record,
            raised_us=event.time_us if first else min(record.raised_us, event.time_us),
            historical=late if first else record.historical and late,
            count=record.count + 1,
        )
    elif record.count == 0:
        record = replace(record, historical=record.historical and late)
    return replace(record, seen=record.seen | {identity(event)})


def _moved(record: Record, before: Record, event: AlertEvent) -> Record:
    """The state after the event. At the same moment an end comes after a beginning."""
    newest = (event.time_us, event.kind is not EventKind.RAISE) > (before.last_us, not before.active)
    active = event.kind is EventKind.RAISE if newest else before.active
    worse = before.count > 0 and record.severity > before.severity
    again = newest and not before.active and event.kind is not EventKind.CLEAR
    state, epoch = before.state, before.epoch
    if worse or again:
        state = ANEW.get(state, state)
        epoch += before.count > 0
    if active != (state in ACTIVE):
        state = step(state, Act.RAISE if active else Act.CLEAR)
    acked = state in {State.ACKED, State.CLOSED}
    last_us = max(before.last_us, event.time_us)
    return replace(
        record,
        state=state,
        epoch=epoch,
        last_us=last_us,
        cleared_us=None if active else last_us,
        acked_us=before.acked_us if acked else None,
        acked_by=before.acked_by if acked else None,
    )


def acknowledged(record: Record, epoch: int, actor: str, now_us: int) -> tuple[Record, Line]:
    """A person has seen it, as it was in `epoch`.

    Raises:
        Conflict: it has changed since, or somebody was faster; carries the record as it is.
    """
    if epoch != record.epoch:
        raise Conflict(
            Text("告警已变化，请重新查看后再确认", "The alert has changed; look again before acknowledging"),
            record,
        )
    try:
        state = step(record.state, Act.ACK)
    except WrongMove:
        raise Conflict(
            Text(f"已由 {record.acked_by} 确认", f"Already acknowledged by {record.acked_by}"), record
        ) from None
    after = replace(record, state=state, acked_us=now_us, acked_by=actor)
    return after, _line(record, after, "ack", actor, "", now_us)


def assigned(record: Record, assignee: str | None, actor: str, now_us: int) -> tuple[Record, Line]:
    """Somebody is to see to it; None takes the assignment back."""
    after = replace(record, assignee=assignee)
    return after, _line(record, after, "assign", actor, assignee or "", now_us)


def noted(record: Record, text: str, actor: str, now_us: int) -> tuple[Record, Line]:
    """A person writes something down.

    Raises:
        Invalid: there is nothing to write, or too much.
    """
    note = text.strip()
    if not 0 < len(note) <= MAX_NOTE:
        raise Invalid(Text(f"备注须为 1 至 {MAX_NOTE} 字", f"A note has 1 to {MAX_NOTE} characters"))
    after = replace(record, notes=record.notes + 1)
    return after, _line(record, after, "note", actor, note, now_us)


def cleared_by_hand(record: Record, reason: str, actor: str, now_us: int) -> tuple[Record, Line]:
    """A person says that it is over, and why; a newer raise of the agent brings it back.

    Raises:
        Conflict: it is over already.
        Invalid: no reason is given.
    """
    text = reason.strip()
    if not 0 < len(text) <= MAX_NOTE:
        raise Invalid(
            Text(f"须填写原因（至多 {MAX_NOTE} 字）", f"Give a reason, up to {MAX_NOTE} characters")
        )
    if not record.active:
        raise Conflict(Text("告警已恢复", "The alert has cleared already"), record)
    end_us = max(now_us, record.last_us)
    after = replace(record, state=step(record.state, Act.CLEAR), last_us=end_us, cleared_us=end_us)
    return after, _line(record, after, "clear", actor, text, now_us)


def _line(before: Record, after: Record, act: str, actor: str, text: str, now_us: int) -> Line:
    return Line(before.id, now_us, now_us, act, actor, text, before.state, after.state)
