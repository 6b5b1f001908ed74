"""`campus-edge plan`: what a link will ask, what of it is for nothing, and whether the time is enough."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from devices.campus.modbus_links import ModbusSerialLink, ModbusTcpLink
from devices.profiles.profile import Table
from edge_agent.__main__ import main
from edge_agent.health import Health
from edge_agent.healthport import serve
from edge_agent.sources.modbus.forecast import Pacing
from edge_agent.sources.modbus.plan import Span, Why
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

POINTS = [{"name": f"p{n}", "table": "holding", "addr": addr} for n, addr in enumerate((0, 1, 4, 40, 90))]
SHEET = {"kind": "modbus", "max_registers": 100, "max_gap": 4, "forbidden": [[60, 61]], "points": POINTS}
SERIAL = {"id": "bus", "agent": AGENT, "kind": "modbus-serial", "name": NAME, "path": "/dev/ttyS9"}


def plan_of(folder: Path, capsys: pytest.CaptureFixture[str], *more: str, units: int, **link: Any) -> str:
    devices = [device(f"m{unit}", "sheet", unit=unit) for unit in range(1, units + 1)]
    campus_of(folder, [{**SERIAL, **link}], devices, {"sheet": SHEET})
    arguments = ["plan", "--site", str(folder / "site.yaml"), "--agent", AGENT, "--port", "1", *more]
    assert main(arguments) == 0
    return capsys.readouterr().out


def test_each_request_is_shown_with_what_it_wastes_and_why_it_begins_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    plan = json.loads(plan_of(tmp_path, capsys, "--json", units=1))
    [link] = plan["links"]
    [unit] = link["units"]
    shown = [(r["function"], r["first"], r["count"], r["wasted"], r["why"]) for r in unit["requests"]]
    assert shown == [(3, 0, 5, 2, "first"), (3, 40, 1, 0, "gap"), (3, 90, 1, 0, "forbidden")]
    assert unit["requests"][0]["points"] == ["m1.p0", "m1.p1", "m1.p2"]
    assert (link["requests"], link["registers"], link["wasted"], link["points"]) == (3, 7, 2, 5)
    assert plan["learned"] is False


def test_a_bus_that_cannot_keep_its_period_is_told(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    told = plan_of(tmp_path, capsys, units=100, poll_s=10.0)
    assert "TOO SLOW" in told
    assert "No agent runs here" in told
    assert "TOO SLOW" not in plan_of(tmp_path, capsys, units=100, poll_s=10.0, baud=115200)


def test_an_unknown_link_is_refused_with_the_known_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    campus_of(tmp_path, [SERIAL], [device("m1", "sheet")], {"sheet": SHEET})
    arguments = ["plan", "--site", str(tmp_path / "site.yaml"), "--agent", AGENT, "--link", "boss"]
    assert main(arguments) == 2
    assert "bus" in capsys.readouterr().err


def test_time_on_a_bus_is_that_of_its_bytes_and_gaps() -> None:
    """10 registers at 9600 8N1: 8 bytes there, 25 back, two gaps of 3.5 characters, 20 ms to think."""
    link = ModbusSerialLink.model_validate({**SERIAL, "baud": 9600})
    span = Span(Table.HOLDING, 0, 10, (), optional=False, why=Why.FIRST)
    assert Pacing.of(link).takes_s(span) == pytest.approx((8 + 25 + 7) * 10 / 9600 + 0.020)
    assert Pacing.of(link, 0.1).takes_s(span) == pytest.approx((8 + 25 + 7) * 10 / 9600 + 0.1)


def test_time_behind_a_gateway_is_that_of_an_answer_unless_its_bus_is_known() -> None:
    values = {**SERIAL, "kind": "modbus-tcp", "host": "gw"}
    del values["path"]
    span = Span(Table.COIL, 0, 2000, (), optional=False)
    unknown, known = (ModbusTcpLink.model_validate({**values, **more}) for more in ({}, {"baud": 9600}))
    assert Pacing.of(unknown, 0.05).takes_s(span) == pytest.approx(0.05)
    assert Pacing.of(known, 0.05).takes_s(span) == pytest.approx(0.05 + 0.002 + (8 + 5 + 250 + 7) * 10 / 9600)


async def test_what_units_refused_is_told_by_the_agent_that_runs_here(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    health = Health()
    health.add("agent", lambda: {"id": AGENT})
    health.add("source_modbus", lambda: {"links": {"bus": {"cuts": [[1, "holding", 0, 5]]}}})
    async with serve("127.0.0.1", 0, health, lambda: True) as port:
        told = await asyncio.to_thread(plan_of, tmp_path, capsys, "--json", "--port", str(port), units=2)
    plan = json.loads(told)
    first, second = plan["links"][0]["units"]
    assert plan["learned"] is True
    assert [(r["first"], r["count"], r["why"]) for r in first["requests"][:2]] == [
        (0, 2, "refused"),
        (4, 1, "refused"),
    ]
    assert second["requests"][0]["count"] == 5


def test_a_reader_who_has_seen_enough_is_no_error(tmp_path: Path) -> None:
    devices = [device(f"m{unit}", "sheet", unit=unit) for unit in range(1, 100)]
    campus_of(tmp_path, [SERIAL], devices, {"sheet": SHEET})
    arguments = ["plan", "--site", str(tmp_path / "site.yaml"), "--agent", AGENT, "--port", "1"]
    read, write = os.pipe()
    os.close(read)
    with os.fdopen(write, "wb") as nobody:
        done = subprocess.run(
            [sys.executable, "-m", "edge_agent", *arguments],
            stdout=nobody,
            stderr=subprocess.PIPE,
            check=False,
            timeout=60,
        )
    assert (done.returncode, done.stderr) == (1, b"")
