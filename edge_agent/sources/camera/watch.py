"""One camera watched: asked for a picture each period, sooner when it is suspect, and what came of it delivered."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import httpx
import numpy as np

from devices.model.codes import CameraLink
from devices.model.errors import Garbled
from devices.model.frames import FrameBatch
from devices.model.samples import SampleBatch
from devices.wire.mqtt import Backoff
from edge_agent.sources.camera.decoding import Workers
from edge_agent.sources.camera.fetch import Target, picture
from edge_agent.sources.camera.freshness import Fetched
from edge_agent.sources.camera.host import COUNTED, UNREACHED, Camera, Host
from edge_agent.sources.camera.newest import Newest, Picture
from edge_agent.sources.camera.settings import CameraSettings
from edge_agent.sources.camera.workers import WorkerLost
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.packets import Sight
from edge_agent.sources.port import Clock, Sink

log = logging.getLogger(__name__)

JITTER: Final = 0.5
#: A visit to a stream may wait so long for a key frame, at most; then it is somebody else's turn.
MOST_VISIT_S: Final = 60.0
#: The error of a host's clock is told when it changes by so much, and else so often.
CLOCK_CHANGE_S: Final = 1.5
CLOCK_EVERY_S: Final = 600.0


@dataclass(frozen=True, slots=True)
class Desk:
    """What all cameras of an agent share."""

    settings: CameraSettings
    clock: Clock
    random: Callable[[], float]
    newest: Newest
    workers: Workers
    http: httpx.AsyncClient
    out: Sink


class Watch:
    """One camera, and how its pictures come to the sink."""

    def __init__(self, desk: Desk, host: Host, camera: Camera) -> None:
        self.desk = desk
        self.host = host
        self.camera = camera
        self._clock_off_s = math.nan
        self._clock_told_s = -math.inf
        self._device_clock_s = -math.inf

    async def run(self, due_s: float) -> None:
        """Ask for a picture each period, for ever; a period that was missed is left out and counted."""
        clock, poll_s, begun_s, again_s = self.desk.clock, self.host.link.poll_s, math.nan, math.inf
        while True:
            await self.until(min(due_s, again_s))
            now_s = clock.monotonic()
            self.host.period_s, begun_s = now_s - begun_s, now_s
            await self.look()
            now_s = clock.monotonic()
            is_suspect = now_s < self.camera.suspect_until_s
            again_s = now_s + self.desk.settings.suspect_s if is_suspect else math.inf
            if now_s >= due_s:
                missed = math.floor((now_s - due_s) / poll_s)
                self.host.counts["overruns"] += missed
                due_s += (missed + 1) * poll_s

    async def until(self, due_s: float) -> None:
        """Wait for a time, or until somebody suspects the camera."""
        waiting = (
            asyncio.ensure_future(self.desk.clock.sleep(due_s - self.desk.clock.monotonic())),
            asyncio.ensure_future(self.camera.woken.wait()),
        )
        try:
            await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for one in waiting:
                one.cancel()
        self.camera.woken.clear()

    async def look(self) -> None:
        """Get one picture and deliver it with the outcome."""
        try:
            await self.tell(*await self._outcome())
        except Exception:  # boundary: a source's task, one for each camera
            self.host.counts["faults"] += 1
            log.exception("camera %s: a fault of ours", self.camera.id)

    async def _outcome(self) -> tuple[CameraLink, str, Sight | None]:
        """How an attempt went, why, and the picture if there is one."""
        try:
            # Over the decoding too: pictures in memory stay as few as sessions.
            async with self.host.turns.turn(self.camera.rank(self.desk.clock.monotonic())):
                return CameraLink.ONLINE, "", await self._reached()
        except NoPicture as failure:
            return failure.link, str(failure), None
        except Garbled as error:
            return CameraLink.NOT_A_PICTURE, str(error), None

    async def tell(self, link: CameraLink, why: str, sight: Sight | None) -> None:
        """Deliver how an attempt went, and the picture if there is one."""
        camera, time_us = self.camera, self.desk.clock.now_us() if sight is None else sight.time_us
        camera.link, camera.why = link, why
        camera.failures = 0 if link is CameraLink.ONLINE else camera.failures + 1
        camera.away.note(time_us, round(self.host.link.poll_s * 1e6), is_away=link is not CameraLink.ONLINE)
        self.host.counts[COUNTED[link]] += 1
        await self.samples(time_us, link=link)
        await self._tell_others()
        await self._tell_building()
        if sight is not None:
            self.desk.newest.put(camera.id, Picture(sight.time_us, sight.jpeg))
            self.host.last_ok_us = sight.time_us
            await self.desk.out.frames(
                FrameBatch(
                    np.array([camera.row], np.int32),
                    np.array([sight.time_us], np.int64),
                    sight.seen.grey[np.newaxis],
                    np.array([sight.seen.colour], np.float32),
                )
            )

    async def samples(self, time_us: int, **values: float) -> None:
        """Deliver values of points that this camera has; what is not known is left out."""
        rows = self.camera.rows
        told = {rows[name]: value for name, value in values.items() if name in rows and not math.isnan(value)}
        if told:
            batches = [SampleBatch.of(row, time_us, value) for row, value in told.items()]
            await self.desk.out.samples(SampleBatch.joined(batches))

    async def _tell_others(self) -> None:
        """Deliver how many cameras of the host give no picture when it changes, to all of them at once."""
        host, share = self.host, self.host.offline()
        if share == host.told_offline:
            return
        host.told_offline, time_us = share, self.desk.clock.now_us()
        rows = [camera.rows["offline_alike"] for camera in host.cameras]
        rows.append(host.cameras[0].rows["many_offline"])
        await self.desk.out.samples(SampleBatch.of(rows, time_us, share))

    async def _tell_building(self) -> None:
        """Deliver which cameras that are links of their own went away together, when it changes."""
        building = self.host.building
        if building is None:
            return
        building.note(self.camera, self.desk.clock.monotonic())
        if news := building.news():
            await self.desk.out.samples(
                SampleBatch.of(list(news), self.desk.clock.now_us(), list(news.values()))
            )

    async def _reached(self) -> Sight:
        """A picture from the host, or its latest refusal while it rests.

        Raises:
            NoPicture: and why.
            Garbled: it cannot be decoded.
        """
        host, clock = self.host, self.desk.clock
        if host.rest is not None and clock.monotonic() < host.rests_until_s:
            host.counts["spared"] += 1
            raise NoPicture(host.rest.link, str(host.rest))
        try:
            sight = await self._fetched() if isinstance(self.camera.target, Target) else await self._visited()
        except NoPicture as failure:
            if failure.link in UNREACHED:
                host.unreached += 1
                host.rest, first_s = failure, self.desk.settings.host_rest_s
                rest = Backoff(first_s, max(first_s, host.link.poll_s), JITTER, self.desk.random)
                host.rests_until_s = clock.monotonic() + rest.wait_s(host.unreached)
            else:
                host.rest, host.unreached = None, 0
            raise
        host.rest, host.unreached = None, 0
        return sight

    async def _fetched(self) -> Sight:
        """A still picture over HTTP."""
        assert isinstance(self.camera.target, Target)
        fetched = await picture(self.desk.http, self.camera.target, self.desk.clock.now_us)
        await self._tell_clock(fetched)
        self.camera.freshness.check(fetched, round(self.host.link.poll_s * 5e5))
        seen = await self.desk.workers.seen(
            fetched.jpeg, self.desk.settings.max_megapixels * 1e6, self.camera.row
        )
        return Sight(fetched.time_us, seen, fetched.jpeg)

    async def _visited(self) -> Sight:
        """The first key frame of a stream that is opened for it; once more, if its worker ends over another one."""
        try:
            return await self._first_sight()
        except WorkerLost:
            pass
        try:
            return await self._first_sight()
        except WorkerLost as lost:
            raise NoPicture(CameraLink.TIMED_OUT, str(lost)) from None

    async def _first_sight(self) -> Sight:
        link = self.host.link
        longest_s = max(3 * link.timeout_s, min(link.poll_s, MOST_VISIT_S))
        async with self.desk.workers.reading(self.camera) as channel:
            try:
                async with asyncio.timeout(longest_s):
                    while not isinstance(event := await channel.next(), Sight):
                        pass  # counts come before a picture where key frames are rare
            except TimeoutError:
                raise NoPicture(CameraLink.UNDECODABLE, f"no key frame within {longest_s:g} s") from None
            return event

    async def device_clock(self, off_s: float) -> None:
        """Deliver by how much its clock is wrong as the device says itself, by ONVIF."""
        self._device_clock_s = self.desk.clock.monotonic()
        await self.samples(self.desk.clock.now_us(), clock_off_s=off_s)

    async def _tell_clock(self, fetched: Fetched) -> None:
        """Deliver by how much the host's clock is wrong, now and then.

        A device that tells its clock itself is believed before the `Date` of an answer, which a cache or a proxy
        between may have written, or kept.
        """
        off_s, now_s = fetched.clock_off_s(), self.desk.clock.monotonic()
        if now_s - self._device_clock_s < 2 * CLOCK_EVERY_S:
            return
        is_new = not abs(off_s - self._clock_off_s) < CLOCK_CHANGE_S
        if not math.isnan(off_s) and (is_new or now_s - self._clock_told_s > CLOCK_EVERY_S):
            self._clock_off_s, self._clock_told_s = off_s, now_s
            await self.samples(fetched.time_us, clock_off_s=off_s)
