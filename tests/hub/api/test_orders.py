"""Orders over the wire: who may, what is refused, and what everybody sees of it."""

from __future__ import annotations

import asyncio
import dataclasses
import json
from typing import Any

import pytest

from devices.model.errors import Refused
from devices.profiles.profile import DeviceKind
from devices.wire.orders import OrderKind, OrderState, Outcome
from hub.accounts.roles import Role
from hub.api.newsroom import Newsroom
from hub.api.orders import ROUTES
from hub.api.ports import Ports
from hub.db import audit
from hub.gateways import roster
from hub.live.bus import ORDER
from hub.orders import shelf
from hub.orders.allowed import why_not
from hub.orders.desk import Wanted
from hub.orders.record import told
from tests.fake_clock import FakeClock
from tests.hub.api.conftest import Client

BODY: dict[str, Any] = {"device": "hq1-ac-301", "point": "setpoint_c", "value": 26.0, "why": "too cold"}

#: What is wrong with an order, and what is said of it.
REFUSED: list[tuple[dict[str, Any], int, str]] = [
    ({"device": "hq1-pump-1", "point": "position", "value": 2}, 422, "never"),
    ({"device": "hq1-radar-1"}, 422, "read-only"),
    ({"device": "nobody"}, 404, ""),
    ({"point": "mode"}, 422, "以下之一：setpoint_c, on"),
    ({"value": 15}, 422, "16 至 32"),
    ({"value": 1e300}, 422, "16 to 32"),
    ({"point": "on", "value": 2}, 422, "0（关），1（开）"),
    ({"hold_s": 1e9}, 422, "at most 43200"),
    ({"hold_s": 0}, 422, ""),
    ({"why": " "}, 422, ""),
    ({"expires_in_s": 5}, 422, ""),
    ({"expires_in_s": 4000}, 422, ""),
    ({"value": "26"}, 422, ""),
    ({"unknown": 1}, 422, ""),
]


@pytest.fixture
def ports(ports: Ports) -> Ports:
    return dataclasses.replace(ports, orders_enabled=True)


async def made(client: Client, **changes: Any) -> dict[str, Any]:
    answer = await client.post("/api/orders", json=BODY | changes)
    assert answer.status_code == 201, answer.text
    return dict(answer.json())


async def hears(ports: Ports, name: str, state: OrderState, **more: Any) -> None:
    """The agent speaks."""
    record = await ports.db.read(lambda c: shelf.get(c, name))
    after = told(record, Outcome(name, state, 1, **more), ports.now_us())
    assert after is not None
    await ports.db.write(lambda c: shelf.store(c, after, record.agent, ports.now_us()))
    ports.bus.publish(ORDER, [after])


@pytest.mark.promise("P-orders-2")
async def test_an_order_says_who_what_why_and_how_far_it_is(
    engineer: Client, viewer: Client, ports: Ports
) -> None:
    order = await made(engineer, hold_s=600)
    assert order | {"id": "", "created_us": 0, "expires_us": 0} == {
        "id": "",
        "seq": 1,
        "kind": "write",
        "agent": "edge-hq1",
        "device": "hq1-ac-301",
        "link": None,
        "name": {"zh": "301空调", "en": "AC 301"},
        "point": "setpoint_c",
        "unit": "C",
        "value": 26.0,
        "word": None,
        "title": {"zh": "设定温度", "en": "set temperature"},
        "hold_s": 600,
        "state": "queued",
        "assumed": False,
        "code": "",
        "text": "",
        "before": None,
        "after": None,
        "by": "engineer",
        "rule": None,
        "alert": None,
        "why": "too cold",
        "created_us": 0,
        "expires_us": 0,
        "sent_us": None,
        "taken_us": None,
        "over": False,
        "verified_us": None,
        "ended_us": None,
        "until_us": None,
        "holding": False,
        "cancelled_by": None,
        "data": None,
    }
    await hears(ports, order["id"], OrderState.VERIFIED, before=22.0, after=26.0)
    seen = (await viewer.get(f"/api/orders/{order['id']}")).json()
    assert (seen["state"], seen["holding"], seen["over"]) == ("verified", True, False)
    assert (seen["before"], seen["after"], seen["until_us"]) == (22.0, 26.0, ports.now_us() + 600_000_000)
    assert [line["state"] for line in seen["history"]] == ["queued", "verified"]
    assert [line["actor"] for line in seen["history"]] == ["engineer", "edge-hq1"]
    rows = await ports.db.read(lambda c: audit.rows(c, None, 10))
    assert [
        (row["verb"], row["actor"], row["reason"]) for row in rows if row["verb"].startswith("order")
    ] == [("order.make", "engineer", "too cold")]


async def test_the_list_can_be_narrowed_and_says_whether_anything_may_be_written(
    engineer: Client, viewer: Client, ports: Ports
) -> None:
    first = await made(engineer)
    second = await made(engineer, device="hall-ac-1")
    await engineer.post(f"/api/orders/{first['id']}/cancel", json={"why": "no"})
    answer = (await viewer.get("/api/orders")).json()
    assert [row["id"] for row in answer["orders"]] == [second["id"], first["id"]]
    assert (answer["enabled"], answer["freezes"], answer["now_us"]) == (True, [], ports.now_us())
    assert [(row["agent"], row["known"], row["pending"]) for row in answer["agents"]] == [
        ("edge-hq1", False, False),
        ("edge-hall", False, False),
    ]
    narrowed = {
        "open=1": [second["id"]],
        "device=hq1-ac-301": [first["id"]],
        "agent=edge-hall": [second["id"]],
        "kind=probe": [],
        f"before={second['seq']}": [first["id"]],
        "limit=1": [second["id"]],
    }
    for query, ids in narrowed.items():
        assert [row["id"] for row in (await viewer.get(f"/api/orders?{query}")).json()["orders"]] == ids


@pytest.mark.promise("P-orders-1")
async def test_what_cannot_be_ordered_is_refused_with_its_field(engineer: Client) -> None:
    for changes, status, found in REFUSED:
        answer = await engineer.post("/api/orders", json=BODY | changes)
        assert answer.status_code == status, (changes, answer.text)
        assert found in json.dumps(answer.json(), ensure_ascii=False), changes


@pytest.mark.promise("P-orders-1")
def test_a_fire_pump_is_refused_whatever_its_sheet_says(ports: Ports) -> None:
    sheet, device = ports.campus.profiles["daikin-dta116a"], ports.campus.devices["hq1-ac-301"]
    for changed in (
        sheet.model_copy(update={"kind": DeviceKind.PUMP}),
        sheet.model_copy(update={"sheet": sheet.sheet.model_copy(update={"kind": "dlt645"})}),
    ):
        forged = dataclasses.replace(
            ports.campus, profiles={**ports.campus.profiles, "daikin-dta116a": changed}
        )
        no = why_not(forged, device, enabled=True)
        assert no is not None
        assert no.code == "never"
    assert why_not(ports.campus, device, enabled=True) is None


@pytest.mark.promise("P-orders-3")
async def test_a_hub_that_does_not_enable_writing_takes_no_orders(ports: Ports, engineer: Client) -> None:
    ports.orders.enabled = False
    answer = await engineer.post("/api/orders", json=BODY)
    assert (answer.status_code, answer.json()["error"]["details"][0]["code"]) == (422, "disabled")
    shown = (await engineer.get("/api/devices/hq1-ac-301/writable")).json()
    assert (shown["may"], shown["why_not"]["code"]) == (False, "disabled")


@pytest.mark.promise("P-orders-6")
async def test_a_device_that_is_held_is_refused_with_who_holds_it(engineer: Client) -> None:
    first = await made(engineer)
    answer = await engineer.post("/api/orders", json=BODY | {"value": 24})
    assert answer.status_code == 409
    assert answer.json()["current"]["id"] == first["id"]
    await engineer.post(f"/api/orders/{first['id']}/cancel", json={"why": "no"})
    await made(engineer, value=24)


async def test_of_two_who_order_at_once_one_holds_the_device(ports: Ports) -> None:
    def order(connection: Any) -> str:
        wanted = Wanted(OrderKind.WRITE, "hq1-ac-301", {"point": "setpoint_c", "value": 26.0}, "a test")
        record = ports.orders.made(connection, wanted, audit.Actor("ann"))
        return record.id

    await ports.db.write(order)
    record = (await ports.db.read(shelf.found))[0]
    twin = dataclasses.replace(record, id="f" * 32, seq=None)
    with pytest.raises(Refused):  # the tables themselves say no
        await ports.db.write(lambda c: shelf.add(c, twin))


async def test_cancelling_what_is_held_asks_the_agent_and_what_is_over_cannot_be(
    engineer: Client, ports: Ports
) -> None:
    order = await made(engineer, hold_s=600)
    await hears(ports, order["id"], OrderState.VERIFIED, before=22.0, after=26.0)
    answer = (await engineer.post(f"/api/orders/{order['id']}/cancel", json={"why": "enough"})).json()
    assert (answer["state"], answer["cancelled_by"], answer["over"]) == ("verified", "engineer", False)
    await hears(ports, order["id"], OrderState.RELEASED, code="cancelled")
    answer = await engineer.post(f"/api/orders/{order['id']}/cancel", json={"why": "again"})
    assert answer.status_code == 409
    assert answer.json()["current"]["state"] == "released"


@pytest.mark.promise("P-orders-7")
async def test_whoever_is_on_duty_freezes_and_an_engineer_thaws(
    operator: Client, engineer: Client, ports: Ports
) -> None:
    order = await made(engineer)
    answer = (await operator.post("/api/orders/freeze", json={"scope": "*", "why": "smoke"})).json()
    assert answer["freezes"] == [
        {"scope": "*", "frozen": True, "by": "operator", "why": "smoke", "time_us": ports.now_us()}
    ]
    stopped = (await engineer.get(f"/api/orders/{order['id']}")).json()
    assert (stopped["state"], stopped["code"], stopped["over"]) == ("cancelled", "frozen", True)
    refused = await engineer.post("/api/orders", json=BODY)
    assert (refused.status_code, refused.json()["current"]["why"]) == (409, "smoke")
    assert (await operator.post("/api/orders/thaw", json={"scope": "*", "why": "?"})).status_code == 403
    assert (await engineer.post("/api/orders/thaw", json={"scope": "*", "why": "over"})).json() == {
        "freezes": []
    }
    await made(engineer)
    assert (await operator.post("/api/orders/freeze", json={"scope": "x", "why": "?"})).status_code == 404
    await operator.post("/api/orders/freeze", json={"scope": "edge-hall", "why": "work on it"})
    assert (await engineer.post("/api/orders", json=BODY | {"device": "hall-ac-1"})).status_code == 409


async def test_a_device_says_what_of_it_may_be_set(viewer: Client, engineer: Client, ports: Ports) -> None:
    order = await made(engineer)
    shown = (await viewer.get("/api/devices/hq1-ac-301/writable")).json()
    assert (shown["may"], shown["why_not"], shown["today"], shown["left"]) == (True, None, 1, None)
    health = {"orders": {"per_day": 4}}
    agent = ports.campus.links[ports.campus.devices["hq1-ac-301"].link].agent
    await ports.db.write(lambda c: roster.enrol(c, agent, agent, "-", ports.now_us()))
    await ports.db.write(lambda c: roster.said_health(c, agent, health, ports.now_us()))
    assert (await viewer.get("/api/devices/hq1-ac-301/writable")).json()["left"] == 3
    assert shown["holder"]["id"] == order["id"]
    setpoint, on = shown["points"]
    assert (setpoint["point"], setpoint["range"], setpoint["modes"]) == (
        "setpoint_c",
        [16, 32],
        ["cool", "heat", "auto"],
    )
    assert on["members"] == [{"value": 0, "word": "off"}, {"value": 1, "word": "on"}]
    assert (on["range"], on["hold"], on["value"]) == (None, "may", None)
    pump = (await viewer.get("/api/devices/hq1-pump-1/writable")).json()
    assert (pump["may"], pump["why_not"]["code"], pump["points"]) == (False, "never", [])
    assert (await viewer.get("/api/devices/nobody/writable")).status_code == 404


async def test_what_a_probe_has_read_is_shown_with_the_order(
    engineer: Client, viewer: Client, ports: Ports
) -> None:
    body = {"link": "hq1-ac", "args": {"unit": 1}, "why": "what is it"}
    order = (await engineer.post("/api/orders/probes", json=body)).json()
    assert (order["kind"], order["link"], order["device"]) == ("probe", "hq1-ac", None)
    await hears(ports, order["id"], OrderState.DONE, data='{"rows": []}')
    assert (await viewer.get(f"/api/orders/{order['id']}")).json()["data"] == {"rows": []}
    assert (await viewer.get("/api/orders?kind=probe")).json()["orders"][0]["data"] is None
    large = body | {"args": {"x": "y" * 5000}}
    assert (await engineer.post("/api/orders/probes", json=large)).status_code == 413
    assert (await engineer.post("/api/orders/probes", json=body | {"link": "no"})).status_code == 404


async def test_an_engineer_confirms_what_a_camera_should_see_and_nobody_else_does(
    engineer: Client, viewer: Client, ports: Ports
) -> None:
    url, body = (
        "/api/cameras/hall-cam-1/reference",
        {"do": "confirm", "light": "day", "why": "looked at it"},
    )
    assert (await viewer.post(url, json=body)).status_code == 403
    order = (await engineer.post(url, json=body)).json()
    assert (order["kind"], order["device"], order["link"]) == ("reference", "hall-cam-1", None)
    assert order["agent"] == ports.campus.links[ports.campus.devices["hall-cam-1"].link].agent
    await hears(ports, order["id"], OrderState.DONE, data='{"references": []}')
    assert (await viewer.get(f"/api/orders/{order['id']}")).json()["data"] == {"references": []}
    for wrong, status in (("hq1-ac-301", 422), ("nobody", 404)):
        assert (await engineer.post(f"/api/cameras/{wrong}/reference", json=body)).status_code == status
    assert (await engineer.post(url, json=body | {"do": "burn"})).status_code == 422


async def test_pages_are_told_of_orders_and_of_what_may_be_written(
    ports: Ports, clock: FakeClock, engineer: Client
) -> None:
    news = asyncio.create_task(Newsroom(ports, clock.sleep).run())
    await clock.advance(1)
    order = await made(engineer)
    await engineer.post("/api/orders/freeze", json={"scope": "*", "why": "smoke"})
    said = {"orders": {"enabled": True, "frozen_here": False, "freeze": {"number": 1, "frozen": True}}}
    await ports.db.write(lambda c: roster.said_health(c, "edge-hq1", said, ports.now_us()))
    ports.bus.publish("gateway", "edge-hq1")
    async with asyncio.timeout(10):
        while len(entries := [e for e in ports.feed.after(0) or () if e.event in {"order", "orders"}]) < 4:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    news.cancel()
    await asyncio.gather(news, return_exceptions=True)
    orders = [json.loads(entry.data) for entry in entries if entry.event == "order"]
    assert [(row["id"], row["state"]) for row in orders] == [
        (order["id"], "queued"),
        (order["id"], "cancelled"),
    ]
    able = [json.loads(entry.data) for entry in entries if entry.event == "orders"]
    assert [row["agents"][0]["pending"] for row in able] == [True, False]


def test_an_operator_may_freeze_and_only_an_engineer_orders() -> None:
    roles = {(route.method, route.path): route.role for route in ROUTES.all}
    assert roles["POST", "/api/orders/freeze"] is Role.OPERATOR
    assert {role for (method, path), role in roles.items() if method == "POST" and "freeze" not in path} == {
        Role.ENGINEER
    }
