"""From devices to the control room and back, with real processes: each alert, each kill, and every reading counted."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.campus.stack import NAME, Stack

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs("nats-server")]


def known(stack: Stack, rule: str, device: str) -> set[str]:
    """Alerts from before; the campus is shared by the tests of this folder."""
    return {row["id"] for row in stack.alerts(rule, device)}


def new(stack: Stack, rule: str, device: str, before: set[str], state: str) -> dict[str, Any] | None:
    found = (row for row in stack.alerts(rule, device) if row["id"] not in before and row["state"] == state)
    return next(found, None)


def test_every_kind_of_device_is_live(stack: Stack) -> None:
    points = ["ac-1.room_c", "meter.power_w", "bus-meter.power_w", "pump.pressure_mpa", "door.open"]
    for point in [*points, "cam-1.mean_level"]:
        stack.until(lambda point=point: stack.raw(point), f"readings of {point}")


PROVOKED = [
    ("ac-2", "setpoint", "setpoint"),
    ("pump", "manual", "pump-not-auto"),
    ("pump", "phase-loss", "pump-phase-lost"),
    ("pump", "power-loss", "pump-power-lost"),
    ("pump", "no-start", "pump-did-not-start"),
    ("pump", "low-pressure", "low-network-pressure"),
    ("door", "held", "door-held"),
    ("door", "forced", "door-forced"),
    ("cam-1", "dark", "camera-dark"),
    ("cam-2", "frozen", "camera-frozen"),
    ("cam-3", "offline", "camera-offline"),
    ("ac-4", "silent", "device-silent"),
]


@pytest.mark.parametrize(("device", "fault", "rule"), PROVOKED, ids=[rule for _, _, rule in PROVOKED])
def test_an_alert_appears_is_acknowledged_and_clears(
    stack: Stack, device: str, fault: str, rule: str
) -> None:
    before = known(stack, rule, device)
    stack.simulate("fault", device, fault)
    alert = stack.until(lambda: new(stack, rule, device, before, "raised"), f"{rule} on the board")
    assert alert["message"]["zh"]
    assert alert["message"]["en"]
    stack.post(f"/api/alerts/{alert['id']}/ack", {"epoch": alert["epoch"]})
    stack.simulate("clear", device)
    closed = stack.until(lambda: new(stack, rule, device, before, "closed"), f"{rule} closed")
    assert (closed["id"], closed["acked_by"]) == (alert["id"], NAME)
    assert known(stack, rule, device) - before == {alert["id"]}, "one cause, one alert"


def test_a_speeder_is_on_the_board_at_once_and_in_the_statistics(stack: Stack) -> None:
    before = known(stack, "speeding", "radar")
    stack.simulate("fault", "radar", "speeder", "--value", "47")

    def speeder() -> dict[str, Any] | None:
        rows = [row for row in stack.alerts("speeding", "radar") if row["id"] not in before]
        return next((row for row in rows if 40 < row["value"] < 52), None)

    alert = stack.until(speeder, "the speeder")
    assert (alert["limit"], alert["state"]) == (15, "cleared")
    stack.post(f"/api/alerts/{alert['id']}/ack", {"epoch": alert["epoch"]})
    assert stack.until(speeder, "the speeder, acknowledged")["state"] == "closed"
    stack.until(lambda: stack.raw("radar.pass_kmh"), "its pass among the samples")


@pytest.mark.promise("P-campus-1")
@pytest.mark.parametrize("victim", ["edge", "broker", "hub"])
def test_a_killed_process_loses_no_alert(stack: Stack, victim: str) -> None:
    before = {row["id"] for row in stack.alerts("pump-not-auto")}
    stack.kill(victim)
    stack.simulate("fault", "pump", "manual")
    if victim != "broker":  # the hub starts its own broker again
        stack.start(victim)

    def since() -> list[dict[str, Any]]:
        try:
            return [row for row in stack.alerts("pump-not-auto") if row["id"] not in before]
        except Exception:  # noqa: BLE001 - boundary: the hub may be down at the moment
            return []

    stack.until(since, f"the alert after {victim} was killed")
    stack.simulate("clear", "pump")
    stack.until(lambda: all(row["cleared_us"] for row in since()), "cleared")
    assert len(since()) == 1


@pytest.mark.promise("P-campus-2")
def test_every_reading_that_was_answered_is_stored_once(stack: Stack) -> None:
    """Conservation over all that happened before: stored >= surely received, stored <= answered, none twice."""
    ledger = stack.ledger()["points"]
    wrong = {}

    def settled() -> bool:
        wrong.clear()
        for point, counts in ledger.items():
            times = stack.raw(point)
            assert len(times) == len(set(times)), f"{point} has readings twice"
            if len(times) < counts["followed"]:
                wrong[point] = (counts, len(times))
        return not wrong

    stack.until(settled, f"all {len(ledger)} points stored; missing: {wrong}")
    assert len(ledger) > 50


@pytest.mark.promise("P-campus-3")
def test_what_doors_and_radars_published_is_stored(stack: Stack) -> None:
    devices = stack.ledger()["devices"]
    stack.until(lambda: len(stack.raw("door.open")) >= devices["door"]["acked"], "door messages")


def test_the_programs_leave_nothing_behind(tmp_path: Path, free_port: Callable[[], int]) -> None:
    with Stack(tmp_path, free_port) as other:
        pids = {name: other.pid(name) for name in ("hub", "edge", "sim", "broker")}
    left = [name for name, pid in pids.items() if Path(f"/proc/{pid}").exists()]
    assert left == []
