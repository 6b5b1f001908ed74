"""Orders, freezes and what agents say of them, as people and programs see them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from devices.campus.site import Campus
from devices.model.codes import CODES
from devices.model.units import conversion
from devices.profiles.point import Point
from devices.profiles.writes import Writable
from devices.wire.orders import OrderKind
from hub.api.answers import words
from hub.api.ports import Ports
from hub.gateways import roster
from hub.gateways.roster import Gateway, Presence
from hub.orders import shelf
from hub.orders.allowed import members
from hub.orders.record import Line, Record
from hub.orders.report import heard_freeze, section
from hub.orders.shelf import Standing


def order_shown(record: Record, campus: Campus, *, data: bool = False) -> dict[str, Any]:
    """One order; what a probe has read only where it is asked for."""
    is_write = record.kind is OrderKind.WRITE
    is_probe = record.kind is OrderKind.PROBE
    device = None if is_probe else campus.devices.get(record.target)
    point = _point(campus, record)
    value = record.args.get("value") if is_write else None
    unit = "" if point is None else conversion(point.unit).canonical
    times = ("created_us", "expires_us", "sent_us", "taken_us", "verified_us", "ended_us", "until_us")
    plain = ("id", "seq", "agent", "assumed", "code", "text", "before", "after", "rule", "alert", "why")
    return {
        **{name: getattr(record, name) for name in (*plain, *times, "holding", "cancelled_by", "hold_s")},
        "kind": str(record.kind),
        "state": str(record.state),
        "device": None if is_probe else record.target,
        "name": words(device.name) if device is not None else None,
        "link": record.target if is_probe else None,
        "point": record.args.get("point") if is_write else None,
        "title": words(point.title) if point is not None else None,
        "unit": unit,
        "value": value,
        "word": _word(point, value),
        "by": record.actor,
        "over": not record.open,
        "data": json.loads(record.data) if data and record.data else None,
    }


def line_shown(entry: Line) -> dict[str, Any]:
    """One line of an order's history."""
    names = ("time_us", "actor", "text", "code", "before", "after")
    return {"state": str(entry.state), **{name: getattr(entry, name) for name in names}}


def freeze_shown(standing: Standing) -> dict[str, Any]:
    """What is frozen, by whom and why."""
    return {
        "scope": standing.scope,
        "frozen": standing.frozen,
        "by": standing.actor,
        "why": standing.why,
        "time_us": standing.time_us,
    }


async def ability(hub: Ports) -> dict[str, Any]:
    """Whether anything may be written: here, and on each agent."""
    standings, known = await hub.db.read(lambda c: (shelf.standings(c), roster.gateways(c)))
    return {
        "now_us": hub.now_us(),
        "enabled": hub.orders.enabled,
        "freezes": [freeze_shown(one) for one in standings.values() if one.frozen],
        "agents": [_agent(hub, agent, known.get(agent), standings) for agent in hub.campus.agents],
    }


def writable_shown(
    writable: Writable, point: Point, limits: tuple[float, float] | None, known: Mapping[str, Sequence[Any]]
) -> dict[str, Any]:
    """One point that may be set, and what it is now; `known` are the newest readings of the device by point."""
    time_us, value, _ = known.get(point.name) or (None, None, None)
    above, below = (known.get(name or "") for name in (writable.not_above, writable.not_below))
    return {
        "point": point.name,
        "title": words(point.title),
        "unit": conversion(point.unit).canonical,
        "range": None if point.codes is not None or limits is None else list(limits),
        "not_above": None if above is None else above[1],
        "not_below": None if below is None else below[1],
        "members": [{"value": number, "word": word} for word, number in members(writable, point).items()]
        or None,
        "modes": list(writable.modes),
        "hold": writable.hold,
        "longest_hold_s": writable.longest_hold_s,
        "settle_s": writable.settle_s,
        "value": value,
        "time_us": time_us,
    }


def _agent(
    hub: Ports, agent: str, gateway: Gateway | None, standings: Mapping[str, Standing]
) -> dict[str, Any]:
    said, heard = section(gateway), heard_freeze(gateway)
    freeze = shelf.freeze_of(dict(standings), agent)
    return {
        "agent": agent,
        "name": words(hub.campus.agents[agent].name),
        "online": gateway is not None and gateway.presence is Presence.ONLINE,
        "known": said is not None,
        "enabled": said is not None and said.get("enabled") is True,
        "frozen_here": said is not None and said.get("frozen_here") is True,
        "frozen": heard is not None and heard.frozen,
        "pending": freeze.number > 0 and heard != freeze,
    }


def _point(campus: Campus, record: Record) -> Point | None:
    device = campus.devices.get(record.target)
    if record.kind is not OrderKind.WRITE or device is None:
        return None
    points = campus.profile_of(device).points
    return next((point for point in points if point.name == record.args.get("point")), None)


def _word(point: Point | None, value: float | None) -> str | None:
    if point is None or point.codes is None or value is None:
        return None
    return next((one.name.lower() for one in CODES[point.codes] if int(one) == value), None)
