"""The camera source: one still picture of each camera every period, and how the attempt went."""

from __future__ import annotations

import asyncio
import logging
import math
import random as random_numbers
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import cv2
import httpx
import numpy as np

from devices.campus.site import Campus
from devices.model.codes import CameraLink
from devices.model.errors import Garbled
from devices.model.frames import FrameBatch
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from edge_agent.sources.camera.fetch import NoPicture, client, picture
from edge_agent.sources.camera.host import COUNTED, UNREACHED, Camera, Host, hosts_of
from edge_agent.sources.camera.newest import Newest, Picture
from edge_agent.sources.camera.settings import CameraSettings
from edge_agent.sources.capture.picture import Grey, grey_of
from edge_agent.sources.port import Clock, Sink

log = logging.getLogger(__name__)


class CameraSource:
    """Fetches a still picture of every camera of an agent, spread over each link's period.

    Args:
        campus: the site file.
        agent: whose links.
        settings: accounts and bounds.
        table: the agent's point table; rows of the samples refer to it.
        clock: time.
        random: numbers from 0 to 1, by which hosts start out of step.

    Raises:
        ConfigRefused: an account is for no link of this agent, or its password cannot be read.
    """

    def __init__(
        self,
        campus: Campus,
        agent: str,
        settings: CameraSettings,
        table: PointTable,
        clock: Clock,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        self._settings = settings
        self._clock = clock
        self._random = random
        self._hosts = hosts_of(campus, agent, table, settings.accounts)
        self._newest = Newest(settings.evidence_bytes)

    def newest(self, camera: str) -> Picture | None:
        """The latest good picture of a camera as it came (`time_us`, `jpeg`), if memory still holds it."""
        return self._newest.get(camera)

    def health(self) -> dict[str, Any]:
        """Counters and state of each host, by the id of its link."""
        return {
            "evidence_bytes": self._newest.bytes,
            "links": {host.link.id: host.health() for host in self._hosts},
        }

    async def run(self, out: Sink) -> None:
        """Deliver for ever."""
        cv2.setNumThreads(1)  # many small pictures: OpenCV's own threads only get in each other's way
        pool = ThreadPoolExecutor(self._settings.decoders, thread_name_prefix="camera-decode")
        try:
            async with client() as http, asyncio.TaskGroup() as group:
                for host in self._hosts:
                    start_s = self._clock.monotonic() + self._random() * host.link.poll_s / len(host.cameras)
                    for number, camera in enumerate(host.cameras):
                        due_s = start_s + number * host.link.poll_s / len(host.cameras)
                        watch = self._watch(host, camera, due_s, http, pool, out)
                        group.create_task(watch, name=f"camera {camera.id}")
        finally:
            pool.shutdown(wait=False, cancel_futures=True)

    async def _watch(
        self,
        host: Host,
        camera: Camera,
        due_s: float,
        http: httpx.AsyncClient,
        pool: ThreadPoolExecutor,
        out: Sink,
    ) -> None:
        """One camera, for ever; a period that was missed is left out and counted."""
        begun_s = math.nan
        while True:
            await self._clock.sleep(due_s - self._clock.monotonic())
            now_s = self._clock.monotonic()
            host.period_s, begun_s = now_s - begun_s, now_s
            await self._look(host, camera, http, pool, out)
            missed = max(0, math.floor((self._clock.monotonic() - due_s) / host.link.poll_s))
            host.counts["overruns"] += missed
            due_s += (missed + 1) * host.link.poll_s

    async def _look(
        self, host: Host, camera: Camera, http: httpx.AsyncClient, pool: ThreadPoolExecutor, out: Sink
    ) -> None:
        """Fetch one picture and deliver it with the outcome."""
        grey: Grey | None = None
        time_us = 0
        try:
            async with host.sessions:  # over the decoding too: pictures in memory stay as few as sessions
                jpeg = await self._fetched(host, camera, http)
                time_us = self._clock.now_us()
                loop = asyncio.get_running_loop()
                grey = await loop.run_in_executor(pool, grey_of, jpeg, self._settings.max_megapixels * 1e6)
            self._newest.put(camera.id, Picture(time_us, jpeg))
            host.last_ok_us = time_us
            camera.link, camera.why = CameraLink.ONLINE, ""
        except NoPicture as failure:
            camera.link, camera.why = failure.link, str(failure)
        except Garbled as error:
            camera.link, camera.why = CameraLink.NOT_A_PICTURE, str(error)
        except Exception:  # boundary: a fault of ours on one camera must not end the others
            host.counts["faults"] += 1
            log.exception("camera %s: a fault of ours", camera.id)
            return
        host.counts[COUNTED[camera.link]] += 1
        await out.samples(SampleBatch.of(camera.link_row, time_us or self._clock.now_us(), camera.link))
        if grey is not None:
            await out.frames(
                FrameBatch(np.array([camera.row], np.int32), np.array([time_us], np.int64), grey[np.newaxis])
            )

    async def _fetched(self, host: Host, camera: Camera, http: httpx.AsyncClient) -> bytes:
        """A picture from the host, or its latest refusal while it rests.

        Raises:
            NoPicture: and why.
        """
        if host.rest is not None and self._clock.monotonic() < host.rests_until_s:
            host.counts["spared"] += 1
            raise NoPicture(host.rest.link, str(host.rest))
        try:
            jpeg = await picture(http, camera.target)
        except NoPicture as failure:
            if failure.link in UNREACHED:
                host.rest = failure
                host.rests_until_s = self._clock.monotonic() + self._settings.host_rest_s
            raise
        host.rest = None
        return jpeg
