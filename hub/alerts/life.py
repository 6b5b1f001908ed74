"""The life of an alert: (record, event, clock) -> record and history. Pure; the states step by `NEXT`.

Events may come late, twice and in any order, so the newest event by its own time says whether the condition
holds, the newest that raises or changes says how bad it is, and a repeat says nothing. Any order of the same
events ends the same.
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
ANEW: Final = {
    State.ACKED: State.RAISED,
    State.LATCHED: State.CLEARED,
    State.CLOSED: State.CLEARED,
}
#: Which of several events of one moment has the last word: an end comes after a beginning.
ORDER: Final = {EventKind.RAISE: 0, EventKind.CHANGE: 1, EventKind.MOMENT: 2, EventKind.CLEAR: 3}
HOLDS: Final = frozenset({EventKind.RAISE, EventKind.CHANGE})


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
    first = raises and not record.told
    if (raises or not record.told) and _is_newest(event, record):
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
            count=record.count + (event.kind is not EventKind.CHANGE),
        )
    elif not record.told:
        record = replace(record, historical=record.historical and late)
    return replace(record, latch=record.latch or event.latch, seen=record.seen | {identity(event)})


def _is_newest(event: AlertEvent, record: Record) -> bool:
    """Whether nothing newer of its sort is known: ends among ends, all others among themselves."""
    is_end = event.kind is EventKind.CLEAR
    places = [(at, ORDER[kind]) for kind, at in record.seen if (kind is EventKind.CLEAR) is is_end]
    return (event.time_us, ORDER[event.kind]) > max(places, default=(-1, 0))


def _moved(record: Record, before: Record, event: AlertEvent) -> Record:
    """The state after the event. At the same moment an end comes after a beginning."""
    newest = (event.time_us, event.kind not in HOLDS) > (before.last_us, not before.active)
    active = event.kind in HOLDS if newest else before.active
    worse = before.told and record.severity > before.severity
    again = newest and not before.active and event.kind is not EventKind.CLEAR
    state, epoch = before.state, before.epoch
    if worse or again:
        state = ANEW.get(state, state)
        epoch += before.told
    if record.latch and not before.latch and state is State.CLOSED:
        state = State.LATCHED  # it was closed before anybody knew that it latches
    if active != (state in ACTIVE):
        state = step(state, Act.RAISE if active else Act.CLEAR, latch=record.latch)
    acked = state in ANEW
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
        state = step(record.state, Act.ACK, latch=record.latch)
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
    state = step(record.state, Act.CLEAR, latch=record.latch)
    after = replace(record, state=state, last_us=end_us, cleared_us=end_us)
    return after, _line(record, after, "clear", actor, text, now_us)


def reset(record: Record, reason: str, actor: str, now_us: int) -> tuple[Record, Line]:
    """A person lets go of an alert that latches; who had not acknowledged it has seen it by that.

    Raises:
        Conflict: it does not latch, its condition holds, or it was reset before; carries it as it is.
        Invalid: the reason is too long.
    """
    text = reason.strip()
    if len(text) > MAX_NOTE:
        raise Invalid(Text(f"原因至多 {MAX_NOTE} 字", f"A reason has up to {MAX_NOTE} characters"))
    try:
        state = step(record.state, Act.RESET, latch=record.latch)
    except WrongMove:
        raise Conflict(_why_not_reset(record), record) from None
    acked_us, acked_by = (now_us, actor) if record.acked_by is None else (record.acked_us, record.acked_by)
    after = replace(record, state=state, acked_us=acked_us, acked_by=acked_by)
    return after, _line(record, after, "reset", actor, text, now_us)


def _why_not_reset(record: Record) -> Text:
    if not record.latch:
        return Text("此告警无需复位", "This alert needs no reset")
    if record.active:
        return Text("告警条件仍成立，不能复位", "Its condition still holds; it cannot be reset")
    return Text("告警已复位", "The alert has been reset already")


def _line(before: Record, after: Record, act: str, actor: str, text: str, now_us: int) -> Line:
    return Line(before.id, now_us, now_us, act, actor, text, before.state, after.state)
