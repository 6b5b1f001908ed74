"""A Modbus link's connection: asked by one at a time, the polling and those beside it."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Callable, Mapping
from typing import Any, Final

from devices.campus.modbus_links import ModbusLink
from devices.model.errors import Unreachable
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.priority_lock import PriorityLock
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.ways import Called, Way
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.connection import Connection as AnyConnection
from edge_agent.sources.polling.refusals import NoAnswer
from edge_agent.sources.port import Clock

#: What is waited for, a late answer, may come sooner.
LOOK_AGAIN_S: Final = 0.05


class Connection(AnyConnection[Line]):
    """The connection of a link, whether or not it is open now.

    Attributes:
        turn: held by whoever asks. A question of others waits for one of ours, not for a round; orders go first.
    """

    def __init__(
        self,
        link: ModbusLink,
        way: Way,
        settings: ModbusSettings,
        counters: Counters,
        clock: Clock,
        breakers: Mapping[int, Breaker],
    ) -> None:
        super().__init__(link, settings, counters, clock)
        self.turn = PriorityLock()
        self._way = way
        self._opened_by = counters
        self._breakers = breakers
        self._gives_way_after_s: float | None = None
        self._busy_until_s = -math.inf

    async def _open(self) -> Line:
        return await self._way.open(self._opened_by)

    @property
    def may_ask(self) -> bool:
        """Whether it is open, or it is time for an attempt to open it, or the unit has called."""
        return super().may_ask or self._way.is_news

    def is_free(self, unit: Any) -> bool:
        """Whether no answer of a unit may be on its way that could be taken for another one."""
        return self._line is None or self._line.free_in_s(unit) <= 0

    async def ask(
        self,
        question: Question,
        within_s: float,
        may_go: Callable[[], bool] | None = None,
        *,
        is_order: bool = False,
    ) -> bytes:
        """Ask beside the polling; raises as `LinkWorker.ask` says."""
        loop = asyncio.get_running_loop()
        until_s = loop.time() + within_s
        if is_order and self._line is not None and self._gives_way_after_s is not None:
            self._line.give_way(self._gives_way_after_s)
        try:
            async with asyncio.timeout_at(until_s):
                while True:
                    async with self.turn.held(first=is_order):
                        line = await self.opened()
                        if line is None:
                            raise Unreachable(self.trouble or f"{self._link.id} is not connected")
                        wait_s = line.free_in_s(question.unit)
                        if wait_s <= 0:
                            left_s = max(0.0, until_s - loop.time())
                            limit_s = min(self._link.timeout_s, left_s)
                            return await self.told(line, question, limit_s, may_go)
                    await asyncio.sleep(min(wait_s, LOOK_AGAIN_S))
        except TimeoutError:
            raise NoAnswer(f"no answer from unit {question.unit} within {within_s} s", heard=False) from None

    async def told(
        self,
        line: Line,
        question: Question,
        timeout_s: float,
        may_go: Callable[[], bool] | None = None,
        *,
        gives_way_after_s: float | None = None,
    ) -> bytes:
        """Ask, and learn from the outcome whether the unit and the link live; `turn` is held. Raises as a line.

        Whoever waited for the turn may hold a line of before, or ask a unit that was given up meanwhile.
        A probe gives way to an order once it has waited for `gives_way_after_s`. A gateway that takes one
        question at a time may still be busy with it; then the next one has as much more time.
        """
        if line is not self._line:
            raise Unreachable(line.lost or "closed here")
        if line.free_in_s(question.unit) > 0:
            raise NoAnswer(f"a late answer of unit {question.unit} may still come", heard=False)
        now_s = asyncio.get_running_loop().time()
        limit_s = timeout_s
        if gives_way_after_s is None:
            limit_s += max(0.0, self._busy_until_s - now_s)
        self._gives_way_after_s = gives_way_after_s
        try:
            return await self.asked(
                line,
                self._breakers.get(question.unit),
                limit_s,
                lambda: line.ask(question, limit_s, may_go),
            )
        except NoAnswer as silence:
            if silence.gave_way:
                self._busy_until_s = now_s + self._link.timeout_s
            raise
        finally:
            self._gives_way_after_s = None

    async def line(self) -> Line | None:
        """As `opened`, for whoever does not hold `turn`."""
        if self._line is not None and self._line.lost is None:
            return self._line
        async with self.turn:
            return await self.opened()

    def close(self) -> None:
        """End the connection, and expect no call."""
        super().close()
        if isinstance(self._way, Called):  # the others keep nothing between connections
            self._way.close()
