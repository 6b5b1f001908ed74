"""A bus of meters of a test, and the source that reads it."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.samples import Quality
from edge_agent.sources.dlt645 import Dlt645Settings, Dlt645Source
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.dlt645.meters import (
    Bus,
    on_tcp,
    on_terminal,
)
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

SHEET: dict[str, Any] = {
    "kind": "dlt645",
    "points": [
        {"name": "u_l1_v", "di": "02010100", "digits": (3, 1), "unit": "V"},
        {"name": "u_l2_v", "di": "02010200", "digits": (3, 1), "unit": "V"},
        {"name": "power_w", "di": "02030000", "digits": (2, 4), "signed": True, "unit": "kW"},
        {"name": "freq_hz", "di": "02800002", "digits": (2, 2), "unit": "Hz", "optional": True},
    ],
    "blocks": [{"di": "0201FF00", "points": ["u_l1_v", "u_l2_v"]}],
}
VALUES = {
    "0201FF00": ["2301", "2298"],
    "02010100": ["2301"],
    "02010200": ["2298"],
    "02030000": ["800145"],
    "02800002": ["4998"],
}
#: What the meters of these tests measure.
TRUE = {"u_l1_v": 230.1, "u_l2_v": 229.8, "power_w": -14.5, "freq_hz": 49.98}
#: A time-out for the tests that let it pass; the others wait as long as a busy machine may need.
HASTY = 0.2
QUICK = Dlt645Settings(
    connect_timeout_s=0.5,
    reconnect_first_s=0.02,
    reconnect_most_s=0.1,
    probe_first_s=0.05,
    probe_most_s=0.1,
    gap_s=0.1,
    pause_s=0.0,
)


def campus(folder: Path, bus: Bus, sheet: dict[str, Any] = SHEET, **link: Any) -> Campus:
    way = (
        {"kind": "dlt645-serial", "path": bus.path} if bus.path else {"kind": "dlt645-tcp", "port": bus.port}
    )
    host = {} if bus.path else {"host": "127.0.0.1"}
    plain = {"id": "bus", "agent": AGENT, "name": NAME, "poll_s": 0.05, "timeout_s": 5.0}
    devices = [
        device(f"m{number}", "sheet", address=address) for number, address in enumerate(bus.addresses, 1)
    ]
    return campus_of(folder, [{**plain, **way, **host, **link}], devices, {"sheet": sheet})


@contextlib.asynccontextmanager
async def reading(
    site: Campus, settings: Dlt645Settings = QUICK
) -> AsyncIterator[tuple[GatheringSink, Dlt645Source]]:
    table = site.points_of(AGENT)
    sink = GatheringSink(table)
    source = Dlt645Source(site, AGENT, settings, table, SystemClock(), random=lambda: 0.0)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink, source
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def of_bus(source: Dlt645Source) -> dict[str, Any]:
    health: dict[str, Any] = source.health()["links"]["bus"]
    return health


def assert_only_true_numbers(sink: GatheringSink, meters: int = 1) -> None:
    for meter in range(1, meters + 1):
        for name, true in TRUE.items():
            good = {v for v, q in sink.of(f"m{meter}.{name}") if q is Quality.GOOD}
            assert good <= {true}, name
            assert all(math.isnan(v) for v, q in sink.of(f"m{meter}.{name}") if q is not Quality.GOOD)


WIRES = {"tcp": on_tcp, "terminal": on_terminal}
each_wire = pytest.mark.parametrize("wire", WIRES)
