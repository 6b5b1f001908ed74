"""The speed page: how fast vehicles pass the radars."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

import numpy as np
from fastapi import Query
from sqlalchemy import Connection

from devices.campus.checks import selected
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.samples import SampleBatch
from devices.model.texts import Text
from devices.profiles.profile import DeviceKind
from hub.accounts.roles import Role
from hub.alerts import board
from hub.api.alerts import Time
from hub.api.answers import Json
from hub.api.points import chosen
from hub.api.ports import Hub, Ports
from hub.api.routes import Routes
from hub.errors import Invalid, TooLarge
from hub.reports import speed as figures
from hub.reports.speed import Passes

ROUTES: Final = Routes("speed")

POINT: Final = "pass_kmh"
#: One read of the store, and all reads together: a year of a busy gate.
PAGE: Final = 200_000
MOST: Final = 2_000_000
WORST: Final = 20


@ROUTES.get("/speed", role=Role.VIEWER)
async def speed(
    hub: Hub,
    from_us: Time,
    to_us: Time,
    device: Annotated[str | None, Query(max_length=2000)] = None,
    site: str | None = None,
) -> Json:
    """Distribution, percentiles, shares above the limit by hour and day, and the fastest passes."""
    if from_us >= to_us:
        raise Invalid(Text("时间范围为空", "from_us must be before to_us"))
    radars = chosen(hub.campus, device or None, site or None, DeviceKind.RADAR) or []
    samples = await passes_between(hub, [f"{radar}.{POINT}" for radar in radars], from_us, to_us)
    passes = await asyncio.to_thread(judged, hub.campus, radars, samples)
    found = await asyncio.to_thread(figures.report, passes, hub.campus.timezone)
    if not len(passes) and radars:
        found["limit_kmh"] = _limit_now(hub, radars)
    fastest = np.argsort(-passes.kmh, kind="stable")[:WORST].tolist()
    worst = await hub.db.read(lambda c: [_pass(c, radars, passes, row) for row in fastest])
    return Json({"devices": radars, **found, "worst": worst})


async def passes_between(
    hub: Ports, points: Sequence[str], from_us: int, to_us: int, page_size: int = PAGE
) -> SampleBatch:
    """Every pass in the range, read page by page.

    Raises:
        TooLarge: there are more than are looked at together.
    """
    pages: list[SampleBatch] = []
    while points:
        page = await hub.series.raw(points, from_us, to_us, page_size)
        pages.append(page.batch)
        if not page.truncated:
            break
        last_us = int(page.batch.time_us[-1])
        if last_us > from_us:
            pages[-1] = page.batch[page.batch.time_us < last_us]  # those of the last moment come again
        from_us = max(last_us, from_us + 1)
        if sum(map(len, pages)) > MOST:
            raise TooLarge(Text("数据过多，请缩小范围", "Too many passes: take a shorter range"))
    return SampleBatch.joined(pages)


def judged(campus: Campus, radars: Sequence[str], samples: SampleBatch) -> Passes:
    """Passes with the limit that counted for each; `samples.point` indexes `radars`."""
    samples = samples[~np.isnan(samples.value)]
    rules = _rules(campus)
    limit = np.full(len(samples), np.nan)
    for row, radar in enumerate(radars):
        own = samples.point == row
        limit[own] = figures.limits(
            rules.get(radar), campus.devices[radar].area, campus, samples.time_us[own]
        )
    return Passes(samples.point.astype(np.int64), samples.time_us, np.abs(samples.value), limit)


def _rules(campus: Campus) -> dict[str, SpeedingRule]:
    """The first rule that selects each radar, as the agents take it."""
    found: dict[str, SpeedingRule] = {}
    for rule in campus.rules.values():
        if isinstance(rule, SpeedingRule) and rule.enabled:
            for device in selected(campus, rule):
                found.setdefault(device.id, rule)
    return found


def _limit_now(hub: Ports, radars: Sequence[str]) -> float | None:
    rules, now = _rules(hub.campus), np.array([hub.now_us()], np.int64)
    found = {
        float(figures.limits(rules.get(radar), hub.campus.devices[radar].area, hub.campus, now)[0])
        for radar in radars
    }
    return found.pop() if len(found) == 1 and not np.isnan(next(iter(found))) else None


def _pass(connection: Connection, radars: Sequence[str], passes: Passes, row: int) -> dict[str, Any]:
    """One fast pass, with its alert where it raised one."""
    radar, time_us = radars[int(passes.device[row])], int(passes.time_us[row])
    alert = board.at(connection, radar, time_us)
    limit = float(passes.limit[row])
    return {
        "id": alert.id if alert else "",
        "seq": alert.seq if alert else None,
        "state": str(alert.state) if alert else None,
        "severity": int(alert.severity) if alert else None,
        "time_us": time_us,
        "device": radar,
        "value": round(float(passes.kmh[row]), 2),
        "limit": None if np.isnan(limit) else limit,
    }
