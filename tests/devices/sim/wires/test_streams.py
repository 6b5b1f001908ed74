"""Simulated streams, caches and stalls, as the agent sees them: each fault has its state, and goes when it ends."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.model.codes import CameraLink
from devices.sim.simulation import Options, Simulation, running
from edge_agent.sources.camera import CameraSettings, CameraSource
from edge_agent.sources.port import SystemClock
from tests.devices.sim.conftest import SMALL
from tests.edge_agent.sources.gathering_sink import GatheringSink

AGENT = "edge-1"
CAMERAS = """\
- {id: still, profile: campus-camera, link: nvr, area: road, name: {zh: 甲, en: A}, parameters: {channel: 1}}
- {id: film, profile: campus-stream, link: nvr, area: road, name: {zh: 乙, en: B}, tags: [critical]}
"""


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Simulation]:
    text = "\n".join(line for line in SMALL.splitlines() if "profile: campus-camera" not in line)
    links = text.replace("sessions: 2", "sessions: 4, poll_s: 0.3, timeout_s: 1")
    (tmp_path / "site.yaml").write_text(links.replace("rules: []", f"{CAMERAS}rules: []"), "utf-8")
    campus = load_campus(tmp_path / "site.yaml")
    async with running(campus, Options(ports=dict.fromkeys(campus.links, 0))) as simulation:
        yield simulation


@contextlib.asynccontextmanager
async def watched(sim: Simulation) -> AsyncIterator[GatheringSink]:
    """The agent's source, at the ports that the simulator really has."""
    links = {
        name: link.model_copy(update={"port": sim.listeners[name].port}) if name == "nvr" else link
        for name, link in sim.campus.links.items()
    }
    campus = replace(sim.campus, links=links)
    table = campus.points_of(AGENT)
    sink = GatheringSink(table)
    source = CameraSource(campus, AGENT, CameraSettings(), table, SystemClock())
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


def latest(sink: GatheringSink, camera: str) -> CameraLink | None:
    told = sink.of(f"{camera}.link")
    return CameraLink(int(told[-1][0])) if told else None


@pytest.mark.parametrize(
    ("kind", "still", "film"),
    [
        ("stall", CameraLink.TIMED_OUT, CameraLink.SILENT),
        ("session-limit", CameraLink.SESSION_LIMIT, None),
        ("cached", CameraLink.CACHED, None),
    ],
)
async def test_each_fault_on_command_has_its_state_and_ends(
    sim: Simulation, kind: str, still: CameraLink, film: CameraLink | None
) -> None:
    async with watched(sim) as sink:
        both = lambda: (latest(sink, "still"), latest(sink, "film"))  # noqa: E731
        await sink.until(lambda: both() == (CameraLink.ONLINE, CameraLink.ONLINE), 30)
        healthy = {camera: len(sink.of(f"{camera}.link")) for camera in ("still", "film")}
        since = lambda camera: [value for value, _ in sink.of(f"{camera}.link")[healthy[camera] :]]  # noqa: E731
        for camera in ("still", "film"):
            sim.board.put(camera, kind, sim.clock_us())
        # What follows a state while the fault lasts, at another visit, is told apart elsewhere.
        await sink.until(lambda: still in since("still") and (film is None or film in since("film")), 30)
        for camera in ("still", "film"):
            sim.board.clear(camera)
        await sink.until(lambda: both() == (CameraLink.ONLINE, CameraLink.ONLINE), 30)


async def test_a_slow_stream_and_a_wrong_clock_are_measured(sim: Simulation) -> None:
    sim.board.put("film", "low-rate", sim.clock_us(), value=2.0)
    sim.board.put("still", "clock-off", sim.clock_us(), value=3600.0)
    async with watched(sim) as sink:
        await sink.until(lambda: bool(sink.of("still.clock_off_s")) and len(sink.of("film.fps")) >= 3, 30)
    assert sink.of("still.clock_off_s")[0][0] == pytest.approx(3600, abs=2)
    assert min(value for value, _ in sink.of("film.fps")) < 4
