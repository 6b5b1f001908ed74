"""A month of air conditioners out of the store, through live rules and a draft of them, to a difference report."""

from __future__ import annotations

import asyncio
import contextlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import psutil

from benchmarks.row import RUNS, Result
from benchmarks.sites import NAME as WORDS
from benchmarks.sites import campus_of
from devices.campus.calendars import Season
from devices.campus.loading import with_rules
from devices.campus.rules import Rule, RuleFile
from devices.campus.site import Campus
from devices.model.samples import SampleBatch
from hub.backtest import Backtests, BacktestSettings, Job
from hub.backtest.jobs import OVER, State
from hub.series.duckdb import DuckSeries
from hub.series.port import Entry

NAME = "backtest, end to end"
UNITS: Final = 240
DAYS: Final = 30
WORK = f"{UNITS} units x 3 points x {DAYS} days at one minute, 3 rules live and as a draft, on two cores"
PEER = "DuckDB alone: the same rows out of the same file as NumPy arrays, in order of point and time, nothing judged"
POINTS: Final = ("on", "mode", "setpoint_c")
MINUTE_US: Final = 60_000_000
DAY_US: Final = 1440 * MINUTE_US
#: 2026-07-01 00:00 on the campus, and 2026-08-15, when somebody asks.
START_US: Final = 1_782_835_200_000_000
NOW_US: Final = START_US + 45 * DAY_US
#: Changes of a unit on a day, and of which values.
CHANGES: Final = {
    "on": (4, [0.0, 1.0]),
    "mode": (1, [1.0, 1.0, 5.0]),
    "setpoint_c": (5, [22.0, 24.0, 26.0, 27.0]),
}
#: Minutes that come to the hub in one batch: an outage is rarer than a normal hour.
AT_ONCE: Final = 20
COSTS: Final = ("read", "order", "judge", "report")


def run() -> list[Result]:
    """Seconds of a whole job, of its parts, and what it costs the hub beside."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "series.duckdb"
        return asyncio.run(_measured(path))


async def _measured(path: Path) -> list[Result]:
    campus = _campus()
    names = [f"ac-{unit}.{point}" for unit in range(UNITS) for point in POINTS]
    await _fill(path, names)
    async with DuckSeries(path, threads=2) as series:
        tests = Backtests(lambda: campus, series, BacktestSettings(kept=1), lambda: NOW_US)
        running = asyncio.create_task(tests.run())
        jobs = [await _one(tests, _draft(campus)) for _ in range(RUNS + 1)]
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):  # cancelled here
            await running
    alone = [_alone(path) for _ in range(RUNS + 1)][1:]
    columns = {name: [job[name] for job in jobs[1:]] for name in jobs[0]}
    parts = [Result(f"of it: {name}", "s", columns[name], more_is_better=False) for name in COSTS]
    return [
        Result("store to report", "s", columns["total"], {"DuckDB alone": alone}, more_is_better=False),
        *parts,
        Result("processor", "s", columns["processor"], more_is_better=False),
        Result("memory beside the store", "MB", columns["memory"], more_is_better=False),
        Result("longest pause of the hub", "ms", columns["pause"], more_is_better=False),
    ]


async def _one(tests: Backtests, draft: Sequence[Rule]) -> dict[str, float]:
    """One job, and how the hub's loop felt beside it."""
    process = psutil.Process()
    before, most, pause = process.memory_info().rss, 0, 0.0
    begin, worked = time.perf_counter(), time.process_time()
    job = await tests.ask(draft, START_US, START_US + DAYS * DAY_US, "bench")
    last = time.perf_counter()
    while job.state not in OVER:
        await asyncio.sleep(0.005)
        now = time.perf_counter()
        pause, last = max(pause, now - last - 0.005), now
        most = max(most, process.memory_info().rss)
    return {
        **_costs(job),
        "total": time.perf_counter() - begin,
        "processor": time.process_time() - worked,
        "memory": (most - before) / 1e6,
        "pause": pause * 1e3,
    }


def _costs(job: Job) -> dict[str, float]:
    if job.state is not State.DONE or job.report is None:
        raise RuntimeError(f"the backtest is {job.state}: {job.error}")
    found, cost = job.report["difference"], job.report["cost"]
    if cost["samples"] < UNITS * len(POINTS) * DAYS * 1440 or not (found["lost"] and found["moved"]):
        raise RuntimeError(f"not the work that was meant: {cost['samples']} samples, {found['moved']} moved")
    return {name: cost[f"{name}_s"] for name in COSTS}


async def _fill(path: Path, names: list[str]) -> None:
    """The month as it comes: each unit is read once a minute, at a second of its own."""
    random = np.random.default_rng(3)
    second = np.repeat(np.sort(random.integers(0, MINUTE_US, UNITS)), len(POINTS))
    point = np.tile(np.arange(len(names), dtype=np.int32), AT_ONCE)
    now = np.tile([1.0, 1.0, 26.0], UNITS)
    async with DuckSeries(path, threads=2) as series:
        for day in range(DAYS):
            value = _day(random, now)
            now = value[-1]
            for first in range(0, 1440, AT_ONCE):
                minute = np.arange(day * 1440 + first, day * 1440 + first + AT_ONCE)
                time_us = START_US + minute[:, None] * MINUTE_US + second
                part = value[first : first + AT_ONCE].ravel()
                await series.write([Entry(SampleBatch.of(point, time_us.ravel(), part), names)])


def _day(random: np.random.Generator, now: np.ndarray) -> np.ndarray:
    """float64 (minutes, points): what all units say on a day."""
    value = np.tile(now, (1440, 1))
    for column in range(value.shape[1]):
        changes, values = CHANGES[POINTS[column % len(POINTS)]]
        for minute in np.sort(random.integers(0, 1440, changes)):
            value[minute:, column] = random.choice(values)
    return value


def _alone(path: Path) -> float:
    """Seconds in which DuckDB gives all of it, day by day, in the order in which it could be judged."""
    query = "SELECT * FROM samples WHERE time_us >= ? AND time_us < ? ORDER BY point, time_us"
    with duckdb.connect(str(path), config={"threads": 2}) as connection:
        connection.execute("SET enable_progress_bar = false")
        begin = time.perf_counter()
        for day in range(DAYS):
            first_us = START_US + day * DAY_US
            connection.execute(query, [first_us, first_us + DAY_US]).fetchnumpy()
        return time.perf_counter() - begin


def _campus() -> Campus:
    def point(name: str, addr: int, **more: Any) -> dict[str, Any]:
        return {"name": name, "title": WORDS, "table": "holding", "addr": addr, **more}

    sheet = {
        "kind": "modbus",
        "points": [
            point("on", 0, codes="on_off"),
            point("mode", 1, codes="ac_mode"),
            point("setpoint_c", 2, unit="C"),
        ],
    }
    links = [{"id": f"gw-{n}", "kind": "modbus-tcp", "host": "127.0.0.1", "port": 1502 + n} for n in range(2)]
    devices = [
        {"id": f"ac-{n}", "profile": "unit", "link": f"gw-{n % 2}", "unit": n // 2 + 1} for n in range(UNITS)
    ]
    campus = campus_of(links, devices, {"unit": sheet})
    summer = {"cooling": {"first": "05-01", "last": "10-15"}, "heating": {"first": "11-15", "last": "03-31"}}
    return with_rules(replace(campus, seasons=(Season.model_validate(summer),)), _rules())


def _rules() -> tuple[Rule, ...]:
    def rule(name: str, kind: str, **more: Any) -> dict[str, Any]:
        texts = dict.fromkeys(("title", "message", "advice"), WORDS)
        return {
            "id": name,
            "kind": kind,
            **texts,
            "family": "cooling",
            "severity": "low",
            "select": {},
            **more,
        }

    cold = [{"point": "on", "equals": "on"}, {"point": "setpoint_c", "below": 23, "dead_band": 1}]
    rules = [
        rule("standard", "setpoint", on_delay_s=600, off_delay_s=60),
        rule("cold", "when", when=cold, on_delay_s=1800),
        rule("silent", "stale", after_s=300),
    ]
    return RuleFile.model_validate({"rules": rules}).rules


def _draft(campus: Campus) -> list[Rule]:
    """The same rules, with twice the patience."""
    return [
        rule.model_copy(update={"version": 2, "on_delay_s": 2 * rule.on_delay_s})
        for rule in campus.rules.values()
    ]
