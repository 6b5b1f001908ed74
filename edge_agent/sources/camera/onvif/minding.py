"""Hosts that speak ONVIF: their clocks are told, and what they report of tampering makes a camera a suspect."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Final

from devices.model.errors import Garbled, Refused, Unreachable
from devices.wire.mqtt import Backoff
from edge_agent.sources.camera.onvif.client import SUBSCRIBED_S, Device
from edge_agent.sources.camera.onvif.soap import is_tampering
from edge_agent.sources.camera.watch import CLOCK_EVERY_S, JITTER, Desk, Watch

log = logging.getLogger(__name__)

#: Between two questions for events: a device may answer at once instead of waiting for some.
PULL_PAUSE_S: Final = 1.0
FIRST_S: Final = 10.0
MOST_S: Final = 600.0


async def mind(
    desk: Desk, device: Device, watches: Sequence[Watch], look_again: Callable[[int], None]
) -> None:
    """Ask a host for its clock and its events for ever.

    A tampering report is believed only so far that its cameras are looked at again: which of a recorder's cameras
    it means is for makes to say in their own ways, and devices report what is none.
    """
    async with asyncio.TaskGroup() as group:
        group.create_task(_clock(desk, device, watches), name="onvif clock")
        group.create_task(_events(desk, device, watches, look_again), name="onvif events")


async def _clock(desk: Desk, device: Device, watches: Sequence[Watch]) -> None:
    counts = watches[0].host.counts
    while True:
        try:
            off_s = await device.clock_off_s()
            for watch in watches:
                await watch.device_clock(off_s)
        except (Unreachable, Refused, Garbled):
            counts["onvif_failures"] += 1
        except Exception:  # boundary: a source's task, one for each host
            counts["faults"] += 1
            log.exception("onvif %s: a fault of ours", watches[0].host.link.id)
        await desk.clock.sleep(CLOCK_EVERY_S * (1 - JITTER * desk.random() / 2))


async def _events(
    desk: Desk, device: Device, watches: Sequence[Watch], look_again: Callable[[int], None]
) -> None:
    backoff, failures, counts = Backoff(FIRST_S, MOST_S, JITTER, desk.random), 0, watches[0].host.counts
    while True:
        try:
            place = await device.subscribe()
            until_s = desk.clock.monotonic() + SUBSCRIBED_S / 2
            while desk.clock.monotonic() < until_s:
                notices = await device.pull(place)
                failures = 0
                if any(is_tampering(notice) for notice in notices):
                    counts["tampers"] += 1
                    for watch in watches:
                        look_again(watch.camera.row)
                await desk.clock.sleep(PULL_PAUSE_S)
        except (Unreachable, Refused, Garbled):
            failures += 1
            counts["onvif_failures"] += 1
            await desk.clock.sleep(backoff.wait_s(failures))
        except Exception:  # boundary: a source's task, one for each host
            failures += 1
            counts["faults"] += 1
            log.exception("onvif %s: a fault of ours", watches[0].host.link.id)
            await desk.clock.sleep(backoff.wait_s(failures))
