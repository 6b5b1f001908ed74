"""One link's worker: one connection, one question at a time, units by earliest due time."""

from __future__ import annotations

import asyncio
import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from devices.campus.modbus_links import ModbusLink
from devices.model.errors import Garbled, Unreachable
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.modbus.allowance import Allowance
from edge_agent.sources.modbus.breaker import Breaker
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.plan import UnitPlan
from edge_agent.sources.modbus.question import DeviceException, NoAnswer, Question
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.unit import Request, Unit
from edge_agent.sources.modbus.ways import Way
from edge_agent.sources.outlet import Outlet
from edge_agent.sources.port import Clock

#: The gateway answers, the unit behind it does not.
UNIT_SILENT: Final = frozenset({10, 11})
#: Time for the rest of a garbled answer to come, so that it is not taken for the next one.
SETTLE_S: Final = 0.02
#: A probe is not worth sending with less time than this, or than a few usual answers take.
LEAST_PROBE_S: Final = 0.02
USUAL_ANSWERS: Final = 3.0
#: How fast the memory of a slow answer fades.
FADING: Final = 0.99
#: Longest phase shift at the start, so that links do not ask in step.
SPREAD_S: Final = 1.0
FAULT_REST_S: Final = 5.0

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
    ) -> None:
        self.link = link
        self.counters = Counters()
        self._way = way
        self._turn = asyncio.Lock()  # of the connection; fair, so a question of others waits for one of ours
        self._rests_until_s = -math.inf
        self._settings = settings
        self._clock = clock
        self._random = random
        self._units = [
            Unit.of(plan, Breaker(settings.probe_first_s, settings.probe_most_s)) for plan in plans
        ]
        self._breaker = Breaker(settings.reconnect_first_s, settings.reconnect_most_s)
        self._allowance = Allowance(settings.probe_share, link.timeout_s)
        self._line: Line | None = None
        self._silent_in_row = 0
        self._heard_before = 0
        self._slowest_s = 0.0
        self._trouble = ""

    async def run(self, out: Outlet) -> None:
        """Read for ever."""
        start_s = self._clock.monotonic() + self._random() * min(self.link.poll_s, SPREAD_S)
        for unit in self._units:
            unit.due_s = start_s
        try:
            while True:
                try:
                    await self._serve(out)
                except Exception:  # boundary: a fault of ours on one link must not end the other links
                    self.counters.faults += 1
                    log.exception("modbus link %s: a fault of ours; starting it anew", self.link.id)
                    self.hang_up()
                    await self._clock.sleep(FAULT_REST_S)
        finally:
            self.close()

    async def ask(self, question: Question, within_s: float) -> bytes:
        """Ask one question beside the polling; it waits for one answer that is under way, not for a round.

        Returns:
            the bytes of the values read; nothing for a write, which the unit has confirmed.

        Raises:
            NoAnswer: the unit did not answer, or was not asked, within `within_s`.
            Unreachable: there is no connection.
            DeviceException: the unit answered with an exception code.
            Garbled: its answer made no sense; whether it was written is not known.
        """
        unit = next((unit for unit in self._units if unit.plan.unit == question.unit), None)
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        try:
            async with asyncio.timeout_at(until_s):
                while True:
                    async with self._turn:
                        line = await self._connection()
                        if line is None:
                            raise Unreachable(self._trouble or f"{self.link.id} is not connected")
                        wait_s = line.free_at_s(question.unit) - loop.time()
                        if wait_s <= 0:
                            left_s = max(0.0, until_s - loop.time())
                            limit_s = min(self.link.timeout_s, left_s)
                            return await self._told(line, unit, question, limit_s)
                    await asyncio.sleep(wait_s)
        except TimeoutError:
            raise NoAnswer(f"no answer from unit {question.unit} within {within_s} s", heard=False) from None

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        silent = [unit for unit in self._units if not unit.breaker.closed]
        periods = [unit.period_s for unit in self._units if unit.breaker.closed]
        return {
            **self.counters.as_dict(),
            "kind": self.link.kind,
            "state": self._state(),
            "trouble": self._trouble,
            "period_s": max(filter(math.isfinite, periods), default=None),
            "last_ok_us": max((unit.last_ok_us for unit in self._units), default=0) or None,
            "silent": [unit.plan.unit for unit in silent],
            "silent_devices": [device for unit in silent for device in unit.plan.devices],
            "units": {str(unit.plan.unit): {"backoff_s": unit.breaker.wait_s} for unit in silent},
            "requests": sum(len(unit.requests) for unit in self._units),
        }

    def _state(self) -> str:
        if self._line is not None and self._line.lost is None:
            return "up"
        return "starting" if self.counters.connects + self.counters.connect_failures == 0 else "down"

    # --- what to do next

    async def _serve(self, out: Outlet) -> None:
        while True:
            self._wake()
            now_s = self._clock.monotonic()
            unit = min(self._units, key=lambda unit: unit.due_s)
            probe, limit_s, slack_s = self._probe(now_s)
            if probe is not None:
                await out.put(await self._round(probe, limit_s))
                self._allowance.spend(self._clock.monotonic() - now_s - slack_s)
            elif unit.due_s > now_s:
                await self._clock.sleep(min(unit.due_s, self._next_probe_s()) - now_s)
            else:
                self.counters.overruns += unit.begin(now_s, self.link.poll_s)
                if unit.breaker.closed:
                    await out.put(await self._round(unit, self.link.timeout_s))
                else:
                    await out.put(unit.missing(Quality.NO_ANSWER, self._clock.now_us()))

    def _wake(self) -> None:
        """A unit that answered after its time alive is: ask it in its next round."""
        if self._line is None or not self._line.woken:
            return
        for unit in self._units:
            if unit.plan.unit in self._line.woken:
                unit.breaker.answered()
        self._line.woken.clear()

    def _probe(self, now_s: float) -> tuple[Unit | None, float, float]:
        """The silent unit to ask now, how long to wait for it, and how much of that nobody else needs.

        Free time is used first; only a probe that found none for a whole period takes time from the others.
        """
        left_s = self._allowance.left_s(now_s)
        due = [unit for unit in self._units if not unit.breaker.closed and unit.breaker.due(now_s)]
        if not due or (self._line is None and not self._breaker.due(now_s)):
            return None, 0.0, 0.0
        unit = min(due, key=lambda unit: unit.breaker.retry_at_s)
        wanted_s = min((unit.due_s for unit in self._units if unit.breaker.closed), default=math.inf)
        slack_s = max(0.0, wanted_s - now_s)
        starved = now_s - unit.breaker.retry_at_s > self.link.poll_s
        limit_s = min(self.link.timeout_s, max(slack_s, left_s) if starved else slack_s)
        if limit_s < min(self.link.timeout_s, max(LEAST_PROBE_S, USUAL_ANSWERS * self._slowest_s)):
            return None, 0.0, 0.0
        return unit, limit_s, slack_s

    def _next_probe_s(self) -> float:
        waits = [unit.breaker.retry_at_s for unit in self._units if not unit.breaker.closed]
        return max(min(waits, default=float("inf")), self._clock.monotonic() + LEAST_PROBE_S)

    # --- asking

    async def _round(self, unit: Unit, first_s: float) -> SampleBatch:
        """Ask one unit for everything; the first answer may take `first_s`, the others the usual time."""
        async with self._turn:
            line = await self._connection()
        parts: list[SampleBatch] = []
        waiting = deque(unit.requests)
        timeout_s = first_s
        while waiting and line is not None and line.lost is None:
            request = waiting.popleft()
            if request.rests_until_s > self._clock.monotonic():
                parts.append(request.decoder.missing(Quality.DEVICE_ERROR, self._clock.now_us()))
                continue
            part, go_on = await self._ask(line, unit, request, timeout_s, waiting)
            parts.append(part)
            if not go_on:
                break
            timeout_s = self.link.timeout_s
        now_us = self._clock.now_us()
        parts.extend(request.decoder.missing(Quality.NO_ANSWER, now_us) for request in waiting)
        return parts[0] if len(parts) == 1 else SampleBatch.joined(parts)

    async def _ask(
        self, line: Line, unit: Unit, request: Request, timeout_s: float, waiting: deque[Request]
    ) -> tuple[SampleBatch, bool]:
        """One question and what it gave; False: leave this unit alone for now."""
        quality: Quality | None = Quality.NO_ANSWER
        go_on = True
        try:
            async with self._turn:
                answer = await self._told(line, unit, request.question, timeout_s)
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

    async def _told(self, line: Line, unit: Unit | None, question: Question, timeout_s: float) -> bytes:
        """Ask, and learn from the outcome whether the unit and the link live; `_turn` is held."""
        if (wait_s := self._rests_until_s - self._clock.monotonic()) > 0:
            await self._clock.sleep(wait_s)
        sent_s = self._clock.monotonic()
        try:
            answer = await line.ask(question, timeout_s)
        except DeviceException as error:
            self._alive()
            if unit is not None:
                self._heard_of(unit, is_there=error.code not in UNIT_SILENT)
            raise
        except Garbled:
            await self._clock.sleep(SETTLE_S)
            raise
        except NoAnswer as silence:
            if unit is not None:
                self._heard_of(unit, is_there=False)
            self._silent(line, heard=silence.heard)
            raise
        except Unreachable as error:
            self._down(str(error))
            raise
        finally:
            self._rests_until_s = self._clock.monotonic() + self._settings.pause_s
        if unit is not None:
            self._heard_of(unit, is_there=True)
        self._alive()
        self._slowest_s = max(self._clock.monotonic() - sent_s, self._slowest_s * FADING)
        return answer

    def _heard_of(self, unit: Unit, *, is_there: bool) -> None:
        if is_there:
            unit.breaker.answered()
        else:
            unit.breaker.failed(self._clock.monotonic())

    def _alive(self) -> None:
        """Somebody answered on this connection, be it with an exception code."""
        self._breaker.answered()
        self._silent_in_row = 0
        if self._trouble:
            log.info("modbus link %s answers again", self.link.id)
            self._trouble = ""

    def _silent(self, line: Line, *, heard: bool) -> None:
        self._silent_in_row = 0 if heard else self._silent_in_row + 1
        if self._silent_in_row >= self._settings.give_up_after:
            # Perhaps the other end has forgotten this connection; a new one costs little.
            self._silent_in_row = 0
            line.close("nobody answered")

    def _refused(
        self, unit: Unit, request: Request, code: int, waiting: deque[Request]
    ) -> tuple[Quality | None, bool]:
        """What the readings of a refused request are; None: its pieces are asked for instead."""
        if code in UNIT_SILENT:
            return Quality.NO_ANSWER, False
        pieces = unit.refused(request, code, self._clock.monotonic())
        self.counters.splits += bool(pieces)
        waiting.extendleft(reversed(pieces))
        return None if pieces else Quality.DEVICE_ERROR, True

    # --- the connection

    async def _connection(self) -> Line | None:
        """The open connection, a new one if it is time for an attempt, or None."""
        if self._line is not None and self._line.lost is not None:
            self._down(self._line.lost)
        now_s = self._clock.monotonic()
        if self._line is not None or not (self._breaker.due(now_s) or self._way.is_news):
            return self._line
        try:
            self._line = await self._way.open(self.counters)
        except Unreachable as error:
            self._breaker.failed(self._clock.monotonic())
            self._report(str(error))
            return None
        self._silent_in_row = 0
        self._heard_before = self.counters.heard
        return self._line

    def _down(self, why: str) -> None:
        if self.counters.heard == self._heard_before:
            self._breaker.failed(
                self._clock.monotonic()
            )  # or a device that hangs up would be called for ever
        self.hang_up()
        self._report(why)

    def _report(self, why: str) -> None:
        if not self._trouble:  # the first failure is told, repeats are counted
            log.warning("modbus link %s is down: %s", self.link.id, why)
        self._trouble = why

    def close(self) -> None:
        """End the connection, and expect no call."""
        self.hang_up()
        self._way.close()

    def hang_up(self) -> None:
        """End the connection; the next question opens a new one."""
        if self._line is not None:
            self._line.close("closed here")
            self._line = None
