"""An area that too few good cameras watch is one alert, from its delay on until enough watch it again."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from devices.campus.coverage import Coverage
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import Severity, State
from devices.model.codes import CameraLink
from devices.model.samples import SampleBatch
from devices.profiles.profile import Words
from hub.alerts import board, store
from hub.alerts.record import Record
from hub.api.alert_card import card
from hub.db import Database
from hub.gateways import roster
from hub.gateways.roster import Presence
from hub.live.bus import ALERT, Bus
from hub.live.newest import Newest
from hub.upkeep.covering import Covering
from tests.fake_clock import FakeClock

ENTRY = Coverage(
    id="kitchen-watch",
    title=Words(zh="厨房无有效视频", en="Kitchen not watched"),
    area_kinds=("kitchen",),
    least=2,
    on_delay_s=60,
    off_delay_s=20,
)
ONLINE = {"link": CameraLink.ONLINE, "mean_level": 118.0, "std_level": 46.0, "same_pictures": 0.0}
DARK = {**ONLINE, "mean_level": 2.0, "std_level": 1.0}


@dataclass
class Kitchen:
    """A hub's rooms around one kitchen with two cameras."""

    db: Database
    clock: FakeClock
    campus: Campus
    newest: Newest = field(default_factory=Newest)
    bus: Bus = field(default_factory=Bus)

    def __post_init__(self) -> None:
        self.covering = self.started_anew()

    def started_anew(self) -> Covering:
        return Covering(self.db, lambda: self.campus, self.newest, self.bus, self.clock.now_us)

    async def after(self, seconds: float, **cameras: dict[str, float] | None) -> Record | None:
        """Some time later the cameras say this (None: nothing); judge, and return the active alert."""
        await self.clock.advance(seconds)
        for number, points in cameras.items():
            if points is not None:
                names = [f"hall-cam-{number[-1]}.{point}" for point in points]
                times = [self.clock.now_us()] * len(points)
                batch = SampleBatch.of(range(len(points)), times, [float(v) for v in points.values()])
                self.newest.update(batch, names)
        await self.covering.look()
        found = await self.db.read(lambda c: board.active_of(c, rule=ENTRY.id))
        assert len(found) < 2
        return found[0] if found else None


@pytest.fixture
async def kitchen(tmp_path: Path, clock: FakeClock) -> AsyncIterator[Kitchen]:
    campus = load_campus(Path(__file__).parents[1] / "site" / "site.yaml")
    async with Database(f"sqlite:///{tmp_path}/hub.db") as db:
        yield Kitchen(db, clock, replace(campus, coverage={ENTRY.id: ENTRY}))


@pytest.mark.promise("P-coverage-1")
async def test_an_area_short_of_good_cameras_is_one_alert_after_its_delay_and_clears_after_repair(
    kitchen: Kitchen,
) -> None:
    with kitchen.bus.subscribe(ALERT) as news:
        assert await kitchen.after(0, cam1=ONLINE, cam2=ONLINE) is None
        dark_us = kitchen.clock.now_us() + 30_000_000
        assert await kitchen.after(30, cam1=ONLINE, cam2=DARK) is None
        assert await kitchen.after(59, cam1=ONLINE, cam2=DARK) is None
        alert = await kitchen.after(1, cam1=ONLINE, cam2=DARK)
        assert alert is not None
        assert (alert.device, alert.start_us, alert.value, alert.limit) == ("hall-kitchen", dark_us, 1.0, 2.0)
        assert (alert.site, alert.severity, alert.state) == ("hall", Severity.HIGH, State.RAISED)
        assert "完好 1 台" in alert.message.zh
        assert await kitchen.after(30, cam1=DARK, cam2=DARK) is not None
        assert await kitchen.after(30, cam1=ONLINE, cam2=ONLINE) is not None
        assert await kitchen.after(19, cam1=ONLINE, cam2=ONLINE) is not None
        assert await kitchen.after(1, cam1=ONLINE, cam2=ONLINE) is None
        assert len(news.take()) == 2, "told when it was raised and when it cleared"


async def test_a_flickering_camera_raises_nothing(kitchen: Kitchen) -> None:
    for _ in range(5):
        assert await kitchen.after(50, cam1=ONLINE, cam2=DARK) is None
        assert await kitchen.after(50, cam1=ONLINE, cam2=ONLINE) is None


async def test_unknown_cameras_never_count_as_good(kitchen: Kitchen) -> None:
    await kitchen.after(0, cam1=ONLINE)
    assert await kitchen.after(60, cam1=ONLINE) is not None


async def test_a_gateway_that_is_away_is_not_told_again_by_its_areas_unless_they_are_lost_without_it(
    kitchen: Kitchen,
) -> None:
    async def came(presence: Presence) -> None:
        await kitchen.db.write(lambda c: roster.came(c, "edge-hall", presence, kitchen.clock.now_us()))

    await kitchen.after(0, cam1=ONLINE, cam2=ONLINE)
    await came(Presence.OFFLINE)
    for _ in range(4):
        assert await kitchen.after(100) is None
    await came(Presence.ONLINE)
    assert await kitchen.after(1, cam1=ONLINE, cam2=ONLINE) is None
    await came(Presence.OFFLINE)
    kitchen.campus = replace(
        kitchen.campus, coverage={ENTRY.id: ENTRY.model_copy(update={"least": 3})}
    )  # two cameras never are three
    await kitchen.after(100)
    assert await kitchen.after(60) is not None


async def test_what_was_raised_stays_raised_over_a_restart_and_what_nobody_asks_any_more_is_cleared(
    kitchen: Kitchen,
) -> None:
    await kitchen.after(0, cam1=DARK)
    alert = await kitchen.after(60, cam1=DARK)
    assert alert is not None
    kitchen.covering = kitchen.started_anew()
    again = await kitchen.after(0, cam1=DARK)
    assert again is not None
    assert again.id == alert.id
    kitchen.campus = replace(kitchen.campus, coverage={})
    assert await kitchen.after(0, cam1=DARK) is None


async def test_the_alert_is_shown_with_its_area_its_owner_and_first_steps(kitchen: Kitchen) -> None:
    await kitchen.after(0, cam1=DARK)
    alert = await kitchen.after(60, cam1=DARK)
    assert alert is not None
    shown = card(await kitchen.db.read(lambda c: store.get(c, alert.id)), kitchen.campus)
    assert (shown["area"], shown["building"], shown["device_name"]["zh"]) == (
        "hall-kitchen",
        "hall-a",
        "厨房",
    )
    assert shown["title"]["zh"] == "厨房无有效视频"
    assert shown["owner"]["zh"] == "后勤科"
    assert "现场" in shown["advice"]["zh"]
