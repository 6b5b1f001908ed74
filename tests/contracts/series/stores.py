"""The stores that one contract is run on, each as production uses it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from hub.series.duckdb import DuckSeries
from hub.series.port import SeriesStore


async def at_once() -> None:
    """What was written can be read as soon as the write returns."""


@dataclass(frozen=True)
class Contestant:
    """A running store.

    settle: waits until what was written can be read.
    """

    store: SeriesStore
    settle: Callable[[], Awaitable[None]] = at_once


Open = Callable[[Path], AbstractAsyncContextManager[Contestant]]


@asynccontextmanager
async def duckdb(folder: Path) -> AsyncIterator[Contestant]:
    async with DuckSeries(folder / "series.duckdb", memory_mb=256) as store:
        yield Contestant(store)
