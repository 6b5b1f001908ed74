"""An agent that comes back after a long outage, as a process of its own: real outbox, real uplink.

python -m benchmarks.backlogged PORT PASSWORD AGENT OUTBOX HOURS

Fills the outbox with what waits, says `ready` with the number of records and their bytes, and begins at a line on
standard input. Then it measures on as before (a reading of every point each 10 s) and raises alerts, and says
`left N` for each fifth of the backlog that is delivered.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.uplinks import SITE, points
from devices.campus.loading import load_campus
from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.samples import SampleBatch
from devices.model.texts import Text
from devices.wire.messages import Lane
from devices.wire.mqtt import Broker
from devices.wire.records import alerts_message, samples_message
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.outbox.file import OutboxFile, Row
from edge_agent.outbox.opening import encoded_row
from edge_agent.sources.port import SystemClock
from edge_agent.uplink import Uplink, UplinkSettings
from edge_agent.uplink.holding import Holding

POINTS: Final = 854
CYCLE_S: Final = 10
#: Records of one cycle: what four links with 57 meters deliver within 50 ms of each other goes together.
PARTS: Final = 15
PARTS_OF_ALL: Final = 5
ALERT_S: Final = 0.1
SOURCE: Final = "bench"
US_PER_S: Final = 1_000_000
MOST_BYTES: Final = 4 << 30


def cycle(rng: np.random.Generator, start_us: int) -> list[SampleBatch]:
    """One reading of every point, in the pieces in which it arrives."""
    value = np.round(20 + np.arange(POINTS) % 7 + rng.integers(0, 20, POINTS) // 19 / 10, 1)
    whole = SampleBatch.of(np.arange(POINTS), start_us + np.arange(POINTS) * 5000, value, np.zeros(POINTS))
    edges = np.linspace(0, POINTS, PARTS + 1).astype(int)
    return [whole[first:last] for first, last in itertools.pairwise(edges)]


def fill(path: Path, agent: str, names: Sequence[str], hours: float) -> tuple[int, int]:
    """Write what waits; returns how many records and bytes."""
    cycles, rng, running_s = round(hours * 3600 / CYCLE_S), np.random.default_rng(1), 0.0
    begin_us = time.time_ns() // 1000 - cycles * CYCLE_S * US_PER_S
    file = OutboxFile(path, agent, epoch=7, max_bytes=MOST_BYTES, max_age_s=1e9, monotonic=lambda: running_s)
    for start in range(0, cycles, 100):
        running_s = start * CYCLE_S
        rows: list[Row] = []
        for number in range(start, min(cycles, start + 100)):
            start_us = begin_us + number * CYCLE_S * US_PER_S
            for batch in cycle(rng, start_us):
                seq = file.ledger.next_seq[Lane.LIVE] + len(rows)
                message = samples_message(batch, names)
                rows.append(encoded_row(agent, 7, Lane.LIVE, seq, message, start_us))
        file.commit(rows, {}, ())
    running_s = cycles * CYCLE_S + 60.0
    file.commit([], {}, ())
    waiting = file.ledger.records[Lane.LIVE], file.ledger.sizes[Lane.LIVE]
    file.close()
    return waiting


def alarm(number: int) -> AlertEvent:
    """One alert, raised now."""
    now_us = time.time_ns() // 1000
    return AlertEvent(
        id=alert_id(SOURCE, 1, f"device-{number}", now_us),
        kind=EventKind.RAISE,
        rule=SOURCE,
        rule_version=1,
        family=Family.ENERGY,
        severity=Severity.LOW,
        site="",
        device=f"device-{number}",
        time_us=now_us,
        start_us=now_us,
        value=1.0,
        limit=0.0,
        unit="",
        message=Text("测试", "bench"),
    )


async def raise_alerts(outbox: Outbox) -> None:
    """For ever; each clears when the next is raised."""
    holding, number, events = Holding(), 0, list[AlertEvent]()
    while True:
        number += 1
        events = [alarm(number), *(replace(old, kind=EventKind.CLEAR) for old in events[:1])]
        holding.take(events)
        await outbox.commit([(Lane.ALERTS, alerts_message(events))], holding.states())
        holding.kept()
        await asyncio.sleep(ALERT_S)


async def measure_on(outbox: Outbox, names: Sequence[str]) -> None:
    """For ever."""
    rng = np.random.default_rng(2)
    while True:
        for batch in cycle(rng, time.time_ns() // 1000):
            await outbox.put(Lane.LIVE, samples_message(batch, names))
            await asyncio.sleep(CYCLE_S / PARTS)


def borders(records: int) -> Iterator[int]:
    """How many records are left after each part; the last part ends with what is always under way."""
    for part in range(PARTS_OF_ALL - 1, 0, -1):
        yield records * part // PARTS_OF_ALL
    yield 2 * PARTS


async def main(port: int, password: str, agent: str, path: Path, hours: float) -> None:
    """Fill, wait for the word, deliver."""
    names = points(load_campus(SITE), agent)[:POINTS]
    records, size = fill(path, agent, names, hours)
    print("ready", records, size, flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    clock, bounds = SystemClock(), OutboxSettings(max_bytes=MOST_BYTES, reserve_bytes=0)
    async with Outbox(path, agent, bounds, now_us=clock.now_us, monotonic=clock.monotonic) as outbox:
        uplink = Uplink(
            Broker("127.0.0.1", port, agent, password),
            agent,
            outbox,
            UplinkSettings(),
            about={},
            health=dict,
            clock=clock,
        )
        jobs = (uplink.run(), raise_alerts(outbox), measure_on(outbox, names))
        tasks = [asyncio.create_task(job) for job in jobs]
        for left in borders(records):
            while outbox.stats().records[Lane.LIVE] > left:  # noqa: ASYNC110 - stats come once a second
                await asyncio.sleep(0.05)
            print("left", left, flush=True)
        for task in tasks:
            task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.gather(*tasks)


if __name__ == "__main__":
    given = sys.argv[1:]
    asyncio.run(main(int(given[0]), given[1], given[2], Path(given[3]), float(given[4])))
