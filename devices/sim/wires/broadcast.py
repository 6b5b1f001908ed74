"""One camera's stream: drawn and encoded while somebody watches, once for all who do."""

from __future__ import annotations

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Final, Protocol

from devices.sim.wires.encoder import Encoder
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.pictures import TROUBLES, Trouble, View, paint
from devices.sim.wires.rtp import TICKS_PER_S, Sender, nal_units
from devices.sim.wires.scenery import Picture

FPS: Final = 10.0
KEY_S: Final = 1.0
REPORT_S: Final = 5.0
#: How soon a stream that stands still looks whether it may go on.
LOOK_S: Final = 0.1
#: Faults that end streams that run.
CUTS: Final = ("cut", "offline", "unauthorised")
#: Who is so far behind gets nothing more until the next key frame.
MOST_WAITING: Final = 1_000_000
SPOILT_FROM: Final = 2


class Camera(Protocol):
    """Where pictures come from."""

    def view(self, camera: str, time_us: int, troubles: Mapping[str, Trouble]) -> View:
        """What the camera sees at this moment."""


class Watcher:
    """One listener, who begins at a key frame."""

    def __init__(self, writer: asyncio.StreamWriter) -> None:
        self._writer = writer
        self._sender = Sender(random.getrandbits(32), random.getrandbits(16))
        self._follows = False
        self._reported_us = 0

    def send(self, units: list[bytes], ticks: int, now_us: int, clock_us: int, *, is_key: bool) -> None:
        """Send a picture, and now and then what the camera's own clock says."""
        behind = self._writer.transport.get_write_buffer_size() > MOST_WAITING
        self._follows = not behind and (self._follows or is_key)
        if not self._follows:
            return
        self._writer.write(self._sender.frames(units, ticks))
        if now_us - self._reported_us >= REPORT_S * 1e6:
            self._reported_us = now_us
            self._writer.write(self._sender.report(ticks, clock_us))

    def cut(self) -> None:
        """End the connection."""
        self._writer.transport.abort()


class Broadcast:
    """The stream of one camera.

    Args:
        camera: its id.
        targets: the camera and its link, for faults.
        source: draws it.
        board: what goes wrong.
        clock_us: UTC now; stamps of the stream follow it.
    """

    def __init__(
        self, camera: str, link: str, source: Camera, board: FaultBoard, clock_us: Callable[[], int]
    ) -> None:
        self._id = camera
        self._targets = (camera, link)
        self._source = source
        self._board = board
        self._clock_us = clock_us
        self._watchers: list[Watcher] = []
        self._task: asyncio.Task[None] | None = None
        self._key_us = 0
        self._last: Picture | None = None
        self.encoded = 0

    @contextlib.asynccontextmanager
    async def watched(self, writer: asyncio.StreamWriter) -> AsyncIterator[Watcher]:
        """Send to a connection; the first who watches starts the encoder, the last ends it."""
        watcher = Watcher(writer)
        self._watchers.append(watcher)
        self._key_us = 0
        if self._task is None:
            self._task = asyncio.create_task(self._run(), name=f"{self._id} broadcast")
        try:
            yield watcher
        finally:
            self._watchers.remove(watcher)
            if not self._watchers:
                task, self._task = self._task, None
                task.cancel()
                await asyncio.gather(task, return_exceptions=True)

    def own_us(self, now_us: int) -> int:
        """UTC as the camera has it."""
        off = self._board.find("clock-off", *self._targets)
        return now_us + (0 if off is None else round(off.value * 1e6))

    async def _run(self) -> None:
        encoder, due_us = Encoder(), self._clock_us()
        while True:
            if any(self._board.find(kind, self._id) for kind in CUTS):
                for watcher in self._watchers:
                    watcher.cut()
            if self._board.find("stall", *self._targets) is not None:
                await asyncio.sleep(LOOK_S)
                due_us = self._clock_us()
                continue
            now_us = self._clock_us()
            if now_us < due_us:
                await asyncio.sleep((due_us - now_us) / 1e6)
                continue
            low = self._board.find("low-rate", self._id)
            due_us = max(due_us + round(1e6 / (FPS if low is None else low.value)), now_us)
            await self._picture(encoder, now_us)

    async def _picture(self, encoder: Encoder, now_us: int) -> None:
        is_key = now_us - self._key_us >= (KEY_S - 1 / FPS / 2) * 1e6
        if self._board.find("no-keys", self._id) is not None:
            is_key = False
        elif is_key:
            self._key_us = now_us
        found = {kind: self._board.find(kind, *self._targets) for kind in TROUBLES}
        troubles = {kind: Trouble(fault.value, fault.since_us) for kind, fault in found.items() if fault}
        view = self._source.view(self._id, now_us, troubles)
        frozen = any(self._board.find(kind, self._id) for kind in ("frozen", "stuck"))
        ticks = now_us * TICKS_PER_S // 1_000_000
        drawn = await asyncio.to_thread(self._drawn, view, is_frozen=frozen)
        units = nal_units(await asyncio.to_thread(encoder.encode, drawn, ticks, is_key=is_key))
        if self._board.find("garbled", *self._targets) is not None:
            units = [unit[:SPOILT_FROM] + random.randbytes(len(unit) - SPOILT_FROM) for unit in units]
        self.encoded += 1
        for watcher in self._watchers:
            watcher.send(units, ticks, now_us, self.own_us(now_us), is_key=is_key)

    def _drawn(self, view: View, *, is_frozen: bool) -> Picture:
        """What the camera gives; in a thread, where it does not hold up the other devices."""
        if self._last is None or not is_frozen:
            self._last = paint(view)
        return self._last
