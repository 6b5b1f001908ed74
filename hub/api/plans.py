"""Floor plans and maps: which there are, where devices stand in them, and the drawings."""

from __future__ import annotations

import hashlib
from typing import Any, Final

from fastapi import Request
from starlette.responses import Response

from devices.campus.plans import Position
from devices.campus.plans_loading import Drawn
from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.api.answers import Json
from hub.api.ports import Hub
from hub.api.routes import Routes
from hub.errors import NotFound

ROUTES: Final = Routes("plans")
#: Drawings were checked when they were read; whoever opens one by its address is still let run nothing.
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:; sandbox",
    "Cache-Control": "private, no-cache",
}


@ROUTES.get("/plans", role=Role.VIEWER)
async def plans(hub: Hub) -> Json:
    """Every plan with the place that it shows, every position, and the table in which positions are written."""
    named = hub.campus.positions
    placed = [one for drawn in hub.plans.values() for one in drawn.positions]
    return Json(
        {
            "plans": [_described(drawn) for drawn in hub.plans.values()],
            "positions": [_position(one) for one in placed],
            "table": named if isinstance(named, str) else None,
        }
    )


@ROUTES.get("/plans/{plan}/drawing", role=Role.VIEWER)
async def drawing(request: Request, hub: Hub, plan: str) -> Response:
    """The SVG of a plan."""
    drawn = hub.plans.get(plan)
    if drawn is None:
        raise NotFound(Text("没有此平面图", "There is no such plan"), [plan])
    headers = {**HEADERS, "ETag": f'"{_tag(drawn)}"'}
    if request.headers.get("if-none-match") == headers["ETag"]:
        return Response(status_code=304, headers=headers)
    return Response(drawn.drawing, headers=headers, media_type="image/svg+xml; charset=utf-8")


def _described(drawn: Drawn) -> dict[str, Any]:
    plan = drawn.plan
    return {
        "id": plan.id,
        "site": plan.site,
        "building": plan.building,
        "floor": None if plan.building is None else plan.storey,
        "view_box": drawn.view_box,
    }


def _position(one: Position) -> dict[str, Any]:
    return {name: value for name, value in one.model_dump().items() if value is not None}


def _tag(drawn: Drawn) -> str:
    return hashlib.sha256(drawn.drawing).hexdigest()[:24]
