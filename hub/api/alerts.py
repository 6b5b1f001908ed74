"""The board: alerts, their history, and what people do about them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Final, Literal

from fastapi import Depends, Query, Request
from pydantic import Field
from sqlalchemy import Connection

from devices.model.alerts import Family
from devices.model.texts import Text
from devices.profiles.strict import Strict
from hub.accounts import people
from hub.accounts.roles import Role
from hub.alerts import board, store
from hub.alerts.board import MAX_PAGE, Filter
from hub.alerts.record import Record
from hub.api import shapes
from hub.api.access import SignedIn, actor_of
from hub.api.alert_card import card
from hub.api.answers import Json
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import Invalid
from hub.live.bus import ALERT

ROUTES: Final = Routes("alerts")

Time = Annotated[int, Field(ge=0, lt=1 << 62)]
#: Several values: `site=hq1,hall`, or `site=hq1&site=hall`.
Several = Annotated[list[Annotated[str, Field(max_length=2000)]] | None, Query(max_length=100)]


class Acknowledgement(Strict):
    """Which state of the alert was seen, and perhaps a word about it."""

    epoch: int
    note: Annotated[str, Field(max_length=2000)] = ""


class Assignment(Strict):
    """Who is to see to it; null takes it back."""

    assignee: Annotated[str | None, Field(max_length=64)]


class Note(Strict):
    """What somebody wrote down."""

    text: Annotated[str, Field(max_length=2000)]


class Clearance(Strict):
    """Why it is over although no device says so."""

    reason: Annotated[str, Field(max_length=2000)]


class Reset(Strict):
    """Perhaps a word about why it is let go."""

    reason: Annotated[str, Field(max_length=2000)] = ""


def filter_of(
    state: Literal["open", "all"] = "open",
    family: Several = None,
    severity_min: Annotated[int, Query(ge=1, le=4)] = 1,
    site: Several = None,
    device: Several = None,
    from_us: Time | None = None,
    to_us: Time | None = None,
) -> Filter:
    """Which alerts a query asks for.

    Raises:
        Invalid: a family that there is not.
    """
    families = _parted(family)
    if unknown := set(families) - set(Family):
        raise Invalid(Text("没有此类告警", "No such family of alerts"), sorted(unknown))
    return Filter(
        open_only=state == "open",
        families=[Family(name) for name in families],
        severity_min=severity_min,
        sites=_parted(site),
        devices=_parted(device),
        from_us=from_us,
        to_us=to_us,
    )


Wanted = Annotated[Filter, Depends(filter_of)]


@ROUTES.get("/alerts", role=Role.VIEWER, model=shapes.Board)
async def alerts(
    hub: Hub,
    wanted: Wanted,
    after: Annotated[str | None, Query(max_length=100)] = None,
    limit: Annotated[int, Query(ge=1, le=MAX_PAGE)] = MAX_PAGE,
) -> Json:
    """Open alerts as they stand on the board, gravest first; with `state=all`, all alerts, newest first."""
    page, counts = await hub.db.read(lambda c: (board.page(c, wanted, after, limit), board.counts(c)))
    return Json(
        {
            "now_us": hub.now_us(),
            "alerts": [card(record, hub.campus) for record in page.alerts],
            "next": page.next,
            "counts": counts,
        }
    )


@ROUTES.get("/alerts/{number}", role=Role.VIEWER, model=shapes.AlertWithHistory)
async def alert(hub: Hub, number: str) -> Json:
    """One alert with its history, the oldest line first."""
    record, history = await hub.db.read(lambda c: (store.get(c, number), board.history(c, number)))
    return Json({**card(record, hub.campus), "history": history})


@ROUTES.post("/alerts/{number}/ack", role=Role.OPERATOR, model=shapes.Alert)
async def acknowledge(request: Request, hub: Hub, who: SignedIn, number: str, body: Acknowledgement) -> Json:
    """Say that one has seen it, as it was in `epoch`; 409 with the alert as it is, if it has changed since."""
    actor, now_us = actor_of(request, who), hub.now_us()
    return await _done(hub, lambda c: store.acknowledge(c, number, body.epoch, body.note, actor, now_us))


@ROUTES.post("/alerts/{number}/assign", role=Role.OPERATOR, model=shapes.Alert)
async def assign(request: Request, hub: Hub, who: SignedIn, number: str, body: Assignment) -> Json:
    """Give it to somebody who is a user, or to nobody."""
    actor, now_us = actor_of(request, who), hub.now_us()

    def work(connection: Connection) -> Record:
        if body.assignee is not None:
            people.named(connection, body.assignee)
        return store.assign(connection, number, body.assignee, actor, now_us)

    return await _done(hub, work)


@ROUTES.post("/alerts/{number}/note", role=Role.OPERATOR, model=shapes.Alert)
async def note(request: Request, hub: Hub, who: SignedIn, number: str, body: Note) -> Json:
    """Write something down."""
    actor, now_us = actor_of(request, who), hub.now_us()
    return await _done(hub, lambda c: store.note(c, number, body.text, actor, now_us))


@ROUTES.post("/alerts/{number}/clear", role=Role.ENGINEER, model=shapes.Alert)
async def clear(request: Request, hub: Hub, who: SignedIn, number: str, body: Clearance) -> Json:
    """Say that it is over; a newer report of the device brings it back."""
    actor, now_us = actor_of(request, who), hub.now_us()
    return await _done(hub, lambda c: store.clear(c, number, body.reason, actor, now_us))


@ROUTES.post("/alerts/{number}/reset", role=Role.OPERATOR, model=shapes.Alert)
async def reset(request: Request, hub: Hub, who: SignedIn, number: str, body: Reset) -> Json:
    """Let go of an alert that latches, once all is normal again; 409 with the alert while it holds."""
    actor, now_us = actor_of(request, who), hub.now_us()
    return await _done(hub, lambda c: store.reset(c, number, body.reason, actor, now_us))


async def _done(hub: Ports, work: Callable[[Connection], Record]) -> Json:
    """Do an act, tell every page, and answer with the alert as it is now."""
    record = await hub.db.write(work)
    hub.bus.publish(ALERT, [record])
    return Json(card(record, hub.campus))


def _parted(values: list[str] | None) -> list[str]:
    return [part for value in values or () for part in value.split(",") if part]
