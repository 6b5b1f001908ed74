"""Routes of the fake hub about orders, as the contract names them."""

from __future__ import annotations

from fastapi import FastAPI

from tests.console.fake_campus import Json
from tests.console.fake_hub import FakeHub, now_us
from tests.console.fake_routes import VIEWER, Engineer, Operator, refuse


def add_orders(app: FastAPI, hub: FakeHub) -> None:
    """What may be written, and the orders themselves."""
    add_making(app, hub)
    add_freezing(app, hub)
    own = hub.orders

    @app.get("/api/orders", dependencies=[VIEWER])
    async def orders(before: int = 1 << 60, limit: int = 50) -> Json:
        rows = sorted(own.rows.values(), key=lambda row: -row["seq"])
        return {**own.head(now_us()), "orders": [row for row in rows if row["seq"] < before][:limit]}

    @app.get("/api/orders/{order_id}", dependencies=[VIEWER])
    async def order(order_id: str) -> Json:
        row = own.rows[order_id]
        told = {"time_us": row["created_us"], "state": "queued", "actor": row["by"], "text": "", "code": ""}
        return {**row, "data": own.probes.get(order_id), "history": [{**told, "before": None, "after": None}]}

    @app.get("/api/devices/{device}/writable", dependencies=[VIEWER])
    async def writable(device: str) -> Json:
        return own.writable(device, now_us())


def add_making(app: FastAPI, hub: FakeHub) -> None:
    own = hub.orders

    def changed(order: Json) -> Json:
        hub.emit("order", dict(order))
        return order

    @app.post("/api/orders", status_code=201)
    async def make(body: Json, user: Engineer) -> Json:
        if own.freezes:
            raise refuse(409, zh="写值已冻结", en="Writing is frozen")
        own.made.append(body)
        more = {"by": user["name"], "alert": body["alert"], "hold_s": body["hold_s"]}
        return changed(own.make(body["device"], body["value"], body["why"], now_us(), before=22.0, **more))

    @app.post("/api/orders/probes", status_code=201)
    async def probe(body: Json, user: Engineer) -> Json:
        own.made.append(body)
        more = {"kind": "probe", "link": body["link"], "by": user["name"]}
        return changed(own.make(None, None, body["why"], now_us(), **more))

    @app.post("/api/orders/{order_id}/cancel")
    async def cancel(order_id: str, body: Json, user: Engineer) -> Json:
        return changed(own.move(order_id, "cancelled", now_us(), cancelled_by=user["name"], text=body["why"]))


def add_freezing(app: FastAPI, hub: FakeHub) -> None:
    own = hub.orders

    @app.post("/api/orders/freeze")
    async def freeze(body: Json, user: Operator) -> Json:
        made = {"scope": body["scope"], "frozen": True, "by": user["name"], "why": body["why"]}
        own.freezes.append({**made, "time_us": now_us()})
        hub.emit("orders", own.head(now_us()))
        return {"freezes": own.freezes}

    @app.post("/api/orders/thaw", dependencies=[VIEWER])
    async def thaw(body: Json, _user: Engineer) -> Json:
        own.freezes = [freeze for freeze in own.freezes if freeze["scope"] != body["scope"]]
        hub.emit("orders", own.head(now_us()))
        return {"freezes": own.freezes}
