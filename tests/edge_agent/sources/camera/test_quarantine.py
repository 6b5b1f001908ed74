"""Streams and pictures that end whoever reads them: kept apart, told, and nobody else's trouble."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from devices.campus.site import Campus
from devices.model.codes import CameraLink
from devices.model.errors import Garbled
from edge_agent.sources.camera import CameraSettings
from edge_agent.sources.camera.decoding import FIRST_REST_S, MOST_REST_S, Cleared, Standing, Workers
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.host import Camera
from edge_agent.sources.camera.newest import Newest
from edge_agent.sources.camera.roster import hosts_of
from edge_agent.sources.camera.staying import stay
from edge_agent.sources.camera.watch import Desk, Watch
from edge_agent.sources.camera.workers import WAITING, Channel, Worker, WorkerLost
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.packets import Counts
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.camera.pictures import jpeg
from tests.edge_agent.sources.camera.test_streams import sheet
from tests.edge_agent.sources.camera.watching import http_link, links, pictures
from tests.edge_agent.sources.capture.rtsp import clip
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device

BREAKING = (sys.executable, "-m", "tests.edge_agent.sources.camera.breaking_worker")
PIXELS = 40e6


@asynccontextmanager
async def working(program: Sequence[str] = BREAKING, start_s: float = 60.0) -> AsyncIterator[Workers]:
    workers = Workers(1, 0, SystemClock(), 15, program, start_s)
    task = asyncio.create_task(workers.run())
    try:
        yield workers
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


def files(folder: Path, timeout_s: float = 1.0, **paths: str) -> Campus:
    """Cameras that play files, all the time, by one worker."""
    sheets = {name: sheet("file", path) for name, path in paths.items()}
    devices = [device(f"cam-{name}", name, "rec") for name in paths]
    return campus_of(folder, [http_link(80, poll_s=0.3, timeout_s=timeout_s, sessions=8)], devices, sheets)


@asynccontextmanager
async def staying(site: Campus, workers: Workers) -> AsyncIterator[GatheringSink]:
    sink = GatheringSink(site.points_of(AGENT))
    [host] = hosts_of(site, AGENT, sink.table, CameraSettings())
    async with client() as http:
        desk = Desk(CameraSettings(), SystemClock(), lambda: 0.0, Newest(0), workers, http, sink)
        tasks = [asyncio.create_task(stay(Watch(desk, host, camera), 0.0)) for camera in host.cameras]
        try:
            yield sink
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)


@pytest.mark.promise("P-camera-1")
async def test_a_stream_that_ends_every_worker_is_told_and_the_one_beside_it_goes_on(tmp_path: Path) -> None:
    site = files(tmp_path, poison=str(tmp_path / "poison"), good=str(clip(tmp_path / "good.mp4", 3)))
    async with working() as workers, staying(site, workers) as sink:
        await sink.until(lambda: bool(links(sink, "cam-poison")), 50)
        restarts, before = workers.health()["0"]["restarts"], pictures(sink, 1)
        await sink.until(lambda: pictures(sink, 1) >= before + 8, 50)
        assert workers.health()["0"]["restarts"] == restarts
        assert workers.quarantined() >= 1
    assert set(links(sink, "cam-poison")) == {CameraLink.UNDECODABLE}
    assert set(links(sink, "cam-good")) == {CameraLink.ONLINE}
    assert restarts <= 3


async def test_a_picture_that_ends_its_decoder_is_tried_alone_and_an_innocent_one_is_never_blamed() -> None:
    """One that was under way when a worker ended is decoded by a process that has nothing else to do."""
    poison, good = jpeg()[:-2] + b"poison\xff\xd9", jpeg()
    async with working() as workers:
        bad, told = await asyncio.gather(
            workers.seen(poison, PIXELS, 0), workers.seen(good, PIXELS, 1), return_exceptions=True
        )
        assert getattr(bad, "link", None) is CameraLink.UNDECODABLE
        assert not isinstance(told, BaseException)
        restarts = workers.health()["0"]["restarts"]
        with pytest.raises(NoPicture, match="ended its decoder"):
            await workers.seen(poison, PIXELS, 0)
        assert workers.health()["0"]["restarts"] == restarts, "it is not tried beside others again"
        assert workers.quarantined() == 1
        await workers.seen(good, PIXELS, 0)
        assert workers.quarantined() == 0, "a good picture clears it"


@pytest.mark.parametrize("program", [("/nonexistent/python",), (sys.executable, "-c", "pass")])
async def test_a_machine_that_can_start_no_worker_says_so_for_each_camera(
    tmp_path: Path, program: tuple[str, ...]
) -> None:
    site = files(tmp_path, good=str(clip(tmp_path / "good.mp4", 1)))
    async with working(program, start_s=0.3) as workers, staying(site, workers) as sink:
        await sink.until(lambda: bool(links(sink, "cam-good")), 50)
        with pytest.raises(NoPicture, match="no process"):
            await workers.seen(jpeg(), PIXELS, 5)
        with pytest.raises(WorkerLost):
            await workers.shrunk(jpeg(), PIXELS)
    assert set(links(sink, "cam-good")) == {CameraLink.UNDECODABLE}


async def test_a_worker_that_ends_as_soon_as_it_began_leaves_nobody_waiting() -> None:
    """Its sign of life and its end may be heard at once, before those who wait for it are told of either."""
    said = "import os; from edge_agent.sources.capture.orders import framed; os.write(1, framed(['alive', [], 0]))"
    worker = Worker("0", SystemClock(), 5.0, (sys.executable, "-c", said), 1.0)
    task = asyncio.create_task(worker.run())
    try:
        with pytest.raises(WorkerLost):
            await worker.seen(jpeg(), PIXELS)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_worker_that_is_killed_with_its_pipe_full_is_started_again() -> None:
    """A stream of it hangs, and it had more to say than fits a pipe: nobody reads that any more."""
    said = (
        "import fcntl, os, time; from edge_agent.sources.capture.orders import framed;"
        "fcntl.fcntl(1, fcntl.F_SETPIPE_SZ, 1 << 20);"
        "os.write(1, framed(['alive', [1], 0]) + bytes(900_000)); time.sleep(99)"
    )
    worker = Worker("0", SystemClock(), 20.0, (sys.executable, "-c", said))
    task = asyncio.create_task(worker.run())
    try:
        async with asyncio.timeout(40):
            while not worker.counts["restarts"]:  # noqa: ASYNC110 - a counter is no event
                await asyncio.sleep(0.02)
    finally:
        task.cancel()
        await asyncio.wait({task}, timeout=10)


async def test_a_picture_that_is_no_picture_ends_the_quarantine_and_a_machine_without_processes_begins_none() -> (
    None
):
    poison = jpeg()[:-2] + b"poison\xff\xd9"
    async with working() as workers:
        with pytest.raises(NoPicture):
            await workers.seen(poison, PIXELS, 0)
        assert workers.quarantined() == 1
        with pytest.raises(Garbled):
            await workers.seen(b"<html>", PIXELS, 0)
        assert workers.quarantined() == 0, "whoever decoded it came back"
    workers = Workers(1, 0, SystemClock(), 15, BREAKING, 60.0)
    task = asyncio.create_task(workers.run())
    try:
        await workers.seen(jpeg(), PIXELS, 0)
        workers._made = partial(workers._made, program=("/nonexistent/python",), start_s=0.3)
        with pytest.raises(NoPicture, match="no process"):
            await workers.seen(poison, PIXELS, 0)
        assert workers.quarantined() == 0, "nobody has tried it"
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_a_machine_that_stood_still_blames_no_stream(tmp_path: Path) -> None:
    """A worker that was stopped for longer than a call may take: its streams have not hung, it has not run."""
    video = str(clip(tmp_path / "good.mp4", 3))
    async with working() as workers, staying(files(tmp_path, 0.6, one=video, two=video), workers) as sink:
        await sink.until(lambda: min(pictures(sink, 0), pictures(sink, 1)) >= 1, 50)
        process = workers.health()["0"]["pid"]
        os.kill(process, signal.SIGSTOP)
        await asyncio.sleep(3.3)  # three time-outs and a second are 2.8
        os.kill(process, signal.SIGCONT)
        before = pictures(sink, 0), pictures(sink, 1)
        await sink.until(lambda: pictures(sink, 0) > before[0] + 2 and pictures(sink, 1) > before[1] + 2, 50)
        assert workers.quarantined() == workers.health()["0"]["hung"] == 0
    assert {*links(sink, "cam-one"), *links(sink, "cam-two")} == {CameraLink.ONLINE}


async def test_an_agent_that_stood_still_itself_kills_no_worker() -> None:
    worker = Worker("0", SystemClock(), 2.5)
    task = asyncio.create_task(worker.run())
    try:
        await worker.seen(jpeg(), PIXELS)
        before = worker.pid
        time.sleep(2.9)  # noqa: ASYNC251 - all of the agent stands still
        for _ in range(4):
            await asyncio.sleep(0.1)
            await worker.seen(jpeg(), PIXELS)
        assert (worker.pid, worker.counts["hung"]) == (before, 0)
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_streams_spread_over_their_workers_whatever_stands_between_them(tmp_path: Path) -> None:
    """Every second camera of the agent has a stream: with two workers, these are not all with one of them."""
    video = str(clip(tmp_path / "good.mp4", 1))
    names = [f"n{number}" for number in range(4)]
    workers = Workers(2, 0, SystemClock(), 15)
    task = asyncio.create_task(workers.run())
    try:
        async with AsyncExitStack() as held:
            for row, name in enumerate(names):
                order = Order("file", video)
                await held.enter_async_context(workers.reading(Camera(name, 2 * row, {}, order)))
            assert [one["streams"] for one in workers.health().values()] == [2, 2]
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_what_ends_a_reading_is_not_lost_behind_what_still_comes() -> None:
    channel = Channel(Worker("0", SystemClock(), 5.0), 1, (), count(1))
    channel.add(Counts(1.0, 1.0, 1.0, 1.0, 1))
    channel.add(Cleared("back to the others"))
    for _ in range(2 * WAITING):
        channel.add(Counts(1.0, 1.0, 1.0, 1.0, 1))
    assert isinstance(await channel.next(), Counts)
    with pytest.raises(Cleared):
        await channel.next()


def test_who_is_to_blame_rests_twice_as_long_each_time_up_to_an_hour() -> None:
    standing, why, rests = Standing(), NoPicture(CameraLink.UNDECODABLE, "why"), []
    for _ in range(9):
        standing.blame(why, 100.0)
        rests.append(standing.rests_until_s - 100.0)
    assert rests[:3] == [FIRST_REST_S, 2 * FIRST_REST_S, 4 * FIRST_REST_S]
    assert rests[-1] == MOST_REST_S
    standing.clear()
    standing.blame(why, 0.0)
    assert standing.rests_until_s == FIRST_REST_S


class Failing(GatheringSink):
    """A sink that fails the first few times."""

    def __init__(self, table: Any, failures: int) -> None:
        super().__init__(table)
        self.left = failures

    async def samples(self, batch: Any) -> None:
        if self.left:
            self.left -= 1
            raise RuntimeError("no room")
        await super().samples(batch)


@pytest.mark.parametrize("stays", [True, False])
async def test_an_error_of_the_sink_costs_a_camera_one_picture_and_not_its_life(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, *, stays: bool
) -> None:
    site = files(tmp_path, good=str(clip(tmp_path / "good.mp4", 1)))
    sink = Failing(site.points_of(AGENT), 2)
    [host] = hosts_of(site, AGENT, sink.table, CameraSettings())
    async with working() as workers, client() as http:
        desk = Desk(CameraSettings(), SystemClock(), lambda: 0.0, Newest(0), workers, http, sink)
        watch = Watch(desk, host, host.cameras[0])
        task = asyncio.create_task(stay(watch, 0.0) if stays else watch.run(SystemClock().monotonic()))
        try:
            await sink.until(lambda: pictures(sink, 0) >= 2, 50)
            assert not task.done()
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
    assert host.counts["faults"] == 2
    assert "a fault of ours" in caplog.text
