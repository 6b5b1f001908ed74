"""The cameras page: every point by state, and the rates."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.campus.site import Device
from devices.model.alerts import Family
from devices.profiles.profile import DeviceKind
from hub.accounts.roles import Role
from hub.alerts import board
from hub.alerts.record import Record
from hub.api.answers import Json, words
from hub.api.points import chosen
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.reports.cameras import DEFINITION, ONLINE, State, now, picture_rules, rates, rates_by

ROUTES: Final = Routes("cameras")

POINTS: Final = ("mean_level", "std_level", "same_pictures")


@ROUTES.get("/cameras", role=Role.VIEWER)
async def cameras(hub: Hub, site: str | None = None) -> Json:
    """Every camera with its state and the readings behind it; online and good rates, also by site and area."""
    rows, found = await judged(hub, site)
    return Json(
        {
            "now_us": hub.now_us(),
            "rows": rows,
            "rates": {
                "overall": rates(found),
                "by_site": rates_by(found, [row["site"] for row in rows]),
                "by_area_kind": rates_by(found, [row["kind_of_area"] for row in rows]),
            },
            "definition": words(DEFINITION),
        }
    )


async def judged(hub: Ports, site: str | None) -> tuple[list[dict[str, Any]], npt.NDArray[np.int64]]:
    """A row for each camera, and the state of each, int64 (n,), see State."""
    names = chosen(hub.campus, None, site or None, DeviceKind.CAMERA) or []
    devices = [hub.campus.devices[name] for name in names]
    alerts = await hub.db.read(lambda c: board.active_of(c, family=Family.CAMERA))
    since = {record.device: record.start_us for record in sorted(alerts, key=lambda r: -r.start_us)}
    judging = picture_rules(hub.campus)
    troubles = {
        record.device: record for record in sorted(alerts, key=lambda r: r.severity) if record.rule in judging
    }
    found = now(hub.campus, names, hub.newest.reading, troubles, hub.now_us())
    rows = [
        _row(hub, device, State(found[row]), since, troubles.get(device.id))
        for row, device in enumerate(devices)
    ]
    return rows, found


def _row(
    hub: Ports, device: Device, state: State, since: dict[str, int], trouble: Record | None
) -> dict[str, Any]:
    area = hub.campus.areas[device.area]
    link = hub.newest.reading(f"{device.id}.link")
    readings = {point: hub.newest.reading(f"{device.id}.{point}") for point in POINTS}
    return {
        "device": device.id,
        "area": area.id,
        "building": area.building,
        "site": hub.campus.site_of(device).id,
        "kind_of_area": str(area.kind),
        "state": state.word,
        "trouble": trouble.rule if trouble is not None and state in ONLINE else None,
        "since_us": since.get(device.id) if state is not State.ONLINE else None,
        "time_us": link and link[0],
        **{
            point: None if reading is None or np.isnan(reading[1]) else reading[1]
            for point, reading in readings.items()
        },
    }
