"""The number plate of a speeding vehicle: told to those who act on it, and each look is in the trail."""

from __future__ import annotations

from typing import Final

from fastapi import Request

from devices.model.plates import EVIDENCE, decode
from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api import shapes
from hub.api.access import SignedIn, actor_of
from hub.api.answers import Json
from hub.api.ports import Hub
from hub.api.routes import Routes
from hub.db import audit
from hub.db.audit import Act
from hub.errors import NotFound

ROUTES: Final = Routes("plates")


@ROUTES.get("/alerts/{number}/plate", role=Role.OPERATOR, model=shapes.Plate)
async def plate(request: Request, hub: Hub, who: SignedIn, number: str) -> Json:
    """The plate that a camera read of the vehicle of an alert."""
    record = await hub.db.read(lambda c: store.get(c, number))
    found = decode(record.evidence.get(EVIDENCE, 0.0))
    if found is None:
        raise NotFound(Text("此告警没有车牌", "This alert has no plate"), [number])
    looked = Act("alert.plate", record.id)
    await hub.db.write(lambda c: audit.record(c, actor_of(request, who), looked, hub.now_us()))
    return Json({"plate": found, "sure": record.evidence.get(f"{EVIDENCE}_sure")})
