"""All capture workers of an agent: who decodes a picture, who reads a stream, and what a lost one means."""

from __future__ import annotations

import asyncio
import contextlib
import math
from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any, Final

from devices.model.codes import CameraLink
from devices.model.errors import Garbled
from edge_agent.sources.camera.host import Camera
from edge_agent.sources.camera.workers import (
    PROGRAM,
    SHARE,
    START_S,
    WELL_S,
    Channel,
    NoWorker,
    Worker,
    WorkerLost,
)
from edge_agent.sources.capture.failures import HUNG, NoPicture
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.packets import Seen
from edge_agent.sources.port import Clock

#: So many workers lost in a row while they had a camera, and it gets one of its own, to see whether that ends too.
MOST_LOST: Final = 2
#: It is cleared so long after its first picture, or after this time without one.
MORE_S: Final = 2.0
LONGEST_TRIAL_S: Final = 15.0
#: A stream that ended or hung a worker rests before it is tried again, doubled each time.
FIRST_REST_S: Final = 60.0
MOST_REST_S: Final = 3600.0
ENDED: Final = "it ended the process that read nothing else"


class Cleared(WorkerLost):
    """A stream ended no worker of its own: it may go back to the others."""


@dataclass(slots=True)
class Standing:
    """What workers made of one camera.

    lost: those that ended in a row while they had it; guilty: times in a row that it alone can have been the cause.
    rest: why it is left alone until `rests_until_s`.
    """

    lost: int = 0
    guilty: int = 0
    rests_until_s: float = -math.inf
    rest: NoPicture | None = None

    def clear(self) -> None:
        """It was well."""
        self.lost = self.guilty = 0

    def blame(self, why: NoPicture, now_s: float) -> None:
        """It was the cause: from now on it gets a worker of its own, and that after a rest."""
        self.lost, self.rest = MOST_LOST, why
        self.rests_until_s = now_s + min(MOST_REST_S, FIRST_REST_S * 2**self.guilty)
        self.guilty += 1


class Workers:
    """At least `decoders` processes, one for each `SHARE` streams, and for a time those of suspects."""

    def __init__(
        self,
        decoders: int,
        streams: int,
        clock: Clock,
        hang_s: float,
        program: Sequence[str] = PROGRAM,
        start_s: float = START_S,
    ) -> None:
        count = max(decoders, -(-streams // SHARE))
        self._clock = clock
        self._made = partial(Worker, clock=clock, hang_s=hang_s, program=program, start_s=start_s)
        self._workers = [self._made(str(number)) for number in range(count)]
        self._standing: defaultdict[int, Standing] = defaultdict(Standing)
        self._numbers: dict[int, int] = {}  # of streams by row, so that they spread evenly
        self._trial = asyncio.Lock()
        self._picture = asyncio.Lock()
        self._turn = 0

    def health(self) -> dict[str, Any]:
        """State of each worker, by its number."""
        return {worker.name: worker.health() for worker in self._workers}

    def quarantined(self) -> int:
        """Cameras that may not share a worker just now."""
        return sum(one.lost >= MOST_LOST for one in self._standing.values())

    async def run(self) -> None:
        """Keep them all running for ever."""
        async with asyncio.TaskGroup() as group:
            for worker in self._workers:
                group.create_task(worker.run(), name=f"capture worker {worker.name}")

    async def seen(self, jpeg: bytes, max_pixels: float, row: int) -> Seen:
        """Decode a JPEG of a camera. One whose worker ended is tried once more, in a process of its own.

        Raises:
            Garbled: it is none of bearable size.
            NoPicture: it ends whoever decodes it, or nobody can.
        """
        standing = self._standing[row]
        try:
            if standing.lost < MOST_LOST:
                return await self._next().seen(jpeg, max_pixels)
        except NoWorker as none:
            raise NoPicture(CameraLink.UNDECODABLE, str(none)) from None
        except WorkerLost:
            pass  # perhaps through another picture, or a stream
        try:
            async with self._picture, self._own() as worker:
                seen = await worker.seen(jpeg, max_pixels)
        except NoWorker as none:  # which is no fault of the picture
            raise NoPicture(CameraLink.UNDECODABLE, str(none)) from None
        except Garbled:
            standing.clear()  # it was decoded to its end
            raise
        except WorkerLost:
            standing.lost = MOST_LOST
            raise NoPicture(CameraLink.UNDECODABLE, "a picture that ended its decoder twice") from None
        standing.clear()
        return seen

    async def shrunk(self, jpeg: bytes, max_pixels: float) -> bytes:
        """Make a JPEG smaller, for people.

        Raises:
            Garbled: it is none of bearable size.
            WorkerLost: no luck this time.
        """
        return await self._next().shrunk(jpeg, max_pixels)

    @asynccontextmanager
    async def reading(self, camera: Camera) -> AsyncIterator[Channel]:
        """Read a camera's stream for the time of an `async with`; a camera keeps to one worker.

        Raises:
            NoPicture: it rests, because it ended or hung its worker.
        """
        standing, now_s = self._standing[camera.row], self._clock.monotonic()
        if standing.rest is not None and now_s < standing.rests_until_s:
            raise NoPicture(standing.rest.link, str(standing.rest))
        reading = self._alone if standing.lost >= MOST_LOST else self._shared
        try:
            async with reading(camera, standing) as channel:
                yield channel
        except NoWorker as none:
            raise NoPicture(CameraLink.UNDECODABLE, str(none)) from None
        except NoPicture as failure:
            if str(failure) == HUNG:
                standing.blame(failure, self._clock.monotonic())
            raise
        standing.clear()

    @asynccontextmanager
    async def _shared(self, camera: Camera, standing: Standing) -> AsyncIterator[Channel]:
        assert isinstance(camera.target, Order)
        number = self._numbers.setdefault(camera.row, len(self._numbers))
        worker, begun_s = self._workers[number % len(self._workers)], self._clock.monotonic()
        try:
            async with worker.reading(camera.target, camera.takers, camera.epochs) as channel:
                yield channel
        except NoWorker:
            raise
        except WorkerLost:
            is_well = self._clock.monotonic() - begun_s > WELL_S
            standing.lost = 1 if is_well else standing.lost + 1
            raise

    @asynccontextmanager
    async def _alone(self, camera: Camera, standing: Standing) -> AsyncIterator[Channel]:
        """Read a suspect where it takes nobody along: either it is cleared soon, or it was the cause."""
        assert isinstance(camera.target, Order)
        try:
            async with (
                self._trial,
                self._own() as worker,
                worker.reading(camera.target, camera.takers, camera.epochs) as channel,
                _cleared_later(channel),
            ):
                yield channel
        except Cleared:
            standing.clear()
            raise
        except NoWorker:
            raise
        except WorkerLost:
            ended = NoPicture(CameraLink.UNDECODABLE, ENDED)
            standing.blame(ended, self._clock.monotonic())
            raise ended from None

    @asynccontextmanager
    async def _own(self) -> AsyncIterator[Worker]:
        """A worker for one thing alone."""
        worker = self._made("alone")
        task = asyncio.create_task(worker.run(), name="capture worker alone")
        try:
            yield worker
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def _next(self) -> Worker:
        self._turn = (self._turn + 1) % len(self._workers)
        return self._workers[self._turn]


@asynccontextmanager
async def _cleared_later(channel: Channel) -> AsyncIterator[None]:
    """End a trial that went well."""

    async def clear() -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LONGEST_TRIAL_S):
                await channel.seen.wait()
        await asyncio.sleep(MORE_S)
        channel.add(Cleared("back to the others"))

    task = asyncio.create_task(clear(), name="trial")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
