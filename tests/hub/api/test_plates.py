"""Number plates over the wire: nobody sees one by the way, who acts on an alert can look it up, and that is told."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.model.alerts import AlertEvent, Family
from devices.model.plates import EVIDENCE, encode
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api import shapes
from hub.api.campus import described
from hub.api.ports import Ports
from hub.db import audit
from hub.ingest.scope import Scope
from tests.hub.alerts.events import moment
from tests.hub.api.conftest import SignIn

PLATE = "浙B12345"


def speeding(plate: float | None) -> AlertEvent:
    seen = {} if plate is None else {EVIDENCE: plate, "plate_sure": 97.5}
    return moment(
        1, device="hq1-radar-1", rule="speeding", family=Family.TRAFFIC, evidence={"x": 1.0, **seen}
    )


async def told(ports: Ports, event: AlertEvent) -> str:
    await ports.db.write(lambda c: store.apply_events(c, [event], "edge-hq1", None, ports.now_us()))
    return event.id


async def test_who_acts_on_alerts_can_look_a_plate_up_and_the_look_is_in_the_trail(
    ports: Ports, sign_in: SignIn
) -> None:
    number = await told(ports, speeding(encode(PLATE)))
    operator = await sign_in(Role.OPERATOR)
    answer = (await operator.get(f"/api/alerts/{number}/plate")).json()
    shapes.Plate.model_validate(answer, strict=True)
    assert answer == {"plate": PLATE, "sure": 97.5}
    newest, *_ = await ports.db.read(lambda c: audit.rows(c, None, 1))
    assert (newest["verb"], newest["object"]) == ("alert.plate", number)


async def test_no_other_answer_has_a_plate_and_a_viewer_is_not_told(ports: Ports, sign_in: SignIn) -> None:
    number = await told(ports, speeding(encode(PLATE)))
    viewer = await sign_in(Role.VIEWER)
    assert (await viewer.get(f"/api/alerts/{number}/plate")).status_code == 403
    card = (await viewer.get(f"/api/alerts/{number}")).json()
    assert (card["has_plate"], card["evidence"]) == (True, {"x": 1.0, "plate_sure": 97.5})
    for path in (f"alerts/{number}", "alerts?state=all", "export/alerts.csv?state=all"):
        text = (await viewer.get(f"/api/{path}")).text
        assert PLATE not in text
        assert str(int(encode(PLATE) or 0)) not in text


@pytest.mark.parametrize("plate", [None, float("nan"), 5.5])
async def test_an_alert_without_a_plate_says_so(ports: Ports, sign_in: SignIn, plate: float | None) -> None:
    number = await told(ports, speeding(plate))
    operator = await sign_in(Role.OPERATOR)
    answer = await operator.get(f"/api/alerts/{number}/plate")
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "not-found")


def test_what_is_personal_is_no_point_of_the_hub() -> None:
    demo = load_campus(Path(__file__).parents[3] / "config/demo/site.yaml")
    camera = described(demo, dt.date(2026, 11, 23))["profiles"]["campus-plate-camera"]
    assert [point["name"] for point in camera["points"]] == ["plate_sure", "vehicle_class"]
    said = ["hq1-plate-in.plate", "hq1-plate-in.plate_sure"]
    assert Scope.of(demo).strangers("edge-hq1", said) == {"hq1-plate-in.plate"}
