"""A limit of the set point, ordered through the interface, holds against whoever turns the wall remote."""

from __future__ import annotations

import time
from typing import Any

import httpx
import pytest

from tests.campus.stack import Stack
from tests.campus.test_orders import can_order, ended

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs("nats-server")]
#: The simulated campus lives in November: it heats.
UNIT = "ac-limits"
LIMIT: dict[str, Any] = {"device": UNIT, "point": "setpoint_high_c", "hold_s": 3600, "why": "a test"}


def truth(stack: Stack) -> dict[str, float]:
    answer = httpx.get(f"http://{stack.control}/truth", params={"device": UNIT}, trust_env=False)
    return dict(answer.raise_for_status().json())


def turned_to(stack: Stack, setpoint_c: float) -> None:
    """Somebody turns the wall remote."""
    stack.simulate("fault", UNIT, "setpoint", "--value", f"{setpoint_c:g}")


@pytest.mark.promise("P-orders-13")
def test_a_limit_keeps_the_wall_remote_inside_until_it_is_given_back(stack: Stack) -> None:
    stack.until(lambda: can_order(stack), "the agent says that it may write", 40)
    turned_to(stack, 28)
    stack.until(lambda: truth(stack)["setpoint_c"] == 28.0, "the unit is set to 28")
    refused = stack.http.post("/api/orders", json=LIMIT | {"value": 21.0})
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert refused.json()["error"]["details"][0]["expected"]["en"] == "16 to 20"

    held = ended(stack, dict(stack.post("/api/orders", LIMIT | {"value": 19.0})), "verified")
    assert (held["before"], held["after"], held["holding"]) == (30.0, 19.0, True)
    turned_to(stack, 28)
    seen_us = time.time_ns() // 1000 + 1_000_000
    shown = f"{UNIT}.setpoint_c"
    stack.until(lambda: stack.get("/api/latest")["values"][shown][0] > seen_us, "it was read since", 20)
    assert stack.get("/api/latest")["values"][shown][1] == 19.0, "it stays at the limit"
    assert (truth(stack)["setpoint_c"], truth(stack)["setpoint_high_c"]) == (19.0, 19.0)

    stack.post(f"/api/orders/{held['id']}/cancel", {"why": "enough"})
    ended(stack, held, "released")
    assert truth(stack)["setpoint_high_c"] == 30.0
    turned_to(stack, 28)
    stack.until(lambda: truth(stack)["setpoint_c"] == 28.0, "the wall remote is free again")
    stack.simulate("clear", UNIT)
