"""Clips and pictures of an alert: fetched from its gateway when somebody looks, and each look is in the trail."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Final

from fastapi import Request
from starlette.responses import FileResponse, Response

from devices.model.errors import Unreachable
from devices.model.texts import Text
from devices.wire.evidence import is_name
from hub.accounts.roles import Role
from hub.alerts import store
from hub.alerts.record import Record
from hub.api import shapes
from hub.api.access import SignedIn, actor_of
from hub.api.answers import Json
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.db import audit
from hub.db.audit import Act
from hub.errors import NotFound
from hub.evidence import Fetching
from hub.gateways import roster

ROUTES: Final = Routes("evidence")
#: What an alert says of a vehicle that a camera had in sight.
WATCHED: Final = "check"
MEDIA: Final = {"jpg": "image/jpeg", "mp4": "video/mp4"}


@ROUTES.get("/alerts/{number}/evidence", role=Role.OPERATOR, model=shapes.Evidence)
async def evidence(_request: Request, hub: Hub, _who: SignedIn, number: str) -> Json:
    """Which files of evidence the gateway keeps of an alert."""
    record = await hub.db.read(lambda c: store.get(c, number))
    return Json({"alert": record.id, "agent": record.agent, "files": await _files(hub, record)})


@ROUTES.get("/alerts/{number}/evidence/{name}", role=Role.OPERATOR)
async def file(
    request: Request, hub: Hub, who: SignedIn, number: str, name: str, *, download: bool = False
) -> Response:
    """A file of evidence; a look is in the audit trail, and taking it along is another act."""
    record = await hub.db.read(lambda c: store.get(c, number))
    found = None if hub.evidence is None else await _found(hub, hub.evidence, record, name, hub.now_us())
    if hub.evidence is None or found is None:
        raise NotFound(Text("没有此证据文件", "There is no such file of evidence"), [name])
    now_us, look = hub.now_us(), (f"{who.user} {who.label}", record.id, name)
    if download or hub.evidence.looks.is_new(look, now_us):
        act = Act("evidence.export" if download else "evidence.view", record.id, after={"file": name})
        await hub.db.write(lambda c: audit.record(c, actor_of(request, who), act, now_us))
    if not download:
        hub.evidence.looks.note(look, now_us)
    media, headers = MEDIA[name.rpartition(".")[2]], {"Cache-Control": "private, no-store"}
    filename = f"{record.id}-{name}" if download else None
    return FileResponse(found, media_type=media, headers=headers, filename=filename)


async def _files(hub: Ports, record: Record) -> list[dict[str, Any]]:
    if hub.evidence is None or WATCHED not in record.evidence:
        return []
    await _not_away(hub, record.agent)
    found = await hub.evidence.files(record.agent, record.id)
    return [{"name": one.name, "bytes": one.bytes, "sha256": one.sha256} for one in found]


async def _found(hub: Ports, fetching: Fetching, record: Record, name: str, now_us: int) -> Path | None:
    """A file, but not our copy of it where its time is over: the gateway says whether it still has it."""
    if await asyncio.to_thread(fetching.copies.is_over, record.id, record.severity, record.start_us, now_us):
        await asyncio.to_thread(fetching.copies.forget, record.id)
    if not is_name(name):
        return None
    if (copy := await asyncio.to_thread(fetching.copies.find, record.id, name)) is not None:
        return copy
    await _not_away(hub, record.agent)
    return await fetching.file(record.agent, record.id, name)


async def _not_away(hub: Ports, agent: str) -> None:
    """Nobody waits for a gateway that is known to be away.

    Raises:
        Unreachable: it is.
    """
    if await hub.db.read(lambda c: roster.away(c, agent)):
        raise Unreachable(f"gateway {agent} is away")
