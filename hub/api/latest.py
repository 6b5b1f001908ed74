"""The newest value of every point, out of memory."""

from __future__ import annotations

from typing import Annotated, Final

import numpy as np
from fastapi import Query

from hub.accounts.roles import Role
from hub.api import shapes
from hub.api.answers import Json
from hub.api.points import chosen
from hub.api.ports import Hub
from hub.api.routes import Routes

ROUTES: Final = Routes("latest")


@ROUTES.get("/latest", role=Role.VIEWER, model=shapes.Latest)
async def latest(
    hub: Hub,
    devices: Annotated[str | None, Query(max_length=20_000)] = None,
    site: str | None = None,
    kind: str | None = None,
) -> Json:
    """Newest samples of some devices (`a,b`), of a site, of a kind of device, or of everything."""
    wanted = chosen(hub.campus, devices, site, kind)
    rows = np.arange(len(hub.newest)) if wanted is None else hub.rows.of(wanted)
    return Json({"now_us": hub.now_us(), "values": hub.newest.as_json(rows)})
