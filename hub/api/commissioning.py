"""Commissioning: how far it is known what each camera should see, and what is left to be done."""

from __future__ import annotations

from typing import Any, Final

from devices.model.codes import ReferenceStanding
from hub.accounts.roles import Role
from hub.api.answers import Json
from hub.api.cameras import judged
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.reports.cameras import ONLINE, State
from hub.reports.commissioning import group_of, left_of

ROUTES: Final = Routes("cameras")


@ROUTES.get("/cameras/commissioning", role=Role.VIEWER)
async def commissioning(hub: Hub) -> Json:
    """Every camera with the standing of its references by day and by night, and what is left of it."""
    rows, found = await judged(hub, None)
    told = [_row(hub, row, State(state)) for row, state in zip(rows, found.tolist(), strict=True)]
    return Json({"now_us": hub.now_us(), "rows": told})


def _row(hub: Ports, row: dict[str, Any], state: State) -> dict[str, Any]:
    readings = [hub.newest.reading(f"{row['device']}.reference_{light}") for light in ("day", "night")]
    day, night = map(_standing, readings)
    has_alert = row["trouble"] is not None
    left = left_of(day, night, has_picture=state in ONLINE, has_alert=has_alert)
    names = ("device", "area", "building", "site", "state", "trouble", "time_us")
    return {
        **{name: row[name] for name in names},
        "day": _word(day),
        "night": _word(night),
        "told_us": max((reading[0] for reading in readings if reading is not None), default=None),
        "left": [str(one) for one in left],
        "group": str(group_of(left)),
    }


def _standing(reading: tuple[int, float, int] | None) -> ReferenceStanding | None:
    known = reading is not None and reading[1] in set(ReferenceStanding)
    return ReferenceStanding(int(reading[1])) if reading is not None and known else None


def _word(standing: ReferenceStanding | None) -> str | None:
    return None if standing is None else standing.name.lower().replace("_", "-")
