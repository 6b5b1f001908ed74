"""The coverage view: each area that must be watched, whether it is, and by which cameras."""

from __future__ import annotations

from typing import Any, Final

from devices.model.alerts import Family
from hub.accounts.roles import Role
from hub.alerts import board
from hub.alerts.record import Record
from hub.api.answers import Json, words
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.reports.cameras import picture_rules
from hub.reports.coverage import Covered, standing

ROUTES: Final = Routes("coverage")


@ROUTES.get("/coverage", role=Role.VIEWER)
async def coverage(hub: Hub) -> Json:
    """Every entry of the site file's coverage with its areas, each with its cameras and its alert."""
    alerts = await hub.db.read(lambda c: board.active_of(c, family=Family.CAMERA))
    raised = {(record.rule, record.device): record for record in alerts}
    judging = picture_rules(hub.campus)
    troubled = {record.device for record in alerts if record.rule in judging}
    areas = standing(hub.campus, hub.newest.reading, troubled, hub.now_us())
    return Json(
        {
            "now_us": hub.now_us(),
            "entries": [
                {"id": entry.id, "title": words(entry.title), "least": entry.least}
                for entry in hub.campus.coverage.values()
            ],
            "rows": [
                _row(hub, area, raised.get((area.need.coverage.id, area.need.area.id))) for area in areas
            ],
        }
    )


def _row(hub: Ports, area: Covered, alert: Record | None) -> dict[str, Any]:
    entry, place = area.need.coverage, area.need.area
    return {
        "entry": entry.id,
        "area": place.id,
        "building": place.building,
        "site": hub.campus.buildings[place.building].site,
        "least": entry.least,
        "good": area.good,
        "unknown": area.unknown,
        "standing": str(area.standing),
        "cameras": [
            {"device": name, "state": state.word}
            for name, state in zip(area.need.cameras, area.states, strict=True)
        ],
        "since_us": alert and alert.start_us,
        "alert": alert and alert.id,
    }
