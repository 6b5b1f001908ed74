"""One live step of all standard rules, beside the same rules written as a loop over samples."""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks.row import RUNS, Result
from devices.campus.loading import load_campus
from devices.campus.rules import SetpointRule, StaleRule, WhenRule, leaves
from devices.campus.site import Campus
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection

NAME = "detection, live"
UNITS: Final = 300
CAMERAS: Final = 350
STEPS: Final = 500
CHANGED: Final = 500
START_US: Final = 1_782_864_000_000_000
#: One of each: what a gateway judges at the least.
TWENTY: Final = (
    *(
        "pump-not-auto",
        "pump-power-lost",
        "pump-phase-lost",
        "pump-did-not-start",
        "pump-running",
        "pump-fault",
    ),
    *("low-pressure", "low-network-pressure", "tank-low", "setpoint", "ac-fault", "door-forced", "door-held"),
    *("camera-offline", "camera-dark", "camera-frozen", "device-silent", "pump-silent", "door-silent"),
    "link-silent",
)
WORK = (
    f"{UNITS} air conditioners, {CAMERAS} cameras, others: about 5,050 points; {CHANGED} samples a step, one in a"
    f" hundred of another value; {len(TWENTY)} rules, and all that are shipped and find a device"
)
PEER = "the same comparisons and delays as a Python loop over devices"


def run() -> list[Result]:
    """The 99th percentile of one step."""
    with tempfile.TemporaryDirectory() as folder:
        campus = _campus(Path(folder))
    twenty = replace(campus, rules={name: campus.rules[name] for name in TWENTY})
    found = []
    for name, judged in ((f"{len(TWENTY)} rules: step p99", twenty), ("all rules: step p99", campus)):
        ours, loop = [], []
        for seed in range(RUNS):
            ours.append(_p99_ms(_steps(judged, seed)))
            loop.append(_p99_ms(_loop_steps(judged, seed)))
        found.append(Result(name, "ms", ours, {"loop": loop}, more_is_better=False))
    return found


def _p99_ms(times: Iterator[float]) -> float:
    return float(np.quantile(np.fromiter(times, np.float64), 0.99) * 1e3)


def _batches(campus: Campus, seed: int) -> Iterator[tuple[SampleBatch, int]]:
    """Sparse changes: most values repeat, one in a hundred is another."""
    random = np.random.default_rng(seed)
    table = campus.points_of("edge")
    usual = random.choice([0.0, 1.0, 26.0], len(table))
    for step in range(STEPS):
        now_us = START_US + step * 1_000_000
        rows = random.choice(len(table), CHANGED, replace=False)
        values = np.where(random.random(CHANGED) < 0.01, random.integers(0, 30, CHANGED), usual[rows])
        yield SampleBatch.of(rows, now_us - random.integers(0, 900_000, CHANGED), values), now_us


def _steps(campus: Campus, seed: int) -> Iterator[float]:
    detection = Detection(campus, "edge", campus.points_of("edge"), START_US)
    for batch, now_us in _batches(campus, seed):
        begin = time.perf_counter()
        detection.step(batch, now_us)
        yield time.perf_counter() - begin


def _loop_steps(campus: Campus, seed: int) -> Iterator[float]:
    table = campus.points_of("edge")
    held: dict[str, tuple[float, int]] = {}
    since: dict[tuple[str, str], int] = {}
    for batch, now_us in _batches(campus, seed):
        begin = time.perf_counter()
        for row, time_us, value in zip(
            batch.point.tolist(), batch.time_us.tolist(), batch.value.tolist(), strict=True
        ):
            held[table.names[row]] = (value, time_us)
        for rule in campus.rules.values():
            for device in campus.devices:
                if _holds(rule, device, held, now_us):
                    since.setdefault((rule.id, device), now_us)
                else:
                    since.pop((rule.id, device), None)
        yield time.perf_counter() - begin


def _holds(rule: object, device: str, held: dict[str, tuple[float, int]], now_us: int) -> bool:
    """What each kind of rule compares, without words, dead bands, seasons and evidence: kind to the loop."""
    match rule:
        case WhenRule():
            conditions = list(leaves(rule.when))
            values = [held.get(f"{device}.{condition.point}") for condition in conditions]
            limits = [_number(c.above) or _number(c.below) or 1.0 for c in conditions]
            return all(v is not None and v[0] > limit for v, limit in zip(values, limits, strict=True))
        case SetpointRule():
            on, setpoint = held.get(f"{device}.on"), held.get(f"{device}.setpoint_c")
            return bool(on and setpoint and on[0] == 1 and setpoint[0] < rule.cooling_min_c)
        case StaleRule():
            room = held.get(f"{device}.room_c")
            return room is None or now_us - room[1] > rule.after_s * 1e6
        case _:
            return False


def _number(limit: object) -> float:
    return limit if isinstance(limit, float) else 0.0


def _campus(folder: Path) -> Campus:
    def name(text: str) -> dict[str, str]:
        return {"zh": text, "en": text}

    place = {"area": "room", "name": name("x")}
    units = [
        {"id": f"ac-{n}", "profile": "intesis-inmbs", "link": f"gw-{n // 60}", "unit": n % 60 + 1, **place}
        for n in range(UNITS)
    ]
    cameras = [
        {"id": f"cam-{n}", "profile": "campus-camera", "link": "nvr", "parameters": {"channel": n}, **place}
        for n in range(CAMERAS)
    ]
    others = [
        {"id": "pump", "profile": "campus-pump-panel", "link": "gw-0", "unit": 100, **place},
        {"id": "pressure", "profile": "pressure-7reg", "link": "gw-0", "unit": 101, **place},
        *(
            {"id": f"door-{n}", "profile": "campus-door", "link": "field", "topic": f"d{n}", **place}
            for n in range(5)
        ),
    ]
    gateway = {"agent": "edge", "kind": "modbus-tcp", "name": name("gw"), "host": "127.0.0.1"}
    site = {
        "campus": {"id": "bench", "name": name("bench")},
        "agents": [{"id": "edge", "name": name("edge")}],
        "sites": [{"id": "hq", "name": name("hq"), "agent": "edge"}],
        "buildings": [{"id": "main", "site": "hq", "name": name("main")}],
        "zones": [{"id": "all", "name": name("all"), "owner": name("all")}],
        "areas": [{"id": "room", "building": "main", "zone": "all", "kind": "office", "name": name("room")}],
        "links": [{"id": f"gw-{n}", "port": 1502 + n, **gateway} for n in range(UNITS // 60)]
        + [{"id": "nvr", "agent": "edge", "kind": "http", "name": name("nvr"), "host": "127.0.0.1"}]
        + [{"id": "field", "agent": "edge", "kind": "mqtt", "name": name("field"), "prefix": "field"}],
        "devices": units + cameras + others,
        "seasons": [
            {"cooling": {"first": "01-01", "last": "12-31"}, "heating": {"first": "01-01", "last": "01-01"}}
        ],
        "rules": [
            str(file)
            for file in sorted((Path(__file__).resolve().parents[2] / "config" / "rules").glob("*.yaml"))
        ],
    }
    file = folder / "site.yaml"
    file.write_text(json.dumps(site), "utf-8")  # JSON is YAML
    return load_campus(file)
