"""The 854 cameras of the demo campus and the recorders that serve their pictures."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from devices.campus.site import AreaKind
from devices.model.texts import Text
from devices.sim.blueprint.equipment import DevicePlan
from devices.sim.blueprint.places import SITES, AreaPlan, label
from devices.sim.blueprint.streams import as_stream

FIRST_PORT: Final = 18100
PER_RECORDER: Final = 32
POLL_S: Final = 30

#: Cameras of each site; 854 in all.
COUNTS: Final = {"hq1": 260, "hall": 230, "shenyue": 120, "beitou": 244}

#: Wish of each kind of area, in cameras; kitchens have no blind spot, offices none at all.
WISH: Final = {
    AreaKind.GATE: 8,
    AreaKind.ROAD: 12,
    AreaKind.PARKING: 16,
    AreaKind.OUTDOORS: 10,
    AreaKind.LOBBY: 5,
    AreaKind.CANTEEN: 7,
    AreaKind.KITCHEN: 6,
    AreaKind.MEETING: 3,
    AreaKind.CORRIDOR: 6,
    AreaKind.PUMP_ROOM: 4,
    AreaKind.PLANT_ROOM: 2,
    AreaKind.SERVER_ROOM: 3,
    AreaKind.DUTY_ROOM: 2,
    AreaKind.ARCHIVE: 2,
}


def recorders() -> list[tuple[str, str, Text, int]]:
    """Id, site, name and port of every recorder."""
    found: list[tuple[str, str, Text, int]] = []
    for site in SITES:
        for number in range(1, -(-COUNTS[site.id] // PER_RECORDER) + 1):
            name = Text(f"{site.name.zh}录像机{number}", f"Recorder {number}, {site.name.en}")
            found.append((f"{site.id}-nvr-{number}", site.id, name, FIRST_PORT + len(found)))
    return found


def cameras(areas: list[AreaPlan]) -> Iterator[DevicePlan]:
    """Every camera; those of one area lie behind one recorder as far as they fit, but for some streams."""
    for site in SITES:
        places = [(a, WISH[a.room.kind]) for a in areas if a.building.site == site.id and a.room.kind in WISH]
        number = 0
        for (area, _), share in zip(places, shares([w for _, w in places], COUNTS[site.id]), strict=True):
            name = label(area)
            for view in range(1, share + 1):
                plan = DevicePlan(
                    id=f"{site.id}-cam-{number + 1:03d}",
                    profile="campus-camera",
                    link=f"{site.id}-nvr-{number // PER_RECORDER + 1}",
                    area=area.id,
                    name=Text(f"{name.zh}摄像机{view}", f"Camera {view}, {name.en}"),
                    parameters={"channel": str(number % PER_RECORDER + 1)},
                )
                yield as_stream(plan)
                number += 1


def shares(wishes: list[int], total: int) -> list[int]:
    """Split `total` in proportion to `wishes` by largest remainder, so that the parts add up exactly."""
    exact = [total * wish / sum(wishes) for wish in wishes]
    parts = [int(share) for share in exact]
    rest = sorted(range(len(wishes)), key=lambda i: (parts[i] - exact[i], i))[: total - sum(parts)]
    for place in rest:
        parts[place] += 1
    return parts
