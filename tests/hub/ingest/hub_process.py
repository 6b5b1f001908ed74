"""A hub's ingest as a process of its own: hub_process.py FOLDER PORT [MOMENT].

At the moment (`before-samples`, `after-samples`, `before-alerts`, `after-alerts`: a commit) it kills itself
like `kill -9`.
"""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sqlalchemy import Connection

from devices.wire.mqtt import Broker
from hub.db import Database
from hub.ingest import Ingest
from hub.live.bus import Bus
from hub.live.newest import Newest
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry
from tests.hub.ingest.campus import A, B, demo
from tests.hub.ingest.stores import Trouble

T = TypeVar("T")


class Fuse:
    def __init__(self, moment: str) -> None:
        self.moment = moment

    def burn(self, moment: str) -> None:
        if moment == self.moment:
            os.kill(os.getpid(), signal.SIGKILL)


class DeadlySeries(Trouble):
    def __init__(self, store: DuckSeries, fuse: Fuse) -> None:
        super().__init__(store)
        self.fuse = fuse

    async def write(self, entries: Sequence[Entry]) -> list[bool]:
        self.fuse.burn("before-samples")
        new = await super().write(entries)
        self.fuse.burn("after-samples")
        return new


class DeadlyDatabase(Database):
    fuse = Fuse("never")

    async def write(self, work: Callable[[Connection], T]) -> T:
        is_alerts = "apply_events" in work.__code__.co_names
        if is_alerts:
            self.fuse.burn("before-alerts")
        result = await super().write(work)
        if is_alerts:
            self.fuse.burn("after-alerts")
        return result


async def main(folder: Path, port: int, fuse: Fuse) -> None:
    DeadlyDatabase.fuse = fuse
    async with (
        DeadlyDatabase(f"sqlite:///{folder}/hub.db") as database,
        DuckSeries(folder / "series.duckdb", memory_mb=128) as series,
    ):
        ingest = Ingest(
            Broker("127.0.0.1", port),
            campus=demo(),
            series=DeadlySeries(series, fuse),
            database=database,
            newest=Newest(),
            bus=Bus(),
            agents={A, B},
        )
        await ingest.run()


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]), Fuse("".join(sys.argv[3:]))))
