"""Rates of cameras over a month, by site and kind of area, with the definitions they follow."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from fastapi import Query

from devices.campus.freshness import stale_after_s
from devices.campus.site import Campus, Device
from devices.model.alerts import Family
from devices.model.texts import Text
from devices.profiles.profile import DeviceKind
from hub.accounts.roles import Role
from hub.alerts import board
from hub.api.answers import Json, words
from hub.api.points import chosen
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import Invalid
from hub.reports import cameras_recorded as recorded
from hub.reports.cameras import picture_rules
from hub.reports.cameras_rates import (
    DEFINITIONS,
    SNAPSHOT_HOUR,
    STEP_S,
    US_PER_S,
    Floats,
    Stretch,
    Trouble,
    held,
    rates,
    shares,
    troubled,
)
from hub.series.port import Aggregate

ROUTES: Final = Routes("cameras")


@ROUTES.get("/cameras/rates", role=Role.VIEWER)
async def camera_rates(
    hub: Hub, month: Annotated[str | None, Query(pattern=r"^2\d{3}-\d{2}$")] = None
) -> Json:
    """Online, good and recorded rates of a month, as far as it has passed, by time and by day."""
    zone = hub.campus.timezone
    day = _first_day(month) or dt.datetime.fromtimestamp(hub.now_us() / US_PER_S, zone).date()
    stretch = Stretch.of_month(day, zone, hub.now_us())
    devices = [hub.campus.devices[name] for name in chosen(hub.campus, None, None, DeviceKind.CAMERA) or []]
    async with hub.turns.exporting:  # a month of a campus is much to read
        found = await _rates(hub, devices, stretch)
    return Json(
        {
            "now_us": hub.now_us(),
            "month": f"{day:%Y-%m}",
            "from_us": stretch.from_us,
            "to_us": stretch.to_us,
            "step_s": STEP_S,
            "snapshot_hour": SNAPSHOT_HOUR,
            "definitions": {name: words(text) for name, text in DEFINITIONS.items()},
            **found,
        }
    )


def _first_day(month: str | None) -> dt.date | None:
    try:
        return None if month is None else dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise Invalid(Text("月份不正确", "month: no such month"), [month]) from None


async def _rates(hub: Ports, devices: list[Device], stretch: Stretch) -> dict[str, Any]:
    points = [f"{device.id}.link" for device in devices]
    if not points or not len(stretch):
        nothing = {"snapshots": 0, "recorded_days": 0, "last_day": None}
        return {"overall": None, "by_site": {}, "by_area_kind": {}, **nothing}
    read = await hub.series.read(points, stretch.from_us, stretch.to_us, STEP_S, Aggregate.LAST)
    hours = recorded.hours(stretch, hub.now_us())
    told = [f"{device.id}.recorded_share" for device in devices]
    share = await hub.series.read(told, *recorded.told(stretch, hours), recorded.HOUR_S, Aggregate.LAST)
    troubles = await _troubles(hub, devices, stretch)
    # millions of steps: the pages of others must not wait for them
    values = (read.value, share.value, troubles)
    return await asyncio.to_thread(_worked_out, hub.campus, devices, stretch, *values)


def _worked_out(
    campus: Campus,
    devices: list[Device],
    stretch: Stretch,
    read: Floats,
    share: Floats,
    troubles: list[Trouble],
) -> dict[str, Any]:
    link = held(read, _held_steps(campus, devices))
    bad = troubled(link.shape, stretch, troubles)
    checks = stretch.snapshots(campus.timezone)
    days = recorded.days(stretch, share.shape[1], campus.timezone)
    columns = (
        shares(link, bad, np.arange(len(stretch))),
        shares(link, bad, checks),
        recorded.shares(share, [hours for _, hours in days]),
    )
    return {
        "snapshots": len(checks),
        "recorded_days": len(days),
        "last_day": days[-1][0].isoformat() if days else None,
        "overall": rates(*columns)[""],
        "by_site": rates(*columns, [campus.site_of(device).id for device in devices]),
        "by_area_kind": rates(*columns, [str(campus.areas[device.area].kind) for device in devices]),
    }


def _held_steps(campus: Campus, devices: list[Device]) -> npt.NDArray[np.int64]:
    """For how many steps after its own an outcome counts: as long as it is not stale."""
    return np.array(
        [-(-stale_after_s(campus, campus.links[device.link]) // STEP_S) for device in devices], np.int64
    )


async def _troubles(hub: Ports, devices: list[Device], stretch: Stretch) -> list[Trouble]:
    rows, judging = {device.id: row for row, device in enumerate(devices)}, picture_rules(hub.campus)
    found = await hub.db.read(
        lambda c: board.spans(c, Family.CAMERA, stretch.from_us, stretch.to_us, judging)
    )
    return [Trouble(rows[device], start, end) for device, start, end in found if device in rows]
