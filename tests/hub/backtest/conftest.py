"""A store and a hub's backtests over it."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.rules import Rule
from devices.campus.site import Campus
from hub.backtest import Backtests, BacktestSettings, Job
from hub.backtest.jobs import OVER
from hub.series.duckdb import DuckSeries
from tests.hub.waiting import until

Judge = Callable[[Sequence[Rule], int, int], Awaitable[Job]]
#: 2027: all that is stored lies before.
NOW_US = 1_800_000_000_000_000


@pytest.fixture(scope="session")
def campus() -> Campus:
    return load_campus(Path(__file__).parents[1] / "site" / "site.yaml")


@pytest.fixture
async def series(tmp_path: Path) -> AsyncIterator[DuckSeries]:
    async with DuckSeries(tmp_path / "series.duckdb", memory_mb=128, threads=1) as store:
        yield store


@pytest.fixture
def settings() -> BacktestSettings:
    return BacktestSettings(waiting=2, kept=3)


@pytest.fixture
async def backtests(
    campus: Campus, series: DuckSeries, settings: BacktestSettings
) -> AsyncIterator[Backtests]:
    rooms = Backtests(lambda: campus, series, settings, lambda: NOW_US)
    running = asyncio.create_task(rooms.run())
    yield rooms
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


@pytest.fixture
def judge(backtests: Backtests) -> Judge:
    """Ask for a backtest, and wait until it is over."""

    async def judged(rules: Sequence[Rule], from_us: int, to_us: int) -> Job:
        job = await backtests.ask(rules, from_us, to_us, "engineer")
        await until(lambda: job.state in OVER, 30)
        return job

    return judged
