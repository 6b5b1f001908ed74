"""What a camera shows and what it should see: fetched from its gateway when somebody looks, and kept nowhere."""

from __future__ import annotations

import base64
from typing import Annotated, Any, Final

from fastapi import Path, Query, Request

from devices.model.errors import Unreachable
from devices.model.texts import Text
from devices.profiles.profile import DeviceKind
from devices.wire.evidence import picture_of
from hub.accounts.roles import Role
from hub.api.access import SignedIn, actor_of
from hub.api.answers import Json
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.db import audit
from hub.db.audit import Act
from hub.errors import NotFound
from hub.gateways import roster

ROUTES: Final = Routes("cameras")
MEDIA: Final = {"jpg": "image/jpeg", "png": "image/png"}
#: How the trail names what was looked at, and one look at all that a camera has is one row.
LOOK: Final = "pictures"


@ROUTES.get("/cameras/{name}/pictures", role=Role.OPERATOR)
async def pictures(
    request: Request,
    hub: Hub,
    who: SignedIn,
    name: Annotated[str, Path(max_length=64)],
    known: Annotated[str, Query(max_length=200)] = "",
) -> Json:
    """The newest picture and the references of a camera; those that are `known` by name come without data."""
    device = hub.campus.devices.get(name)
    if device is None or hub.campus.profile_of(device).kind is not DeviceKind.CAMERA:
        raise NotFound(Text("没有此摄像机", "No such camera"), [name])
    agent = hub.campus.links[device.link].agent
    found = await _fetched(hub, agent, name, known.split(","))
    if found:
        await _record(request, hub, who, name)
    shown = {"camera": name, "agent": agent, "now_us": hub.now_us(), "pictures": _shown(found)}
    return Json(shown, headers={"Cache-Control": "private, no-store"})


async def _fetched(hub: Ports, agent: str, camera: str, known: list[str]) -> dict[str, bytes | None]:
    """Ask the gateway, unless it is known to be away.

    Raises:
        Unreachable: it is, or it does not answer.
    """
    if hub.evidence is None or await hub.db.read(lambda c: roster.away(c, agent)):
        raise Unreachable(f"gateway {agent} is away")
    return await hub.evidence.pictures(agent, camera, known)


async def _record(request: Request, hub: Ports, who: SignedIn, camera: str) -> None:
    """Put a look into the trail; a page that stays open is one look."""
    assert hub.evidence is not None
    looks, now_us, look = hub.evidence.looks, hub.now_us(), (f"{who.user} {who.label}", camera, LOOK)
    if looks.is_new(look, now_us):
        await hub.db.write(
            lambda c: audit.record(c, actor_of(request, who), Act("camera.view", camera), now_us)
        )
    looks.note(look, now_us)


def _shown(found: dict[str, bytes | None]) -> list[dict[str, Any]]:
    rows = []
    for name, data in found.items():
        of, time_us = picture_of(name) or ("", 0)
        media = MEDIA[name.rpartition(".")[2]]
        url = None if data is None else f"data:{media};base64,{base64.b64encode(data).decode()}"
        rows.append({"name": name, "of": of, "time_us": time_us, "url": url})
    return rows
