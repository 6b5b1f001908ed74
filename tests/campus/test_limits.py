"""A limit of the set point, ordered through the interface, holds against whoever turns the wall remote."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from tests.campus.stack import Stack
from tests.campus.test_orders import can_order, ended

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs("nats-server")]
#: In a server room, which cools the whole year.
UNIT = "ac-servers"
LIMIT: dict[str, Any] = {"device": UNIT, "point": "setpoint_low_c", "hold_s": 3600, "why": "a test"}


def truth(stack: Stack) -> dict[str, float]:
    answer = httpx.get(f"http://{stack.control}/truth", params={"device": UNIT}, trust_env=False)
    return dict(answer.raise_for_status().json())


def turned_to(stack: Stack, setpoint_c: float) -> None:
    """Somebody turns the wall remote, and goes away again when the unit has seen it."""
    stack.simulate("fault", UNIT, "setpoint", "--value", f"{setpoint_c:g}")


@pytest.mark.promise("P-orders-13")
def test_a_limit_keeps_the_wall_remote_inside_until_it_is_given_back(stack: Stack) -> None:
    stack.until(lambda: can_order(stack), "the agent says that it may write", 40)
    turned_to(stack, 18)
    stack.until(lambda: truth(stack)["setpoint_c"] == 18.0, "the unit is set to 18")
    refused = stack.http.post("/api/orders", json=LIMIT | {"value": 25.0})
    assert refused.status_code == httpx.codes.UNPROCESSABLE_ENTITY
    assert refused.json()["error"]["details"][0]["expected"] == "26 to 30"

    held = ended(stack, dict(stack.post("/api/orders", LIMIT | {"value": 27.0})), "verified")
    assert (held["before"], held["after"], held["holding"]) == (16.0, 27.0, True)
    turned_to(stack, 18)
    shown = f"{UNIT}.setpoint_c"
    stack.until(lambda: stack.get("/api/latest")["values"][shown][1] == 27.0, "it stays at the limit", 20)
    assert (truth(stack)["setpoint_c"], truth(stack)["setpoint_low_c"]) == (27.0, 27.0)

    stack.post(f"/api/orders/{held['id']}/cancel", {"why": "enough"})
    ended(stack, held, "released")
    assert truth(stack)["setpoint_low_c"] == 16.0
    turned_to(stack, 18)
    stack.until(lambda: truth(stack)["setpoint_c"] == 18.0, "the wall remote is free again")
    stack.simulate("clear", UNIT)
