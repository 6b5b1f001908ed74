"""The camera source: one picture of each camera every period, and how the attempt went."""

from __future__ import annotations

import asyncio
import random as random_numbers
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import httpx

from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.model.points import PointTable
from edge_agent.sources.camera.decoding import Workers
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.host import Host
from edge_agent.sources.camera.newest import Newest, Picture
from edge_agent.sources.camera.onvif.client import Device
from edge_agent.sources.camera.onvif.minding import mind
from edge_agent.sources.camera.onvif.recorders import follow
from edge_agent.sources.camera.roster import check_sessions, hosts_of
from edge_agent.sources.camera.settings import CameraSettings
from edge_agent.sources.camera.staying import stay
from edge_agent.sources.camera.watch import Desk, Watch
from edge_agent.sources.camera.workers import Taker
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.port import Clock, Sink


class CameraSource:
    """Gets pictures of every camera of an agent, spread over each link's period.

    Args:
        campus: the site file.
        agent: whose links.
        settings: accounts and bounds.
        table: the agent's point table; rows of the samples refer to it.
        clock: time.
        random: numbers from 0 to 1, by which hosts start out of step.

    Raises:
        ConfigRefused: an account is for no link of this agent, its password cannot be read, or a host has fewer
            sessions than streams that are read all the time.
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
        self._hosts = hosts_of(campus, agent, table, settings)
        self._of = {camera.row: (host, camera) for host in self._hosts for camera in host.cameras}
        self._newest = Newest(settings.evidence_bytes)
        streams = sum(isinstance(camera.target, Order) for _, camera in self._of.values())
        self._workers = Workers(settings.decoders, streams, clock, settings.hang_s)

    def newest(self, camera: str) -> Picture | None:
        """The latest good picture of a camera as it came (`time_us`, `jpeg`), if memory still holds it."""
        return self._newest.get(camera)

    async def shrunk(self, jpeg: bytes) -> bytes:
        """A picture for people, small enough for a thin line.

        Raises:
            Garbled: it cannot be decoded.
            Unreachable: its worker ended; another is being started.
        """
        return await self._workers.shrunk(jpeg, self._settings.max_megapixels * 1e6)

    def look_again(self, row: int) -> None:
        """Look at a suspect more often for a while, before others of its host; call it in the event loop.

        Args:
            row: as in `FrameBatch.camera`.

        At most a quarter of a host's cameras are so looked at: when they all seem wrong, that is one cause for
        all, and no reason to ask a recorder for everything at once.
        """
        host, camera = self._of.get(row, (None, None))
        if host is None or camera is None:
            return
        now_s = self._clock.monotonic()
        is_new = now_s >= camera.suspect_until_s
        if is_new and host.suspects(now_s) >= max(1, len(host.cameras) // 4):
            return
        camera.suspect_until_s = now_s + self._settings.suspect_for_s
        if is_new:
            camera.woken.set()
            if camera.hurry is not None:
                camera.hurry(min(host.link.poll_s, self._settings.suspect_s))

    def on_packets(self, camera: str, take: Taker) -> None:
        """Give every encoded packet of a camera to `take`, in the event loop; call it before `run`.

        Raises:
            Refused: no such camera, or one without a stream, or its host has too few sessions.
        """
        found = next(((host, one) for host, one in self._of.values() if one.id == camera), None)
        if found is None or not isinstance(found[1].target, Order):
            raise Refused(f"{camera} has no stream")
        host, one = found
        one.target, one.stays = replace(found[1].target, packets=True), True
        one.takers = (*one.takers, take)
        check_sessions(host)

    def health(self) -> dict[str, Any]:
        """Counters and state of each host, by the id of its link, and of each worker process."""
        return {
            "evidence_bytes": self._newest.bytes,
            "quarantined": self._workers.quarantined(),
            "workers": self._workers.health(),
            "links": {host.link.id: host.health() for host in self._hosts},
        }

    async def run(self, out: Sink) -> None:
        """Deliver for ever."""
        async with client() as http, asyncio.TaskGroup() as group:
            group.create_task(self._workers.run(), name="capture workers")
            desk = Desk(self._settings, self._clock, self._random, self._newest, self._workers, http, out)
            for host in self._hosts:
                start_s = self._clock.monotonic() + self._random() * host.link.poll_s / len(host.cameras)
                watches = [Watch(desk, host, camera) for camera in host.cameras]
                if host.link.id in self._settings.onvif:
                    name, device = f"onvif {host.link.id}", self._device(host, http)
                    group.create_task(mind(desk, device, watches, self.look_again), name=name)
                    group.create_task(
                        follow(desk, self._device(host, http), watches), name=f"recordings {host.link.id}"
                    )
                for number, watch in enumerate(watches):
                    due_s = start_s + number * host.link.poll_s / len(host.cameras)
                    life = stay(watch, due_s) if watch.camera.stays else watch.run(due_s)
                    group.create_task(life, name=f"camera {watch.camera.id}")

    def _device(self, host: Host, http: httpx.AsyncClient) -> Device:
        """The ONVIF side of a host."""
        link, account = host.link, self._settings.accounts.get(host.link.id)
        signed = None if account is None else (account.username, account.secret())
        port = self._settings.onvif[link.id]
        return Device(http, link.host, port, signed, link.timeout_s, self._clock.now_us)
