"""The air conditioning page: which rooms are outside the standard just now, and since when."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.campus.calendars import Period
from devices.campus.checks import selected
from devices.campus.freshness import stale_after_s
from devices.campus.rules import Exemption, SetpointRule
from devices.campus.site import Campus, Device
from devices.model.alerts import Family
from devices.model.codes import OnOff
from devices.profiles.profile import DeviceKind
from hub.accounts.roles import Role
from hub.alerts import board
from hub.alerts.record import Record
from hub.api.answers import Json, words
from hub.api.points import chosen
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.live.newest import Newest
from hub.reports.cooling import Units, Verdict, judge

ROUTES: Final = Routes("cooling")

Floats = npt.NDArray[np.float64]
#: What counts where the site file has no rule: the notice itself.
COOLING_MIN_C: Final = 26.0
HEATING_MAX_C: Final = 20.0


@ROUTES.get("/cooling", role=Role.VIEWER)
async def cooling(hub: Hub, site: str | None = None) -> Json:
    """Every air conditioner with its mode, set point and room; those outside the standard, by building."""
    names = chosen(hub.campus, None, site or None, DeviceKind.AC) or []
    devices = [hub.campus.devices[name] for name in names]
    today = dt.datetime.fromtimestamp(hub.now_us() / 1e6, hub.campus.timezone).date()
    rules, exempt = _rules(hub.campus), {}
    for device in devices:
        rule = rules.get(device.id)
        exempt[device.id] = None if rule is None else hub.campus.exempt(rule.id, device, today)
    alerts = await hub.db.read(lambda c: board.active_of(c, family=Family.COOLING))
    raised = {record.device: record for record in alerts if record.rule in {r.id for r in rules.values()}}
    units = _units(hub, devices, rules, exempt, today)
    verdict = judge(units)
    rows = [
        _row(hub, device, units, verdict, row, exempt[device.id], raised.get(device.id))
        for row, device in enumerate(devices)
    ]
    first = next(iter(rules.values()), None)
    return Json(
        {
            "now_us": hub.now_us(),
            "period": {name: str(hub.campus.period(name, today)) for name in hub.campus.sites},
            "standard": {
                "cooling_min_c": first.cooling_min_c if first else COOLING_MIN_C,
                "heating_max_c": first.heating_max_c if first else HEATING_MAX_C,
            },
            "rows": rows,
            "summary": _summary(rows),
        }
    )


def _units(
    hub: Ports,
    devices: Sequence[Device],
    rules: Mapping[str, SetpointRule],
    exempt: Mapping[str, Exemption | None],
    today: dt.date,
) -> Units:
    """The newest readings of all units, and what the site file says of each."""
    campus, newest, now_us = hub.campus, hub.newest, hub.now_us()
    limit_us = [stale_after_s(campus, campus.links[device.link]) * 1e6 for device in devices]

    def column(*points: str) -> Floats:
        """The first of these points that a unit has, NaN where it is stale."""
        return np.array(
            [
                _fresh(newest, device.id, points, now_us - most)
                for device, most in zip(devices, limit_us, strict=True)
            ]
        )

    periods = [campus.period(campus.site_of(device).id, today) for device in devices]
    found = [rules.get(device.id) for device in devices]
    return Units(
        on=column("on"),
        mode=column("mode"),
        running=column("running_mode"),
        setpoint=column("real_setpoint_c", "setpoint_c"),
        cooling=np.array([period is Period.COOLING for period in periods], np.bool_),
        heating=np.array([period is Period.HEATING for period in periods], np.bool_),
        exempt=np.array([exempt[device.id] is not None for device in devices], np.bool_),
        cooling_min=np.array([rule.cooling_min_c if rule else np.nan for rule in found]),
        heating_max=np.array([rule.heating_max_c if rule else np.nan for rule in found]),
        dead_band=np.array([rule.dead_band_c if rule else np.nan for rule in found]),
    )


def _row(
    hub: Ports,
    device: Device,
    units: Units,
    verdict: Verdict,
    row: int,
    exempt: Exemption | None,
    alert: Record | None,
) -> dict[str, Any]:
    area = hub.campus.areas[device.area]
    on, mode = units.on[row], units.mode[row]
    setpoint = _reading(hub.newest, device.id, "real_setpoint_c") or _reading(
        hub.newest, device.id, "setpoint_c"
    )
    room = _reading(hub.newest, device.id, "room_c")
    return {
        "device": device.id,
        "name": words(device.name),
        "area": area.id,
        "building": area.building,
        "site": hub.campus.site_of(device).id,
        "on": None if np.isnan(on) else bool(on == OnOff.ON),
        "mode": None if np.isnan(mode) else int(mode),
        "setpoint_c": _number(setpoint),
        "room_c": _number(room),
        "time_us": setpoint and setpoint[0],
        "quality": setpoint and setpoint[2],
        "outside": bool(verdict.outside[row]),
        "known": bool(verdict.known[row]),
        "since_us": alert.start_us if alert and verdict.outside[row] else None,
        "exempt": None if exempt is None else words(exempt.reason),
        "excess_c": float(verdict.excess[row]),
        "alert": alert.id if alert else None,
    }


def _summary(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Units of each building: how many there are, run, are outside the standard, and are not known."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        start = {"building": row["building"], "units": 0, "running": 0, "outside": 0, "unknown": 0}
        building = found.setdefault(row["building"], start)
        building["units"] += 1
        building["running"] += row["on"] is True
        building["outside"] += row["outside"]
        building["unknown"] += not row["known"]
    return list(found.values())


def _rules(campus: Campus) -> dict[str, SetpointRule]:
    """The first rule that selects each unit."""
    found: dict[str, SetpointRule] = {}
    for rule in campus.rules.values():
        if isinstance(rule, SetpointRule) and rule.enabled:
            for device in selected(campus, rule):
                found.setdefault(device.id, rule)
    return found


def _reading(newest: Newest, device: str, point: str) -> tuple[int, float, int] | None:
    return newest.reading(f"{device}.{point}")


def _fresh(newest: Newest, device: str, points: Sequence[str], oldest_us: float) -> float:
    for point in points:
        reading = _reading(newest, device, point)
        if reading is not None:
            return reading[1] if reading[0] >= oldest_us else np.nan
    return np.nan


def _number(reading: tuple[int, float, int] | None) -> float | None:
    return None if reading is None or np.isnan(reading[1]) else reading[1]
