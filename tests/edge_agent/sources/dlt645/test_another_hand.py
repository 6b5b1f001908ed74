"""The source against a meter that somebody else wrote: the simulated one of the dlt645 package."""

from __future__ import annotations

import asyncio
import contextlib
from pathlib import Path

from dlt645.service.serversvc.async_server_service import AsyncMeterServerService

from devices.model.samples import Quality
from edge_agent.sources.dlt645 import Dlt645Settings, Dlt645Source
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

#: What the meter is told to measure, in the units of the standard, and what must be read.
MEASURED = {
    "u_l1_v": (0x02010100, 230.1, 230.1),
    "i_l1_a": (0x02020100, -1.234, -1.234),
    "power_w": (0x02030000, -0.0145, -14.5),
    "freq_hz": (0x02800002, 49.98, 49.98),
    "pf": (0x02060000, 0.931, 0.931),
}


async def test_a_meter_of_another_hand_is_read(tmp_path: Path) -> None:
    async with AsyncMeterServerService.new_tcp_server("127.0.0.1", 0, timeout=1.0) as meter:
        meter.set_address("129078563412")  # it takes them as they travel, low byte first
        for identifier, said, _ in MEASURED.values():
            assert meter.set_02(identifier, said)
        assert meter.set_00(0x00010000, 123456.78)
        link = {"id": "bus", "agent": AGENT, "kind": "dlt645-tcp", "name": NAME, "host": "127.0.0.1"}
        site = campus_of(
            tmp_path,
            [{**link, "port": meter.server.port, "poll_s": 0.1, "timeout_s": 5.0}],
            [device("m", "dlt645-single-phase", address="123456789012")],
        )
        table = site.points_of(AGENT)
        sink = GatheringSink(table)
        source = Dlt645Source(site, AGENT, Dlt645Settings(pause_s=0.0), table, SystemClock(), lambda: 0.0)
        task = asyncio.create_task(source.run(sink))
        try:
            await sink.until_count("m.energy_out_kwh", 2, 30)
        finally:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
    health = source.health()["links"]["bus"]
    for name, (_, _, expected) in MEASURED.items():
        assert sink.of(f"m.{name}")[-1] == (expected, Quality.GOOD), name
    assert sink.of("m.energy_kwh")[-1] == (123456.78, Quality.GOOD)
    # It knows no blocks: that one was refused, and its values were asked for one by one.
    assert (health["splits"], health["codes"]) == (1, {"no_such_data": 1})
    assert health["garbled"] == health["noise"] == 0
