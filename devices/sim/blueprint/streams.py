"""Cameras of the demo campus that are read as streams, and the roads that two of them measure speeds on."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from devices.model.texts import Text
from devices.sim.blueprint.equipment import DevicePlan
from devices.sim.blueprint.places import SITES

FIRST_PORT: Final = 18554
PROFILE: Final = "hikvision-stream"
#: Site of each stream server.
SERVERS: Final = ("hq1", "hall", "shenyue")
#: Camera, channel of its second stream, and its tags: the gate road, the gate, the central drive, the hot kitchen.
STREAMED: Final = {
    "hq1-cam-011": ("102", ()),
    "hq1-cam-001": ("202", ("critical",)),
    "hall-cam-011": ("102", ()),
    "shenyue-cam-013": ("102", ("critical",)),
}
#: Who drives in comes towards the camera, on its left: people drive on the right. The central drive has one radar.
LANES: Final = {
    "hq1-cam-011": (("hq1-radar-in", 0, 3.5), ("hq1-radar-out", 3.5, 7)),
    "hall-cam-011": (("hall-radar", 0, 7),),
}
#: The camera stands so high over the middle of the road, looks down so far, and the piece of road begins so far away.
HIGH_M, TILT, FOCAL_PX, FROM_M = 6.0, math.radians(17), 560.0, 11.0
LENGTH_M, WIDTH_M = 20.0, 7.0
PICTURE: Final = (640, 360)


def servers() -> list[tuple[str, str, Text, int]]:
    """Id, site, name and port of every stream server."""
    names = {site.id: site.name for site in SITES}
    return [
        (
            f"{site}-streams",
            site,
            Text(f"{names[site].zh}视频流", f"Streams, {names[site].en}"),
            FIRST_PORT + number,
        )
        for number, site in enumerate(SERVERS)
    ]


def as_stream(plan: DevicePlan) -> DevicePlan:
    """The same camera, read as a stream if it is one of those."""
    if plan.id not in STREAMED:
        return plan
    channel, tags = STREAMED[plan.id]
    link = f"{plan.id.partition('-')[0]}-streams"
    return replace(plan, profile=PROFILE, link=link, parameters={"channel": channel}, tags=tags)


def calibrations() -> Iterator[dict[str, Any]]:
    """What was measured of the roads, as the site file says it."""
    ends = ((0.0, 0.0), (WIDTH_M, 0.0), (WIDTH_M, LENGTH_M), (0.0, LENGTH_M))
    diagonal = {
        "from_px": _pixel(*ends[0]),
        "to_px": _pixel(*ends[2]),
        "metres": round(math.hypot(LENGTH_M, WIDTH_M), 2),
    }
    for camera, lanes in LANES.items():
        yield {
            "camera": camera,
            "picture": list(PICTURE),
            "corners_px": [_pixel(*end) for end in ends],
            "lengths_m": [LENGTH_M, LENGTH_M],
            "widths_m": [WIDTH_M, WIDTH_M],
            "checks": [diagonal],
            "lanes": [{"radar": radar, "from_m": left, "to_m": right} for radar, left, right in lanes],
        }


def _pixel(across_m: float, along_m: float) -> list[float]:
    """Where a place on the road is in the picture."""
    x, y, z = across_m - WIDTH_M / 2, FROM_M + along_m, -HIGH_M
    depth = y * math.cos(TILT) - z * math.sin(TILT)
    down = -y * math.sin(TILT) - z * math.cos(TILT)
    return [
        round(PICTURE[0] / 2 + FOCAL_PX * x / depth, 1),
        round(PICTURE[1] / 2 + FOCAL_PX * down / depth, 1),
    ]
