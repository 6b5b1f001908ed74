"""One of twenty units on a shared link dies: the others keep their period."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

import numpy as np
import pytest

from devices.model.samples import Quality
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.modbus.misbehaving import Server, serving, silently, slowly
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

UNITS = 20
DEAD = 7
POLL_S = 1.0
CYCLES = 6
SHEET = {"kind": "modbus", "points": [{"name": "a", "table": "holding", "addr": 1}]}


@pytest.mark.promise("P-modbus-1")
async def test_one_silent_unit_of_twenty_leaves_the_others_period_within_ten_percent(tmp_path: Path) -> None:
    server = Server(everyone=slowly(0.005))
    async with serving(server):
        link = modbus_link(server.port, poll_s=POLL_S, timeout_s=0.5)
        devices = [device(f"m{unit}", "sheet", unit=unit) for unit in range(1, UNITS + 1)]
        campus = campus_of(tmp_path, [link], devices, {"sheet": SHEET})
        sink = GatheringSink(campus.points_of(AGENT))
        settings = ModbusSettings(probe_first_s=0.5, probe_most_s=1.0)
        source = ModbusSource(campus, AGENT, settings, sink.table, SystemClock())
        task = asyncio.create_task(source.run(sink))
        try:
            await sink.until_count("m1.a", 2)
            server.manners[DEAD] = silently
            await sink.until(lambda: source.health()["links"]["bus"]["silent"] == [DEAD])
            await sink.until_count(f"m{UNITS}.a", len(sink.of(f"m{UNITS}.a")) + 1)  # the one late round
            sink.batches.clear()
            await sink.until_count("m1.a", CYCLES)
            await sink.until_count(f"m{UNITS}.a", CYCLES)
            asked = sum(asked.unit == DEAD for asked in server.asked)
            health = source.health()["links"]["bus"]
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    for unit in range(1, UNITS + 1):
        if unit != DEAD:
            periods = np.diff(sink.times_us(f"m{unit}.a")) / 1e6
            assert abs(periods.mean() - POLL_S) < 0.1 * POLL_S, (unit, periods)
    assert {quality for _, quality in sink.of(f"m{DEAD}.a")} == {Quality.NO_ANSWER}
    assert len(sink.of(f"m{DEAD}.a")) >= CYCLES - 1
    assert asked >= 3, "it was probed"
    assert health["overruns"] <= 2, "none but on a very busy machine"
    assert health["reconnects"] == 0, "the others answer, so the connection is fine"


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
