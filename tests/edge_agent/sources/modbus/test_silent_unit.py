"""One of twenty units on a shared link dies: the others keep their period."""

from __future__ import annotations

import asyncio
import contextlib
from collections import Counter
from pathlib import Path

import pytest

from devices.campus.site import Campus
from devices.model.samples import Quality
from devices.sim.simulation import Options, Simulation, running
from devices.sim.wires.ledger import ReadRange
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.modbus.misbehaving import Server, serving, silently, slowly
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

UNITS = 20
DEAD = 7
POLL_S = 0.4
TIMEOUT_S = 0.3
ROUNDS = 20
SHEET = {"kind": "modbus", "points": [{"name": "a", "table": "holding", "addr": 1}]}


def rounds(simulation: Simulation) -> Counter[tuple[str, int]]:
    """Good answers by link and unit, as the devices themselves counted them."""
    ranges = simulation.ledger.ranges.items()
    return Counter(
        {(asked.link, asked.unit): count.answered for asked, count in ranges if isinstance(asked, ReadRange)}
    )


def late_answers(source: ModbusSource) -> int:
    """How often the late unit was late, while it is left to its probes."""
    units = source.health()["links"]["late"]["units"]
    return int(units.get(str(DEAD), {"late": 0})["late"])


def three_buses(folder: Path) -> Campus:
    """Twenty meters on each of three serial lines; of one a meter dies, of one it is late, the twin keeps its own."""
    values = {
        **modbus_link(1),
        "kind": "modbus-serial",
        "baud": 115200,
        "poll_s": POLL_S,
        "timeout_s": TIMEOUT_S,
    }
    del values["host"], values["port"]
    links = [{**values, "id": name, "path": str(folder / name)} for name in ("bus", "late", "twin")]
    devices = [
        device(f"{link['id']}-{unit}", "sheet", str(link["id"]), unit=unit)
        for link in links
        for unit in range(1, UNITS + 1)
    ]
    point = {"name": "power_w", "table": "holding", "addr": 1, "type": "f32", "unit": "W"}
    return campus_of(folder, links, devices, {"sheet": {**SHEET, "points": [point]}})


@pytest.mark.promise("P-modbus-1")
async def test_one_silent_unit_of_twenty_leaves_the_others_period_within_ten_percent(tmp_path: Path) -> None:
    """Counted by the meters, and against the twin, which a busy machine slows as much."""
    campus = three_buses(tmp_path)
    sink = GatheringSink(campus.points_of(AGENT))
    settings = ModbusSettings(probe_first_s=0.5, probe_most_s=1.0)
    source = ModbusSource(campus, AGENT, settings, sink.table, SystemClock())
    async with running(campus, Options()) as simulation:
        task = asyncio.create_task(source.run(sink))
        try:
            for link in ("bus", "late", "twin"):
                await sink.until_count(f"{link}-{UNITS}.power_w", 2, 30.0)
            simulation.board.put(f"bus-{DEAD}", "silent", simulation.clock_us())
            simulation.board.put(f"late-{DEAD}", "slow", simulation.clock_us(), value=1.1 * TIMEOUT_S)
            await sink.until(lambda: DEAD in source.health()["links"]["bus"]["silent"], 30.0)
            await sink.until(lambda: late_answers(source) >= 2, 30.0)
            before, late = rounds(simulation), source.health()["links"]["twin"]["overruns"]
            await sink.until(lambda: rounds(simulation)["twin", 1] - before["twin", 1] >= ROUNDS, 60.0)
            done = rounds(simulation) - before
            health = source.health()["links"]
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    alive = [unit for unit in range(1, UNITS + 1) if unit != DEAD]
    read, beside_late, twins = (sum(done[link, unit] for unit in alive) for link in ("bus", "late", "twin"))
    assert read >= 0.9 * twins
    assert done["late", DEAD] <= 0.5 * ROUNDS, "asked as seldom as a dead one, not each time"
    if health["twin"]["overruns"] == late:  # the machine kept up, so that each one can be judged
        assert beside_late >= 0.9 * twins
        assert all(abs(done["bus", unit] - ROUNDS) <= 0.1 * ROUNDS for unit in alive), done
    assert done["bus", DEAD] == 0
    assert {quality for _, quality in sink.of(f"bus-{DEAD}.power_w")[-5:]} == {Quality.NO_ANSWER}
    assert health["bus"]["timeouts"] >= 2, "it was probed"
    assert health["bus"]["reconnects"] == 0, "the others answer, so the line is fine"


async def test_probes_of_many_silent_units_take_only_their_share_of_a_busy_link(tmp_path: Path) -> None:
    """Half of the units silent and not a moment free: the living half must lose no more than the share."""
    server = Server(everyone=slowly(0.01))
    for unit in range(1, 11):
        server.manners[unit] = silently
    async with serving(server):
        link = modbus_link(server.port, poll_s=0.1, timeout_s=0.1)
        devices = [device(f"m{unit}", "sheet", unit=unit) for unit in range(1, UNITS + 1)]
        campus = campus_of(tmp_path, [link], devices, {"sheet": SHEET})
        sink = GatheringSink(campus.points_of(AGENT))
        settings = ModbusSettings(probe_first_s=0.05, probe_most_s=0.05, probe_share=0.1, give_up_after=100)
        source = ModbusSource(campus, AGENT, settings, sink.table, SystemClock())
        task = asyncio.create_task(source.run(sink))
        try:
            await sink.until(lambda: len(source.health()["links"]["bus"]["silent"]) == 10)
            sink.batches.clear()
            start = len(server.asked)
            await sink.until_count("m20.a", 12)
            asked = server.asked[start:]
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    probes = sum(asked.unit <= 10 for asked in asked)
    assert probes >= 1, "silent units are not forgotten on a busy link"
    assert probes <= 0.1 * len(asked), "and do not take more than their share"
