"""Values are set in the running campus, through the interface, down to the registers of a simulated gateway."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.campus.stack import Stack

pytestmark = [pytest.mark.timeout(180), pytest.mark.needs("nats-server")]
DEVICE = "ac-3"


def truth(stack: Stack, point: str = "setpoint_c") -> float:
    """What the simulated gateway has in its registers."""
    answer = httpx.get(f"http://{stack.control}/truth", params={"device": DEVICE}, trust_env=False)
    return float(answer.raise_for_status().json()[point])


def order(stack: Stack, value: float, **more: Any) -> dict[str, Any]:
    body = {"device": DEVICE, "point": "setpoint_c", "value": value, "why": "a test", **more}
    return dict(stack.post("/api/orders", body))


def ended(stack: Stack, made: dict[str, Any], state: str) -> dict[str, Any]:
    """Wait until an order is in a state."""

    def reached() -> dict[str, Any] | None:
        now: dict[str, Any] = stack.get(f"/api/orders/{made['id']}")
        assert now["state"] == state or not now["over"], now
        return now if now["state"] == state else None

    return dict(stack.until(reached, f"{state}: O-{made['seq']}", 60))


def can_order(stack: Stack) -> bool:
    (agent,) = stack.get("/api/orders")["agents"]
    return bool(agent["online"] and agent["enabled"])


@pytest.mark.promise("P-orders-2")
@pytest.mark.promise("P-orders-10")
def test_a_set_point_is_ordered_verified_held_over_a_kill_and_given_back(stack: Stack) -> None:
    stack.until(lambda: can_order(stack), "the agent says that it may write", 40)
    usual = truth(stack)
    done = ended(stack, order(stack, 23.0), "verified")
    assert (done["before"], done["after"], truth(stack)) == (usual, 23.0, 23.0)
    assert [line["state"] for line in done["history"]] == ["queued", "sent", "taken", "verified"]
    shown = f"{DEVICE}.setpoint_c"
    stack.until(
        lambda: stack.get("/api/latest")["values"].get(shown, (0, None))[1] == 23.0,
        "the new value is polled",
        20,
    )
    held = ended(stack, order(stack, 24.0, hold_s=3600), "verified")
    stack.kill("edge")
    stack.start("edge")
    stack.post(f"/api/orders/{held['id']}/cancel", {"why": "enough"})
    back = ended(stack, held, "released")
    assert (back["code"], back["cancelled_by"], truth(stack)) == ("cancelled", "operator-1", 23.0)
    asked_back = [(line["actor"], line["text"]) for line in back["history"] if line["code"] == "asked-back"]
    assert asked_back == [("operator-1", "enough")]


@pytest.mark.promise("P-orders-1")
@pytest.mark.promise("P-orders-7")
def test_a_freeze_stops_everything_and_a_fire_pump_is_never_written(stack: Stack) -> None:
    stack.until(lambda: can_order(stack), "the agent says that it may write", 40)
    pump = {"device": "pump", "point": "position", "value": 1, "why": "a test"}
    refused = stack.http.post("/api/orders", json=pump)
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert refused.json()["error"]["details"][0]["code"] == "never"
    before = truth(stack)
    stack.post("/api/orders/freeze", {"scope": "*", "why": "a test"})
    body = {"device": DEVICE, "point": "setpoint_c", "value": 28.0, "why": "a test"}
    assert stack.http.post("/api/orders", json=body).status_code == httpx.codes.CONFLICT
    stack.until(lambda: stack.get("/api/orders")["agents"][0]["frozen"], "the agent has heard of it", 20)
    assert truth(stack) == before
    stack.post("/api/orders/thaw", {"scope": "*", "why": "over"})
    ended(stack, order(stack, 22.0), "verified")
    assert truth(stack) == 22.0
