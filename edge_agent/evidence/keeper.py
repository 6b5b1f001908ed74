"""Takes evidence when a vehicle was too fast: waits for the rest of the pictures, has files made, and keeps them."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from devices.campus.calibrations import Calibration
from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.alerts import AlertEvent, EventKind
from devices.model.errors import Unreachable
from edge_agent.errors import NoRoom
from edge_agent.evidence.facts import Facts, facts_of
from edge_agent.evidence.ring import Cut, Ring
from edge_agent.evidence.settings import EvidenceSettings
from edge_agent.evidence.store import Store
from edge_agent.sources.capture.orders import LENGTH, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.port import Clock, Sink

log = logging.getLogger(__name__)

PROGRAM: Final = (sys.executable, "-m", "edge_agent.evidence.maker")
#: Pictures of the time after a pass are waited for so long beyond it; a stream that stalls gives what there is, and
#: those who waited behind it do not wait anew: meanwhile rings of other cameras run over.
PATIENCE_S: Final = 10.0
MAKING_S: Final = 60.0
#: Vehicles that may wait for their evidence.
MOST_WAITING: Final = 64
#: Pictures of a short pass are at least so far apart.
APART_US: Final = 400_000
PRUNE_S: Final = 3600.0
#: What an alert says of a vehicle whose road a camera watches.
CHECK: Final = "check"
#: A folder that cannot be read is tried again so soon.
RETRY_S: Final = 60.0

OnPackets = Callable[[str, Callable[[Codec, Packet], None]], None]


class Keeper:
    """Evidence of the speeding alerts of radars that calibrated cameras watch.

    Args:
        campus: the site file.
        calibrations: cameras, and the radars of their lanes.
        settings: bounds.
        folder: where evidence is kept.
        on_packets: how to get the packets of a camera; called at once.
        clock: time.
    """

    def __init__(
        self,
        campus: Campus,
        calibrations: Sequence[Calibration],
        settings: EvidenceSettings,
        folder: Path,
        on_packets: OnPackets,
        clock: Clock,
    ) -> None:
        self._campus = campus
        self._settings = settings
        self._clock = clock
        self.store = Store(folder, settings)
        self._waiting: asyncio.Queue[AlertEvent] = asyncio.Queue(MOST_WAITING)
        self._camera_of = _cameras(campus, calibrations)
        self._rings = {
            one.camera: Ring(settings.ring_bytes, round(settings.ring_s * 1e6)) for one in calibrations
        }
        self.counts = Counter[str]()
        for camera, ring in self._rings.items():
            on_packets(camera, ring.take)

    def note(self, events: Iterable[AlertEvent]) -> None:
        """Take evidence of those that are vehicles that a camera saw; returns at once."""
        for event in events:
            is_pass = event.kind is EventKind.MOMENT and CHECK in event.evidence  # by whichever rule
            if is_pass and event.device in self._camera_of:
                if self._waiting.full():
                    self.counts["missed"] += 1
                else:
                    self._waiting.put_nowait(event)

    def health(self) -> dict[str, Any]:
        """Counters, what is kept, and the hash that the manifest ends with."""
        rings = {camera: ring.bytes for camera, ring in self._rings.items()}
        kept = {
            "kept": len(self.store.entries),
            "bytes": self.store.taken_bytes,
            "head": self.store.head(),
        }
        return {**self.counts, **self.store.counts, **kept, "waiting": self._waiting.qsize(), "rings": rings}

    async def run(self, _out: Sink) -> None:
        """Keep evidence for ever."""
        while not await self._works(self.store.open):
            await self._clock.sleep(RETRY_S)
        while True:
            await self._works(self.store.prune, self._clock.now_us())
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(PRUNE_S):
                    event = await self._waiting.get()
                await self._take(event)

    async def _works(self, act: Callable[..., object], *given: int) -> bool:
        try:
            await asyncio.to_thread(act, *given)
        except OSError as error:
            self.counts["disk_errors"] += 1
            log.warning("the folder of evidence does not work: %s", error)
            return False
        return True

    async def _take(self, event: AlertEvent) -> None:
        try:
            counted = await self._kept(event)
        except NoRoom:
            self.counts["no_room"] += 1
            log.warning("no room for evidence of alert %s", event.id)
        except Unreachable as error:
            self.counts["not_made"] += 1
            log.warning("no evidence of alert %s: %s", event.id, error)
        except OSError as error:
            self.counts["not_stored"] += 1
            log.error("evidence of alert %s cannot be stored: %s", event.id, error)  # noqa: TRY400
        except Exception:  # boundary: a source's task; the next vehicle gets its evidence all the same
            self.counts["failed"] += 1
            log.exception("no evidence of alert %s", event.id)
        else:
            self.counts[counted] += 1

    async def _kept(self, event: AlertEvent) -> str:
        """Keep evidence of one; return what to count."""
        camera = self._camera_of[event.device]
        cut = await self._cut(camera, event)
        if cut is None:
            return "no_pictures"
        facts = facts_of(event, self._campus, camera)
        files = await _made(cut, _moments(event), facts)
        told = {name: value for name, value in facts._asdict().items() if name not in {"plate", "alert"}}
        span = {"clip_from_us": cut.from_us, "clip_to_us": cut.to_us}
        now_us = self._clock.now_us()
        await asyncio.to_thread(self.store.keep, event.id, files, {**told, **span}, now_us)
        return "taken"

    async def _cut(self, camera: str, event: AlertEvent) -> Cut | None:
        """Packets around a pass, once those after it are there or do not come."""
        ring = self._rings[camera]
        to_us = event.time_us + round(self._settings.after_s * 1e6)
        due_s = min((to_us - self._clock.now_us()) / 1e6, self._settings.after_s)  # a clock may step back
        until_s = self._clock.monotonic() + due_s + PATIENCE_S
        while ring.newest_us < to_us and self._clock.monotonic() < until_s:
            await self._clock.sleep(0.2)
        middle_us = (event.start_us + event.time_us) // 2
        return ring.cut(event.start_us - round(self._settings.before_s * 1e6), to_us, middle_us)


def _cameras(campus: Campus, calibrations: Sequence[Calibration]) -> dict[str, str]:
    """The camera of each radar: that of its lane, or of another radar on its road."""
    found = {lane.radar: one.camera for one in calibrations for lane in one.lanes}
    rules = [rule for rule in campus.rules.values() if isinstance(rule, SpeedingRule)]
    for road in (road for rule in rules for road in rule.roads):
        camera = next((found[radar] for radar in road.radars if radar in found), None)
        for radar in road.radars if camera is not None else ():
            found.setdefault(radar, str(camera))
    return found


def _moments(event: AlertEvent) -> list[int]:
    """Moments of the pictures: the beginning, middle and end of the pass."""
    middle_us = (event.start_us + event.time_us) // 2
    return [
        min(event.start_us, middle_us - APART_US),
        middle_us,
        max(event.time_us, middle_us + APART_US),
    ]


async def _made(cut: Cut, moments_us: Sequence[int], facts: Facts) -> dict[str, bytes]:
    """Files of a cut, made in a process of its own.

    Raises:
        Unreachable: it ended without an answer, or did not end.
    """
    codec, packets = cut.codec, [list(packet) for packet in cut.packets]
    about = [codec.name, codec.extradata, codec.width, codec.height, codec.tick_us, codec.epoch]
    process = await asyncio.create_subprocess_exec(*PROGRAM, stdin=PIPE, stdout=PIPE)
    try:
        async with asyncio.timeout(MAKING_S):
            answer, _ = await process.communicate(framed([about, packets, list(moments_us), list(facts)]))
    except TimeoutError:
        raise Unreachable(f"not made within {MAKING_S:g} s") from None
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if len(answer) <= LENGTH:
        raise Unreachable("the pictures cannot be read")
    files: dict[str, bytes] = unpacked(answer[LENGTH:])[0]
    return files
