"""One link's worker: one connection, one question at a time; orders, then what rules read, then the rest."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from typing import Any, Final

from devices.campus.modbus_links import ModbusLink
from devices.model.errors import Garbled, Unreachable
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.modbus.allowance import Allowance
from edge_agent.sources.modbus.breaker import Breaker
from edge_agent.sources.modbus.connection import UNIT_SILENT, Connection
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.learned import Cut, Learned
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.plan import UnitPlan
from edge_agent.sources.modbus.question import DeviceException, NoAnswer, Question
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.unit import NEVER, Flags, Request, Turn, Unit, turns_of
from edge_agent.sources.modbus.ways import Way
from edge_agent.sources.outlet import Outlet
from edge_agent.sources.port import Clock

#: A probe is not worth sending with less time than this, or than a few usual answers take.
LEAST_PROBE_S: Final = 0.02
USUAL_ANSWERS: Final = 3.0
#: Longest phase shift at the start, so that links do not ask in step.
SPREAD_S: Final = 1.0
FAULT_REST_S: Final = 5.0
#: What no rule reads waits behind what rules read, but not longer than so many periods.
MOST_WAITED: Final = 5.0

log = logging.getLogger(__name__)


class LinkWorker:
    """Reads all units of one link, each every `poll_s`, and says "no reading" for those that do not answer.

    A unit that does not answer in time is left alone for the rest of its round, then probed with waits that
    double. Probes use the time in which nothing else is due, and beyond it only a small share, so that silent
    units do not slow the others.
    """

    def __init__(
        self,
        link: ModbusLink,
        plans: Sequence[UnitPlan],
        settings: ModbusSettings,
        clock: Clock,
        random: Callable[[], float],
        way: Way,
        learned: Learned | None = None,
        reads: Callable[[], Flags | None] = lambda: None,
    ) -> None:
        self.link = link
        self.counters = Counters()
        self._settings = settings
        self._clock = clock
        self._random = random
        self._learned = learned or Learned()
        self._reads = reads
        self._urgent: Flags | None = None
        self._units = [
            Unit.of(
                replace(plan, spans=self._learned.applied(link.id, plan.unit, plan.spans)),
                Breaker(settings.probe_first_s, settings.probe_most_s),
            )
            for plan in plans
        ]
        self._turns = turns_of(self._units, None, (), 0.0)
        self._allowance = Allowance(settings.probe_share, link.timeout_s)
        breakers = {unit.plan.unit: unit.breaker for unit in self._units}
        self._connection = Connection(link, way, settings, self.counters, clock, breakers)

    async def run(self, out: Outlet) -> None:
        """Read for ever."""
        start_s = self._clock.monotonic() + self._random() * min(self.link.poll_s, SPREAD_S)
        for turn in self._turns:
            turn.due_s = start_s
        try:
            while True:
                try:
                    await self._serve(out)
                except Exception:  # boundary: a fault of ours on one link must not end the other links
                    self.counters.faults += 1
                    log.exception("modbus link %s: a fault of ours; starting it anew", self.link.id)
                    self._connection.hang_up()
                    await self._clock.sleep(FAULT_REST_S)
        finally:
            self._connection.close()

    async def ask(
        self,
        question: Question,
        within_s: float,
        may_go: Callable[[], bool] | None = None,
        *,
        is_order: bool = False,
    ) -> bytes:
        """Ask one question beside the polling; it waits for one answer that is under way, not for a round.

        Args:
            question: to ask.
            within_s: how long to wait for its turn, its connection and its answer together.
            may_go: asked last, when all that is left to do is to send the frame.
            is_order: it belongs to an order, and goes before the questions of probes.

        Returns:
            the bytes of the values read; nothing for a write, which the unit has confirmed.

        Raises:
            NoAnswer: the unit did not answer, or was not asked, within `within_s`.
            Unreachable: there is no connection.
            Refused: `may_go` said no; nothing was sent.
            DeviceException: the unit answered with an exception code.
            Garbled: its answer made no sense; whether it was written is not known.
        """
        return await self._connection.ask(question, within_s, may_go, is_order=is_order)

    def close(self) -> None:
        """End the connection that `ask` opened where nothing is polled."""
        self._connection.close()

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        silent = list(self._silent())
        periods = [turn.period_s for turn in self._turns if turn.unit.breaker.closed]
        return {
            **self.counters.as_dict(),
            "kind": self.link.kind,
            "state": self._connection.state,
            "trouble": self._connection.trouble,
            "period_s": max(filter(math.isfinite, periods), default=None),
            "last_ok_us": max((unit.last_ok_us for unit in self._units), default=0) or None,
            "silent": [unit.plan.unit for unit in silent],
            "silent_devices": [device for unit in silent for device in unit.plan.devices],
            "units": {
                str(unit.plan.unit): {"backoff_s": unit.breaker.wait_s, "late": unit.breaker.late}
                for unit in silent
            },
            "requests": sum(len(unit.requests) for unit in self._units),
            "cuts": [
                [cut.unit, cut.table, cut.addr, cut.count]
                for cut in self._learned.cuts
                if cut.link == self.link.id
            ],
        }

    # --- what to do next

    async def _serve(self, out: Outlet) -> None:
        while True:
            self._wake()
            self._arrange()
            now_s = self._clock.monotonic()
            probe, limit_s, slack_s = self._probe(now_s)
            if probe is not None:
                await self._round(probe, probe.requests, limit_s, out)
                self._allowance.spend(self._clock.monotonic() - now_s - slack_s)
            elif (turn := self._next(now_s)) is not None:
                await self._take(turn, now_s, out)
            else:
                due_s = min((turn.due_s for turn in self._turns), default=math.inf)
                await self._clock.sleep(min(due_s, self._next_probe_s(), now_s + self.link.poll_s) - now_s)

    def _arrange(self) -> None:
        """Sort anew what is urgent, where other rules run now."""
        reads = self._reads()
        if reads is not self._urgent:
            self._urgent = reads
            self._turns = turns_of(self._units, reads, self._turns, self._clock.monotonic())

    def _next(self, now_s: float) -> Turn | None:
        due = [turn for turn in self._turns if turn.due_s <= now_s]
        if len(due) < 2:  # noqa: PLR2004 - nothing to choose
            return due[0] if due else None
        starved_s = MOST_WAITED * self.link.poll_s
        return min(due, key=lambda turn: turn.rank(now_s, starved_s))

    async def _take(self, turn: Turn, now_s: float, out: Outlet) -> None:
        """Read what a turn is for, or say that its unit is silent."""
        self.counters.overruns += turn.begin(now_s, self.link.poll_s)
        if turn.unit.breaker.closed:
            await self._round(turn.unit, turn.requests, self.link.timeout_s, out, is_urgent=turn.is_urgent)
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
                if unit.plan.unit in woken:
                    unit.breaker.answered_late(self._clock.monotonic())

    def _probe(self, now_s: float) -> tuple[Unit | None, float, float]:
        """The silent unit to ask now, how long to wait for it, and how much of that nobody else needs.

        Free time is used first; only a probe that found none for a whole period takes time from the others.
        """
        left_s = self._allowance.left_s(now_s)
        due = [
            unit
            for unit in self._silent()
            if unit.breaker.due(now_s) and self._connection.is_free(unit.plan.unit)
        ]
        if not due or not self._connection.may_ask:
            return None, 0.0, 0.0
        unit = min(due, key=lambda unit: unit.breaker.retry_at_s)
        wanted_s = min((turn.due_s for turn in self._turns if turn.unit.breaker.closed), default=math.inf)
        slack_s = max(0.0, wanted_s - now_s)
        starved = now_s - unit.breaker.retry_at_s > self.link.poll_s
        limit_s = min(self.link.timeout_s, max(slack_s, left_s) if starved else slack_s)
        if limit_s < min(self.link.timeout_s, max(LEAST_PROBE_S, USUAL_ANSWERS * self._connection.slowest_s)):
            return None, 0.0, 0.0
        return unit, limit_s, slack_s

    def _silent(self) -> Iterator[Unit]:
        return (unit for unit in self._units if not unit.breaker.closed)

    def _next_probe_s(self) -> float:
        waits = [unit.breaker.retry_at_s for unit in self._silent()]
        return max(min(waits, default=float("inf")), self._clock.monotonic() + LEAST_PROBE_S)

    # --- asking

    async def _round(
        self, unit: Unit, requests: Sequence[Request], first_s: float, out: Outlet, *, is_urgent: bool = False
    ) -> None:
        """Ask one unit for all of these; the first answer may take `first_s`, the others the usual time."""
        line = await self._connection.line()
        parts: list[SampleBatch] = []
        waiting = deque(requests)
        timeout_s = first_s
        while waiting and line is not None and line.lost is None and line.free_in_s(unit.plan.unit) <= 0:
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
            timeout_s = self.link.timeout_s
            if waiting and not is_urgent:
                await self._urgent_first(out)
                if not unit.breaker.closed:
                    break
        now_us = self._clock.now_us()
        parts.extend(
            [request.decoder.missing(Quality.NO_ANSWER, now_us) for request in waiting if not request.is_cut]
        )
        await out.put(parts[0] if len(parts) == 1 else SampleBatch.joined(parts))

    async def _ask(
        self, line: Line, unit: Unit, request: Request, timeout_s: float, waiting: deque[Request]
    ) -> tuple[SampleBatch, bool]:
        """One question and what it gave; False: leave this unit alone for now."""
        quality: Quality | None = Quality.NO_ANSWER
        go_on = True
        try:
            async with self._connection.turn:
                answer = await self._connection.told(line, request.question, timeout_s)
        except DeviceException as error:
            quality, go_on = self._refused(unit, request, error.code, waiting)
        except Garbled:
            quality = Quality.GARBLED
        except NoAnswer as silence:
            quality, go_on = (Quality.GARBLED if silence.heard else Quality.NO_ANSWER), False
        except Unreachable:
            go_on = False
        else:
            unit.last_ok_us = self._clock.now_us()
            return request.decoder.batch(answer, unit.last_ok_us), True
        if quality is None:
            return SampleBatch.empty(), go_on
        return request.decoder.missing(quality, self._clock.now_us()), go_on

    def _refused(
        self, unit: Unit, request: Request, code: int, waiting: deque[Request]
    ) -> tuple[Quality | None, bool]:
        """What the readings of a refused request are; None: its pieces are asked for instead."""
        if code in UNIT_SILENT:
            return Quality.NO_ANSWER, False
        pieces = unit.refused(request, code, self._clock.monotonic())
        if pieces:
            self.counters.splits += 1
            self._learned.add(Cut.of(self.link.id, unit.plan.unit, request.span), self._clock.now_us())
        waiting.extendleft(reversed(pieces))
        return None if pieces else Quality.DEVICE_ERROR, True
