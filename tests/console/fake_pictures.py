"""Pictures of the fake hub's cameras, how far their references are, and orders about them, carried out at once."""

from __future__ import annotations

import base64
from dataclasses import dataclass, field

import cv2
import numpy as np
from fastapi import FastAPI

from devices.model.codes import ReferenceStanding
from hub.reports.commissioning import group_of, left_of
from tests.console.fake_campus import Json
from tests.console.fake_hub import FakeHub, now_us
from tests.console.fake_routes import VIEWER, Engineer, Operator, refuse

S = 1_000_000
LIGHTS = ("day", "night")


@dataclass
class FakePictures:
    """Knobs: how far references are, how old newest pictures are, and gateways that do not answer."""

    standing: dict[str, dict[str, str]] = field(default_factory=dict)
    age_s: float = 4.0
    silent: set[str] = field(default_factory=set)
    refused: set[str] = field(default_factory=set)
    asked: list[tuple[str, str]] = field(default_factory=list)
    ordered: list[tuple[str, str, str, str]] = field(default_factory=list)

    def of(self, camera: str) -> dict[str, str]:
        return self.standing.get(camera, {"day": "unconfirmed", "night": "none"})


def encoded(ending: str, level: int) -> str:
    picture = np.full((90, 160, 3), level, np.uint8)
    cv2.rectangle(picture, (30, 20), (110, 70), (level // 2, 90, 200), -1)
    media = {"jpg": "image/jpeg", "png": "image/png"}[ending]
    data = cv2.imencode(f".{ending}", picture)[1].tobytes()
    return f"data:{media};base64,{base64.b64encode(data).decode()}"


def add_pictures(app: FastAPI, hub: FakeHub) -> None:
    own: FakePictures = hub.pictures

    @app.get("/api/cameras/commissioning", dependencies=[VIEWER])
    async def commissioning() -> Json:
        names = ("device", "area", "building", "site", "state", "trouble", "time_us")
        rows = []
        for row in hub.readings.cameras(now_us())["rows"]:
            words = own.of(row["device"])
            day, night = (ReferenceStanding[words[light].upper().replace("-", "_")] for light in LIGHTS)
            seen = row["state"] in {"online", "picture", "dark", "frozen"}
            left = left_of(day, night, has_picture=seen, has_alert=row["trouble"] is not None)
            more = {"told_us": 1, "left": left, "group": group_of(left), **words}
            rows.append({**{name: row[name] for name in names}, **more})
        return {"now_us": now_us(), "rows": rows}

    @app.get("/api/cameras/{camera}/pictures")
    async def pictures(camera: str, _user: Operator, known: str = "") -> Json:
        own.asked.append((camera, known))
        if camera in own.silent:
            raise refuse(404, zh="网关无应答", en="gateway does not answer")
        times = {"newest-1.jpg": now_us() - int(own.age_s * S)}
        learnt = [light for light in LIGHTS if own.of(camera)[light] in {"unconfirmed", "confirmed"}]
        times |= {f"{light}-1.png": now_us() - 86_400 * S for light in learnt}
        rows = [
            {
                "name": name,
                "of": name.partition("-")[0],
                "time_us": time_us,
                "url": None if name in known.split(",") else encoded(name[-3:], 120),
            }
            for name, time_us in times.items()
        ]
        return {"camera": camera, "agent": "hq1-edge", "now_us": now_us(), "pictures": rows}

    @app.post("/api/cameras/{camera}/reference", status_code=201)
    async def reference(camera: str, body: Json, user: Engineer) -> Json:
        own.ordered.append((camera, body["do"], body["light"], body["why"]))
        order = hub.orders.make(camera, None, body["why"], now_us(), kind="reference", by=user["name"])
        hub.emit("order", dict(order))
        if camera in own.refused:
            hub.orders.move(
                order["id"], "failed", now_us(), code="refused", text="no reference to confirm yet"
            )
        else:
            hub.orders.probes[order["id"]] = {"references": changed(own, camera, body)}
            hub.orders.move(order["id"], "done", now_us())
        hub.emit("order", dict(order))
        return order


def changed(own: FakePictures, camera: str, body: Json) -> list[Json]:
    word = {"confirm": "confirmed", "forget": "none"}[body["do"]]
    lights = [light for light in LIGHTS if body["light"] in {light, "both"}]
    kept = [light for light in lights if body["do"] == "forget" or own.of(camera)[light] != "none"]
    own.standing[camera] = {**own.of(camera), **dict.fromkeys(kept, word)}
    return [{"light": light, "state": own.of(camera)[light]} for light in lights]
