"""The gateways: who is there, what each last said of itself, and what had to be set aside."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Final

from fastapi import Query
from starlette.responses import Response

from devices.campus.site import Campus
from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.api.answers import Json, words
from hub.api.health import vitals
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import NotFound
from hub.gateways import quarantine, roster
from hub.gateways.reasons import why
from hub.gateways.roster import Gateway, Presence
from hub.rulebook.report import report

ROUTES: Final = Routes("gateways")

#: Counters of a link that tell of something wrong, whatever its kind.
ERRORS: Final = (
    *("timeouts", "exceptions", "garbled", "connect_failures", "cut_short", "overruns", "faults"),
    *("wrong_transaction", "wrong_unit", "wrong_function", "wrong_length", "bad_header", "bad_crc"),
    *("short_frames", "garbage", "bad_echo", "strangers", "late", "unasked", "noisy"),
    *("wrong_sum", "wrong_address", "wrong_data", "wrong_control", "wrong_number", "echoes", "noise"),
    *("host_down", "port_closed", "timed_out", "unauthorised", "refused", "not_a_picture", "unknown"),
    *("session_limit", "silent", "undecodable", "cached"),
)
UPLINK: Final = ("thin", "thinned", "bandwidth_bytes_per_s", "renewals")
OUTBOX: Final = ("alerts", "live", "backlog", "bytes", "max_bytes", "oldest_us", "hours_left", "full")


@ROUTES.get("/gateways", role=Role.VIEWER)
async def gateways(hub: Hub) -> Json:
    """Every agent of the site file and every other that was ever heard; quarantine; the hub itself."""
    known, aside, newest = await hub.db.read(
        lambda c: (roster.gateways(c), quarantine.count(c), quarantine.newest(c, 20))
    )
    names = [*hub.campus.agents, *(agent for agent in known if agent not in hub.campus.agents)]
    return Json(
        {
            "now_us": hub.now_us(),
            "rows": [gateway_row(hub, agent, known.get(agent)) for agent in names],
            "quarantine": {"count": aside, "newest": [told(row) for row in newest]},
            "hub": await vitals(hub),
        }
    )


@ROUTES.get("/quarantine", role=Role.ENGINEER)
async def set_aside(
    hub: Hub,
    before_id: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Messages that were set aside, newest first, each with its reason."""
    rows = await hub.db.read(lambda c: quarantine.newest(c, limit, before_id))
    return Json({"rows": [told(row) for row in rows]})


@ROUTES.get("/quarantine/{number}", role=Role.ENGINEER)
async def contents(hub: Hub, number: int) -> Response:
    """The beginning of one such message, as bytes to save; never shown as what it says to be."""
    sample = await hub.db.read(lambda c: quarantine.sample(c, number))
    if sample is None:
        raise NotFound(Text("此消息已不在", "This message is no longer kept"))
    headers = {"Content-Disposition": f'attachment; filename="quarantine-{number}.bin"'}
    return Response(sample, media_type="application/octet-stream", headers=headers)


def told(row: dict[str, Any]) -> dict[str, Any]:
    """A message that was set aside, with the kind of its reason in both languages."""
    return {**row, "why": words(why(row["reason"]))}


def gateway_row(hub: Ports, agent: str, known: Gateway | None) -> dict[str, Any]:
    """One agent: what the hub knows, what ingest counts, and what the agent itself last said."""
    campus, status = hub.campus, hub.ingest().get("agents", {}).get(agent, {})
    health = (known and known.health) or {}
    about = {**_part(health, "agent"), **((known and known.hello) or {})}
    outbox, told = _part(health, "outbox"), report(known)
    return {
        "agent": agent,
        "name": words(campus.agents[agent].name if agent in campus.agents else Text(agent, agent)),
        "state": str(known.presence if known else Presence.NEVER),
        "since_us": known and known.since_us,
        "seen_us": known and known.seen_us,
        "health_us": known and known.health_us,
        "enrolled_us": known and known.enrolled_us,
        "version": about.get("version"),
        "site_digest": about.get("site_digest"),
        "digest_ok": status.get("digest_ok"),
        "started_us": about.get("started_us"),
        "epoch": outbox.get("epoch"),
        "outbox": {**{name: outbox.get(name) for name in OUTBOX}, "dropped": _part(outbox, "dropped")},
        "clock_offset_s": status.get("clock_offset_s"),
        "rival_us": status.get("rival_us"),
        "uplink": {name: _part(health, "uplink").get(name) for name in UPLINK},
        "rates": {"samples_s": status.get("samples_s", 0.0)},
        "links": _links(campus, agent, health),
        "pipeline": _part(health, "pipeline"),
        "rules": dict(told.versions) or _part(about, "rules"),
        "rule_set": told.number,
        "received": status.get("received"),
    }


def _links(campus: Campus, agent: str, health: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Each link of the site file, with what the agent's sources say of it."""
    said: dict[str, Mapping[str, Any]] = {}
    for name, section in health.items():
        if name.startswith("source_") and isinstance(section, Mapping):
            said |= {
                link: value for link, value in _part(section, "links").items() if isinstance(value, dict)
            }
    devices: dict[str, int] = {}
    for device in campus.devices_of(agent):
        devices[device.link] = devices.get(device.link, 0) + 1
    return [
        _link(link.id, words(link.name), link.kind, devices.get(link.id, 0), said.get(link.id, {}))
        for link in campus.links_of(agent)
    ]


def _link(
    number: str, name: dict[str, str], kind: str, devices: int, said: Mapping[str, Any]
) -> dict[str, Any]:
    listed = said.get("silent_devices")
    silent = (
        listed if isinstance(listed, list) else list(_part(said, "troubles"))
    )  # cameras by what ails them
    return {
        "id": number,
        "name": name,
        "kind": kind,
        "state": said.get("state", "unknown"),
        "trouble": said.get("trouble") or None,
        "ok": said.get("answered", said.get("online")),
        "errors": {name: said[name] for name in ERRORS if said.get(name)} | _part(said, "errors"),
        "period_s": said.get("period_s"),
        "last_ok_us": said.get("last_ok_us"),
        "devices": devices,
        "silent": len(silent),
        "silent_devices": silent,
    }


def _part(values: Mapping[str, Any], name: str) -> dict[str, Any]:
    """A nested mapping; what an agent says may be of any form."""
    part = values.get(name)
    return part if isinstance(part, dict) else {}
