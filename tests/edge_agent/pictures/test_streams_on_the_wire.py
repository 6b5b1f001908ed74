"""The same with RTSP: simulated streams, capture in its own process, pipeline, shipped rules; told once and cleared."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.alerts import EventKind
from devices.profiles.strict import read_yaml
from devices.sim.simulation import Options, running
from edge_agent.pictures.references import Light
from tests.edge_agent.pictures.conftest import RULES, campus_of
from tests.edge_agent.pictures.test_on_the_wire import Store, agent, until

#: A key frame comes each second; rules wait for longer than that, and shorter than twice.
POLL_S, DELAY_S, TIMEOUT_S = 1.0, 1.8, 3.0
SLOW_FPS = 0.7
#: The morning of a workday: the light stays for hours.
MORNING_US = int(dt.datetime(2026, 11, 24, 2, tzinfo=dt.UTC).timestamp() * 1e6)
PROVOKED = {
    "lobby-1": ("cover", "camera-covered"),
    "corridor-2": ("turn", "camera-turned"),
    "parking-1": ("blur", "camera-blurred"),
    "parking-2": ("frozen", "camera-frozen"),
    "gate-1": ("dark", "camera-dark"),
    "kitchen-1": ("stall", "camera-offline"),
    "lobby-3": ("unauthorised", "camera-offline"),
    "meeting-1": ("low-rate", "camera-low-rate"),
}
#: Visited, and not read all the time: only who opens a stream meets a limit.
VISITED = {"meeting-2": ("session-limit", "camera-offline")}
ALL = {**PROVOKED, **VISITED}


def streamed(folder: Path, port: int) -> Campus:
    """The cameras of `ALL` behind an RTSP host."""
    rules = read_yaml(RULES)
    unfit = {"camera-unsteady", "camera-many"}  # of many minutes, and of many cameras
    rules["rules"] = [rule for rule in rules["rules"] if rule["kind"] == "when" and rule["id"] not in unfit]
    for rule in rules["rules"]:
        if rule["id"] == "camera-low-rate":  # a busy machine is slow by itself
            rule["when"] = [{"point": "fps", "below": SLOW_FPS * 1.5, "dead_band": 0.1}]
        rule["on_delay_s"] = min(rule.get("on_delay_s", 0), DELAY_S)
        rule["off_delay_s"] = min(rule.get("off_delay_s", 0), DELAY_S)
    campus_of(folder, rules, ALL, port=port, poll_s=POLL_S, timeout_s=TIMEOUT_S, sessions=16)
    site = json.loads((folder / "site.yaml").read_text("utf-8"))
    site["links"][0]["kind"] = "rtsp"
    for device in site["devices"]:
        device["profile"] = "hikvision-stream"
        device["tags"] = [] if device["id"] in VISITED else ["critical"]
    (folder / "site.yaml").write_text(json.dumps(site), "utf-8")
    return load_campus(folder / "site.yaml")


@pytest.mark.timeout(200)
async def test_faults_of_streams_are_told_once_each_and_cleared_after_repair(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    campus, store = streamed(tmp_path, free_port()), Store()
    ahead_us = MORNING_US - time.time_ns() // 1000
    morning_us = lambda: time.time_ns() // 1000 + ahead_us  # noqa: E731
    async with running(campus, Options(lingers=False), morning_us) as sim, agent(campus, store) as looking:

        def knows(camera: str) -> bool:
            return any(looking.reference(camera, light) is not None for light in Light)

        await until(lambda: all(map(knows, ALL)), "references")
        assert store.raised() == set()
        for camera, (kind, _) in ALL.items():
            sim.board.put(camera, kind, sim.clock_us(), value=SLOW_FPS if kind == "low-rate" else None)
        wanted = {(rule, camera) for camera, (_, rule) in ALL.items()}
        await until(lambda: store.raised() >= wanted, "an alert of each")
        for camera in ALL:
            sim.board.clear(camera)
        await until(lambda: store.cleared() >= wanted, "their ends")
    told = [(e.rule, e.device) for e in store.events if e.kind is EventKind.RAISE]
    assert sorted(told) == sorted(wanted)
