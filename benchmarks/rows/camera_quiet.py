"""False alerts on simulated days in which nothing is wrong: dusk, rain, lights, lorries, people, insects, headlights.

One day of each camera is a run of its own; a day has 2,880 pictures. What the figure says of real cameras is bounded
by what the scenes have: no leaves, no sun that wanders, no dirt.
"""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path
from typing import Final

from benchmarks.row import Result
from benchmarks.watching import Watch
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import EventKind
from devices.profiles.profile import DeviceKind

NAME = "cameras, quiet"
SITE: Final = Path(__file__).parents[2] / "config" / "demo" / "site.yaml"
AGENT: Final = "edge-hq1"
#: Days with rain by day, at dusk and by night.
DAYS: Final = ("2026-11-25", "2026-11-27", "2026-11-29", "2026-12-02", "2026-12-05")
#: Cameras of each day, other ones each day: all kinds of places in turn. More by the environment, for a longer run.
CAMERAS: Final = int(os.environ.get("CAMPUS_QUIET_CAMERAS", "4"))
#: Of the first day's people, vehicles and weather; no check was tuned on days of these seeds.
SEED: Final = int(os.environ.get("CAMPUS_QUIET_SEED", "1001"))
ROUNDS: Final = 2880
WORK = (
    f"{CAMERAS * len(DAYS)} camera-days: {CAMERAS} cameras on each of {len(DAYS)} days from noon to noon, a picture "
    "every 30 s, under the shipped rules, with days that no check was tuned on"
)
PEER = "none: an open recorder judges no pictures"


def run() -> list[Result]:
    """Alerts raised on each camera-day."""
    campus = load_campus(SITE)
    turns = _in_turn(campus)
    per_day = [
        _day(campus, day, SEED + number, [turns[(number * CAMERAS + n) % len(turns)] for n in range(CAMERAS)])
        for number, day in enumerate(DAYS)
    ]
    return [Result("false alerts per camera-day", "alerts", per_day, {}, more_is_better=False)]


def _day(campus: Campus, day: str, seed: int, cameras: list[str]) -> float:
    noon = dt.datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=campus.timezone)
    watch = Watch(campus, AGENT, cameras, round(noon.timestamp() * 1e6), seed)
    watch.rounds(ROUNDS)
    return sum(event.kind is EventKind.RAISE for event in watch.events) / CAMERAS


def _in_turn(campus: Campus) -> list[str]:
    """All cameras of the agent, one of each kind of place after another."""
    by_kind: dict[str, list[str]] = {}
    for device in campus.devices_of(AGENT):
        if campus.profile_of(device).kind is DeviceKind.CAMERA:
            by_kind.setdefault(campus.areas[device.area].kind, []).append(device.id)
    longest = max(len(names) for names in by_kind.values())
    return [name for turn in range(longest) for names in by_kind.values() for name in names[turn : turn + 1]]
