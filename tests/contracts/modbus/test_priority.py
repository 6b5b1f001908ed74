"""A link that is too slow for all: what rules read is read in time, the rest late, and nothing is queued."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from edge_agent.sources.modbus.learned import STATE, learned
from edge_agent.sources.port import SystemClock
from tests.contracts.modbus.reading import campus, reading
from tests.contracts.modbus.stages import Stage
from tests.edge_agent.sources.modbus.misbehaving import Server, slowly
from tests.edge_agent.sources.small_campus import AGENT

POINTS = [{"name": f"p{n}", "table": "holding", "addr": 100 * n} for n in range(5)]
SHEET = {"kind": "modbus", "points": POINTS}
UNITS = 4


@pytest.mark.promise("P-modbus-3")
@pytest.mark.parametrize("stage", ["modbus-tcp"], indirect=True)
async def test_what_rules_read_is_read_in_time_where_the_rest_is_late(stage: Stage) -> None:
    """Twenty requests of 30 ms want to be sent every 400 ms; four of them hold points that rules read."""
    server = Server(everyone=slowly(0.03))
    site = campus(stage, units=UNITS, sheet=SHEET, poll_s=0.4)
    reads = np.array([name.endswith(".p3") for name in site.points_of(AGENT).names])
    async with (
        stage.serving(server),
        reading(site, reads=lambda: reads) as (sink, source),
    ):
        await sink.until_count(f"m{UNITS}.p4", 3, 30.0)
        health = source.health()["links"]["bus"]
    asked = Counter(asked.addr for asked in server.asked)
    assert asked[300] > 1.3 * max(asked[0], asked[400]), asked
    assert asked[0] >= 2 * UNITS, "the rest is late, and not forgotten"
    assert health["overruns"] >= 1


@pytest.mark.promise("P-modbus-4")
async def test_what_a_unit_refused_is_not_asked_again_after_a_restart(stage: Stage) -> None:
    sheet = {
        "kind": "modbus",
        "points": [{"name": f"p{n}", "table": "holding", "addr": n} for n in range(8)],
    }
    site = campus(stage, sheet=sheet)
    saved: dict[str, bytes] = {}
    server = Server(absent=[(3, 5, 5)])
    first = learned(None, 0, saved.update)
    async with stage.serving(server), reading(site, learned=first) as (sink, source):
        await sink.until_count("m1.p7", 2)
        cuts = source.health()["links"]["bus"]["cuts"]
        asked = {(one.addr, one.count) for one in server.asked}
    assert (0, 8) in asked
    assert [1, "holding", 0, 8] in cuts
    server.asked.clear()
    now_us = SystemClock().now_us()
    async with stage.serving(server), reading(site, learned=learned(saved[STATE], now_us)) as (sink, _):
        await sink.until_count("m1.p7", 2)
    assert (0, 8) not in {(one.addr, one.count) for one in server.asked}
