"""The board over the wire."""

from __future__ import annotations

from typing import Any

import pytest

from devices.model.alerts import AlertEvent, Family, Severity
from devices.model.texts import Text
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api import shapes
from hub.api.ports import Ports
from hub.live.bus import ALERT
from tests.hub.alerts.events import START_US, S, cleared, moment, raised
from tests.hub.api.conftest import Client, SignIn


async def take(ports: Ports, *events: AlertEvent) -> list[str]:
    applied = await ports.db.write(lambda c: store.apply_events(c, events, "edge-hq1", None, ports.now_us()))
    return [record.id for record in applied.changed]


async def test_an_alert_says_what_where_since_when_and_what_to_do(viewer: Client, ports: Ports) -> None:
    await take(ports, raised(3))
    answer = (await viewer.get("/api/alerts")).json()
    shapes.Board.model_validate(answer, strict=True)
    (alert,) = answer["alerts"]
    assert alert | {"id": ""} == {
        "id": "",
        "seq": 1,
        "state": "raised",
        "family": "fire",
        "severity": 3,
        "rule": "pump-not-auto",
        "rule_version": 1,
        "title": {"zh": "消防泵不在自动位", "en": "Fire pump not in automatic"},
        "advice": {"zh": "去泵房", "en": "Go to the pump room"},
        "site": "hq1",
        "building": "hq1-main",
        "area": "hq1-pumps",
        "area_name": {"zh": "泵房", "en": "Pump room"},
        "zone": "guard",
        "owner": {"zh": "安保一队", "en": "Guard team 1"},
        "device": "hq1-pump-1",
        "device_name": {"zh": "消防泵1", "en": "Fire pump 1"},
        "message": {"zh": "消防泵 3", "en": "pump 3"},
        "start_us": START_US,
        "raised_us": START_US + 3 * S,
        "received_us": START_US,
        "last_us": START_US + 3 * S,
        "cleared_us": None,
        "acked_us": None,
        "acked_by": None,
        "assignee": None,
        "count": 1,
        "value": 2.0,
        "limit": 1.0,
        "unit": "",
        "evidence": {"position": 2.0},
        "has_plate": False,
        "parent": "",
        "agent": "edge-hq1",
        "historical": False,
        "stale": False,
        "epoch": 1,
        "notes": 0,
        "latch": False,
        "acts": None,
    }
    assert answer["counts"]["raised"] == 1
    assert answer["counts"]["by_severity"] == {"4": 0, "3": 1, "2": 0, "1": 0}
    assert answer["next"] is None


async def test_an_alert_of_a_rule_or_device_that_is_gone_is_shown_all_the_same(
    viewer: Client, ports: Ports
) -> None:
    gone = raised(0, rule="old-rule", device="old-device", value=float("nan"), evidence={"x": float("nan")})
    await take(ports, gone)
    (alert,) = (await viewer.get("/api/alerts")).json()["alerts"]
    assert alert["title"] == {"zh": "old-rule", "en": "old-rule"}
    assert alert["device_name"] == {"zh": "old-device", "en": "old-device"}
    assert (alert["area"], alert["value"], alert["evidence"]) == (None, None, {"x": None})


async def test_alerts_about_links_and_agents_have_their_names(viewer: Client, ports: Ports) -> None:
    await take(ports, raised(0, device="hq1-pump"), raised(0, device="edge-hq1"))
    names = {a["device"]: a["device_name"]["en"] for a in (await viewer.get("/api/alerts")).json()["alerts"]}
    assert names == {"hq1-pump": "Pumps", "edge-hq1": "Gateway No. 1"}


async def test_what_people_do_is_told_to_every_page(operator: Client, engineer: Client, ports: Ports) -> None:
    (number,) = await take(ports, raised(0))
    with ports.bus.subscribe(ALERT) as news:
        ack = await operator.post(f"/api/alerts/{number}/ack", json={"epoch": 1, "note": "on my way"})
        assert (ack.json()["state"], ack.json()["acked_by"], ack.json()["notes"]) == ("acked", "operator", 1)
        given = await operator.post(f"/api/alerts/{number}/assign", json={"assignee": "engineer"})
        assert given.json()["assignee"] == "engineer"
        noted = await operator.post(f"/api/alerts/{number}/note", json={"text": "阀门已关"})
        assert noted.json()["notes"] == 2
        over = await engineer.post(f"/api/alerts/{number}/clear", json={"reason": "tested"})
        assert (over.json()["state"], over.json()["cleared_us"]) == ("closed", ports.now_us())
        told = [record.id for _, records in news.take() for record in records]
    assert told == [number] * 4
    whole = (await operator.get(f"/api/alerts/{number}")).json()
    shapes.AlertWithHistory.model_validate(whole, strict=True)
    assert [line["act"] for line in whole["history"]] == ["raise", "ack", "note", "assign", "note", "clear"]
    assert (await operator.get("/api/alerts")).json()["alerts"] == []
    assert len((await operator.get("/api/alerts?state=all")).json()["alerts"]) == 1


async def test_an_alert_that_latches_is_reset_by_an_operator_once_all_is_normal(
    operator: Client, ports: Ports
) -> None:
    (number,) = await take(ports, raised(0, latch=True))
    refused = await operator.post(f"/api/alerts/{number}/reset", json={})
    assert (refused.status_code, refused.json()["alert"]["state"]) == (409, "raised")
    await operator.post(f"/api/alerts/{number}/ack", json={"epoch": 1})
    await take(ports, cleared(60))
    answer = (await operator.get("/api/alerts")).json()
    assert [(a["state"], a["latch"], a["cleared_us"]) for a in answer["alerts"]] == [
        ("latched", True, START_US + 60 * S)
    ]
    shapes.Board.model_validate(answer, strict=True)
    assert answer["counts"]["latched"] == 1
    over = await operator.post(f"/api/alerts/{number}/reset", json={"reason": "valve shut"})
    assert (over.json()["state"], over.json()["acked_by"]) == ("closed", "operator")


async def test_an_acknowledgement_of_what_has_changed_shows_what_it_is_now(
    operator: Client, ports: Ports
) -> None:
    await take(ports, raised(0, severity=Severity.LOW))
    (number,) = await take(ports, raised(1, severity=Severity.CRITICAL))
    answer = await operator.post(f"/api/alerts/{number}/ack", json={"epoch": 1})
    assert answer.status_code == 409
    assert answer.json()["error"]["code"] == "conflict"
    assert (answer.json()["alert"]["epoch"], answer.json()["alert"]["severity"]) == (2, 4)
    assert (await operator.post(f"/api/alerts/{number}/ack", json={"epoch": 2})).status_code == 200
    again = await operator.post(f"/api/alerts/{number}/ack", json={"epoch": 2})
    assert again.status_code == 409
    assert "operator" in again.json()["error"]["en"]


async def test_nobody_is_assigned_who_is_not_there(operator: Client, ports: Ports) -> None:
    (number,) = await take(ports, raised(0))
    answer = await operator.post(f"/api/alerts/{number}/assign", json={"assignee": "nobody"})
    assert answer.status_code == 404
    assert (await operator.post(f"/api/alerts/{number}/assign", json={"assignee": None})).status_code == 200


@pytest.mark.parametrize("act", ["ack", "assign", "note", "clear"])
async def test_an_act_on_an_alert_that_is_not_there_is_not_found(engineer: Client, act: str) -> None:
    body = {
        "ack": {"epoch": 1},
        "assign": {"assignee": None},
        "note": {"text": "x"},
        "clear": {"reason": "x"},
    }
    answer = await engineer.post(f"/api/alerts/nothing/{act}", json=body[act])
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")


async def many(ports: Ports) -> None:
    families = list(Family)
    for row in range(28):
        known: dict[str, Any] = {"device": f"dev-{row}", "start_us": START_US + row * S}
        family, severity = families[row % 7], Severity(row % 4 + 1)
        site = "hq1" if row % 2 else "hall"
        await take(ports, raised(row, family=family, severity=severity, site=site, **known))


@pytest.mark.parametrize(
    ("query", "keeps"),
    [
        ("?family=fire", lambda a: a["family"] == "fire"),
        ("?family=fire,camera", lambda a: a["family"] in {"fire", "camera"}),
        ("?family=fire&family=camera", lambda a: a["family"] in {"fire", "camera"}),
        ("?severity_min=3", lambda a: a["severity"] >= 3),
        ("?site=hq1&severity_min=4", lambda a: a["site"] == "hq1" and a["severity"] == 4),
        ("?device=dev-3,dev-4", lambda a: a["device"] in {"dev-3", "dev-4"}),
        (f"?from_us={START_US + 20 * S}", lambda a: a["start_us"] >= START_US + 20 * S),
        (f"?to_us={START_US + 5 * S}", lambda a: a["start_us"] < START_US + 5 * S),
    ],
)
async def test_a_query_finds_what_it_names(viewer: Client, ports: Ports, query: str, keeps: Any) -> None:
    await many(ports)
    everything = (await viewer.get("/api/alerts")).json()["alerts"]
    assert len(everything) == 28
    found = (await viewer.get(f"/api/alerts{query}")).json()["alerts"]
    assert [a["id"] for a in found] == [a["id"] for a in everything if keeps(a)]
    assert found


async def test_pages_follow_each_other(viewer: Client, ports: Ports) -> None:
    await many(ports)
    everything = [a["id"] for a in (await viewer.get("/api/alerts")).json()["alerts"]]
    found: list[str] = []
    after = ""
    while after is not None:
        query = f"?limit=5&after={after}" if after else "?limit=5"
        page = (await viewer.get(f"/api/alerts{query}")).json()
        found += [a["id"] for a in page["alerts"]]
        after = page["next"]
    assert found == everything


@pytest.mark.parametrize(
    "query",
    ["limit=0", "limit=501", "limit=x", "severity_min=5", "family=ghost", "state=some", "after=1.2", "after=x",
     "after=1.2.3.4;drop", "from_us=-1", "from_us=1e30", "from_us=9999999999999999999999"],
)  # fmt: skip
async def test_a_query_without_sense_is_refused(viewer: Client, query: str) -> None:
    answer = await viewer.get(f"/api/alerts?{query}")
    assert answer.status_code == 422
    assert answer.json()["error"]["code"] == "invalid"


async def test_words_from_devices_and_people_come_back_as_words(sign_in: SignIn, ports: Ports) -> None:
    """Nothing is escaped or dropped on the way: it is the page that must never take words for marks."""
    script = "<script>alert(1)</script>'; DROP TABLE alerts; --"
    (number,) = await take(ports, raised(0, device="x", message=Text(script, script)))
    operator = await sign_in(Role.OPERATOR)
    await operator.post(f"/api/alerts/{number}/note", json={"text": script})
    whole = await operator.get(f"/api/alerts/{number}")
    assert whole.headers["content-type"] == "application/json"
    assert whole.json()["message"]["zh"] == script
    assert whole.json()["history"][-1]["text"] == script


async def test_a_moment_is_on_the_board_until_it_is_acknowledged(operator: Client, ports: Ports) -> None:
    (number,) = await take(ports, moment(0, device="hq1-radar-1"))
    (alert,) = (await operator.get("/api/alerts")).json()["alerts"]
    assert (alert["state"], alert["cleared_us"]) == ("cleared", START_US)
    await operator.post(f"/api/alerts/{number}/ack", json={"epoch": alert["epoch"]})
    assert (await operator.get("/api/alerts")).json()["alerts"] == []


async def test_a_cleared_alert_stands_below_a_raised_one_of_its_severity(
    viewer: Client, ports: Ports
) -> None:
    await take(ports, raised(0, device="a"), cleared(5, device="a"), raised(0, device="b"))
    assert [a["device"] for a in (await viewer.get("/api/alerts")).json()["alerts"]] == ["b", "a"]
