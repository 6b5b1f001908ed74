"""What the fake hub says of areas that must be watched, of a month's rates, and of the rules for cameras."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from hub.reports.cameras_rates import DEFINITIONS
from tests.console.fake_campus import SITES, Json, text
from tests.console.fake_hub import FakeHub, now_us
from tests.console.fake_routes import VIEWER

KITCHENS = "kitchen"
LEAST = 2
ENTRY: Json = {"id": "kitchen-watch", "title": text("厨房关键操作区", "Wash and cook areas"), "least": LEAST}
CAMERA_RULE: Json = {
    "kind": "when",
    "when": [
        {"point": "mean_level", "below": 16},
        {"all": [{"point": "same_pictures", "above": 1.5}, {"point": "link", "differs": "online"}]},
        {"not": [{"point": "std_level", "above": 200}]},
    ],
}


def coverage(hub: FakeHub) -> Json:
    """The kitchens with their cameras; one of them without any."""
    rows = []
    for number, area in enumerate(a for a in hub.campus.areas if a["kind"] == KITCHENS):
        own = [d["id"] for d in hub.campus.devices if d["area"] == area["id"] and d["kind"] == "camera"]
        own = own if number else []
        states = [hub.readings.bad_cameras.get(camera, "online") for camera in own]
        good, unknown = states.count("online"), states.count("unknown")
        standing = "covered" if good >= LEAST else "unknown" if good + unknown >= LEAST else "uncovered"
        rows.append(
            {
                "entry": ENTRY["id"],
                "area": area["id"],
                "building": area["building"],
                "site": hub.campus.site_of_area[area["id"]],
                "least": LEAST,
                "good": good,
                "unknown": unknown,
                "standing": standing,
                "cameras": [{"device": c, "state": s} for c, s in zip(own, states, strict=True)],
                "since_us": None if standing == "covered" else now_us() - 900_000_000,
                "alert": None,
            }
        )
    return {"now_us": now_us(), "entries": [ENTRY], "rows": rows}


#: Of what came before it nothing is known.
FIRST_MONTH = "2026-02"


def month_rates(month: str) -> Json:
    def rate(points: int, online: float) -> Json:
        shares = {"online": online, "good": online - 0.012, "unknown": 0.004}
        if month < FIRST_MONTH:
            shares = {"online": 0.0, "good": 0.0, "unknown": 1.0}
        recording = {"time": online - 0.02, "unknown": 0.015, "days": online - 0.05, "last_day": 1.0}
        return {
            "points": points,
            "time": shares,
            "snapshot": {**shares, "unknown": 0.0},
            "recording": recording,
        }

    months = {"by_site": {site: rate(200, 0.97 - 0.01 * n) for n, site in enumerate(SITES)}}
    return {
        "now_us": now_us(),
        "month": month,
        "from_us": now_us() - 20 * 86_400_000_000,
        "to_us": now_us(),
        "step_s": 600,
        "snapshot_hour": 10,
        "snapshots": 20,
        "recorded_days": 20,
        "last_day": "2026-03-20",
        "definitions": {name: text(words.zh, words.en) for name, words in DEFINITIONS.items()},
        "overall": rate(854, 0.963),
        **months,
        "by_area_kind": {"kitchen": rate(12, 0.991), "road": rate(8, 0.94)},
    }


def add_cameras(app: FastAPI, hub: FakeHub) -> None:
    @app.get("/api/coverage", dependencies=[VIEWER])
    async def areas() -> Json:
        return coverage(hub)

    @app.get("/api/cameras/rates", dependencies=[VIEWER])
    async def rates(month: str) -> Json:
        return month_rates(month)

    @app.get("/api/rules", dependencies=[VIEWER])
    async def rules() -> Json:
        rule: dict[str, Any] = {"id": "camera-dark", "family": "camera", "enabled": True}
        return {"set": 0, "waiting": None, "rules": [{**rule, "document": CAMERA_RULE}], "agents": []}
