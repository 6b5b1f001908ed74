"""What was received and not yet stored: a queue for each agent and lane, bounded, emptied in turns."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from devices.wire.messages import HEAD, Lane
from devices.wire.mqtt import Incoming
from hub.ingest.reading import body_bytes

MIB: Final = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Bounds:
    """How much may wait.

    messages, bytes: of one agent's lane; an agent that keeps to its window never meets them.
    total_bytes: of all together.
    held: messages that the broker still counts as under way; see `Inbox.put`.
    group, group_bytes: messages, and their unpacked size, that are stored in one transaction.
    """

    messages: int = 64
    bytes: int = 16 * MIB
    total_bytes: int = 128 * MIB
    held: int = 16
    group: int = 64
    group_bytes: int = 32 * MIB


class Put(Enum):
    """What became of a message."""

    QUEUED = auto()
    REPEATED = auto()  # it waits already
    SHED = auto()  # no room: its agent will send it again


@dataclass(slots=True)
class Parcel:
    """A message on its way to a store."""

    agent: str
    lane: Lane
    message: Incoming
    received_us: int
    held: bool = False

    @property
    def key(self) -> tuple[str, bytes, int]:
        """Tells messages apart: topic, head (it has a checksum), length."""
        return self.message.topic, self.message.payload[: HEAD.size], len(self.message.payload)


@dataclass(slots=True)
class _Queue:
    parcels: deque[Parcel] = field(default_factory=deque)
    bytes: int = 0


class Inbox:
    """Queues that one worker empties: lanes in the order given, within a lane each agent in its turn."""

    def __init__(self, lanes: Iterable[Lane], bounds: Bounds) -> None:
        self._bounds = bounds
        self._lanes: dict[Lane, dict[str, _Queue]] = {lane: {} for lane in lanes}
        self._waiting: dict[tuple[str, bytes, int], Parcel] = {}
        self._held = 0
        self._bytes = 0
        self._news = asyncio.Event()

    def __len__(self) -> int:
        return len(self._waiting)

    @property
    def bytes(self) -> int:
        """Size of everything that waits or is being stored."""
        return self._bytes

    @property
    def oldest_us(self) -> int | None:
        """When the oldest message that is not yet stored was received."""
        return min((parcel.received_us for parcel in self._waiting.values()), default=None)

    def put(self, parcel: Parcel) -> Put:
        """Queue a message, or say why not.

        Few messages are left unacknowledged at the broker until they are stored, so that a hub that is killed
        gets them again at once. More would fill the window that the broker keeps for all our topics, and
        telemetry that waits for a slow store would stop the alerts. Nothing is lost either way: an agent
        keeps each record until our own acknowledgement.
        """
        if parcel.key in self._waiting:
            parcel.message.done()
            return Put.REPEATED
        queue = self._lanes[parcel.lane].setdefault(parcel.agent, _Queue())
        size = len(parcel.message.payload)
        full = len(queue.parcels) >= self._bounds.messages or queue.bytes + size > self._bounds.bytes
        if full or self._bytes + size > self._bounds.total_bytes:
            parcel.message.done()
            return Put.SHED
        if self._held < self._bounds.held:
            parcel.held = True
            self._held += 1
        else:
            parcel.message.done()
        queue.parcels.append(parcel)
        queue.bytes += size
        self._bytes += size
        self._waiting[parcel.key] = parcel
        self._news.set()
        return Put.QUEUED

    async def take(self) -> list[Parcel]:
        """Wait for messages, and take as many as are stored together; `finished` must follow."""
        while True:
            taken = self._group()
            if taken:
                return taken
            self._news.clear()
            await self._news.wait()

    def finished(self, parcels: Iterable[Parcel]) -> None:
        """Forget messages that are stored, or set aside; the broker may forget them, too."""
        for parcel in parcels:
            del self._waiting[parcel.key]
            self._bytes -= len(parcel.message.payload)
            if parcel.held:
                self._held -= 1
                parcel.message.done()

    def _group(self) -> list[Parcel]:
        taken: list[Parcel] = []
        room = self._bounds.group_bytes
        for queues in self._lanes.values():
            while len(taken) < self._bounds.group and room > 0:
                agent = next((name for name, queue in queues.items() if queue.parcels), None)
                if agent is None:
                    break
                queue = queues.pop(agent)
                queues[agent] = queue  # to the end of the line
                parcel = queue.parcels.popleft()
                queue.bytes -= len(parcel.message.payload)
                room -= body_bytes(parcel.message.payload)
                taken.append(parcel)
        return taken
