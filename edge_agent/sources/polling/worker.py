"""One link's worker: one connection, one question at a time; what rules read first, then the rest."""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final, Generic, TypeVar

from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.outlet import Outlet
from edge_agent.sources.polling.allowance import Allowance
from edge_agent.sources.polling.connection import Connection, Line, Link
from edge_agent.sources.polling.counters import LinkCounters
from edge_agent.sources.polling.settings import PollSettings
from edge_agent.sources.polling.turn import NEVER, Request, Turn, Unit, first_round_s
from edge_agent.sources.port import Clock

#: A probe is not worth sending with less time than this, or than a few usual answers take.
LEAST_PROBE_S: Final = 0.02
USUAL_ANSWERS: Final = 3.0
FAULT_REST_S: Final = 5.0
#: What no rule reads waits behind what rules read, but not longer than so many periods.
MOST_WAITED: Final = 5.0

log = logging.getLogger(__name__)

R = TypeVar("R", bound=Request)
U = TypeVar("U", bound=Unit[Any])
L = TypeVar("L", bound=Line)


class Worker(ABC, Generic[U, R, L]):
    """Reads all units of one link, each every `poll_s`, and says "no reading" for those that do not answer.

    A unit that does not answer in time is left alone for the rest of its round, then probed with waits that
    double. Probes use the time in which nothing else is due, and beyond it only a small share, so that silent
    units do not slow the others.
    """

    def __init__(
        self,
        link: Link,
        units: Sequence[U],
        connection: Connection[L],
        counters: LinkCounters,
        settings: PollSettings,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self._link = link
        self._units = units
        self._connection = connection
        self._counters = counters
        self._clock = clock
        self._random = random
        self._turns: Sequence[Turn[U]] = [Turn(unit) for unit in units]
        self._allowance = Allowance(settings.probe_share, link.timeout_s)

    async def run(self, out: Outlet) -> None:
        """Read for ever."""
        start_s = first_round_s(self._clock.monotonic(), self._link.poll_s, self._random())
        for turn in self._turns:
            turn.due_s = start_s
        try:
            while True:
                try:
                    await self._serve(out)
                except Exception:  # boundary: a fault of ours on one link must not end the other links
                    self._counters.faults += 1
                    log.exception("link %s: a fault of ours; starting it anew", self._link.id)
                    self._connection.hang_up()
                    await self._clock.sleep(FAULT_REST_S)
        finally:
            self._connection.close()

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        silent = list(self._silent())
        periods = [turn.period_s for turn in self._turns if turn.unit.breaker.closed]
        return {
            **self._counters.as_dict(),
            "kind": self._link.kind,
            "state": self._connection.state,
            "trouble": self._connection.trouble,
            "period_s": max(filter(math.isfinite, periods), default=None),
            "last_ok_us": max((unit.last_ok_us for unit in self._units), default=0) or None,
            "silent": [unit.name for unit in silent],
            "silent_devices": [device for unit in silent for device in unit.devices],
            "units": {
                str(unit.name): {"backoff_s": unit.breaker.wait_s, "late": unit.breaker.late}
                for unit in silent
            },
            "requests": sum(len(unit.requests) for unit in self._units),
        }

    # --- what to do next

    async def _serve(self, out: Outlet) -> None:
        while True:
            self._wake()
            now_s = self._clock.monotonic()
            probe, limit_s, slack_s = self._probe(now_s)
            if probe is not None:
                await self._round(probe, probe.requests, limit_s, out)
                self._allowance.spend(self._clock.monotonic() - now_s - slack_s)
            elif (turn := self._next(now_s)) is not None:
                await self._take(turn, now_s, out)
            else:
                due_s = min((turn.due_s for turn in self._turns), default=math.inf)
                await self._clock.sleep(min(due_s, self._next_probe_s(), now_s + self._link.poll_s) - now_s)

    def _next(self, now_s: float) -> Turn[U] | None:
        due = [turn for turn in self._turns if turn.due_s <= now_s]
        if len(due) < 2:  # noqa: PLR2004 - nothing to choose
            return due[0] if due else None
        starved_s = MOST_WAITED * self._link.poll_s
        return min(due, key=lambda turn: turn.rank(now_s, starved_s))

    async def _take(self, turn: Turn[U], now_s: float, out: Outlet) -> None:
        """Read what a turn is for, or say that its unit is silent."""
        self._counters.overruns += turn.begin(now_s, self._link.poll_s)
        if turn.unit.breaker.closed:
            await self._round(turn.unit, turn.requests, self._link.timeout_s, out, is_urgent=turn.is_urgent)
        else:
            await out.put(turn.missing(Quality.NO_ANSWER, self._clock.now_us()))

    async def _urgent_first(self, out: Outlet) -> None:
        """Between two questions that can wait, take what cannot."""
        while (turn := self._next(now_s := self._clock.monotonic())) is not None and turn.is_urgent:
            await self._take(turn, now_s, out)

    def _wake(self) -> None:
        """A unit that answered after its time is alive: its breaker knows whether to ask it in its next round."""
        if woken := self._connection.woken():
            for unit in self._units:
                if unit.key in woken:
                    unit.breaker.answered_late(self._clock.monotonic())

    def _probe(self, now_s: float) -> tuple[U | None, float, float]:
        """The silent unit to ask now, how long to wait for it, and how much of that nobody else needs.

        Free time is used first; only a probe that found none for a whole period takes time from the others.
        """
        left_s = self._allowance.left_s(now_s)
        due = [
            unit for unit in self._silent() if unit.breaker.due(now_s) and self._connection.is_free(unit.key)
        ]
        if not due or not self._connection.may_ask:
            return None, 0.0, 0.0
        unit = min(due, key=lambda unit: unit.breaker.retry_at_s)
        wanted_s = min((turn.due_s for turn in self._turns if turn.unit.breaker.closed), default=math.inf)
        slack_s = max(0.0, wanted_s - now_s)
        starved = now_s - unit.breaker.retry_at_s > self._link.poll_s
        limit_s = min(self._link.timeout_s, max(slack_s, left_s) if starved else slack_s)
        if limit_s < min(self._link.timeout_s, self._least_probe_s()):
            return None, 0.0, 0.0
        return unit, limit_s, slack_s

    def _least_probe_s(self) -> float:
        """With less time than this a probe is not sent."""
        return max(LEAST_PROBE_S, USUAL_ANSWERS * self._connection.slowest_s)

    def _silent(self) -> Iterator[U]:
        return (unit for unit in self._units if not unit.breaker.closed)

    def _next_probe_s(self) -> float:
        waits = [unit.breaker.retry_at_s for unit in self._silent()]
        return max(min(waits, default=math.inf), self._clock.monotonic() + LEAST_PROBE_S)

    # --- asking

    async def _open_line(self) -> L | None:
        return await self._connection.opened()

    async def _round(
        self, unit: U, requests: Sequence[R], first_s: float, out: Outlet, *, is_urgent: bool = False
    ) -> None:
        """Ask one unit for all of these; the first answer may take `first_s`, the others the usual time."""
        line = await self._open_line()
        parts: list[SampleBatch] = []
        waiting = deque(requests)
        timeout_s = first_s
        unit.garbled = 0
        while waiting and line is not None and line.lost is None and self._connection.is_free(unit.key):
            request = waiting.popleft()
            if request.is_cut:  # by a round in between, which has read its pieces
                continue
            if request.rests_until_s > NEVER and request.rests_until_s > self._clock.monotonic():
                parts.append(request.decoder.missing(Quality.DEVICE_ERROR, self._clock.now_us()))
                continue
            part, go_on = await self._ask(line, unit, request, timeout_s, waiting)
            parts.append(part)
            if not go_on:
                break
            timeout_s = self._link.timeout_s
            if waiting and not is_urgent:
                await self._urgent_first(out)
                if not unit.breaker.closed:
                    break
        now_us = self._clock.now_us()
        parts.extend(
            [request.decoder.missing(Quality.NO_ANSWER, now_us) for request in waiting if not request.is_cut]
        )
        await out.put(parts[0] if len(parts) == 1 else SampleBatch.joined(parts))

    @abstractmethod
    async def _ask(
        self, line: L, unit: U, request: R, timeout_s: float, waiting: deque[R]
    ) -> tuple[SampleBatch, bool]:
        """One question and what it gave; False: leave this unit alone for now."""
