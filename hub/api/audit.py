"""The trail, for administrators: who did what, and whether the rows still hold together."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import Query

from hub.accounts.roles import Role
from hub.api import shapes
from hub.api.answers import Json
from hub.api.ports import Hub
from hub.api.routes import Routes
from hub.db import audit as trail

ROUTES: Final = Routes("audit")


@ROUTES.get("/audit", role=Role.ADMIN, model=shapes.Audit)
async def audit(
    hub: Hub,
    before_id: Annotated[int | None, Query(ge=1)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 100,
) -> Json:
    """Rows of the trail, newest first."""
    return Json({"rows": await hub.db.read(lambda c: trail.rows(c, before_id, limit))})


@ROUTES.get("/audit/check", role=Role.ADMIN)
async def check(hub: Hub) -> Json:
    """Whether any row was changed, removed or moved."""
    found = await hub.db.read(trail.verify)
    return Json({"ok": found is None, "row": found and found.row, "why": found and found.why})
