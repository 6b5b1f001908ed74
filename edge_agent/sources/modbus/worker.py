"""A Modbus link's worker: what it asks, what it learns from refusals, and how others ask beside it."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from devices.campus.modbus_links import ModbusLink
from devices.model.errors import Garbled, Unreachable
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.modbus.connection import Connection
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.learned import Cut, Learned
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.plan import UnitPlan
from edge_agent.sources.modbus.question import DeviceException, Question
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.unit import Flags, Request, Unit, turns_of
from edge_agent.sources.modbus.ways import Way
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.refusals import NoAnswer
from edge_agent.sources.polling.worker import Worker
from edge_agent.sources.port import Clock


class LinkWorker(Worker[Unit, Request, Line]):
    """Reads all units of one link; what rules read goes first."""

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
        self._learned = learned or Learned()
        self._reads = reads
        self._urgent: Flags | None = None
        units = [
            Unit.of(
                replace(plan, spans=self._learned.applied(link.id, plan.unit, plan.spans)),
                Breaker(settings.probe_first_s, settings.probe_most_s),
            )
            for plan in plans
        ]
        breakers = {unit.plan.unit: unit.breaker for unit in units}
        self._asking = Connection(link, way, settings, self.counters, clock, breakers)
        super().__init__(link, units, self._asking, self.counters, settings, clock, random)

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
        return await self._asking.ask(question, within_s, may_go, is_order=is_order)

    def close(self) -> None:
        """End the connection that `ask` opened where nothing is polled."""
        self._asking.close()

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        cuts = [cut for cut in self._learned.cuts if cut.link == self.link.id]
        return {**super().health(), "cuts": [[cut.unit, cut.table, cut.addr, cut.count] for cut in cuts]}

    def _wake(self) -> None:
        """Before the next choice: who answered late, and what is urgent where other rules run now."""
        super()._wake()
        reads = self._reads()
        if reads is not self._urgent:
            self._urgent = reads
            self._turns = turns_of(self._units, reads, self._turns, self._clock.monotonic())

    async def _open_line(self) -> Line | None:
        return await self._asking.line()

    async def _ask(
        self, line: Line, unit: Unit, request: Request, timeout_s: float, waiting: deque[Request]
    ) -> tuple[SampleBatch, bool]:
        """One question and what it gave; False: leave this unit alone for now."""
        quality: Quality | None = Quality.NO_ANSWER
        go_on = True
        try:
            async with self._asking.turn:
                answer = await self._asking.told(
                    line,
                    request.question,
                    timeout_s,
                    gives_way_after_s=None if unit.breaker.closed else self._least_probe_s(),
                )
        except DeviceException as error:
            if error.is_there:
                quality = self._refused(unit, request, error.code, waiting)
            else:
                go_on = False
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

    def _refused(self, unit: Unit, request: Request, code: int, waiting: deque[Request]) -> Quality | None:
        """What the readings of a refused request are; None: its pieces are asked for instead."""
        pieces = unit.refused(request, code, self._clock.monotonic())
        if pieces:
            self.counters.splits += 1
            self._learned.add(Cut.of(self.link.id, unit.plan.unit, request.span), self._clock.now_us())
        waiting.extendleft(reversed(pieces))
        return None if pieces else Quality.DEVICE_ERROR
