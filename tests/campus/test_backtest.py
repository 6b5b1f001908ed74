"""What real processes raised live is found again in the hub's store, alert by alert."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from tests.campus.stack import Stack

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs("nats-server")]

#: A device, what befalls it, and the rule that must say so; the others of the site file are judged as well.
PROVOKED = [
    ("ac-1", "setpoint", "setpoint"),
    ("pump", "manual", "pump-not-auto"),
    ("door", "forced", "door-forced"),
    ("cam-1", "dark", "camera-dark"),
    ("ac-3", "silent", "device-silent"),
]
Known = dict[str, tuple[str, str, int, int, int | None]]


def raised_live(stack: Stack, from_us: int, to_us: int) -> Known:
    """Alerts of agents' rules that began and were raised in a span."""
    rows = stack.get("/api/alerts", state="all", limit=500)["alerts"]
    return {
        row["id"]: (
            row["rule"],
            row["device"],
            row["start_us"],
            row["raised_us"],
            None if (row["cleared_us"] or to_us) >= to_us else row["cleared_us"],
        )
        for row in rows
        if not row["rule"].startswith("hub-") and from_us < row["start_us"] and row["raised_us"] < to_us
    }


def found_again(stack: Stack, rules: list[Any], from_us: int, to_us: int) -> Known:
    """The same out of a backtest of the live rules."""
    job = stack.post("/api/backtests", {"rules": rules, "from_us": from_us, "to_us": to_us})
    path = f"/api/backtests/{job['id']}"
    job = stack.until(lambda: _over(stack.get(path)), "the backtest is over")
    assert job["state"] == "done", job["error"]
    report = job["report"]
    assert (report["difference"]["gained"], report["difference"]["lost"]) == (0, 0)
    assert report["difference"]["moved"] == 0
    lines = [
        (line, row["device"])
        for row in report["devices"]
        for line in stack.get(f"{path}/intervals", device=row["device"])["rules"]
    ]
    return {
        one["id"]: (line["rule"], device, one["start_us"], one["raised_us"], one["cleared_us"])
        for line, device in lines
        for one in line["live"]
        if one["start_us"] > from_us
    }


def _over(job: dict[str, Any]) -> dict[str, Any] | None:
    return None if job["state"] in {"queued", "running"} else job


@pytest.mark.promise("P-backtest-1")
def test_the_live_rules_over_the_store_find_the_alerts_that_were_raised_live(stack: Stack) -> None:
    for point in ("ac-1.on", "ac-3.on", "pump.position", "cam-1.mean_level"):
        stack.until(lambda point=point: stack.raw(point), f"readings of {point}")
    # What was silent when the agent came to life is named by a moment that no reading tells.
    from_us = time.time_ns() // 1000
    for device, fault, _ in PROVOKED:
        stack.simulate("fault", device, fault)
    stack.simulate("fault", "radar", "speeder", "--value", "44")
    wanted = {(rule, device) for device, _, rule in PROVOKED} | {("speeding", "radar")}

    def told(cleared: bool) -> bool:  # noqa: FBT001 - a word for each of two waits
        live = raised_live(stack, from_us, time.time_ns() // 1000).values()
        return wanted <= {(rule, device) for rule, device, *_, end_us in live if not cleared or end_us}

    stack.until(lambda: told(cleared=False), "all alerts")
    for device, *_ in PROVOKED:
        stack.simulate("clear", device)
    stack.until(lambda: told(cleared=True), "all cleared")
    to_us = time.time_ns() // 1000
    stack.until(lambda: max(stack.raw("pump.position")) > to_us, "what was read until then is stored")
    live = raised_live(stack, from_us, to_us)
    rules = json.loads((stack.folder / "rules.yaml").read_text("utf-8"))["rules"]
    assert found_again(stack, rules, from_us, to_us) == live
