"""What to send next: alerts before everything, then what is live, and what is late beside it."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

from devices.model.errors import Unreachable
from devices.wire.messages import Lane, up_topic
from devices.wire.mqtt import Link
from edge_agent.uplink.settings import UplinkSettings
from edge_agent.uplink.thinning import Thinning
from edge_agent.uplink.throttle import Throttle
from edge_agent.uplink.window import Flight, Way, Window

TAKE_BYTES: Final = 64 * 1024
LONGEST_PAUSE_S: Final = 1.0
SHORTEST_PAUSE_S: Final = 0.005
THIN_LOOKS: Final = 5  # so often it is looked at, until live telemetry is behind

Record = tuple[int, bytes, int]


class Store(Protocol):
    """What the uplink needs of the outbox.

    epoch: number of its file; a new one means that the numbers of records start again.
    news:  set when records were stored or deleted.
    """

    @property
    def epoch(self) -> int:
        """Number of the outbox file."""

    @property
    def news(self) -> asyncio.Event:
        """Set when something was stored or deleted."""

    @property
    def bytes_per_s(self) -> float:
        """How much is put, lately."""

    @property
    def next_now(self) -> Mapping[Lane, int]:
        """The number that the next record of each lane gets, not older than the news."""

    async def take(self, lane: Lane, after_seq: int, limit_bytes: int) -> Sequence[Record]:
        """Records of a lane after a number: (number, bytes, time)."""

    async def fresh_from(self, lane: Lane, age_s: float) -> int:
        """Number of the first record younger than an age."""

    async def next_seqs(self, *, at_opening: bool) -> Mapping[Lane, int]:
        """The number that the next record of each lane gets, or got when the outbox was opened."""

    async def open_parts(self, prefix: str) -> tuple[int, Sequence[bytes]] | None:
        """Saved states by prefix, and the last alert record they reckon in; None while an alert waits."""

    async def renew(self) -> None:
        """Begin a new epoch; everything is carried over under new numbers."""

    async def done(self, acks: Sequence[tuple[Lane, int]]) -> None:
        """Delete records."""


@dataclass(slots=True)
class Course:
    """A walk through a lane's records by number, a handful in memory at a time.

    looked: below this number there was nothing more; only what is stored since then is looked for.
    """

    way: Way
    lane: Lane
    after: int = 0
    before: int = 1 << 62
    looked: int = 0
    taken: deque[Record] = field(default_factory=deque)

    async def peek(self, store: Store) -> Record | None:
        """The next record, or None until there is news."""
        stored = store.next_now.get(self.lane, 0)
        if not self.taken and max(self.after + 1, self.looked) < stored and self.after + 1 < self.before:
            self.taken.extend(await store.take(self.lane, self.after, TAKE_BYTES))
            self.looked = 0 if self.taken else stored
        if self.taken and self.taken[0][0] < self.before:
            return self.taken[0]
        return None

    def step(self) -> None:
        """Go past the record that `peek` gave."""
        self.after = self.taken.popleft()[0]

    def jump(self, seq: int) -> None:
        """Go on with this number."""
        self.after, self.looked = seq - 1, 0
        self.taken.clear()


@dataclass(slots=True)
class Counts:
    """What was sent."""

    sent: int = 0
    sent_bytes: int = 0
    late: int = 0
    resent: int = 0
    probes: int = 0


class Sender:
    """Sends an outbox over one connection until that ends."""

    def __init__(
        self,
        store: Store,
        link: Link,
        agent: str,
        settings: UplinkSettings,
        window: Window,
        counts: Counts,
        thinning: Thinning,
        monotonic: Callable[[], float],
    ) -> None:
        self._store = store
        self._link = link
        self._agent = agent
        self._settings = settings
        self._window = window
        self._counts = counts
        self._thinning = thinning
        self._monotonic = monotonic
        self._alerts = Course(Way.ALERTS, Lane.ALERTS)
        self._live = Course(Way.LIVE, Lane.LIVE)
        self._late = Course(Way.LATE, Lane.LIVE, before=1)  # nothing, until live has skipped something
        self._backlog = Course(Way.LATE, Lane.BACKLOG)
        self._throttle = Throttle(settings.backlog_bytes_per_s, monotonic())
        self._look_s = self._probe_s = self._thin_s = monotonic()

    async def run(self) -> None:
        """Send for ever.

        Raises:
            Unreachable: the connection was lost, or the outbox replaced its file: introduce yourself again.
        """
        epoch = self._store.epoch
        while True:
            self._store.news.clear()  # what comes from here on ends the pause
            await self._skip_what_is_late()
            await self._see_what_the_line_carries()
            if not await self._send_something():
                await self._pause()
            if self._store.epoch != epoch:
                raise Unreachable("the outbox was replaced")

    async def _skip_what_is_late(self) -> None:
        """Live goes on with what is fresh; everything before it is late from now on."""
        now_s = self._monotonic()
        if now_s < self._look_s:
            return
        self._look_s = now_s + self._settings.late_after_s / 4
        fresh = await self._store.fresh_from(Lane.LIVE, self._settings.late_after_s)
        if fresh > self._live.after + 1:
            self._live.jump(fresh)
            self._late.before = fresh
            self._late.looked = 0

    async def _see_what_the_line_carries(self) -> None:
        now_s = self._monotonic()
        if now_s < self._thin_s:
            return
        self._thin_s = now_s + self._settings.thin_after_s / THIN_LOOKS
        behind = await self._store.fresh_from(Lane.LIVE, self._settings.thin_after_s) > self._live.after + 1
        bandwidth, inflow = self._window.bandwidth.bytes_per_s, self._store.bytes_per_s
        self._thinning.look(
            behind=behind and await self._next(self._live) is not None,
            bandwidth=bandwidth,
            inflow=inflow,
            now_s=now_s,
        )

    async def _send_something(self) -> bool:
        now_s = self._monotonic()
        if self._window.is_silent(now_s):
            return await self._advance(self._alerts) or await self._probe(now_s)
        for flight in self._window.overdue(now_s)[:1]:
            await self._again(flight, now_s)
            return True
        return (
            await self._advance(self._alerts)
            or await self._defer()
            or await self._advance(self._live)
            or await self._advance(self._late)
            or await self._advance(self._backlog)
        )

    async def _defer(self) -> bool:
        """On a thin line, leave the next record to those that are late, if no rule looks at it."""
        if not self._thinning.active or (record := await self._next(self._live)) is None:
            return False
        if not self._thinning.defers(record[1], record[2]):
            return False
        self._live.step()
        self._late.before = self._live.after + 1
        self._late.taken.clear()
        self._late.looked = 0
        return True

    async def _advance(self, course: Course) -> bool:
        """Send the next record of a course, if there is one and it may go now."""
        if course.way is Way.LATE and not self._may_go_late():
            return False
        record = await self._next(course)
        if record is None or not self._window.has_room(course.way, len(record[1])):
            return False
        course.step()
        await self._send(Flight(course.way, course.lane, record[0], record[1], self._monotonic()))
        return True

    def _may_go_late(self) -> bool:
        """What is late is throttled; on a thin line it takes what live leaves, a record at a time."""
        busy = self._window.under_way(Way.LIVE) + self._window.under_way(Way.LATE)
        if self._thinning.active and busy:
            return False
        return self._throttle.wait_s(self._monotonic()) <= 0

    async def _next(self, course: Course) -> Record | None:
        """The next record that is not under way; what was sent as live may have become late meanwhile."""
        while (record := await course.peek(self._store)) and (course.lane, record[0]) in self._window:
            course.step()
        return record

    async def _send(self, flight: Flight) -> None:
        self._window.add(flight)
        self._counts.sent += 1
        self._counts.sent_bytes += len(flight.data)
        if flight.way is Way.LATE:
            self._throttle.spend(len(flight.data), flight.sent_s)
            self._counts.late += 1
        await self._link.send(self._topic(flight), flight.data)

    async def _again(self, flight: Flight, now_s: float) -> None:
        """The same bytes once more: on the way there or back, something was lost."""
        flight.sent_s = now_s
        flight.times += 1
        self._counts.resent += 1
        await self._link.send(self._topic(flight), flight.data)

    async def _probe(self, now_s: float) -> bool:
        """Ask with one record whether the hub is back; at QoS 0, so that no broker piles these up for it."""
        flight = self._window.smallest()
        if flight is None or now_s < self._probe_s:
            return False
        self._probe_s = now_s + self._settings.probe_s
        self._counts.probes += 1
        await self._link.send(self._topic(flight), flight.data, qos=0)
        return True

    def _topic(self, flight: Flight) -> str:
        return up_topic(self._agent, flight.lane)

    async def _pause(self) -> None:
        """Wait for news, or for the next moment at which something may have to be done."""
        now_s = self._monotonic()
        pause_s = min(LONGEST_PAUSE_S, self._window.next_due_s() - now_s)
        if self._window.is_silent(now_s):
            pause_s = min(LONGEST_PAUSE_S, self._probe_s - now_s)
        elif (owed_s := self._throttle.wait_s(now_s)) > 0:
            pause_s = min(pause_s, owed_s)
        try:
            async with asyncio.timeout(max(SHORTEST_PAUSE_S, pause_s)):
                await self._store.news.wait()
        except TimeoutError:
            return
