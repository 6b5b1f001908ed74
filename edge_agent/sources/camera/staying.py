"""A stream that is read all the time: reconnected with growing pauses, and counted while it runs."""

from __future__ import annotations

import logging
from typing import Final

from devices.model.codes import CameraLink
from devices.wire.mqtt import Backoff
from edge_agent.sources.camera.host import Camera
from edge_agent.sources.camera.settings import CameraSettings
from edge_agent.sources.camera.watch import JITTER, Watch
from edge_agent.sources.camera.workers import Channel, WorkerLost
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.packets import Sight

log = logging.getLogger(__name__)

#: Pauses before a stream is opened again; one that hung or ended its worker is kept from it for longer.
FIRST_S: Final = 1.0
MOST_S: Final = 60.0


async def stay(watch: Watch, due_s: float) -> None:
    """Read the stream of a camera for ever, from `due_s` on."""
    desk, camera = watch.desk, watch.camera
    backoff = Backoff(FIRST_S, MOST_S, JITTER, desk.random)
    await desk.clock.sleep(due_s - desk.clock.monotonic())
    while True:
        try:
            await _read(watch)
            await _rest(watch, backoff.wait_s(max(1, camera.failures)))
        except WorkerLost:
            continue  # perhaps not through this stream; another worker is being started
        except Exception:  # boundary: a source's task, one for each camera
            watch.host.counts["faults"] += 1
            log.exception("camera %s: a fault of ours", camera.id)
            camera.failures += 1
            await desk.clock.sleep(backoff.wait_s(camera.failures))


async def _read(watch: Watch) -> None:
    """Read the stream until it ends, and tell why it did.

    Raises:
        WorkerLost: its worker ended.
    """
    try:
        async with (
            watch.host.turns.turn(watch.camera.rank(0.0)),
            watch.desk.workers.reading(watch.camera) as channel,
        ):
            await _delivered(watch, channel)
    except NoPicture as failure:
        await watch.tell(failure.link, str(failure), None)


async def _delivered(watch: Watch, channel: Channel) -> None:
    """Deliver what comes until the stream ends.

    Raises:
        NoPicture, WorkerLost: it has ended.
    """
    desk, camera, link = watch.desk, watch.camera, watch.host.link
    every_s, camera.hurry = link.poll_s, channel.every
    while True:
        event = await channel.next()
        if isinstance(event, Sight):
            await watch.tell(CameraLink.ONLINE, "", event)
        else:
            await watch.samples(
                desk.clock.now_us(), fps=event.fps, kbps=event.kbps, gap_s=event.gap_s, key_s=event.key_s
            )
        wanted_s = _every_s(camera, desk.settings, desk.clock.monotonic(), link.poll_s)
        if wanted_s != every_s:
            every_s = wanted_s
            channel.every(every_s)


def _every_s(camera: Camera, settings: CameraSettings, now_s: float, poll_s: float) -> float:
    """Seconds between two pictures: fewer for a suspect."""
    return min(poll_s, settings.suspect_s) if now_s < camera.suspect_until_s else poll_s


async def _rest(watch: Watch, wait_s: float) -> None:
    """Wait; the state is told at each period, so that nobody takes a camera that rests for one that is forgotten."""
    clock, camera = watch.desk.clock, watch.camera
    until_s = clock.monotonic() + wait_s
    while (left_s := until_s - clock.monotonic()) > 0:
        await clock.sleep(min(left_s, watch.host.link.poll_s))
        if left_s > watch.host.link.poll_s and camera.link is not None:
            await watch.samples(clock.now_us(), link=camera.link)
