"""Orders: what was asked of devices, asking more, taking back, and forbidding it all at once."""

from __future__ import annotations

from collections.abc import Awaitable
from typing import Annotated, Any, Final, Literal

from fastapi import Path, Query, Request
from pydantic import Field
from sqlalchemy import Connection

from devices.model.texts import Text
from devices.profiles.strict import Strict
from devices.wire.orders import MAX_ARGS, OrderKind
from hub.accounts.roles import Role
from hub.api.access import SignedIn, actor_of
from hub.api.answers import Json, dumps, words
from hub.api.ordered import ability, freeze_shown, line_shown, order_shown, writable_shown
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import Conflict, Invalid, NotFound, TooLarge
from hub.gateways import roster
from hub.orders import shelf
from hub.orders.allowed import range_of, why_not, writable_of
from hub.orders.desk import USUAL_LIFE_S, Wanted, midnight_us, today
from hub.orders.record import Record
from hub.orders.report import left_today
from hub.orders.shelf import Standing

ROUTES: Final = Routes("orders")

Name = Annotated[str, Field(max_length=64)]
Why = Annotated[str, Field(min_length=1, max_length=2000, pattern=r"\S")]
Life = Annotated[float, Field(ge=10, le=3600)]
OrderId = Annotated[str, Path(pattern=r"^[0-9a-f]{32}$")]


class Write(Strict):
    """What a device is to be set to, and why."""

    device: Name
    point: Name
    value: Annotated[float, Field(strict=True)]
    why: Why
    hold_s: Annotated[float, Field(gt=0)] | None = None
    expires_in_s: Life = USUAL_LIFE_S
    alert: Name | None = None


class Probe(Strict):
    """What of a link is to be read."""

    link: Name
    args: dict[str, Any]
    why: Why
    expires_in_s: Life = USUAL_LIFE_S


class Reference(Strict):
    """What is to be done with what a camera should see, and why."""

    do: Literal["look", "confirm", "forget"]
    light: Literal["day", "night", "both"] = "both"
    why: Why


class Reason(Strict):
    """Why."""

    why: Why


class Scope(Strict):
    """An agent, or * for all, and why."""

    scope: Name
    why: Why


@ROUTES.get("/orders", role=Role.VIEWER)
async def orders(
    hub: Hub,
    open: bool = False,  # noqa: A002, FBT001, FBT002 - the word of the interface
    device: str | None = None,
    agent: str | None = None,
    kind: OrderKind | None = None,
    before: Annotated[int | None, Query(ge=0)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Json:
    """Orders, newest first, and whether anything may be written just now."""
    asked = {"target": device, "agent": agent, "kind": None if kind is None else str(kind)}
    found = await hub.db.read(lambda c: shelf.found(c, only_open=open, before=before, limit=limit, **asked))
    return Json({**await ability(hub), "orders": [order_shown(one, hub.campus) for one in found]})


@ROUTES.post("/orders", role=Role.ENGINEER, status=201)
async def order(request: Request, hub: Hub, who: SignedIn, body: Write) -> Json:
    """Set a value: read back, and given back where it is to hold for a time."""
    args = {"point": body.point, "value": body.value, "hold_s": body.hold_s}
    wanted = Wanted(OrderKind.WRITE, body.device, args, body.why.strip(), body.expires_in_s, alert=body.alert)
    return await _answered(hub, hub.orders.make(wanted, actor_of(request, who)), 201)


@ROUTES.post("/orders/probes", role=Role.ENGINEER, status=201)
async def probe(request: Request, hub: Hub, who: SignedIn, body: Probe) -> Json:
    """Let an agent read what a device says; nothing is written."""
    try:
        size = len(dumps(body.args))
    except ValueError:  # numbers that are none, half characters: JSON in the tongue of Python, not of others
        raise Invalid(Text("参数不是合法的 JSON", "The arguments are no proper JSON")) from None
    if size > MAX_ARGS:
        raise TooLarge(Text("请求过大", "The request is too large"))
    wanted = Wanted(OrderKind.PROBE, body.link, body.args, body.why.strip(), body.expires_in_s)
    return await _answered(hub, hub.orders.make(wanted, actor_of(request, who)), 201)


@ROUTES.post("/cameras/{name}/reference", role=Role.ENGINEER, status=201)
async def reference(
    request: Request, hub: Hub, who: SignedIn, name: Annotated[str, Path(max_length=64)], body: Reference
) -> Json:
    """Look at, confirm or forget what a camera should see; the answer comes with the order."""
    args = {"do": body.do, "light": body.light}
    wanted = Wanted(OrderKind.REFERENCE, name, args, body.why.strip())
    return await _answered(hub, hub.orders.make(wanted, actor_of(request, who)), 201)


@ROUTES.post("/orders/freeze", role=Role.OPERATOR)
async def freeze(request: Request, hub: Hub, who: SignedIn, body: Scope) -> Json:
    """Forbid all writing at once; whoever is on duty may."""
    return await _frozen(request, hub, who, body, frozen=True)


@ROUTES.post("/orders/thaw", role=Role.ENGINEER)
async def thaw(request: Request, hub: Hub, who: SignedIn, body: Scope) -> Json:
    """Allow writing again."""
    return await _frozen(request, hub, who, body, frozen=False)


@ROUTES.get("/orders/{name}", role=Role.VIEWER)
async def one_order(hub: Hub, name: OrderId) -> Json:
    """One order with its history, and what it has read."""

    def work(connection: Connection) -> tuple[Record, list[dict[str, Any]]]:
        return shelf.get(connection, name), [line_shown(one) for one in shelf.history(connection, name)]

    record, history = await hub.db.read(work)
    return Json({**order_shown(record, hub.campus, data=True), "history": history})


@ROUTES.post("/orders/{name}/cancel", role=Role.ENGINEER)
async def cancel(request: Request, hub: Hub, who: SignedIn, name: OrderId, body: Reason) -> Json:
    """Take an order back; what it holds is given back."""
    return await _answered(hub, hub.orders.cancel(name, body.why.strip(), actor_of(request, who)))


@ROUTES.get("/devices/{name}/writable", role=Role.VIEWER)
async def writable(hub: Hub, name: Annotated[str, Path(max_length=64)]) -> Json:
    """What of a device may be set, and who holds it."""
    campus = hub.campus
    device = campus.devices.get(name)
    if device is None:
        raise NotFound(Text("没有此设备", "No such device"))
    day, since_us = today(hub.now_us(), campus.timezone), midnight_us(hub.now_us(), campus.timezone)
    holder, given, gateways = await hub.db.read(
        lambda c: (
            shelf.holder(c, OrderKind.WRITE, name),
            shelf.count_since(c, name, since_us),
            roster.gateways(c),
        )
    )
    agent = campus.links[device.link].agent
    no = why_not(campus, device, enabled=hub.orders.enabled)
    points = [] if no is not None and no.code != "disabled" else writable_of(campus, device)
    readings = hub.newest.as_json(hub.rows.of([name]))
    newest = {point.removeprefix(f"{name}."): reading for point, reading in readings.items()}
    return Json(
        {
            "device": name,
            "may": no is None,
            "why_not": None if no is None else {"code": no.code, **words(no.text)},
            "holder": None if holder is None else order_shown(holder, campus),
            "today": given,
            "left": left_today(gateways.get(agent), given),
            "points": [
                writable_shown(one, point, range_of(campus, device, one, day), newest)
                for one, point in points
            ],
        }
    )


async def _answered(hub: Ports, act: Awaitable[Record], status: int = 200) -> Json:
    try:
        return Json(order_shown(await act, hub.campus, data=True), status)
    except Conflict as conflict:
        match conflict.current:
            case Record() as record:
                raise Conflict(conflict.text, order_shown(record, hub.campus)) from None
            case Standing() as standing:
                raise Conflict(conflict.text, freeze_shown(standing)) from None
        raise


async def _frozen(request: Request, hub: Ports, who: SignedIn, body: Scope, *, frozen: bool) -> Json:
    await hub.orders.freeze(body.scope, body.why.strip(), actor_of(request, who), frozen=frozen)
    standings = await hub.db.read(shelf.standings)
    return Json({"freezes": [freeze_shown(one) for one in standings.values() if one.frozen]})
