"""130 devices with a link each: what the whole agent takes of a core, and how old a value is at the broker."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any, Final

import numpy as np
import psutil
import yaml

from benchmarks.loopback import LOOPBACK, running
from benchmarks.polled import FLOATS, US_PER_S, floats
from benchmarks.row import RUNS, Result
from benchmarks.rows.ingest import PASSWORD, free_port, ingesting
from benchmarks.stack import site
from devices.campus.loading import load_campus
from devices.wire.messages import Lane, decode, up_topic
from devices.wire.mqtt import connect
from devices.wire.records import samples_from
from hub.broker import EmbeddedBroker, agent_user, hashed
from hub.db import Database
from hub.series.duckdb import DuckSeries

NAME = "modbus, many devices"
DEVICES: Final = 130
WINDOW_S: Final = 6.0
SETTLED_S: Final = 8.0
#: The agent gathers for 50 ms by default, so that a disk is not asked for each answer; here age counts.
GATHER_S: Final = 0.005
WORK = (
    f"{DEVICES} devices x {FLOATS} float32, a link each, every second, through detection and outbox to the embedded"
    f" broker, gathered for {GATHER_S * 1000:.0f} ms; {WINDOW_S:.0f} s windows"
)
PEER = (
    "bare pymodbus: the same devices every second, registers turned into floats, nothing judged, kept or sent"
)


def run() -> list[Result]:
    """Share of a core of the agent's process, and ages as a second client of the broker sees them."""
    with tempfile.TemporaryDirectory() as folder, running("modbus") as port:
        ours, p50, p99 = asyncio.run(_measured(Path(folder), port))
        theirs = _shares(_bare(port))
    return [
        Result("share of a core", "%", ours, {"bare pymodbus": theirs}, more_is_better=False),
        Result("age p50", "ms", p50, more_is_better=False),
        Result("age p99", "ms", p99, more_is_better=False),
    ]


async def _measured(folder: Path, port: int) -> tuple[list[float], list[float], list[float]]:
    path = _site(folder, port)
    campus = load_campus(path)
    async with (
        EmbeddedBroker(folder / "broker", [agent_user("edge", hashed(PASSWORD))], port=free_port()) as broker,
        Database(f"sqlite:///{folder}/hub.db") as database,
        DuckSeries(folder / "series.duckdb") as series,
        ingesting(broker, campus, series, database),
        connect(broker.address, "age-watcher") as watcher,
    ):
        await watcher.subscribe([up_topic("edge", Lane.LIVE)])
        ages: list[np.ndarray] = []
        listening = asyncio.create_task(_listen(watcher, ages))
        async with _agent(folder, path, broker.address.port) as process:
            shares, p50, p99 = [], [], []
            await asyncio.sleep(SETTLED_S)
            for _ in range(RUNS):
                ages.clear()
                before, begun_s = _cpu_s(process), time.perf_counter()
                await asyncio.sleep(WINDOW_S)
                shares.append(100 * (_cpu_s(process) - before) / (time.perf_counter() - begun_s))
                seen = np.concatenate(ages)
                if len(seen) < 0.9 * DEVICES * FLOATS * WINDOW_S:
                    raise RuntimeError(f"only {len(seen)} readings came in {WINDOW_S} s")
                p50.append(float(np.percentile(seen, 50)))
                p99.append(float(np.percentile(seen, 99)))
        listening.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await listening
    return shares, p50, p99


async def _listen(watcher: Any, ages: list[np.ndarray]) -> None:
    async for message in watcher.messages():
        now_us = time.time_ns() // 1000
        batch, _ = samples_from(decode(message.payload))
        ages.append((now_us - batch.time_us) * 1000 / US_PER_S)
        message.done()


@contextlib.asynccontextmanager
async def _agent(folder: Path, path: Path, port: int) -> AsyncIterator[psutil.Process]:
    """The agent's program, as it runs on a gateway."""
    secret = folder / "edge.json"
    who = {"agent": "edge", "host": "127.0.0.1", "port": port, "username": "edge", "password": PASSWORD}
    with os.fdopen(os.open(secret, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(who, file)
    settings = {
        "agent": "edge",
        "site": str(path),
        "data_dir": str(folder / "edge"),
        "hub": str(secret),
        "health": {"port": free_port()},
        "detect": {"gather_s": GATHER_S},
    }
    config = folder / "edge.yaml"
    config.write_text(yaml.safe_dump(settings), "utf-8")
    command = (sys.executable, "-m", "edge_agent", "run", "--config", str(config))
    with (folder / "edge.log").open("w") as log:
        process = await asyncio.create_subprocess_exec(*command, stderr=log)
        try:
            yield psutil.Process(process.pid)
        finally:
            process.terminate()
            await process.wait()


@contextlib.contextmanager
def _bare(port: int) -> Iterator[psutil.Process]:
    command = (sys.executable, "-m", "benchmarks.polled", str(port), str(DEVICES))
    with subprocess.Popen(command) as process:
        try:
            yield psutil.Process(process.pid)
        finally:
            process.kill()


def _shares(started: contextlib.AbstractContextManager[psutil.Process]) -> list[float]:
    shares = []
    with started as process:
        time.sleep(SETTLED_S)
        for _ in range(RUNS):
            before, begun_s = _cpu_s(process), time.perf_counter()
            time.sleep(WINDOW_S)
            shares.append(100 * (_cpu_s(process) - before) / (time.perf_counter() - begun_s))
    return shares


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _site(folder: Path, port: int) -> Path:
    own = {"make": "measured", "model": "measured", "grade": "own", "sources": ["this measurement"]}
    title = {"zh": "测量", "en": "measured"}
    profile = {"profile": "floats", "kind": "meter", "title": title, **own, "sheet": floats(FLOATS)}
    (folder / "floats.yaml").write_text(json.dumps(profile), "utf-8")
    rule = {
        "id": "too-high",
        "kind": "when",
        **dict.fromkeys(("title", "message", "advice"), title),
        "family": "energy",
        "severity": "low",
        "select": {"kinds": ["meter"]},
        "when": [{"point": "u0_v", "above": 300}],
    }
    links = [{"id": f"link-{n}", "host": LOOPBACK[n], "port": port, "poll_s": 1.0} for n in range(DEVICES)]
    meters = [{"id": f"meter-{n}", "profile": "floats", "link": f"link-{n}"} for n in range(DEVICES)]
    path = folder / "site.yaml"
    path.write_text(json.dumps({**site(links, meters, [rule]), "profiles": ["floats.yaml"]}), "utf-8")
    return path
