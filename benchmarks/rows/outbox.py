"""Records through the outbox: stamped, encoded, checksummed and synced before their caller goes on."""

from __future__ import annotations

import asyncio
import sqlite3
import tempfile
import time
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.row import RUNS, Result, per_second
from devices.model.alerts import AlertEvent, EventKind, Family, Severity, alert_id
from devices.model.samples import SampleBatch
from devices.model.texts import Text
from devices.wire.messages import Lane, Message, encode
from devices.wire.records import alerts_message, samples_message
from edge_agent.outbox import Outbox, OutboxSettings
from edge_agent.outbox.layout import LOCKING, NEW_FILE, PRAGMAS

NAME = "outbox"
POINTS: Final = 30
BATCHES: Final = 3000
WRITERS: Final = 20
ALERTS: Final = 2000
AT_ONCE: Final = 100
#: How many rows the peer commits together; what the outbox gathers by itself is about that.
TOGETHER: Final = 20
WORK = (
    f"{BATCHES} batches of {POINTS} samples from {WRITERS} writers; {ALERTS} single alerts by one writer, "
    f"each waiting for the one before, and by {AT_ONCE} writers at once; every call returns after the sync"
)
PEER = f"bare sqlite3, same pragmas and disk: the same bytes, encoded before, {TOGETHER} rows or one row per commit"


def run() -> list[Result]:
    """Measure the outbox and bare SQLite in turn."""
    batch, alerts = _batch(), [_alert(number) for number in range(ALERTS)]
    encoded_batch, encoded_alert = encode(batch), encode(alerts[0])
    group: list[float] = []
    one: list[float] = []
    many: list[float] = []
    bare_group: list[float] = []
    bare_one: list[float] = []
    for _ in range(RUNS + 1):
        group.append(_outbox(Lane.LIVE, [batch] * BATCHES, WRITERS))
        bare_group.append(_bare([encoded_batch] * BATCHES, TOGETHER))
        one.append(_outbox(Lane.ALERTS, alerts, 1))
        bare_one.append(_bare([encoded_alert] * ALERTS, 1))
        many.append(_outbox(Lane.ALERTS, alerts, AT_ONCE))
    samples = BATCHES * POINTS
    return [
        Result(
            "samples, group commit",
            "samples/s",
            per_second(samples, group[1:]),
            {"bare sqlite3": per_second(samples, bare_group[1:])},
        ),
        Result(
            "single alerts, one at a time",
            "alerts/s",
            per_second(ALERTS, one[1:]),
            {"bare sqlite3": per_second(ALERTS, bare_one[1:])},
        ),
        Result(f"single alerts, {AT_ONCE} at once", "alerts/s", per_second(ALERTS, many[1:])),
    ]


def _outbox(lane: Lane, messages: Sequence[Message], writers: int) -> float:
    """Seconds until all messages were durable, opening and closing aside."""

    async def write(box: Outbox, some: Sequence[Message]) -> None:
        for message in some:
            await box.put(lane, message)

    async def measure(path: Path) -> float:
        box = Outbox(
            path,
            "benchmark",
            OutboxSettings(),
            now_us=lambda: time.time_ns() // 1000,
            monotonic=time.monotonic,
        )
        async with box:
            start_s = time.perf_counter()
            await asyncio.gather(*(write(box, messages[first::writers]) for first in range(writers)))
            return time.perf_counter() - start_s

    with tempfile.TemporaryDirectory() as folder:
        return asyncio.run(measure(Path(folder) / "outbox.db"))


def _bare(payloads: Sequence[bytes], together: int) -> float:
    """Seconds until all payloads were durable."""
    with (
        tempfile.TemporaryDirectory() as folder,
        closing(sqlite3.connect(Path(folder) / "bare.db", isolation_level=None)) as connection,
    ):
        for pragma in (LOCKING, *NEW_FILE, *PRAGMAS):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("CREATE TABLE records (id INTEGER PRIMARY KEY, data BLOB)")
        start_s = time.perf_counter()
        for first in range(0, len(payloads), together):
            connection.execute("BEGIN")
            some = [(payload,) for payload in payloads[first : first + together]]
            connection.executemany("INSERT INTO records (data) VALUES (?)", some)
            connection.execute("COMMIT")
        return time.perf_counter() - start_s


def _batch() -> Message:
    values = np.random.default_rng(1).normal(22, 3, POINTS).round(1)
    batch = SampleBatch.of(np.arange(POINTS), 1_782_864_000_000_000 + np.arange(POINTS) * 50, values)
    return samples_message(batch, [f"hq1-meter-{number:02d}.power_w" for number in range(POINTS)])


def _alert(number: int) -> Message:
    event = AlertEvent(
        id=alert_id("pressure-low", 1, "hq1-pump-1", number),
        kind=EventKind.RAISE,
        rule="pressure-low",
        rule_version=1,
        family=Family.FIRE,
        severity=Severity.CRITICAL,
        site="hq",
        device="hq1-pump-1",
        time_us=number,
        start_us=number,
        value=0.2,
        limit=0.35,
        unit="MPa",
        message=Text("管网压力低", "Pipe pressure low"),
        evidence={"hq1-pump-1.pressure_mpa": 0.2},
    )
    return alerts_message([event])
