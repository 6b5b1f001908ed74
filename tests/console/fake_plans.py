"""Plans of the fake hub: the first floor of a house with its devices in rows, and a map with all other cameras."""

from __future__ import annotations

from fastapi import FastAPI, Response

from hub.api.plans import HEADERS
from tests.console.fake_campus import Json
from tests.console.fake_hub import FakeHub
from tests.console.fake_routes import Viewer, refuse

FLOOR, MAP, BOX = "hq1-main-1", "hq1-map", [0, 0, 800, 400]
#: Of the first floor; they have no position.
UNPLACED = 2
DRAWING = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 800 400"><rect id="room" x="10" y="10" '
    'width="780" height="380" fill="none" stroke="#000"/></svg>'
)


def positions(hub: FakeHub) -> list[Json]:
    """Devices of the floor in rows; of the map all cameras that stand elsewhere."""
    areas = hub.campus.area_by_id
    floor = [d for d in hub.campus.devices if _on_floor(areas[d["area"]])][:-UNPLACED]
    others = [d for d in hub.campus.devices if d["kind"] == "camera" and not _on_floor(areas[d["area"]])]
    rows = [_row(FLOOR, device, number, 8) for number, device in enumerate(floor)]
    return [*rows, *(_row(MAP, device, number, 40) for number, device in enumerate(others))]


def _on_floor(area: Json) -> bool:
    return bool(area["building"] == "hq1-main" and area["floor"] == 1)


def _row(plan: str, device: Json, number: int, across: int) -> Json:
    apart = 720 / across
    place = {"x": 40 + apart * (number % across), "y": 40 + apart * (number // across)}
    heading = {"heading": number * 30 % 360, "angle": 70} if device["kind"] == "camera" else {}
    return {"plan": plan, "device": device["id"], **place, **heading}


def add_plans(app: FastAPI, hub: FakeHub) -> None:
    @app.get("/api/plans")
    async def plans(_who: Viewer) -> Json:
        floor = {"id": FLOOR, "site": None, "building": "hq1-main", "floor": 1, "view_box": BOX}
        ground = {"id": MAP, "site": "hq1", "building": None, "floor": None, "view_box": BOX}
        return {"plans": [floor, ground], "positions": positions(hub), "table": "positions.csv"}

    @app.get("/api/plans/{plan}/drawing")
    async def drawing(_who: Viewer, plan: str) -> Response:
        if plan not in {FLOOR, MAP}:
            raise refuse(404)
        return Response(DRAWING, headers=HEADERS, media_type="image/svg+xml")
