"""Routes of the fake hub, as the contract names them."""

from __future__ import annotations

import base64
import csv
import io
import secrets
from pathlib import Path
from typing import Annotated, Any

from fastapi import Depends, FastAPI, HTTPException, Request, Response
from fastapi.responses import JSONResponse, StreamingResponse

from devices.campus.calibrations import Measured
from hub.api.calibrations import told, tried
from hub.console import mount_console
from tests.console.fake_alerts import order
from tests.console.fake_campus import Json, text
from tests.console.fake_hub import FakeHub, now_us

COOKIE = "campuswatch"
CLIP = Path(__file__).parents[1] / "data/car-detection/car-detection.mp4"
CALIBRATION = {
    "camera": "hq1-cam-0001",
    "picture": (640, 360),
    "corners_px": ((100, 340), (540, 340), (400, 80), (240, 80)),
    "lengths_m": (20.0, 20.1),
    "widths_m": (7.0, 7.0),
    "lanes": ({"radar": "hq1-radar-1", "from_m": 0, "to_m": 7},),
}
PIXEL = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
ROLES = ("viewer", "operator", "engineer", "admin")
WORDS = {
    400: ("bad-request", "请求不正确", "The request is not right"),
    401: ("signed-out", "请先登录", "Sign in first"),
    403: ("not-allowed", "您的角色无权执行", "Your role may not do this"),
    404: ("not-found", "没有找到", "Not found"),
    409: ("changed", "告警已变化,请重新确认", "The alert has changed meanwhile; look again"),
}


def refuse(status: int, **details: Any) -> HTTPException:
    code, zh, en = WORDS[status]
    return HTTPException(status, {"code": code, "zh": zh, "en": en, "details": [], **details})


class Caller:
    """Who asks; refuses below a role."""

    def __init__(self, role: str) -> None:
        self.rank = ROLES.index(role)

    def __call__(self, request: Request) -> Json:
        hub: FakeHub = request.app.state.hub
        name = hub.sessions.get(request.cookies.get(COOKIE, ""))
        if name is None or name not in hub.users:
            raise refuse(401)
        user = hub.users[name]
        if ROLES.index(user["role"]) < self.rank:
            raise refuse(403)
        return user


VIEWER, ADMIN = Depends(Caller("viewer")), Depends(Caller("admin"))
Viewer = Annotated[Json, VIEWER]
Operator = Annotated[Json, Depends(Caller("operator"))]
Engineer = Annotated[Json, Depends(Caller("engineer"))]


def build_app(hub: FakeHub) -> FastAPI:
    app = FastAPI(openapi_url=None, docs_url=None)
    app.state.hub = hub

    @app.exception_handler(HTTPException)
    async def say(_request: Request, error: HTTPException) -> JSONResponse:
        return JSONResponse({"error": error.detail}, error.status_code)

    @app.middleware("http")
    async def note(request: Request, call_next: Any) -> Response:
        hub.requests.append(f"{request.method} {request.url.path}")
        hub.queries.append((request.url.path, request.url.query))
        if request.method != "GET" and request.headers.get("x-campuswatch") != "1":
            return JSONResponse({"error": {"code": "csrf", "zh": "缺少请求头", "en": "Header missing"}}, 403)
        return await call_next(request)

    add_session(app, hub)
    add_registry(app, hub)
    add_alerts(app, hub)
    add_resets(app, hub)
    add_pages(app, hub)
    add_roads(app, hub)
    add_users(app, hub)
    mount_console(app)
    return app


def add_session(app: FastAPI, hub: FakeHub) -> None:
    def session(name: str | None) -> Json:
        user = hub.users.get(name or "")
        return {
            "user": user and {"name": user["name"], "role": user["role"]},
            "first_run": not hub.users,
            "version": "0.1.0",
            "campus": {"id": "demo", "name": text("园区示范", "Demo campus"), "timezone": "Asia/Shanghai"},
        }

    def sign_in_as(name: str, response: Response) -> Json:
        key = secrets.token_hex(8)
        hub.sessions[key] = name
        response.set_cookie(COOKIE, key, httponly=True, samesite="strict")
        return session(name)

    @app.get("/api/session")
    async def get_session(request: Request) -> Json:
        return session(hub.sessions.get(request.cookies.get(COOKIE, "")))

    @app.post("/api/first-run")
    async def first_run(body: Json, response: Response) -> Json:
        if hub.users or body["token"] != "first-token":
            raise refuse(403, zh="令牌不正确", en="The token is not right")
        hub.users[body["name"]] = {
            "name": body["name"],
            "role": "admin",
            "password": body["password"],
            "disabled": False,
        }
        return sign_in_as(body["name"], response)

    @app.post("/api/sign-in")
    async def sign_in(body: Json, response: Response) -> Json:
        user = hub.users.get(body["name"])
        if user is None or user["password"] != body["password"]:
            raise refuse(401, zh="用户名或密码不正确", en="Name or password is not right")
        return sign_in_as(body["name"], response)

    @app.post("/api/sign-out")
    async def sign_out(request: Request) -> Json:
        hub.sessions.pop(request.cookies.get(COOKIE, ""), None)
        return session(None)


def add_registry(app: FastAPI, hub: FakeHub) -> None:
    @app.get("/api/campus", dependencies=[VIEWER])
    async def campus() -> Json:
        return hub.campus.answer()

    @app.get("/api/latest", dependencies=[VIEWER])
    async def latest(devices: str = "", site: str = "", kind: str = "") -> Json:
        wanted = devices.split(",") if devices else None
        if site or kind:
            wanted = [
                d["id"] for d in hub.campus.devices if site in {"", d["site"]} and kind in {"", d["kind"]}
            ]
        return {"now_us": now_us(), "values": hub.readings.latest(wanted)}

    @app.get("/api/series", dependencies=[VIEWER])
    async def series(points: str, from_us: int, to_us: int, step_s: int = 0, aggregate: str = "mean") -> Json:
        return hub.readings.series(points.split(","), from_us, to_us, step_s)

    @app.get("/api/events")
    async def events(request: Request, user: Viewer) -> StreamingResponse:
        stream = hub.stream(request.headers.get("last-event-id"), user["name"])
        return StreamingResponse(
            stream, media_type="text/event-stream", headers={"Cache-Control": "no-cache"}
        )


def add_alerts(app: FastAPI, hub: FakeHub) -> None:
    def found(alert_id: str) -> Json:
        if alert_id not in hub.alerts.by_id:
            raise refuse(404)
        return hub.alerts.by_id[alert_id]

    @app.get("/api/alerts", dependencies=[VIEWER])
    async def alerts(state: str = "open", device: str = "", after: int = 0, limit: int = 100) -> Json:
        rows = sorted(hub.alerts.open() if state == "open" else hub.alerts.by_id.values(), key=order)
        rows = [row for row in rows if device in {"", row["device"]}]
        more = after + limit < len(rows)
        return {
            "now_us": now_us(),
            "alerts": rows[after : after + limit],
            "counts": hub.alerts.counts(),
            "next": after + limit if more else None,
        }

    @app.get("/api/alerts/{alert_id}", dependencies=[VIEWER])
    async def alert(alert_id: str) -> Json:
        return {**found(alert_id), "history": hub.alerts.history[alert_id]}

    @app.post("/api/alerts/{alert_id}/ack")
    async def ack(alert_id: str, body: Json, user: Operator) -> Json:
        if body["epoch"] != found(alert_id)["epoch"]:
            hub.refused_acks += 1
            raise refuse(409, alert=found(alert_id))
        return hub.act(alert_id, "ack", user["name"], body.get("note") or "")

    @app.post("/api/alerts/{alert_id}/assign")
    async def assign(alert_id: str, body: Json, user: Operator) -> Json:
        found(alert_id)
        return hub.act(alert_id, "assign", user["name"], body["assignee"])

    @app.post("/api/alerts/{alert_id}/note")
    async def note(alert_id: str, body: Json, user: Operator) -> Json:
        found(alert_id)
        return hub.act(alert_id, "note", user["name"], body["text"])

    @app.post("/api/alerts/{alert_id}/clear")
    async def clear(alert_id: str, body: Json, user: Engineer) -> Json:
        found(alert_id)
        return hub.act(alert_id, "clear", user["name"], body["reason"])


def add_resets(app: FastAPI, hub: FakeHub) -> None:
    @app.post("/api/alerts/{alert_id}/reset")
    async def reset(alert_id: str, user: Operator) -> Json:
        return hub.act(alert_id, "reset", user["name"])


def add_roads(app: FastAPI, hub: FakeHub) -> None:
    @app.get("/api/alerts/{alert_id}/evidence", dependencies=[Depends(Caller("operator"))])
    async def evidence(alert_id: str) -> Json:
        names = ("1-clean.jpg", "1-facts.jpg", "clip.mp4")
        return {"alert": alert_id, "files": [{"name": n, "bytes": 9, "sha256": "ab" * 32} for n in names]}

    @app.get("/api/alerts/{alert_id}/evidence/{name}", dependencies=[Depends(Caller("operator"))])
    async def footage(alert_id: str, name: str) -> Response:
        if name == "clip.mp4":
            return Response(CLIP.read_bytes(), media_type="video/mp4")
        return Response(base64.b64decode(PIXEL), media_type="image/png")

    @app.get("/api/calibrations", dependencies=[VIEWER])
    async def calibrations() -> Json:
        measured = {
            **told(Measured.model_validate(CALIBRATION)),
            "camera": CALIBRATION["camera"],
            "moved_us": hub.moved_us,
        }
        names = {"cameras": ["hq1-cam-0001", "hq1-cam-0002"], "radars": ["hq1-radar-1"]}
        named = {
            key: [{"id": i, "name": {"zh": f"道路 {i}", "en": f"Road {i}"}} for i in ids]
            for key, ids in names.items()
        }
        return {"rows": [measured], **named}

    @app.post("/api/calibrations/try", dependencies=[Depends(Caller("engineer"))])
    async def try_calibration(measured: Measured) -> Response:
        return await tried(measured)


def add_pages(app: FastAPI, hub: FakeHub) -> None:
    @app.get("/api/alerts/{alert_id}/plate", dependencies=[Depends(Caller("operator"))])
    async def plate(alert_id: str) -> Json:
        return {"plate": "浙B12345", "sure": 97.5}

    @app.get("/api/speed", dependencies=[VIEWER])
    async def speed(from_us: int, to_us: int, device: str = "", site: str = "") -> Json:
        return hub.readings.speed(device or None, from_us, to_us, hub.passes)

    @app.get("/api/cooling", dependencies=[VIEWER])
    async def cooling() -> Json:
        return hub.readings.cooling(hub.alerts.by_id)

    @app.get("/api/cameras", dependencies=[VIEWER])
    async def cameras() -> Json:
        return hub.readings.cameras(now_us())

    @app.get("/api/gateways", dependencies=[VIEWER])
    async def gateways() -> Json:
        reasons = [
            "2 points that the site file does not give to hall-edge",
            "no such topic",
            "larger than 8 MB",
        ]
        newest = [
            {
                "id": i,
                "time_us": now_us() - i * 180_000_000,
                "agent": "hall-edge",
                "topic": f"campus/hall-edge/up/live/{i}",
                "reason": reasons[i % 3],
                "why": {"zh": "点位不属于该网关", "en": "Points of another gateway"},
                "bytes": 220 + i * 17,
            }
            for i in range(6)
        ]
        return {
            "rows": hub.gateway_rows(),
            "quarantine": {"count": 37, "newest": newest},
            "hub": {"lag_s": hub.lag_s, "db_waiting": 3, "series_bytes": 41_204_736},
        }

    @app.get("/api/export/series.csv", dependencies=[VIEWER])
    async def series_csv(points: str, from_us: int, to_us: int, step_s: int = 60) -> Response:
        table = hub.readings.series(points.split(","), from_us, to_us, step_s)
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(["time_us", *table["series"]])
        writer.writerows(zip(table["time_us"], *table["series"].values(), strict=True))
        return Response(out.getvalue(), media_type="text/csv")


def add_users(app: FastAPI, hub: FakeHub) -> None:
    @app.get("/api/users", dependencies=[ADMIN])
    async def users() -> Json:
        return {"users": [public(user) for user in hub.users.values()]}

    @app.post("/api/users", dependencies=[ADMIN])
    async def create(body: Json) -> Json:
        hub.users[body["name"]] = {**body, "disabled": False}
        return public(hub.users[body["name"]])

    @app.patch("/api/users/{name}", dependencies=[ADMIN])
    async def change(name: str, body: Json) -> Json:
        hub.users[name].update(body)
        return public(hub.users[name])

    @app.get("/api/audit", dependencies=[ADMIN])
    async def audit(before_id: int = 0, limit: int = 100) -> Json:
        rows = [
            {
                "id": 40 - i,
                "time_us": now_us() - i * 900_000_000,
                "actor": "wang",
                "verb": "alert.ack",
                "object": f"A-{1200 + i}",
                "reason": "",
                "before": {"state": "raised"},
                "after": {"state": "acked"},
            }
            for i in range(30)
        ]
        return {"rows": rows, "next": None}


def public(user: Json) -> Json:
    return {key: user[key] for key in ("name", "role", "disabled")}
