"""What an agent takes of its gateway while nothing happens: 854 points every ten seconds, no cameras."""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any, Final

import psutil

from benchmarks.row import RUNS, Result
from benchmarks.stack import Stack, free_port, site

NAME = "agent at rest"
METERS: Final = 57
WINDOW_S: Final = 20.0
RULES: Final = Path(__file__).resolve().parents[2] / "config" / "rules"
WORK = f"{METERS} meters x 15 points every 10 s behind 4 links, standard rules, hub connected; {WINDOW_S:.0f} s windows"
PEER = "none at hand: the gateways that are compared with need servers that are not here"


def run() -> list[Result]:
    """Share of a core and resident memory, of the agent's process alone."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), _site()) as stack:
        process = psutil.Process(stack.processes.pid("edge"))
        time.sleep(15)
        shares, memory = [], []
        for _ in range(RUNS):
            before, begin = _cpu_s(process), time.perf_counter()
            time.sleep(WINDOW_S)
            shares.append(100 * (_cpu_s(process) - before) / (time.perf_counter() - begin))
            memory.append(process.memory_info().rss / 1e6)
    return [
        Result("share of a core", "%", shares, more_is_better=False),
        Result("resident memory", "MB", memory, more_is_better=False),
    ]


def _cpu_s(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _site() -> dict[str, Any]:
    links = [{"id": f"rs485-{n}", "port": free_port(), "poll_s": 10} for n in range(4)]
    meters = [
        {"id": f"meter-{n}", "profile": "eastron-sdm630", "link": f"rs485-{n % 4}", "unit": n // 4 + 1}
        for n in range(METERS)
    ]
    return site(links, meters, [str(file) for file in sorted(RULES.glob("*.yaml"))])
