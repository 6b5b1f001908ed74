"""A gateway whose clock is off is one alert, from beyond the limit until it is well below."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from hub.alerts import board
from hub.alerts.own_rules import AGENT_CLOCK
from hub.alerts.record import Record
from hub.db import Database
from hub.live.bus import ALERT, Bus
from hub.upkeep.clocks import Clocks
from tests.fake_clock import FakeClock


@pytest.fixture
async def db(tmp_path: Path) -> AsyncIterator[Database]:
    async with Database(f"sqlite:///{tmp_path}/hub.db") as database:
        yield database


async def raised(db: Database) -> list[Record]:
    return await db.read(lambda c: board.active_of(c, rule=AGENT_CLOCK.id))


@pytest.mark.promise("P-clock-1")
async def test_a_clock_beyond_the_limit_is_one_alert_until_it_is_well_below(
    db: Database, clock: FakeClock
) -> None:
    campus, bus = load_campus(Path(__file__).parents[1] / "site" / "site.yaml"), Bus()
    offsets: dict[str, float | None] = {"edge-hq1": 4.9, "history": 900.0}
    clocks = Clocks(db, campus, bus, 5.0, clock.now_us, lambda: offsets)
    with bus.subscribe(ALERT) as news:
        await clocks.look()
        assert await raised(db) == []
        for offset_s in (-3600.0, -5.1, None, -2.6, 4.9):
            offsets["edge-hq1"] = offset_s
            await clocks.look()
            (alert,) = await raised(db)
        assert (alert.device, alert.value, alert.limit) == ("edge-hq1", -3600.0, 5.0)
        assert "-3600" in alert.message.zh
        offsets["edge-hq1"] = 0.1
        await clocks.look()
        assert await raised(db) == []
        assert len(news.take()) == 2, "told when it was raised and when it cleared"
