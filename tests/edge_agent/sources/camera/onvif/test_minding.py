"""What is done with a device's clock and events while the agent runs, against real HTTP hosts."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from edge_agent.sources.camera import CameraSettings
from edge_agent.sources.camera.decoding import Workers
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.freshness import Fetched
from edge_agent.sources.camera.host import Host as CameraHost
from edge_agent.sources.camera.newest import Newest
from edge_agent.sources.camera.onvif.client import Device
from edge_agent.sources.camera.onvif.minding import PULL_PAUSE_S, mind
from edge_agent.sources.camera.roster import hosts_of
from edge_agent.sources.camera.watch import CLOCK_EVERY_S, Desk, Watch
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.camera.onvif.test_words import clock
from tests.edge_agent.sources.camera.watching import http_link
from tests.edge_agent.sources.camera.web_host import Asked, Host, Reply, ok, serving, status
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device

PATH, EVENTS, PLACE = "/onvif/device_service", "/events", "/pull"
NOW_US = 1_795_334_709_000_000  # what `clock` says
CAPABILITIES = b"<E><Capabilities><Events><XAddr>http://x/events</XAddr></Events></Capabilities></E>"
SUBSCRIBED = b"<E><SubscriptionReference><Address>http://x/pull</Address></SubscriptionReference></E>"
TAMPERED = (
    b"<E><NotificationMessage><Topic>tns1:RuleEngine/TamperDetector/Tamper</Topic><Message><Message>"
    b'<Source><SimpleItem Name="VideoSource" Value="1"/></Source>'
    b'<Data><SimpleItem Name="State" Value="true"/></Data></Message></Message></NotificationMessage></E>'
)


class Hurried(SystemClock):
    """Time that stands but for sleeping, which is short and written down."""

    def __init__(self) -> None:
        self.slept: list[float] = []
        self.passed_s = 0.0

    def now_us(self) -> int:
        return NOW_US + round(self.passed_s * 1e6)

    def monotonic(self) -> float:
        return self.passed_s

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        if seconds > PULL_PAUSE_S:
            await asyncio.Event().wait()  # the next time is not waited for
        self.passed_s += seconds
        await asyncio.sleep(0)


class Sink(GatheringSink):
    """Fails as often as it is told to."""

    failures = 0

    async def samples(self, batch: Any) -> None:
        if self.failures:
            self.failures -= 1
            self._news.set()
            raise RuntimeError("no room")
        await super().samples(batch)


@asynccontextmanager
async def minded(
    folder: Path, answers: dict[str, Callable[[Asked], Reply]], failures: int = 0
) -> AsyncIterator[tuple[Watch, CameraHost, Hurried, list[int]]]:
    time, looked = Hurried(), []
    async with serving(Host(answers)) as double, client() as http:
        site = campus_of(folder, [http_link(double.port)], [device("cam-1", "campus-camera", "rec")])
        sink = Sink(site.points_of(AGENT))
        sink.failures = failures
        [host] = hosts_of(site, AGENT, sink.table, CameraSettings())
        desk = Desk(CameraSettings(), time, lambda: 0.0, Newest(0), Workers(1, 0, time, 15), http, sink)
        watch = Watch(desk, host, host.cameras[0])
        recorder = Device(http, "127.0.0.1", double.port, None, 5.0, time.now_us)
        task = asyncio.create_task(mind(desk, recorder, [watch], looked.append))
        try:
            yield watch, host, time, looked
            assert not task.done(), task
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


def device_saying(pulled: Callable[[], bytes]) -> dict[str, Callable[[Asked], Reply]]:
    """A device; both its clock and its services are asked at one address."""
    told = lambda asked: clock() if b"GetSystemDateAndTime" in asked.body else CAPABILITIES  # noqa: E731
    return {
        PATH: lambda asked: ok(told(asked)),
        EVENTS: lambda _: ok(SUBSCRIBED),
        PLACE: lambda _: ok(pulled()),
    }


async def until(done: Callable[[], object]) -> None:
    async with asyncio.timeout(30):
        while not done():  # noqa: ASYNC110 - a counter is no event
            await asyncio.sleep(0.01)


async def test_a_device_that_answers_at_once_is_asked_after_a_pause_and_its_reports_make_suspects(
    tmp_path: Path,
) -> None:
    said = itertools.chain([b"<E/>", TAMPERED, b"<E/>"], itertools.repeat(b"<E/>"))
    pulls = itertools.count(1)
    asked = [0]

    def pulled() -> bytes:
        asked[0] = next(pulls)
        return next(said)

    async with minded(tmp_path, device_saying(pulled)) as (_, host, time, looked):
        await until(lambda: asked[0] >= 5)
        pauses = time.slept.count(PULL_PAUSE_S)
    assert asked[0] - 1 <= pauses <= asked[0]
    assert looked == [0]
    assert host.counts["tampers"] == 1
    assert host.counts["faults"] == host.counts["onvif_failures"] == 0


async def test_an_answer_without_sense_waits_and_costs_no_task(tmp_path: Path) -> None:
    refused: dict[str, Callable[[Asked], Reply]] = {
        PATH: lambda _: status(401, WWW_Authenticate="Digest nonsense")
    }
    async with minded(tmp_path, refused) as (_, host, time, looked):
        await until(lambda: host.counts["onvif_failures"] == 2 and len(time.slept) == 2)
    assert min(time.slept) > PULL_PAUSE_S
    assert looked == []


async def test_an_error_of_the_sink_ends_neither_the_clock_nor_the_events(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with minded(tmp_path, device_saying(lambda: b"<E/>"), failures=1) as (_, host, time, _):
        await until(lambda: host.counts["faults"] and time.slept.count(PULL_PAUSE_S) >= 2)
    assert host.counts["faults"] == 1
    assert "a fault of ours" in caplog.text


async def test_a_clock_that_the_device_tells_goes_before_the_date_of_an_answer(tmp_path: Path) -> None:
    """A cache in between keeps the `Date` that an answer had, or writes its own."""
    stale = Fetched(b"", NOW_US, NOW_US, date="Sun, 22 Nov 2026 07:05:09 GMT")
    async with minded(tmp_path, device_saying(lambda: b"<E/>")) as (watch, _, time, _):
        sink = watch.desk.out
        assert isinstance(sink, Sink)
        await sink.until(lambda: bool(sink.of("cam-1.clock_off_s")), 30)
        await watch._tell_clock(stale)
        assert [value for value, _ in sink.of("cam-1.clock_off_s")] == [0.0]
        time.passed_s += 2 * CLOCK_EVERY_S + 10  # the device has said nothing for long
        await watch._tell_clock(stale)
        assert [value for value, _ in sink.of("cam-1.clock_off_s")] == [0.0, -3600.0]
