"""Floor plans and maps of the demo campus, drawn from its list of rooms, and where each device stands in them."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final
from xml.sax.saxutils import escape

from devices.campus.site import AreaKind
from devices.model.texts import Text
from devices.sim.blueprint.equipment import DevicePlan
from devices.sim.blueprint.places import BUILDINGS, AreaPlan, BuildingPlan
from devices.sim.blueprint.streams import PROFILE as STREAM

WIDTH: Final = 800.0
ROW: Final = 150.0
CORRIDOR: Final = 72.0
EDGE: Final = 10.0
#: A room is drawn no narrower than one of so many square metres.
LEAST_M2: Final = 70.0
INSET: Final = 12.0
VIEW_DEGREES: Final = 70
CAMERAS: Final = frozenset({"campus-camera", STREAM})
STRIPS: Final = frozenset({AreaKind.CORRIDOR, AreaKind.ROAD})
STYLE: Final = (
    "rect{fill:#fff;stroke:#555;stroke-width:1.5}.strip{fill:#eee}.house{fill:#ddd}"
    "text{font:11px sans-serif;fill:#333;text-anchor:middle}.en{font-size:7px;fill:#555}"
)


@dataclass(frozen=True, slots=True)
class Box:
    """A rectangle of a drawing, and the area or building that it stands for."""

    left: float
    top: float
    width: float
    height: float
    name: Text
    style: str = ""
    area: str = ""


@dataclass(frozen=True, slots=True)
class Sheet:
    """A plan before it is written: the entry of the site file, and what is drawn."""

    entry: dict[str, Any]
    boxes: tuple[Box, ...]

    def svg(self) -> str:
        """The drawing."""
        height = max(box.top + box.height for box in self.boxes) + EDGE
        parts = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH:g} {height:g}">']
        parts += [f"<style>{STYLE}</style>", *(_drawn(box) for box in self.boxes), "</svg>\n"]
        return "\n".join(parts)


def sheets(areas: Sequence[AreaPlan]) -> list[Sheet]:
    """A plan of each floor of each building, and a map of each site that has grounds."""
    return [sheet for building in BUILDINGS for sheet in _sheets_of(building, areas)]


def positions(found: Iterable[Sheet], devices: Iterable[DevicePlan]) -> Iterator[dict[str, str]]:
    """Rows of the table of positions: every device that stands in one of the plans."""
    inside: dict[str, list[DevicePlan]] = defaultdict(list)
    for device in devices:
        inside[device.area].append(device)
    for sheet in found:
        for box in sheet.boxes:
            here = inside.get(box.area, [])
            looking = [device for device in here if device.profile in CAMERAS]
            others = [device for device in here if device.profile not in CAMERAS]
            for number, device in enumerate(looking):
                yield _row(sheet, device, *_watching(box, number, len(looking)))
            for number, device in enumerate(others, 1):
                x = box.left + box.width * number / (len(others) + 1)
                yield _row(sheet, device, x, box.top + box.height * 0.85, None)


def _row(sheet: Sheet, device: DevicePlan, x: float, y: float, heading: float | None) -> dict[str, str]:
    return {
        "plan": sheet.entry["id"],
        "device": device.id,
        "x": f"{x:.1f}",
        "y": f"{y:.1f}",
        "heading": "" if heading is None else f"{heading:.0f}",
        "angle": "" if heading is None else str(VIEW_DEGREES),
    }


def _watching(box: Box, number: int, of: int) -> tuple[float, float, float]:
    """Place and heading of a camera: along a strip, else from the walls towards the middle."""
    if box.style == "strip":
        x = box.left + box.width * (number + 0.5) / of
        return x, box.top + box.height * 0.55, 90 if number % 2 == 0 else 270
    width, height = box.width - 2 * INSET, box.height - 2 * INSET
    way = 2 * (width + height) * number / of
    sides = ((width, 1, 0), (height, 0, 1), (width, -1, 0), (height, 0, -1))
    x, y = box.left + INSET, box.top + INSET
    for length, right, down in sides:
        step = min(way, length)
        x, y, way = x + right * step, y + down * step, way - step
    middle = box.left + box.width / 2, box.top + box.height / 2
    heading = math.degrees(math.atan2(middle[0] - x, y - middle[1])) % 360
    return x, y, round(heading) % 360


def _sheets_of(building: BuildingPlan, areas: Sequence[AreaPlan]) -> Iterator[Sheet]:
    own = [area for area in areas if area.building is building]
    if building.id == f"{building.site}-grounds":
        yield _sheet({"id": f"{building.site}-map", "site": building.site}, tuple(_map(building, own)))
        return
    for floor in range(1, building.floors + 1):
        entry = {"id": f"{building.id}-{floor}", "building": building.id, "floor": floor}
        yield _sheet(entry, tuple(_floor([area for area in own if area.floor == floor])))


def _sheet(entry: dict[str, Any], boxes: tuple[Box, ...]) -> Sheet:
    return Sheet({**entry, "drawing": f"plans/{entry['id']}.svg"}, boxes)


def _floor(areas: Sequence[AreaPlan]) -> Iterator[Box]:
    """Rooms on both sides of the corridor."""
    rooms = [area for area in areas if area.room.kind is not AreaKind.CORRIDOR]
    half = -(-len(rooms) // 2)
    yield from _row_of(rooms[:half], EDGE)
    yield from _row_of([area for area in areas if area.room.kind is AreaKind.CORRIDOR], EDGE + ROW, CORRIDOR)
    yield from _row_of(rooms[half:], EDGE + ROW + CORRIDOR)


def _map(grounds: BuildingPlan, areas: Sequence[AreaPlan]) -> Iterator[Box]:
    """The houses in a row, roads before them, gates and places below."""
    houses = [plan for plan in BUILDINGS if plan.site == grounds.site and plan is not grounds]
    each = (WIDTH - 2 * EDGE) / len(houses)
    for number, house in enumerate(houses):
        yield Box(EDGE + number * each + 20, EDGE, each - 40, ROW, house.name, "house")
    top = EDGE + ROW + 20
    for road in (area for area in areas if area.room.kind is AreaKind.ROAD):
        yield from _row_of([road], top, CORRIDOR)
        top += CORRIDOR + 10
    yield from _row_of([area for area in areas if area.room.kind is not AreaKind.ROAD], top, ROW)


def _row_of(areas: Sequence[AreaPlan], top: float, height: float = ROW) -> Iterator[Box]:
    shares = [math.sqrt(max(area.room.m2, LEAST_M2)) for area in areas]
    left = EDGE
    for area, share in zip(areas, shares, strict=True):
        width = (WIDTH - 2 * EDGE) * share / sum(shares)
        style = "strip" if area.room.kind in STRIPS else ""
        yield Box(left, top, width, height, _sign(area), style, area.id)
        left += width


def _sign(area: AreaPlan) -> Text:
    """What stands in the room: the house is known from the plan."""
    name, number = area.room.name, area.floor * 100 + area.number % 100
    return Text(f"{number} {name.zh}", f"{number} {name.en}") if area.cooled else name


def _drawn(box: Box) -> str:
    style = f' class="{box.style}"' if box.style else ""
    x, y = box.left + box.width / 2, box.top + (box.height * 0.45 if box.style != "strip" else 15)
    return (
        f'<rect{style} x="{box.left:.1f}" y="{box.top:.1f}" width="{box.width:.1f}" height="{box.height:.1f}"/>'
        f'<text x="{x:.1f}" y="{y:.1f}">{escape(box.name.zh)}</text>'
        f'<text class="en" x="{x:.1f}" y="{y + 10:.1f}">{escape(box.name.en)}</text>'
    )
