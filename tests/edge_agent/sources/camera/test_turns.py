"""Sessions of a host: never more than it stands, the one that matters most first, none lost to who gives up."""

from __future__ import annotations

import asyncio
import contextlib

import pytest

from edge_agent.sources.camera.turns import Rank, Turns


async def test_the_next_turn_goes_to_the_rank_and_then_to_who_came_first() -> None:
    turns, order = Turns(1), []

    async def take(name: str, rank: Rank) -> None:
        async with turns.turn(rank):
            order.append(name)

    async with asyncio.TaskGroup() as group, turns.turn(Rank.NORMAL):
        for name, rank in (("n1", 2), ("n2", 2), ("critical", 1), ("n3", 2), ("suspect", 0)):
            group.create_task(take(name, Rank(rank)))
            await asyncio.sleep(0)
        assert order == []
    assert order == ["suspect", "critical", "n1", "n2", "n3"]


@pytest.mark.parametrize("sessions", [1, 3])
async def test_whoever_gives_up_waiting_costs_no_session(sessions: int) -> None:
    turns, busy, most = Turns(sessions), 0, 0

    async def take() -> None:
        nonlocal busy, most
        async with turns.turn(Rank.NORMAL):
            busy += 1
            most = max(most, busy)
            try:
                await asyncio.sleep(0)
            finally:
                busy -= 1

    tasks = [asyncio.create_task(take()) for _ in range(60)]
    for number, task in enumerate(tasks):
        await asyncio.sleep(0)
        if number % 3 == 0:
            task.cancel()
    for task in tasks:
        with contextlib.suppress(asyncio.CancelledError):
            await task
    assert most <= sessions
    async with asyncio.timeout(5), contextlib.AsyncExitStack() as held:
        for _ in range(sessions):
            await held.enter_async_context(turns.turn(Rank.NORMAL))
