"""The clock that the other tests trust."""

from __future__ import annotations

import asyncio

from tests.fake_clock import START_US, FakeClock


async def test_sleepers_wake_in_the_order_of_their_time_each_at_its_moment(clock: FakeClock) -> None:
    seen: list[tuple[str, float, int]] = []

    async def wait(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        seen.append((name, clock.monotonic(), clock.now_us()))

    async with asyncio.TaskGroup() as group:
        group.create_task(wait("late", 20))
        group.create_task(wait("soon", 5))
        await clock.advance(60)
    assert seen == [("soon", 5.0, START_US + 5_000_000), ("late", 20.0, START_US + 20_000_000)]
    assert clock.monotonic() == 60


async def test_a_sleeper_that_sleeps_again_wakes_again_within_one_advance(clock: FakeClock) -> None:
    ticks: list[float] = []

    async def tick() -> None:
        while True:
            await clock.sleep(1)
            ticks.append(clock.monotonic())

    task = asyncio.create_task(tick())
    await clock.advance(3.5)
    task.cancel()
    assert ticks == [1.0, 2.0, 3.0]


async def test_a_cancelled_sleep_is_not_counted_and_disturbs_nobody(clock: FakeClock) -> None:
    task = asyncio.create_task(clock.sleep(1))
    await asyncio.sleep(0)
    assert clock.sleepers == 1
    task.cancel()
    await asyncio.sleep(0)
    assert clock.sleepers == 0
    await clock.advance(2)


async def test_stepping_the_wall_clock_leaves_the_monotonic_clock_alone(clock: FakeClock) -> None:
    clock.step_wall(-3600)
    assert clock.now_us() == START_US - 3600 * 1_000_000
    assert clock.monotonic() == 0


async def test_an_automatic_clock_sleeps_through_a_day_at_once() -> None:
    clock = FakeClock(auto=True)
    for _ in range(24):
        await clock.sleep(3600)
    assert clock.monotonic() == 24 * 3600
