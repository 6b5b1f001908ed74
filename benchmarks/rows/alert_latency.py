"""From the poll that saw a register change to the event at a browser, while 5,000 points a second flow beside it."""

from __future__ import annotations

import statistics
import tempfile
import threading
import time
from pathlib import Path
from typing import Any, Final

from benchmarks.row import RUNS, Result
from benchmarks.stack import Stack, free_port, site, words

NAME = "alert latency"
METERS: Final = 67
POLL_S: Final = 0.2
ALERTS: Final = 30
WORK = f"a pump's fault bit over Modbus, {ALERTS} times a run; beside it {METERS} meters x 15 points every {POLL_S} s"
PEER = "none at hand: no other system that runs here judges at the gateway and tells a browser"


def run() -> list[Result]:
    """The 99th percentile of each run; the clock of both ends is this machine's."""
    with tempfile.TemporaryDirectory() as folder, Stack(Path(folder), _site()) as stack:
        heard: dict[str, int] = {}
        latencies: list[float] = []
        listener = threading.Thread(target=_listen, args=(stack, heard, latencies), daemon=True)
        listener.start()
        time.sleep(8)
        p50, p99 = [], []
        for _ in range(RUNS):
            latencies.clear()
            for _ in range(ALERTS):
                stack.fault("pump", "cabinet-fault")
                time.sleep(0.45)
                stack.clear("pump")
                time.sleep(0.45)
            ordered = sorted(latencies)
            p50.append(statistics.median(ordered))
            p99.append(ordered[min(len(ordered) - 1, round(0.99 * len(ordered)))])
    return [
        Result("age p50", "ms", p50, more_is_better=False),
        Result("age p99", "ms", p99, more_is_better=False),
    ]


def _listen(stack: Stack, heard: dict[str, int], latencies: list[float]) -> None:
    try:
        for name, data, now_us in stack.events():
            if name == "alert" and data["rule"] == "fault" and data["id"] not in heard:
                heard[data["id"]] = now_us
                latencies.append((now_us - data["start_us"]) / 1000)
    except OSError:
        return  # the hub has ended


def _site() -> dict[str, Any]:
    rule = {
        "id": "fault",
        "kind": "when",
        **{key: words(key) for key in ("title", "message", "advice")},
        "family": "fire",
        "severity": "high",
        "select": {"kinds": ["pump"]},
        "when": [{"point": "fault", "equals": "on"}],
    }
    links = [{"id": "panel", "port": free_port(), "poll_s": POLL_S}]
    links += [{"id": f"rs485-{n}", "port": free_port(), "poll_s": POLL_S} for n in range(4)]
    meters = [
        {"id": f"meter-{n}", "profile": "eastron-sdm630", "link": f"rs485-{n % 4}", "unit": n // 4 + 1}
        for n in range(METERS)
    ]
    pump = {"id": "pump", "profile": "campus-pump-panel", "link": "panel", "unit": 1}
    return site(links, [pump, *meters], [rule])
