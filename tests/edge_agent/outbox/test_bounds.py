"""The outbox is bounded in bytes and age, and drops in the order it promises."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.wire.messages import Lane
from edge_agent.outbox import Outbox, OutboxSettings
from tests.edge_agent.outbox.numbered import numbered, numbers_of
from tests.fake_clock import FakeClock

MIB = 1 << 20
ALL = 1 << 40
DAY_S = 86400.0
Make = Callable[[], Outbox]


@pytest.fixture
def make(tmp_path: Path, clock: FakeClock) -> Make:
    def made() -> Outbox:
        settings = OutboxSettings(max_bytes=MIB, max_age_s=3 * DAY_S, reserve_bytes=0)
        return Outbox(tmp_path / "o.db", "a1", settings, now_us=clock.now_us, monotonic=clock.monotonic)

    return made


async def kept(box: Outbox) -> dict[Lane, list[int]]:
    return {lane: numbers_of(await box.take(lane, 0, ALL)) for lane in Lane}


@pytest.mark.promise("P-outbox-5")
async def test_when_it_is_full_the_oldest_backlog_goes_first_then_live_and_alerts_last(make: Make) -> None:
    async with make() as box:
        for lane in (Lane.ALERTS, Lane.LIVE, Lane.BACKLOG):
            await box.commit([(lane, numbered(n, lane, size=10_000)) for n in range(30)])
        assert sum(len(numbers) for numbers in (await kept(box)).values()) == 90

        await box.commit([(Lane.LIVE, numbered(n, size=10_000)) for n in range(30, 60)])
        first = await kept(box)
        gone = 30 - len(first[Lane.BACKLOG])
        assert gone > 10
        assert first == {
            Lane.ALERTS: list(range(30)),
            Lane.LIVE: list(range(60)),
            Lane.BACKLOG: list(range(gone, 30)),
        }
        await box.commit([(Lane.ALERTS, numbered(n, Lane.ALERTS, size=10_000)) for n in range(30, 80)])
        second = await kept(box)
        assert second[Lane.BACKLOG] == []
        assert second[Lane.ALERTS] == list(range(80))
        assert second[Lane.LIVE] == list(range(60 - len(second[Lane.LIVE]), 60))
        assert 0 < len(second[Lane.LIVE]) < 60
        dropped = box.stats().dropped
    assert dropped == {
        (Lane.BACKLOG, "overflow"): 30,
        (Lane.LIVE, "overflow"): 60 - len(second[Lane.LIVE]),
    }


async def test_alerts_are_dropped_only_when_they_alone_are_too_much_and_the_oldest_first(make: Make) -> None:
    async with make() as box:
        await box.commit([(Lane.ALERTS, numbered(n, Lane.ALERTS, size=10_000)) for n in range(110)])
        await box.put(Lane.LIVE, numbered(0, size=12_000))
        left = await kept(box)
        assert left[Lane.LIVE] == []
        assert left[Lane.ALERTS] == list(range(110 - len(left[Lane.ALERTS]), 110))
        stats = box.stats()
    assert 95 < len(left[Lane.ALERTS]) < 110
    assert stats.dropped[Lane.ALERTS, "overflow"] == 110 - len(left[Lane.ALERTS])
    assert stats.dropped[Lane.LIVE, "overflow"] == 1
    assert stats.total_bytes <= MIB


async def test_drops_are_still_counted_after_a_restart(make: Make) -> None:
    async with make() as box:
        await box.commit([(Lane.LIVE, numbered(n, size=10_000)) for n in range(120)])
        dropped = box.stats().dropped
        assert dropped[Lane.LIVE, "overflow"] > 10
    async with make() as box:
        assert box.stats().dropped == dropped


async def test_the_file_does_not_grow_beyond_its_bound(make: Make, tmp_path: Path) -> None:
    async with make() as box:
        for start in range(0, 1000, 20):
            await box.commit([(Lane.LIVE, numbered(n, size=10_000)) for n in range(start, start + 20)])
        assert box.stats().total_bytes <= MIB
    assert (tmp_path / "o.db").stat().st_size < 1.5 * MIB


@pytest.mark.promise("P-outbox-6")
async def test_old_telemetry_is_dropped_and_old_alerts_are_kept(make: Make, clock: FakeClock) -> None:
    async with make() as box:
        for lane in Lane:
            await box.put(lane, numbered(1, lane))
        await clock.advance(2 * DAY_S)
        await box.put(Lane.LIVE, numbered(2))
        await clock.advance(1.5 * DAY_S)
        await box.put(Lane.LIVE, numbered(3))
        assert await kept(box) == {Lane.ALERTS: [1], Lane.LIVE: [2, 3], Lane.BACKLOG: []}
        assert box.stats().dropped == {(Lane.LIVE, "too-old"): 1, (Lane.BACKLOG, "too-old"): 1}


@pytest.mark.promise("P-outbox-7")
@pytest.mark.parametrize("step_s", [3600.0, -3600.0, 50 * 365 * DAY_S, -50 * 365 * DAY_S])
async def test_a_clock_that_is_set_drops_nothing_and_keeps_the_order(
    make: Make, clock: FakeClock, step_s: float
) -> None:
    async with make() as box:
        await box.put(Lane.LIVE, numbered(1))
        clock.step_wall(step_s)
        await clock.advance(60)
        await box.put(Lane.LIVE, numbered(2))
        assert (await kept(box))[Lane.LIVE] == [1, 2]
    clock.step_wall(-step_s)
    async with make() as box:
        await clock.advance(60)
        await box.put(Lane.LIVE, numbered(3))
        assert (await kept(box))[Lane.LIVE] == [1, 2, 3]
        assert box.stats().dropped == {}


async def test_time_in_which_no_agent_ran_is_no_age(make: Make, clock: FakeClock) -> None:
    async with make() as box:
        await clock.advance(2 * DAY_S)
        await box.put(Lane.LIVE, numbered(1))
    await clock.advance(20 * DAY_S)
    async with make() as box:
        await clock.advance(2.5 * DAY_S)
        await box.put(Lane.LIVE, numbered(2))
        assert (await kept(box))[Lane.LIVE] == [1, 2]
        await clock.advance(1 * DAY_S)
        await box.put(Lane.LIVE, numbered(3))
        assert (await kept(box))[Lane.LIVE] == [2, 3]


async def test_the_fresh_begin_where_age_says(make: Make, clock: FakeClock) -> None:
    async with make() as box:
        assert await box.fresh_from(Lane.LIVE, 30) == 1
        for n in range(10):
            await box.put(Lane.LIVE, numbered(n))
            await clock.advance(10)
        await box.done([(Lane.LIVE, 7), (Lane.LIVE, 8)])
        ages = {age: await box.fresh_from(Lane.LIVE, age) for age in (5, 15, 45, 1000)}
    assert ages == {5: 11, 15: 10, 45: 7, 1000: 1}


async def test_unused_pages_go_back_to_the_disk_a_few_at_a_time(clock: FakeClock, tmp_path: Path) -> None:
    settings = OutboxSettings(max_bytes=32 * MIB, reserve_bytes=0)
    path = tmp_path / "o.db"
    async with Outbox(path, "a1", settings, now_us=clock.now_us, monotonic=clock.monotonic) as box:
        for start in range(0, 200, 20):
            await box.commit([(Lane.LIVE, numbered(n, size=100_000)) for n in range(start, start + 20)])
        await box.done([(Lane.LIVE, seq) for seq in range(1, 201)])
        sizes = []
        for n in range(10):
            await clock.advance(1)
            await box.put(Lane.LIVE, numbered(n))
            sizes.append(box.stats().file_bytes)
    assert sizes[0] > 16 * MIB
    assert sizes[-1] < 4 * MIB
    assert max(before - after for before, after in itertools.pairwise(sizes)) <= 3 * MIB
