"""A clock that moves only when a test moves it, so that a simulated day takes a second."""

from __future__ import annotations

import asyncio
import heapq
import itertools

US_PER_S = 1_000_000
#: 2026-07-01 00:00:00 UTC, 08:00 on the campus: a working day in the cooling season.
START_US = 1_782_864_000 * US_PER_S
#: How often the loop runs between two wake-ups; enough for a chain of awaits in the woken task.
TURNS = 20


class FakeClock:
    """Wall clock, monotonic clock and sleep that agree with each other.

    Pass ``clock.now_us``, ``clock.monotonic`` and ``clock.sleep`` where a room asks for them. A sleep lasts
    until the test calls ``advance``; with ``auto=True`` it moves the clock itself and returns at once, which
    suits one coroutine that runs alone.
    """

    def __init__(self, start_us: int = START_US, *, auto: bool = False) -> None:
        self._wall_us = start_us
        self._monotonic_us = 0
        self._auto = auto
        self._order = itertools.count()
        self._sleepers: list[tuple[int, int, asyncio.Future[None]]] = []

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""
        return self._wall_us

    def monotonic(self) -> float:
        """Seconds since the clock was made; never steps."""
        return self._monotonic_us / US_PER_S

    async def sleep(self, seconds: float) -> None:
        """Wait until the clock was moved that far."""
        if self._auto:
            self._move(round(max(0.0, seconds) * US_PER_S))
            await asyncio.sleep(0)
            return
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        due_us = self._monotonic_us + round(max(0.0, seconds) * US_PER_S)
        heapq.heappush(self._sleepers, (due_us, next(self._order), woken))
        await woken

    async def advance(self, seconds: float) -> None:
        """Move both clocks forward, waking every sleeper at its own moment, in order."""
        await _let_others_run()
        end_us = self._monotonic_us + round(seconds * US_PER_S)
        while self._sleepers and self._sleepers[0][0] <= end_us:
            due_us, _, woken = heapq.heappop(self._sleepers)
            self._move(due_us - self._monotonic_us)
            if not woken.done():
                woken.set_result(None)
                await _let_others_run()
        self._move(end_us - self._monotonic_us)

    def step_wall(self, seconds: float) -> None:
        """Set the wall clock forward or back, as a time server does; the monotonic clock does not see it."""
        self._wall_us += round(seconds * US_PER_S)

    @property
    def sleepers(self) -> int:
        """How many sleeps have not ended."""
        return sum(not woken.done() for _, _, woken in self._sleepers)

    def _move(self, microseconds: int) -> None:
        microseconds = max(0, microseconds)
        self._wall_us += microseconds
        self._monotonic_us += microseconds


async def _let_others_run() -> None:
    for _ in range(TURNS):
        await asyncio.sleep(0)
