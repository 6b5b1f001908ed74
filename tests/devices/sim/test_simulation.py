"""The simulator as a whole: a scenario on real sockets, its control port, and what it remembers."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from pymodbus.client import AsyncModbusTcpClient

from devices.campus.site import Campus
from devices.model.errors import ConfigRefused
from devices.sim.control import Control
from devices.sim.plant.memory import recall, remember
from devices.sim.plant.plant import Plant
from devices.sim.scenario import Scenario
from devices.sim.simulation import Options, Simulation, running

Until = Callable[[Callable[[], bool]], Awaitable[None]]
START = 1_795_399_200_000_000


@pytest.fixture
async def sim(small: Campus, any_port: dict[str, int], tmp_path: Path) -> AsyncIterator[Simulation]:
    async with running(small, Options(ports=any_port, ledger=tmp_path / "ledger.json")) as simulation:
        yield simulation


@pytest.fixture
async def control(sim: Simulation) -> AsyncIterator[httpx.AsyncClient]:
    async with (
        Control(sim, "127.0.0.1", 0).listener as listener,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{listener.port}", trust_env=False) as client,
    ):
        yield client


async def holding(sim: Simulation, link: str, unit: int, addr: int) -> int:
    listener = sim.listeners[link]
    client = AsyncModbusTcpClient(listener.host, port=listener.port, timeout=1)
    await client.connect()
    answer = await client.read_holding_registers(addr, count=1, device_id=unit)
    client.close()
    assert not answer.isError()
    return int(answer.registers[0])


async def test_scenario_turns_the_selector_and_turns_it_back(
    small: Campus, any_port: dict[str, int], until: Until
) -> None:
    scenario = Scenario.model_validate(
        {
            "scenario": "short",
            "about": {"zh": "短", "en": "short"},
            "steps": [
                {"at_s": 0, "target": "ac-3", "fault": "setpoint", "value": 28},
                {"at_s": 1.0, "target": "pump-1", "fault": "manual", "for_s": 1.0},
            ],
        }
    )
    async with running(small, Options(ports=any_port, scenario=scenario)) as sim:
        assert await holding(sim, "pumphouse", 1, 1) == 1
        await until(lambda: any(fault.kind == "manual" for fault in sim.board.active()))
        assert await holding(sim, "pumphouse", 1, 1) == 2
        await until(lambda: not any(fault.kind == "manual" for fault in sim.board.active()))
        assert await holding(sim, "pumphouse", 1, 1) == 1
        await until(lambda: float(sim.plant.rooms.setpoint_c[2]) == 28.0)
        assert await holding(sim, "acs", 2, 18) == 280


@pytest.mark.parametrize(
    ("target", "kind", "device", "point", "wrong"),
    [
        ("ac-1", "ac-fault", "ac-1", "fault", 1.0),
        ("pump-1", "low-tank", "pump-1", "tank_level_m", None),
        ("pump-1", "low-pressure", "pressure-1", "pressure_mpa", None),
    ],
)
async def test_fault_changes_the_truth_and_clearing_it_changes_it_back(
    sim: Simulation, until: Until, target: str, kind: str, device: str, point: str, wrong: float | None
) -> None:
    before = sim.plant.truth(device)[point]
    sim.board.put(target, kind, sim.clock_us())
    await until(lambda: sim.plant.truth(device)[point] != pytest.approx(before, abs=0.04))
    assert wrong is None or sim.plant.truth(device)[point] == wrong
    sim.board.clear(target)
    for _ in range(120):
        for pump in sim.plant.pumps.values():
            pump.step(1.0)
    assert sim.plant.truth(device)[point] == pytest.approx(before, abs=0.08)


async def test_set_point_without_a_value_is_on_the_wrong_side_of_the_season(
    sim: Simulation, until: Until
) -> None:
    heating = sim.plant.truth("ac-1")["mode"] == 2.0
    sim.board.put("ac-1", "setpoint", sim.clock_us())
    await until(lambda: sim.plant.truth("ac-1")["setpoint_c"] == (28.0 if heating else 22.0))
    assert sim.plant.truth("ac-1")["on"] == 1.0


async def test_control_puts_a_fault_shows_it_and_clears_it(
    control: httpx.AsyncClient, sim: Simulation
) -> None:
    put = await control.post("/faults", json={"target": "meter-1", "kind": "slow", "for_s": 60, "value": 0.5})
    assert (put.status_code, put.json()["value"]) == (200, 0.5)
    active = (await control.get("/faults")).json()
    assert [(fault["target"], fault["kind"]) for fault in active] == [("meter-1", "slow")]
    ended = (await control.request("DELETE", "/faults", params={"target": "meter-1"})).json()
    assert [fault["kind"] for fault in ended] == ["slow"]
    assert sim.board.active() == []


async def test_control_clears_everything_when_no_target_is_named(
    control: httpx.AsyncClient, sim: Simulation
) -> None:
    for target in ("meter-1", "door-1", "nvr"):
        sim.board.put(target, "silent", sim.clock_us())
    assert len((await control.request("DELETE", "/faults")).json()) == 3
    assert sim.board.active() == []


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"target": "meter-9", "kind": "silent"}, "meter-9"),
        ({"target": "meter-1", "kind": "manual"}, "cannot be manual"),
        ({"target": "meter-1"}, "kind"),
        ({"target": "meter-1", "kind": "slow", "for_s": -1}, "for_s"),
        ({"target": "meter-1", "kind": "slow", "seconds": 1}, "seconds"),
    ],
)
async def test_control_says_why_it_refuses(control: httpx.AsyncClient, body: Any, said: str) -> None:
    answer = await control.post("/faults", json=body)
    assert answer.status_code == 422
    assert said in answer.json()["error"]


async def test_control_refuses_what_is_no_json_and_what_it_does_not_know(control: httpx.AsyncClient) -> None:
    assert (await control.post("/faults", content=b"{")).status_code == 422
    unknown = await control.get("/nothing")
    assert unknown.status_code == 404
    assert "GET /status" in unknown.json()["known"]


async def test_control_is_not_for_web_pages(control: httpx.AsyncClient) -> None:
    answer = await control.get("/status", headers={"Origin": "http://elsewhere.example"})
    assert answer.status_code == 403


async def test_control_listens_on_loopback_only(sim: Simulation) -> None:
    with pytest.raises(ConfigRefused, match="loopback"):
        Control(sim, "0.0.0.0", 0)


async def test_status_and_truth_and_ledger_are_served(control: httpx.AsyncClient, sim: Simulation) -> None:
    await holding(sim, "pumphouse", 1, 1)
    status = (await control.get("/status")).json()
    assert status["links"]["pumphouse"]["port"] == sim.listeners["pumphouse"].port
    assert status["devices"] == 14
    truth = await control.get("/truth", params={"device": "pump-1"})
    assert truth.json()["position"] == 1.0
    for device in ("nobody", "door-1"):
        assert (await control.get("/truth", params={"device": device})).status_code == 422
    ledger = (await control.get("/ledger")).json()
    assert ledger["points"]["pump-1.position"] == {"answered": 1, "followed": 0}
    assert {"silent", "speeder"} <= {kind["kind"] for kind in (await control.get("/kinds")).json()}


async def test_ledger_is_written_on_request_and_at_the_end(
    small: Campus, any_port: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / "ledger.json"
    async with running(small, Options(ports=any_port, ledger=path)) as sim:
        await holding(sim, "pumphouse", 1, 1)
        assert sim.save_ledger() == path
        assert json.loads(path.read_text())["points"]["pump-1.position"]["answered"] == 1
        await holding(sim, "pumphouse", 1, 1)
    assert json.loads(path.read_text())["points"]["pump-1.position"]["answered"] == 2


def test_registers_go_on_after_a_kill_and_never_back(small: Campus, tmp_path: Path) -> None:
    path = tmp_path / "memory.json"
    first = Plant(small, seed=1)
    first.begin(START)
    first.pumps["pump-1"].pump1_starts = 77
    for second in range(1, 8):
        first.step(START + second * 1_000_000)
        if second == 4:  # the last three seconds are never written: killed
            remember(first, path)
    again = Plant(small, seed=1)
    again.begin(START + 9_000_000)
    assert recall(again, path)
    assert (again.meters.energy_kwh >= first.meters.energy_kwh).all()
    assert again.meters.energy_kwh == pytest.approx(first.meters.energy_kwh, rel=1e-3)
    assert again.pumps["pump-1"].pump1_starts == 77


@pytest.mark.parametrize("content", [None, "not json", '{"version": 0}'])
def test_plant_without_a_usable_memory_begins_afresh(
    small: Campus, tmp_path: Path, content: str | None
) -> None:
    path = tmp_path / "memory.json"
    if content is not None:
        path.write_text(content)
    plant = Plant(small, seed=1)
    plant.begin(START)
    before = plant.meters.energy_kwh.copy()
    assert not recall(plant, path)
    assert (plant.meters.energy_kwh == before).all()


async def test_memory_is_kept_while_running_and_at_the_end(
    small: Campus, any_port: dict[str, int], tmp_path: Path
) -> None:
    path = tmp_path / "deep" / "memory.json"
    energies = []
    for _ in range(2):
        async with running(small, Options(ports=any_port, memory=path)) as sim:
            energies.append(float(sim.plant.meters.energy_kwh[0]))
    assert energies[1] >= energies[0] > 0
    assert json.loads(path.read_text())["meters"]["meter-1"][0] >= energies[1]
