"""A campus of one link, and the source that reads it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any, Final

from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.ways import Called, way_of
from edge_agent.sources.port import SystemClock
from tests.contracts.modbus.stages import Stage
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device

SHEET: Final[dict[str, Any]] = {
    "kind": "modbus",
    "points": [
        {"name": "a", "table": "holding", "addr": 100},
        {"name": "b", "table": "holding", "addr": 101},
        {"name": "far", "table": "holding", "addr": 200},
    ],
}
#: A time-out for the tests that let it pass; the others wait as long as a busy machine may need.
HASTY: Final = 0.2
QUICK: Final = ModbusSettings(
    connect_timeout_s=0.2, reconnect_first_s=0.02, reconnect_most_s=0.1, probe_first_s=0.05, probe_most_s=0.1
)
KINDS: Final = ("modbus-tcp", "modbus-rtu-tcp", "modbus-serial", "modbus-dial-in")


def campus(stage: Stage, units: int = 1, sheet: dict[str, Any] = SHEET, **settings: Any) -> Campus:
    link = {"poll_s": 0.05, "timeout_s": 2.0, **stage.link, **settings}
    devices = [device(f"m{unit}", "sheet", unit=unit) for unit in range(1, units + 1)]
    return campus_of(stage.folder, [link], devices, {"sheet": sheet})


@contextlib.asynccontextmanager
async def reading(
    site: Campus, settings: ModbusSettings = QUICK, **more: Any
) -> AsyncIterator[tuple[GatheringSink, ModbusSource]]:
    table = site.points_of(AGENT)
    sink = GatheringSink(table)
    source = ModbusSource(site, AGENT, settings, table, SystemClock(), random=lambda: 0.0, **more)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


@contextlib.asynccontextmanager
async def line_of(stage: Stage, **settings: Any) -> AsyncIterator[tuple[Line, Counters]]:
    """The bare connection, for what one question at a time can show."""
    link = campus(stage, **settings).links["bus"]
    assert isinstance(link, ModbusLink)
    way, counters = way_of(link, ModbusSettings()), Counters()
    line = await way.open(counters)
    try:
        yield line, counters
    finally:
        line.close("the test is over")
        if isinstance(way, Called):
            way.close()
        await asyncio.sleep(0)
