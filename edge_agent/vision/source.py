"""The agent's side of vision: hands packets of calibrated cameras to a process of its own, and speeds to the rules."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import Callable
from typing import Any, Final

from devices.campus.calibrations import Calibration
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from edge_agent.sources.capture.orders import LENGTH, LONGEST, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.port import Clock, Sink

log = logging.getLogger(__name__)

PROGRAM: Final = (sys.executable, "-m", "edge_agent.vision.eye")
BEAT_S: Final = 1.0
#: A process that answers no beat for so long is killed; decoding a second of video takes less.
HANG_S: Final = 20.0
RESTART_S: Final = 1.0
#: What may wait to be decoded; beyond it packets are left out until the next key frame.
ROOM_BYTES: Final = 16_000_000

OnPackets = Callable[[str, Callable[[Codec, Packet], None]], None]


class VisionSource:
    """Measures speeds in the streams of the calibrated cameras of an agent.

    Args:
        calibrations: of the cameras, whose order numbers them.
        table: the agent's point table; rows of the samples refer to it.
        on_packets: how to get the packets of a camera, see `CameraSource.on_packets`; called at once.
        clock: time.
    """

    def __init__(
        self, calibrations: list[Calibration], table: PointTable, on_packets: OnPackets, clock: Clock
    ) -> None:
        self._calibrations = calibrations
        self._clock = clock
        names = ("vision_kmh", "vision_error_kmh", "vision_lane")
        self._rows = [[table.row[f"{one.camera}.{name}"] for name in names] for one in calibrations]
        self._process: Process | None = None
        self._said: dict[int, Codec] = {}
        self._skips: set[int] = set()
        self._beats = 0
        self._answered = 0
        self._told: dict[int, dict[str, int]] = {}
        self._last_us: dict[int, int] = {}
        self.counts = Counter[str]()
        for key, one in enumerate(calibrations):
            on_packets(one.camera, self._taker(key))

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def health(self) -> dict[str, Any]:
        """Counters of the process and of each camera."""
        cameras = {
            one.camera: {**self._told.get(key, {}), "last_pass_us": self._last_us.get(key)}
            for key, one in enumerate(self._calibrations)
        }
        return {"pid": self.pid, **self.counts, "cameras": cameras}

    async def run(self, out: Sink) -> None:
        """Keep a process measuring for ever."""
        while True:
            self._process = await asyncio.create_subprocess_exec(*PROGRAM, stdin=PIPE, stdout=PIPE)
            self._said, self._skips, self._beats, self._answered = {}, set(), 0, 0
            try:
                for key, one in enumerate(self._calibrations):
                    self._send(["watch", key, one.model_dump_json()])
                await self._live(self._process, out)
            finally:
                await self._end()
            self.counts["restarts"] += 1
            await self._clock.sleep(RESTART_S)

    async def _live(self, process: Process, out: Sink) -> None:
        """Listen to the process until it ends or hangs."""
        beat = asyncio.create_task(self._beat(), name="vision beat")
        heard = asyncio.create_task(self._listen(process, out), name="vision answers")
        try:
            await asyncio.wait((beat, heard), return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (beat, heard):
                task.cancel()
            results = await asyncio.gather(beat, heard, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, asyncio.IncompleteReadError):
                raise result

    async def _beat(self) -> None:
        """Ask again and again whether all is well; end when it is not."""
        while self._beats - self._answered <= HANG_S / BEAT_S:
            self._beats += 1
            self._send(["beat", self._beats])
            await self._clock.sleep(BEAT_S)
        self.counts["hung"] += 1
        log.warning("the vision process answers nothing for %g s and is killed", HANG_S)

    async def _listen(self, process: Process, out: Sink) -> None:
        assert process.stdout is not None
        while True:
            length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
            if length > LONGEST:
                return
            match unpacked(await process.stdout.readexactly(length)):
                case ["alive", number, counts]:
                    self._answered, self._told = number, dict(counts)
                case ["pass", key, found]:
                    await self._tell(key, found, out)

    async def _tell(self, key: int, found: dict[str, Any], out: Sink) -> None:
        self.counts["passes"] += 1
        time_us = (found["start_us"] + found["end_us"]) // 2
        self._last_us[key] = time_us
        values = [found["kmh"], found["error_kmh"], float(found["lane"])]
        await out.samples(SampleBatch.of(self._rows[key], [time_us] * len(values), values))
        self._answered = self._beats  # that the rules took long is not its fault

    def _taker(self, key: int) -> Callable[[Codec, Packet], None]:
        """Takes the packets of one camera."""

        def take(codec: Codec, packet: Packet) -> None:
            if self._process is None or self._process.stdin is None:
                return
            if key in self._skips and not packet.is_key:
                self.counts["left_out"] += 1
                return
            if self._process.stdin.transport.get_write_buffer_size() > ROOM_BYTES:
                self._skips.add(key)
                self.counts["left_out"] += 1
                return
            if self._said.get(key) != codec or key in self._skips:
                self._said[key] = codec
                parts = [codec.name, codec.extradata, codec.width, codec.height, codec.tick_us, codec.epoch]
                self._send(["codec", key, *parts])
            self._skips.discard(key)
            self._send(["packet", key, *packet])

        return take

    def _send(self, message: list[Any]) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(framed(message))

    async def _end(self) -> None:
        process, self._process = self._process, None
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await (
                process.communicate()
            )  # what it still said is read: else its pipe, and we, would wait for ever
