"""The registry: everything that the site file names, in one answer that browsers keep until the file changes."""

from __future__ import annotations

import datetime as dt
import gzip
import hashlib
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from devices.campus.freshness import stale_after_s
from devices.campus.rules import Rule
from devices.campus.site import AnyLink, Campus, MqttLink
from devices.model.codes import CODE_TEXTS, CODES
from devices.model.units import CONVERSIONS
from devices.profiles.profile import Point, Profile
from hub.accounts.roles import Role
from hub.api.answers import dumps, words
from hub.api.ports import Hub
from hub.api.routes import Routes

ROUTES: Final = Routes("campus")


@ROUTES.get("/campus", role=Role.VIEWER)
async def campus(request: Request, hub: Hub) -> Response:
    """Sites, buildings, areas, zones, agents, links, devices, profiles, codes, rules, and today's periods."""
    today = dt.datetime.fromtimestamp(hub.now_us() / 1e6, hub.campus.timezone).date()
    body, packed, tag = _answer(_Key(hub.campus), today)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Accept-Encoding, Cookie"}
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    if "gzip" in request.headers.get("accept-encoding", ""):
        return Response(
            packed, headers={**headers, "Content-Encoding": "gzip"}, media_type="application/json"
        )
    return Response(body, headers=headers, media_type="application/json")


class _Key:
    """A campus as a key: the same object is the same campus."""

    def __init__(self, campus: Campus) -> None:
        self.campus = campus

    def __hash__(self) -> int:
        return id(self.campus)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.campus is self.campus


@lru_cache(maxsize=4)
def _answer(key: _Key, today: dt.date) -> tuple[bytes, bytes, str]:
    body = dumps(described(key.campus, today))
    return body, gzip.compress(body, 6, mtime=0), f'"{hashlib.sha256(body).hexdigest()[:24]}"'


def described(campus: Campus, today: dt.date) -> dict[str, Any]:
    """The campus as plain values."""
    used = {device.profile for device in campus.devices.values()}
    return {
        "head": {
            "id": campus.head.id,
            "name": words(campus.head.name),
            "timezone": campus.head.timezone,
            "digest": campus.digest,
        },
        "sites": _plain(campus.sites.values(), "id", "name", "agent"),
        "buildings": _plain(campus.buildings.values(), "id", "site", "name", "floors", "m2"),
        "zones": _plain(campus.zones.values(), "id", "name", "owner", "phone", "neighbours"),
        "areas": _plain(
            campus.areas.values(),
            *("id", "building", "zone", "kind", "name", "floor", "m2", "department", "people"),
        ),
        "agents": _plain(campus.agents.values(), "id", "name"),
        "links": [_link(campus, link) for link in campus.links.values()],
        "devices": [
            {
                "id": device.id,
                "profile": device.profile,
                "kind": str(campus.profile_of(device).kind),
                "link": device.link,
                "area": device.area,
                "site": campus.site_of(device).id,
                "name": words(device.name),
                "tags": list(device.tags),
            }
            for device in campus.devices.values()
        ],
        "profiles": {name: _profile(campus.profiles[name]) for name in sorted(used)},
        "codes": {
            name: {
                str(int(member)): {"name": member.name.lower(), **words(CODE_TEXTS[name][member])}
                for member in codes
            }
            for name, codes in CODES.items()
        },
        "rules": [_rule(rule) for rule in campus.rules.values()],
        "standards": {"period": {site: str(campus.period(site, today)) for site in campus.sites}},
    }


def _plain(things: Iterable[Any], *names: str) -> list[dict[str, Any]]:
    return [{name: _value(getattr(thing, name)) for name in names} for thing in things]


def _value(value: Any) -> Any:
    if hasattr(value, "zh"):
        return words(value)
    if isinstance(value, tuple):
        return list(value)
    return str(value) if isinstance(value, str) else value


def _link(campus: Campus, link: AnyLink) -> dict[str, Any]:
    poll_s = None if isinstance(link, MqttLink) else link.poll_s
    return {
        "id": link.id,
        "agent": link.agent,
        "kind": link.kind,
        "name": words(link.name),
        "poll_s": poll_s,
        "stale_after_s": stale_after_s(campus, link),
    }


def _profile(profile: Profile) -> dict[str, Any]:
    return {
        "title": words(profile.title),
        "kind": str(profile.kind),
        "make": profile.make,
        "model": profile.model,
        "grade": str(profile.grade),
        "points": [_point(point) for point in profile.points if not point.personal],
    }


def _point(point: Point) -> dict[str, Any]:
    return {
        "name": point.name,
        "title": words(point.title),
        "unit": CONVERSIONS[point.unit].canonical,
        "codes": point.codes,
        "counter": point.counter is not None,
        "valid": None if point.valid is None else list(point.valid),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "version": rule.version,
        "kind": rule.kind,
        "title": words(rule.title),
        "advice": words(rule.advice),
        "family": str(rule.family),
        "severity": int(rule.severity),
        "on_delay_s": rule.on_delay_s,
        "off_delay_s": rule.off_delay_s,
        "enabled": rule.enabled,
    }
