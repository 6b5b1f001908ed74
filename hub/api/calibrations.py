"""Calibrations of road cameras: those in force, and one that somebody is about to make, held against itself."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any, Final
from zoneinfo import ZoneInfo

import yaml
from sqlalchemy import Connection

from devices.campus.calibrations import Measured, problems, survey
from devices.model.alerts import Family, State
from devices.profiles.profile import DeviceKind
from devices.profiles.streams import StreamSheet
from edge_agent.detect.speeding import ELSEWHERE
from hub.accounts.roles import Role
from hub.alerts import board
from hub.alerts.board import Filter
from hub.api.answers import Json, words
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes

ROUTES: Final = Routes("calibrations")
#: Lines of the grid are so far apart: the smallest that gives no more than so many.
GRID_M: Final = (1.0, 2.0, 5.0, 10.0, 50.0)
MOST_LINES: Final = 40


@ROUTES.get("/calibrations", role=Role.VIEWER)
async def calibrations(hub: Hub) -> Json:
    """The calibrations of the site file, and which cameras and radars there are to calibrate."""
    found = hub.campus.calibrations.values()
    alerts = await hub.db.read(
        lambda c: {one.camera: _moved_us(c, one, hub.campus.timezone) for one in found}
    )
    moved = {one.camera: _earlier(alerts[one.camera], _void_us(hub, one.camera)) for one in found}
    return Json(
        {
            "rows": [{**told(one), "camera": one.camera, "moved_us": moved[one.camera]} for one in found],
            "cameras": _named(hub, DeviceKind.CAMERA),
            "radars": _named(hub, DeviceKind.RADAR),
        }
    )


@ROUTES.post("/calibrations/try", role=Role.ENGINEER)
async def tried(measured: Measured) -> Json:
    """What a calibration comes to: its residual, the grid in the picture, why it is refused, and how to write it."""
    found = [words(text) for text in problems(measured)]
    document = measured.model_dump(mode="json", exclude_defaults=True)
    text = yaml.safe_dump([document], allow_unicode=True, sort_keys=False, default_flow_style=None, width=120)
    return Json({**({} if found else told(measured)), "problems": found, "yaml": f"calibrations:\n{text}"})


def told(measured: Measured) -> dict[str, Any]:
    """A calibration that can be used, in figures."""
    found = survey(measured)
    apart_m = next((m for m in GRID_M if (found.width_m + found.length_m) / m < MOST_LINES), GRID_M[-1])
    grid = found.plane.grid(found.width_m, found.length_m, apart_m)
    return {
        "residual_cm": round(found.residual_cm, 1),
        "checks_cm": [round(check, 1) for check in found.checks_cm],
        "speed_percent": round(found.speed_share * 100, 2),
        "length_m": found.length_m,
        "width_m": found.width_m,
        "grid_m": apart_m,
        "grid": grid.round(1).tolist(),
        "picture": measured.picture,
        "lanes": [lane.model_dump() for lane in measured.lanes],
        "made_on": None if measured.made_on is None else measured.made_on.isoformat(),
        "made_by": measured.made_by,
    }


def _moved_us(connection: Connection, one: Measured, zone: ZoneInfo) -> int | None:
    """When the camera was found moved after its road was measured; None where it was not.

    An alert of the day itself that is over may have been what it was measured anew for, so it does not count.
    """
    from_us = None if one.made_on is None else _midnight_us(one.made_on + dt.timedelta(days=1), zone)
    wanted = Filter(families=[Family.CAMERA], devices=[one.camera])
    still = board.page(connection, wanted, None, board.MAX_PAGE).alerts
    later = board.page(
        connection, replace(wanted, open_only=False, from_us=from_us), None, board.MAX_PAGE
    ).alerts
    found = [*(alert for alert in still if alert.state in {State.RAISED, State.ACKED}), *later]
    return min((alert.start_us for alert in found if alert.rule in ELSEWHERE), default=None)


def _void_us(hub: Ports, camera: str) -> int | None:
    """Since when the agent itself does not count what the camera measures: a small shift raises no alert."""
    said = hub.newest.reading(f"{camera}.vision_void_s")
    return said[0] - round(said[1] * 1_000_000) if said is not None and said[1] > 0 else None


def _earlier(one: int | None, other: int | None) -> int | None:
    return min((time_us for time_us in (one, other) if time_us is not None), default=None)


def _midnight_us(day: dt.date, zone: ZoneInfo) -> int:
    return int(dt.datetime.combine(day, dt.time(), zone).timestamp()) * 1_000_000


def _named(hub: Ports, kind: DeviceKind) -> list[dict[str, Any]]:
    """Devices of a kind with their names; of cameras only those with a stream that has times of its own."""
    found = []
    for device in hub.campus.devices.values():
        profile = hub.campus.profile_of(device)
        sheet = profile.sheet
        timed = kind is not DeviceKind.CAMERA or (isinstance(sheet, StreamSheet) and sheet.scheme != "http")
        if profile.kind is kind and timed:
            found.append({"id": device.id, "name": words(device.name)})
    return found
