"""The speed page: how fast vehicles pass the radars."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Final

import numpy as np
import numpy.typing as npt
from fastapi import Query
from sqlalchemy import Connection

from devices.campus.checks import selected
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.codes import VehicleClass
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
from hub.reports import speed_vision
from hub.reports.speed import Passes
from hub.reports.speed_vision import Opinions
from hub.series.port import Aggregate

ROUTES: Final = Routes("speed")

POINTS: Final = ("pass_kmh", "pass_class", "pass_check", "pass_vision_kmh")
#: One read of the store, and all reads together: a year of a busy gate.
PAGE: Final = 200_000
MOST: Final = 2_000_000
WORST: Final = 20
#: No vehicle on a campus; one such number would take all the memory for bands of 5 km/h.
MOST_KMH: Final = 1000
#: Steps of the look at which hours were covered; a longer span is looked at in longer steps.
MOST_STEPS: Final = 10_000


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
    points = [f"{radar}.{point}" for point in POINTS for radar in radars]
    samples = await passes_between(hub, points, from_us, to_us)
    passes, opinions = await asyncio.to_thread(judged, hub.campus, radars, samples)
    found = await asyncio.to_thread(figures.report, passes, hub.campus.timezone)
    second = speed_vision.by_lane(passes, opinions)
    found["minimum_ratios"] = speed_vision.MINIMUM_RATIOS
    if not len(passes) and radars:
        found["limit_kmh"] = _limit_now(hub, radars)
    heard = await coverage(hub, radars, from_us, to_us)
    for lane, said in zip(found["lanes"], second, strict=True):
        lane["vision"] = said
        lane["coverage"] = heard[lane["device"]]
        lane["device"] = radars[lane["device"]]
    known = [share for share in heard if share is not None]
    found["coverage"] = sum(known) / len(known) if known else None
    fastest = np.argsort(-passes.kmh, kind="stable")[:WORST].tolist()
    worst = await hub.db.read(lambda c: [_pass(c, radars, passes, row) for row in fastest])
    return Json({"devices": radars, **found, "worst": worst})


async def coverage(hub: Ports, radars: Sequence[str], from_us: int, to_us: int) -> list[float | None]:
    """Share of the time up to now in which the gateway of each radar was heard; None where no time was.

    A radar says nothing while nobody passes, so it is not its own silence that counts. Heard is an hour in which
    a first device of any link of the gateway, or the radar itself, gave a sample.
    """
    campus, to_us = hub.campus, min(to_us, hub.now_us())
    agents = [campus.links[campus.devices[radar].link].agent for radar in radars]
    if from_us >= to_us or not radars:
        return [None] * len(radars)
    watched = {agent: _signs_of_life(campus, agent) for agent in dict.fromkeys(agents)}
    for radar, agent in zip(radars, agents, strict=True):
        watched[agent].append(f"{radar}.{POINTS[0]}")
    points = [point for own in watched.values() for point in own]
    step_s = max(figures.HOUR_US, (to_us - from_us) // MOST_STEPS) / 1e6
    steps = await hub.series.read(points, from_us, to_us, step_s, Aggregate.COUNT)
    edges = np.append(steps.time_us, to_us)
    row = {point: steps.value[number] > 0 for number, point in enumerate(steps.points)}
    heard = np.array([np.any([row[point] for point in watched[agent]], axis=0) for agent in agents])
    return [_rounded(share) for share in figures.coverage(heard, np.diff(edges))]


def _signs_of_life(campus: Campus, agent: str) -> list[str]:
    """One point of the first device of each link, which gives samples as long as the gateway works."""
    first: dict[str, str] = {}
    for device in campus.devices_of(agent):
        if campus.profile_of(device).kind not in {DeviceKind.RADAR, DeviceKind.PLATE}:
            first.setdefault(device.link, f"{device.id}.{campus.profile_of(device).points[0].name}")
    return list(first.values())


def _rounded(share: float) -> float | None:
    return None if np.isnan(share) else round(float(share), 4)


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


def judged(campus: Campus, radars: Sequence[str], samples: SampleBatch) -> tuple[Passes, Opinions]:
    """Passes with the limit that counted for each, and what cameras said to them.

    `samples.point` indexes `POINTS`, each of all `radars`.
    """
    samples = samples[~np.isnan(samples.value)]
    speeds = samples[(samples.point < len(radars)) & (np.abs(samples.value) <= MOST_KMH)]
    device, rules = speeds.point.astype(np.int64), _rules(campus)
    classes, check, vision_kmh = (_beside(speeds, samples, n, len(radars)) for n in range(1, len(POINTS)))
    vehicle = np.where(np.isin(classes, list(VehicleClass)), classes, 0).astype(np.uint8)
    limit = np.full(len(speeds), np.nan)
    for row, radar in enumerate(radars):
        own, found = device == row, campus.devices[radar]
        limit[own] = figures.limits(rules.get(radar), found, campus, speeds.time_us[own], vehicle[own])
    passes = Passes(device, speeds.time_us, np.abs(speeds.value), speeds.value < 0, limit)
    return passes, Opinions(check, vision_kmh)


def _beside(speeds: SampleBatch, samples: SampleBatch, number: int, radars: int) -> npt.NDArray[np.float64]:
    """The value of another of `POINTS` that was told of each pass; NaN where none was."""
    found = np.full(len(speeds), np.nan)
    known = samples[samples.point // max(radars, 1) == number]
    if not len(known):
        return found
    told = known.time_us * radars + known.point - number * radars  # radar and moment as one number
    order = np.argsort(told, kind="stable")
    wanted = speeds.time_us * radars + speeds.point
    place = order[np.minimum(np.searchsorted(told[order], wanted), len(told) - 1)]
    same = told[place] == wanted
    found[same] = known.value[place[same]]
    return found


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
    unknown = np.zeros(1, np.uint8)
    found = {
        float(figures.limits(rules.get(radar), hub.campus.devices[radar], hub.campus, now, unknown)[0])
        for radar in radars
    }
    return found.pop() if len(found) == 1 and not np.isnan(next(iter(found))) else None


def _pass(connection: Connection, radars: Sequence[str], passes: Passes, row: int) -> dict[str, Any]:
    """One fast pass, with the alert that it raised itself, if it did."""
    radar, time_us = radars[int(passes.device[row])], int(passes.time_us[row])
    alert = board.at(connection, radar, time_us, float(passes.kmh[row]))
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
