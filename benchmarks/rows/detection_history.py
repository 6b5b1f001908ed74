"""A month of set points judged at once, beside four usual ways to write the same rule.

Everybody does the same: cooling, on, set point below 25.8 C begins a violation, 26 C or more (or off, or another
mode) ends it; ten minutes of it raise, one minute of its absence clears. All must find the same raises.
"""

from __future__ import annotations

import json
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import duckdb
import numpy as np
import pandas as pd

os.environ["POLARS_MAX_THREADS"] = "1"  # read once, when it is imported
import polars as pl

from benchmarks.row import RUNS, Result
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from edge_agent.detect.block import Block, Held
from edge_agent.detect.detection import Detection
from edge_agent.detect.findings import RAISE
from edge_agent.detect.track import Track

NAME = "detection, history"
UNITS: Final = 240
DAYS: Final = 30
STEP_S: Final = 10
STEPS: Final = DAYS * 86_400 // STEP_S
START_US: Final = 1_782_835_200_000_000  # 2026-07-01 00:00 on the campus: the cooling season
#: Slower peers get fewer units of the same month; the loop gets one.
PEER_UNITS: Final = {"polars": 48, "pandas": 24, "duckdb": 24, "loop": 1}
WORK = f"set-point rule over {UNITS} units x 3 points x {DAYS} days at {STEP_S} s, in memory, one core"
PEER = "the same rule in polars (one thread), pandas, DuckDB SQL and a loop; rates, each on as many units as it can"
ON_S: Final = 600
OFF_S: Final = 60


def run() -> list[Result]:
    """Samples a second of us and of each peer, and what a bare pass over the memory reaches."""
    value = _month()
    with tempfile.TemporaryDirectory() as folder:
        campus = _campus(Path(folder))
    peers: dict[str, Callable[[np.ndarray], int]] = {
        "polars": _polars,
        "pandas": _pandas,
        "duckdb": _duckdb,
        "loop": _loop,
    }
    rates: dict[str, list[float]] = {name: [] for name in ("ours", "bare pass", *peers)}
    for _ in range(RUNS):
        rates["ours"].append(_rate(lambda part: _ours(campus, part), value))
        rates["bare pass"].append(_rate(_bare_pass, value))
        for name, peer in peers.items():
            part = value[: 3 * PEER_UNITS[name]]
            assert peer(part) == _ours(campus, part), f"{name} finds other raises"
            rates[name].append(_rate(peer, part))
    finding = [_rate(_changes, value) for _ in range(RUNS)]
    bare = {"bare pass": rates["bare pass"]}
    return [
        Result("judged", "samples/s", rates.pop("ours"), rates),
        Result("of that, changes found", "samples/s", finding, bare),
    ]


def _rate(work: Callable[[np.ndarray], object], value: np.ndarray) -> float:
    begin = time.perf_counter()
    work(value)
    return float(value.size / (time.perf_counter() - begin))


def _month() -> np.ndarray:
    """float64 (3 * units, steps): on, mode and set point of each unit; some changes a day, as people make them."""
    random = np.random.default_rng(7)
    value = np.empty((3 * UNITS, STEPS))
    for unit in range(UNITS):
        value[3 * unit] = _changing(random, [0.0, 1.0], 120)
        value[3 * unit + 1] = _changing(random, [1.0, 1.0, 1.0, 5.0], 20)
        value[3 * unit + 2] = _changing(random, [22.0, 24.0, 25.0, 26.0, 26.0, 27.0], 150)
    return value


def _changing(random: np.random.Generator, values: list[float], changes: int) -> np.ndarray:
    cuts = np.sort(random.choice(STEPS - 1, changes, replace=False)) + 1
    lengths = np.diff([0, *cuts, STEPS])
    return np.repeat(random.choice(values, changes + 1), lengths)


def _times() -> np.ndarray:
    return START_US + np.arange(STEPS, dtype=np.int64) * STEP_S * 1_000_000


def _ours(campus: Campus, value: np.ndarray) -> int:
    until = _times()
    table = campus.points_of("edge")
    full = (
        value if len(value) == len(table) else np.vstack([value, np.zeros((len(table) - len(value), STEPS))])
    )
    detection = Detection(campus, "edge", table, START_US)
    found = detection.play(Block(full, np.broadcast_to(until, full.shape), until))
    return sum(int((findings.kind == RAISE).sum()) for findings in found)


def _changes(value: np.ndarray) -> Track:
    """The one pass over the memory; what is left of the time goes to some 70,000 changes."""
    until = _times()
    return Track.of_block(Held.nothing(len(value)), Block(value, np.broadcast_to(until, value.shape), until))


def _bare_pass(value: np.ndarray) -> int:
    """Compare each value with a limit and find where that turns: less than any rule can do."""
    turns = 0
    for row in value:
        below = row < 26.0
        turns += int(np.count_nonzero(below[1:] != below[:-1]))
    return turns


def _long(value: np.ndarray) -> dict[str, np.ndarray]:
    units = len(value) // 3
    columns = {
        name: np.ascontiguousarray(value[k::3]).ravel() for k, name in enumerate(("on", "mode", "setpoint"))
    }
    return {
        "unit": np.repeat(np.arange(units), STEPS),
        "second": np.tile(np.arange(STEPS) * STEP_S, units),
        **columns,
    }


def _polars(value: np.ndarray) -> int:
    holds = (pl.col("on") == 1) & (pl.col("mode") == 1) & (pl.col("setpoint") < 25.8)
    ends = (pl.col("on") == 0) | (pl.col("mode") != 1) | (pl.col("setpoint") >= 26)
    runs = (
        pl.DataFrame(_long(value))
        .with_columns(edge=pl.when(holds).then(1).when(ends).then(0).otherwise(None))
        .with_columns(bad=pl.col("edge").forward_fill().over("unit").fill_null(0))
        .with_columns(run=pl.struct("unit", "bad").rle_id())
        .group_by("run", maintain_order=True)
        .agg(pl.col("unit").first(), pl.col("bad").first(), pl.col("second").first())
        .with_columns(end=pl.col("second").shift(-1).over("unit").fill_null((STEPS - 1) * STEP_S))
        .with_columns(lasts=pl.col("end") - pl.col("second"))
        .filter(
            (pl.col("bad") == 1) & (pl.col("lasts") >= ON_S)
            | (pl.col("bad") == 0) & (pl.col("lasts") >= OFF_S)
        )
        .with_columns(before=pl.col("bad").shift(1).over("unit").fill_null(0))
    )
    return int(runs.filter((pl.col("bad") == 1) & (pl.col("before") == 0)).height)


def _pandas(value: np.ndarray) -> int:
    frame = pd.DataFrame(_long(value))
    holds = (frame["on"] == 1) & (frame["mode"] == 1) & (frame["setpoint"] < 25.8)
    ends = (frame["on"] == 0) | (frame["mode"] != 1) | (frame["setpoint"] >= 26)
    frame["edge"] = np.where(holds, 1.0, np.where(ends, 0.0, np.nan))
    frame["bad"] = frame.groupby("unit")["edge"].ffill().fillna(0)
    new = (frame["bad"] != frame["bad"].shift()) | (frame["unit"] != frame["unit"].shift())
    runs = frame[new][["unit", "bad", "second"]].copy()
    runs["end"] = runs.groupby("unit")["second"].shift(-1).fillna((STEPS - 1) * STEP_S)
    lasts = runs["end"] - runs["second"]
    runs = runs[((runs["bad"] == 1) & (lasts >= ON_S)) | ((runs["bad"] == 0) & (lasts >= OFF_S))]
    before = runs.groupby("unit")["bad"].shift().fillna(0)
    return int(((runs["bad"] == 1) & (before == 0)).sum())


SQL: Final = """
with edges as (
    select unit, second, case when "on" = 1 and mode = 1 and setpoint < 25.8 then 1
        when "on" = 0 or mode <> 1 or setpoint >= 26 then 0 end as edge from month),
filled as (
    select unit, second,
        coalesce(last_value(edge ignore nulls) over (partition by unit order by second), 0) as bad from edges),
marked as (
    select *, lag(bad) over (partition by unit order by second) as before from filled),
runs as (
    select unit, second, bad,
        coalesce(lead(second) over (partition by unit order by second), $end) - second as lasts
    from marked where before is null or before <> bad),
counted as (
    select *, coalesce(lag(bad) over (partition by unit order by second), 0) as before from runs
    where (bad = 1 and lasts >= $on_s) or (bad = 0 and lasts >= $off_s))
select count(*) from counted where bad = 1 and before = 0
"""
LIMITS: Final = {"end": (STEPS - 1) * STEP_S, "on_s": ON_S, "off_s": OFF_S}


def _duckdb(value: np.ndarray) -> int:
    with duckdb.connect(config={"threads": 1}) as connection:
        connection.register("month", pd.DataFrame(_long(value)))
        return int(connection.execute(SQL, LIMITS).fetchall()[0][0])


def _loop(value: np.ndarray) -> int:
    raises = 0
    for unit in range(len(value) // 3):
        bad, since, raised = False, 0, False
        rows = zip(*(value[3 * unit + k].tolist() for k in range(3)), strict=True)
        for step, (on, mode, setpoint) in enumerate(rows):
            now = step * STEP_S
            was = bad
            if on == 1 and mode == 1 and setpoint < 25.8:
                bad = True
            elif on == 0 or mode != 1 or setpoint >= 26:
                bad = False
            if bad != was:
                if was and not raised and now - since >= ON_S:
                    raised, raises = True, raises + 1
                elif not was and raised and now - since >= OFF_S:
                    raised = False
                since = now
            if bad and not raised and now - since >= ON_S:
                raised, raises = True, raises + 1
            elif not bad and raised and now - since >= OFF_S:
                raised = False
    return raises


def _campus(folder: Path) -> Campus:
    def words(text: str) -> dict[str, str]:
        return {"zh": text, "en": text}

    def point(name: str, addr: int, **more: Any) -> dict[str, Any]:
        return {"name": name, "title": words(name), "table": "holding", "addr": addr, **more}

    sheet = {
        "kind": "modbus",
        "points": [
            point("on", 0, codes="on_off"),
            point("mode", 1, codes="ac_mode"),
            point("setpoint_c", 2, unit="C"),
        ],
    }
    profile = {
        "profile": "three-points",
        "kind": "ac",
        "title": words("unit"),
        "make": "bench",
        "model": "bench",
        "grade": "own",
        "sources": ["this benchmark"],
        "sheet": sheet,
    }
    (folder / "three-points.yaml").write_text(json.dumps(profile), "utf-8")
    rule = {
        "id": "setpoint",
        "kind": "setpoint",
        **{key: words(key) for key in ("title", "message", "advice")},
        "family": "cooling",
        "severity": "low",
        "select": {"kinds": ["ac"]},
        "on_delay_s": ON_S,
        "off_delay_s": OFF_S,
    }
    place = {"profile": "three-points", "area": "room", "name": words("unit")}
    site = {
        "campus": {"id": "bench", "name": words("bench")},
        "agents": [{"id": "edge", "name": words("edge")}],
        "sites": [{"id": "hq", "name": words("hq"), "agent": "edge"}],
        "buildings": [{"id": "main", "site": "hq", "name": words("main")}],
        "zones": [{"id": "all", "name": words("all"), "owner": words("all")}],
        "areas": [{"id": "room", "building": "main", "zone": "all", "kind": "office", "name": words("room")}],
        "links": [
            {"id": "gw", "agent": "edge", "kind": "modbus-tcp", "name": words("gw"), "host": "127.0.0.1"}
        ],
        "devices": [{"id": f"ac-{n}", "link": "gw", "unit": n % 240 + 1, **place} for n in range(UNITS)],
        "seasons": [
            {"cooling": {"first": "01-01", "last": "12-31"}, "heating": {"first": "01-01", "last": "01-01"}}
        ],
        "rules": [rule],
        "profiles": ["three-points.yaml"],
    }
    file = folder / "site.yaml"
    file.write_text(json.dumps(site), "utf-8")
    return load_campus(file)
