"""The agent's side of the capture workers: starts them, hands out work, and kills one that hangs."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import sys
from asyncio.subprocess import PIPE, Process
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any, Final

import numpy as np

from devices.model.codes import CameraLink
from devices.model.errors import Garbled, Unreachable
from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH
from edge_agent.sources.capture.failures import HUNG, NoPicture
from edge_agent.sources.capture.orders import LENGTH, LONGEST, Order, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Counts, Packet, Seen, Sight
from edge_agent.sources.port import Clock

log = logging.getLogger(__name__)

PROGRAM: Final = (sys.executable, "-m", "edge_agent.sources.capture.worker")
#: Pause before a worker that ended is started again; doubled while it ends again and again.
RESTART_S: Final = 0.2
MOST_RESTART_S: Final = 10.0
#: How long it may take to start.
START_S: Final = 60.0
#: A worker that has lived so long was well.
WELL_S: Final = 30.0
#: How long a worker may take to let go of a stream before its session counts as free.
LET_GO_S: Final = 3.0
#: How often a worker is looked at in the time that it may say nothing.
LOOKS: Final = 4
#: Events of one stream that may wait for the agent; then the oldest goes.
WAITING: Final = 8
#: Streams that one worker reads, at most: one that is killed takes no more of them along.
SHARE: Final = 32

Taker = Callable[[Codec, Packet], None]


class WorkerLost(Unreachable):
    """The worker that had the work was killed or ended; another is being started."""


class NoWorker(WorkerLost):
    """No worker has started for long."""


class Channel:
    """What one stream gives: pictures and counts in order, and at last why it ended.

    seen: set by its first picture; over: set when the worker has let go of it.
    """

    def __init__(self, worker: Worker, key: int, takers: Sequence[Taker], epochs: Iterator[int]) -> None:
        self._worker = worker
        self._key = key
        self._takers = takers
        self._epochs = epochs
        self.seen, self.over = asyncio.Event(), asyncio.Event()
        self._has_ended = False
        self._codec: Codec | None = None
        self._events: asyncio.Queue[Sight | Counts | Exception] = asyncio.Queue(WAITING)

    async def next(self) -> Sight | Counts:
        """The next picture or count.

        Raises:
            NoPicture: the stream ended, and why.
            WorkerLost: its worker ended, through no fault of this stream.
        """
        event = await self._events.get()
        if isinstance(event, Exception):
            raise event
        return event

    def every(self, sample_s: float) -> None:
        """Have a picture decoded each so many seconds from now on."""
        self._worker.send(["every", self._key, sample_s])

    def put(self, kind: str, parts: Sequence[Any]) -> None:
        """Take what the worker says of this stream."""
        if kind == "codec":
            self._codec = replace(
                Codec(*parts), epoch=next(self._epochs)
            )  # workers count anew with each stream
        elif kind == "packet" and self._codec is not None:
            try:
                for take in self._takers:
                    take(self._codec, Packet(*parts))
            except Exception as error:  # noqa: BLE001 - boundary: a source's task, that of this camera gets it
                self.add(error)
        elif kind == "sight":
            time_us, grey, colour, jpeg = parts
            self.seen.set()
            self.add(Sight(time_us, Seen(_grey(grey), colour), jpeg))
        elif kind == "counts":
            self.add(Counts(*parts))
        elif kind == "ended":
            self.end(NoPicture(CameraLink(parts[0]), parts[1]))

    def end(self, why: Exception) -> None:
        """Say that the worker has let go of it."""
        self.over.set()
        self.add(why)

    def add(self, event: Sight | Counts | Exception) -> None:
        """Add an event; where too many wait, the oldest goes, but what ends the reading stays the last one."""
        if self._has_ended:
            return
        self._has_ended = isinstance(event, Exception)
        if self._events.full():
            self._events.get_nowait()
        self._events.put_nowait(event)


class Worker:
    """One worker process, started again whenever it ends.

    Args:
        hang_s: a worker that says nothing for so long is killed.
        program: what is run.
        start_s: how long it may take to start.
    """

    def __init__(
        self,
        name: str,
        clock: Clock,
        hang_s: float,
        program: Sequence[str] = PROGRAM,
        start_s: float = START_S,
    ) -> None:
        self.name = name
        self._program = program
        self._start_s = start_s
        self._clock = clock
        self._hang_s = hang_s
        self._process: Process | None = None
        self._ready = asyncio.Event()
        self._is_quiet = False
        self._number = 0
        self._decoding: dict[int, asyncio.Future[Any]] = {}
        self._channels: dict[int, Channel] = {}
        self.counts: Counter[str] = Counter()
        self.dropped = 0

    @property
    def pid(self) -> int | None:
        """Of the process, while there is one."""
        return None if self._process is None else self._process.pid

    def health(self) -> dict[str, Any]:
        """State and counters as plain values."""
        return {
            "pid": self.pid,
            "streams": len(self._channels),
            "restarts": self.counts["restarts"],
            "hung": self.counts["hung"],
            "dropped": self.dropped,
        }

    async def run(self) -> None:
        """Keep a worker running for ever."""
        wait_s = RESTART_S
        while True:
            begun_s = self._clock.monotonic()
            try:
                await self._live()
            finally:
                await self._end()
            self.counts["restarts"] += 1
            is_well = self._clock.monotonic() - begun_s > WELL_S
            wait_s = RESTART_S if is_well else min(MOST_RESTART_S, wait_s * 2)
            await self._clock.sleep(wait_s)

    async def seen(self, jpeg: bytes, max_pixels: float) -> Seen:
        """Decode a JPEG.

        Raises:
            Garbled: it is none of bearable size.
            WorkerLost: the worker ended over it.
        """
        seen: Seen = await self._worked("decode", jpeg, max_pixels)
        return seen

    async def shrunk(self, jpeg: bytes, max_pixels: float) -> bytes:
        """Make a JPEG smaller, for people; raises as `seen`."""
        small: bytes = await self._worked("shrink", jpeg, max_pixels)
        return small

    async def _started(self) -> None:
        try:
            async with asyncio.timeout(self._start_s):
                while not self._ready.is_set():  # it may have ended again before we are told that it began
                    await self._ready.wait()
        except TimeoutError:
            raise NoWorker(f"no process to decode it could be started within {self._start_s:g} s") from None

    async def _worked(self, what: str, jpeg: bytes, max_pixels: float) -> Any:
        await self._started()
        number = self._next()
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._decoding[number] = future
        try:
            await self._sent([what, number, max_pixels, jpeg])
            return await future
        finally:
            self._decoding.pop(number, None)

    @asynccontextmanager
    async def reading(
        self, order: Order, takers: Sequence[Taker], epochs: Iterator[int]
    ) -> AsyncIterator[Channel]:
        """Let the worker read a stream for the time of an `async with`; `takers` get its packets.

        `epochs` numbers its connections. At the end the host is let go of first: its session is another's then.
        """
        await self._started()
        key = self._next()
        self._channels[key] = channel = Channel(self, key, takers, epochs)
        try:
            self.send(["open", key, order.plain()])
            yield channel
        finally:
            if not channel.over.is_set():
                self.send(["close", key])
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(order.timeout_s, LET_GO_S)):
                        await channel.over.wait()
            self._channels.pop(key, None)

    def send(self, message: list[Any]) -> None:
        """Say something short to the worker, if it is there."""
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.write(framed(message))

    async def _sent(self, message: list[Any]) -> None:
        """Say something long to the worker, as fast as it listens."""
        self.send(message)
        if self._process is not None and self._process.stdin is not None:
            with contextlib.suppress(ConnectionError):  # whoever waits is told when the process is gone
                await self._process.stdin.drain()

    def _next(self) -> int:
        self._number += 1
        return self._number

    async def _live(self) -> None:
        """Start a process and listen to it until it ends, hangs or makes no sense."""
        try:
            process = await asyncio.create_subprocess_exec(*self._program, stdin=PIPE, stdout=PIPE)
        except OSError as error:
            log.warning("capture worker %s cannot be started (%s)", self.name, type(error).__name__)
            return
        self._process = process
        assert process.stdout is not None
        watching = asyncio.create_task(self._watch(process), name=f"watch of capture worker {self.name}")
        try:
            while True:
                length = int.from_bytes(await process.stdout.readexactly(LENGTH), "big")
                if length > LONGEST:
                    return
                message = unpacked(await process.stdout.readexactly(length))
                self._is_quiet = False
                self._ready.set()
                if not self._heard(message):
                    return
        except asyncio.IncompleteReadError:
            if not watching.done():
                log.warning("capture worker %s ended by itself", self.name)
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)

    async def _watch(self, process: Process) -> None:
        """Kill the process when it says nothing for long.

        It is looked at a few times: if we stood still ourselves, what it said meanwhile is heard before the next look.
        """
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._start_s):
                await self._ready.wait()
            quiet = 0
            while quiet < LOOKS:
                self._is_quiet = True
                await asyncio.sleep(self._hang_s / LOOKS)
                quiet = quiet + 1 if self._is_quiet else 0
        self.counts["hung"] += 1
        log.warning("capture worker %s says nothing for %g s and is killed", self.name, self._hang_s)
        with contextlib.suppress(ProcessLookupError):
            process.kill()

    def _heard(self, message: list[Any]) -> bool:
        """Pass on what the worker says; False when one of its streams hangs in a call."""
        match message:
            case ["decoded", number, grey, colour, why]:
                future = self._decoding.get(number)
                if future is not None and not future.done():
                    if grey:
                        future.set_result(Seen(_grey(grey), colour))
                    else:
                        future.set_exception(Garbled(why))
            case ["shrunk", number, jpeg]:
                future = self._decoding.get(number)
                if future is not None and not future.done():
                    future.set_result(jpeg)
            case ["alive", hung, dropped]:
                self.dropped = dropped
                for key in hung:
                    self._hung(key)
                return not hung
            case [str(kind), int(key), *parts]:
                channel = self._channels.get(key)
                if channel is not None:
                    channel.put(kind, parts)
        return True

    def _hung(self, key: int) -> None:
        self.counts["hung"] += 1
        channel = self._channels.pop(key, None)
        if channel is not None:
            channel.end(NoPicture(CameraLink.SILENT, HUNG))

    async def _end(self) -> None:
        """Kill the process and tell everybody who waits for it."""
        self._ready.clear()
        process, self._process = self._process, None
        lost = WorkerLost(f"capture worker {self.name} was ended")
        channels, self._channels = self._channels, {}
        for channel in channels.values():
            channel.end(lost)
        for future in self._decoding.values():
            if not future.done():
                future.set_exception(lost)
        if process is not None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await (
                process.communicate()
            )  # what it still said is read: else its pipe, and we, would wait for ever


def _grey(data: bytes) -> Any:
    return np.frombuffer(data, np.uint8).reshape(FRAME_HEIGHT, FRAME_WIDTH)
