"""Rounds go on: a look that finds the database away is told, and the next one is made."""

from __future__ import annotations

import asyncio
import contextlib
import logging

import pytest

from devices.model.errors import Unreachable
from hub.db.rounds import rounds
from tests.fake_clock import FakeClock


async def test_a_look_that_fails_is_told_and_the_next_is_made(
    clock: FakeClock, caplog: pytest.LogCaptureFixture
) -> None:
    looks: list[float] = []

    async def look() -> None:
        looks.append(clock.monotonic())
        if len(looks) == 1:
            raise Unreachable("the disk is full")

    begin_s = clock.monotonic()
    task = asyncio.create_task(
        rounds(look, 2.0, "nothing can be judged", logging.getLogger("test"), clock.sleep)
    )
    await clock.advance(4.0)
    task.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await task
    assert [at_s - begin_s for at_s in looks] == [2.0, 4.0]
    assert [record.getMessage() for record in caplog.records] == ["nothing can be judged: the disk is full"]
