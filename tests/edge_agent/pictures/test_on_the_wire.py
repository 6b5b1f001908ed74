"""Simulated recorder, camera source, pipeline, shipped rules: what is provoked is what is told, once."""

from __future__ import annotations

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind
from devices.profiles.strict import read_yaml
from devices.sim.simulation import Options, Simulation, running
from devices.wire.messages import Lane, Message
from devices.wire.records import alerts_from
from edge_agent.detect.counters import Meters
from edge_agent.detect.detection import Detection
from edge_agent.pictures import Looking, PictureSettings
from edge_agent.pictures.references import Light
from edge_agent.pipeline import Pipeline
from edge_agent.settings import DetectSettings
from edge_agent.sources.camera import CameraSettings, CameraSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.pictures.conftest import RULES, campus_of

POLL_S = 0.6
#: Of the shipped delays: longer than the time between two pictures.
DELAY_S = 1.4
PROVOKED = {
    "lobby-1": ("cover", "camera-covered"),
    "corridor-2": ("turn", "camera-turned"),
    "parking-1": ("blur", "camera-blurred"),
    "parking-2": ("frozen-clock", "camera-frozen"),
    "lobby-3": ("offline", "camera-offline"),
    "lobby-2": ("session-limit", "camera-offline"),
    "corridor-3": ("frozen", "camera-frozen"),
    "kitchen-1": ("clock-off", "camera-clock-wrong"),
    "parking-3": ("low-rate", "camera-low-rate"),
}
STREAMS = ("parking-3",)
WAIT_S = 50.0
#: A workday at 10:01:45: the light stays for hours.
MORNING_US = int(dt.datetime(2026, 11, 24, 2, 1, 45, tzinfo=dt.UTC).timestamp() * 1e6)


class Morning(SystemClock):
    """It begins at `MORNING_US`."""

    def __init__(self) -> None:
        self._ahead_us = MORNING_US - super().now_us()

    def now_us(self) -> int:
        """Wall time of that morning."""
        return super().now_us() + self._ahead_us


class Store:
    """Keeps the alerts of what is committed."""

    def __init__(self) -> None:
        self.events: list[AlertEvent] = []

    async def commit(self, records: Sequence[tuple[Lane, Message]], _states: object) -> None:
        alerts = [message for lane, message in records if lane is Lane.ALERTS]
        self.events += [event for message in alerts for event in alerts_from(message)]

    def raised(self) -> set[tuple[str, str]]:
        return {(e.rule, e.device) for e in self.events if e.kind is EventKind.RAISE}

    def cleared(self) -> set[tuple[str, str]]:
        return {(e.rule, e.device) for e in self.events if e.kind is EventKind.CLEAR}


@asynccontextmanager
async def agent(campus: Campus, store: Store, clock: SystemClock | None = None) -> AsyncIterator[Looking]:
    table, clock = campus.points_of("edge"), clock or SystemClock()
    looking = Looking(campus, "edge", table, PictureSettings(learn_s=0.1))
    detection = Detection(campus, "edge", table, clock.now_us())
    pace = DetectSettings(tick_s=0.2)
    pipeline = Pipeline(detection, table, store, clock, pace, Meters(campus, "edge", table), looking)
    source = CameraSource(campus, "edge", CameraSettings(), table, clock)
    tasks = [asyncio.create_task(work, name="test") for work in (pipeline.run(), source.run(pipeline))]
    try:
        yield looking
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def until(found: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + WAIT_S
    while not found():
        assert time.monotonic() < deadline_s, what
        await asyncio.sleep(0.05)


def put(sim: Simulation, camera: str, kind: str) -> None:
    sim.board.put(camera, kind, sim.clock_us())


@pytest.mark.timeout(160)
async def test_faults_of_pictures_are_told_once_each_and_cleared_after_repair(
    tmp_path: Path, free_port: Callable[[], int]
) -> None:
    rules = read_yaml(RULES)
    rules["rules"] = [rule for rule in rules["rules"] if rule["id"] not in {"camera-unsteady", "camera-many"}]
    for rule in rules["rules"]:
        rule["on_delay_s"] = min(rule["on_delay_s"], DELAY_S) if "on_delay_s" in rule else 0
        rule["off_delay_s"] = min(rule.get("off_delay_s", 0), DELAY_S)
        if rule["kind"] == "stale":
            del rule["on_delay_s"], rule["off_delay_s"]
    link = {"port": free_port(), "poll_s": POLL_S, "timeout_s": 5, "sessions": 16}
    campus = campus_of(tmp_path, rules, PROVOKED, STREAMS, **link)
    store, clock = Store(), Morning()
    options = Options(lingers=False)
    async with running(campus, options, clock.now_us) as sim, agent(campus, store, clock) as looking:

        def knows(camera: str) -> bool:
            return any(looking.reference(camera, light) is not None for light in Light)

        await until(lambda: all(map(knows, PROVOKED)), "references")
        for camera, (kind, _) in PROVOKED.items():
            put(sim, camera, kind)
        wanted = {(rule, camera) for camera, (_, rule) in PROVOKED.items()}
        await until(lambda: store.raised() >= wanted, "an alert of each")
        for camera in PROVOKED:
            sim.board.clear(camera)
        await until(lambda: store.cleared() >= wanted, "their ends")
    told = [(e.rule, e.device) for e in store.events if e.kind is EventKind.RAISE and e.device in PROVOKED]
    assert sorted(told) == sorted(wanted)
