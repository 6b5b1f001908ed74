"""A live unit is probed and a data sheet held against it, from the interface over the agent down to its registers."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from tests.campus.stack import Stack
from tests.campus.test_orders import can_order, ended

pytestmark = [pytest.mark.timeout(300), pytest.mark.needs("nats-server")]
METER = {"link": "gw", "why": "a test"}
LOOK = {"unit": 20, "table": "input", "ranges": [[0, 23]], "looks": 1}


def answer(stack: Stack, args: dict[str, Any]) -> dict[str, Any]:
    """Ask, and wait for the answer of the agent."""
    made = dict(stack.post("/api/orders/probes", {**METER, "args": args, "expires_in_s": 90}))
    return ended(stack, made, "done")


def test_a_probe_finds_what_a_meter_says_and_drafts_a_profile_that_holds(stack: Stack) -> None:
    stack.until(lambda: can_order(stack), "the agent is there", 40)
    stack.until(lambda: stack.raw("meter.power_w"), "the meter is polled", 40)
    done = answer(stack, LOOK)
    found = {
        row["addr"]: row["candidates"][row["chosen"]]
        for row in done["data"]["rows"]
        if row["chosen"] is not None
    }
    for addr in (0, 2, 4):  # voltages of the three phases
        assert (found[addr]["type"], found[addr]["order"]) == ("f32", "msw")
        assert found[addr]["meaning"] == "voltage"
        assert 200 < found[addr]["value"] < 260
    draft = yaml.safe_load(done["data"]["draft"])
    drafted = {point["addr"]: point for point in draft["sheet"]["points"]}
    assert {(drafted[addr]["type"], drafted[addr]["unit"]) for addr in (0, 2, 4)} == {("f32", "V")}
    assert [line["state"] for line in done["history"]] == ["queued", "sent", "taken", "done"]

    right = answer(stack, {"unit": 20, "check": "eastron-sdm630", "wait_s": 0})["data"]
    assert (right["wrong"], right["good"] > 10) == (0, True)
    wrong = answer(stack, {"unit": 20, "check": "chint-dtsu666", "wait_s": 0})["data"]
    assert wrong["good"] == 0, "another make's sheet does not fit"
