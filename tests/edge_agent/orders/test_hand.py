"""What a device says to a write, on a real link, and whether it may have been written all the same."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.model.errors import CampusError, Refused, Unreachable
from devices.profiles.profile import Table
from edge_agent.orders.hand import ModbusHand
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.modbus.misbehaving import Server, exception, serving
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

SHEET = {"kind": "modbus", "points": [{"name": "a", "table": "holding", "addr": 4}]}
SAYS_NO = (1, 2, 3, 6)
PERHAPS = (4, 5, 10, 11)


@pytest.mark.parametrize(
    ("code", "error"), [*((code, Refused) for code in SAYS_NO), *((code, Unreachable) for code in PERHAPS)]
)
async def test_a_gateway_that_did_not_hear_the_unit_leaves_open_whether_it_was_written(
    tmp_path: Path, code: int, error: type[CampusError]
) -> None:
    """Taken for a refusal, what was written would be held for ever: an order that is refused gives nothing back."""
    server = Server(manners={1: exception(code)})  # writes all the same
    async with serving(server):
        link = modbus_link(server.port, timeout_s=20.0)
        campus = campus_of(tmp_path, [link], [device("m1", "sheet", unit=1)], {"sheet": SHEET})
        source = ModbusSource(campus, AGENT, ModbusSettings(), campus.points_of(AGENT), SystemClock())
        try:
            with pytest.raises(error, match=f"exception {code} "):
                await ModbusHand(source).write(
                    *(campus.devices["m1"], Table.HOLDING, 4, (25,)),
                    several=False,
                    within_s=20.0,
                    may_go=lambda: True,
                )
        finally:
            source.worker_of("bus").close()
    assert server.words[1, 3, 4] == 25
