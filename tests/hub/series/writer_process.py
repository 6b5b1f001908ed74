"""A process that stores batch after batch and says so after each, until it is killed.

writer_process.py FILE [LIMIT_BYTES]: with a limit, no file may grow beyond it, as on a full disk.
"""

from __future__ import annotations

import asyncio
import resource
import sys
from pathlib import Path

import numpy as np

from devices.model.errors import Unreachable
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import Stamp
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry

ROWS = 10_000
POINTS = [f"dev-{k}.value" for k in range(10)]


def entry(seq: int) -> Entry:
    rng = np.random.default_rng(seq)
    time_us = seq * 1_000_000 + np.arange(ROWS)
    batch = SampleBatch.of(np.arange(ROWS) % 10, time_us, rng.random(ROWS))
    return Entry(batch, POINTS, Stamp("edge", 1, Lane.LIVE, seq))


def say(word: str, seq: int) -> None:
    sys.stdout.write(f"{word} {seq}\n")
    sys.stdout.flush()


async def main(path: Path, limit: int | None) -> None:
    async with DuckSeries(path, memory_mb=128, threads=1) as store:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, resource.RLIM_INFINITY))
        failures = 0
        seq = 0
        while failures < 20:
            try:
                new = await store.write([entry(seq)])
            except Unreachable:
                failures += 1
                say("failed", seq)
                continue
            say("stored" if new[0] else "repeated", seq)
            seq += 1
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        new = await store.write([entry(seq)])
        say("stored" if new[0] else "repeated", seq)


if __name__ == "__main__":
    asyncio.run(main(Path(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else None))
