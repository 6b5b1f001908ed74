"""A link's one connection: opened when it is needed, asked by one at a time, given up when nobody answers."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Collection, Mapping
from typing import Final

from devices.campus.modbus_links import ModbusLink
from devices.model.errors import Garbled, Unreachable
from edge_agent.sources.modbus.breaker import Breaker
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.priority_lock import PriorityLock
from edge_agent.sources.modbus.question import DeviceException, NoAnswer, Question
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.ways import Called, Way
from edge_agent.sources.port import Clock

#: The gateway answers, the unit behind it does not.
UNIT_SILENT: Final = frozenset({10, 11})
#: Time for the rest of a garbled answer to come, so that it is not taken for the next one.
SETTLE_S: Final = 0.02
#: What is waited for, a late answer, may come sooner.
LOOK_AGAIN_S: Final = 0.05
#: How fast the memory of a slow answer fades.
FADING: Final = 0.99

NOBODY: Final[frozenset[int]] = frozenset()

log = logging.getLogger(__name__)


class Connection:
    """The connection of a link, whether or not it is open now.

    Attributes:
        turn: held by whoever asks. A question of others waits for one of ours, not for a round; orders go first.
        trouble: why it is down, or "".
        slowest_s: how long an answer may take, as far as was seen of late.
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
        self.turn = PriorityLock()
        self.trouble = ""
        self.slowest_s = 0.0
        self._link = link
        self._way = way
        self._settings = settings
        self._counters = counters
        self._clock = clock
        self._breakers = breakers
        self._breaker = Breaker(settings.reconnect_first_s, settings.reconnect_most_s)
        self._line: Line | None = None
        self._silent_in_row = 0
        self._heard_before = 0
        self._rests_until_s = -math.inf

    @property
    def state(self) -> str:
        """In one word."""
        if self._line is not None and self._line.lost is None:
            return "up"
        return "starting" if self._counters.connects + self._counters.connect_failures == 0 else "down"

    @property
    def may_ask(self) -> bool:
        """Whether it is open, or it is time for an attempt to open it."""
        return self._line is not None or self._breaker.due(self._clock.monotonic()) or self._way.is_news

    def is_free(self, unit: int) -> bool:
        """Whether no answer of a unit may be on its way that could be taken for another one."""
        return self._line is None or self._line.free_in_s(unit) <= 0

    def woken(self) -> Collection[int]:
        """Units that answered after they were given up, since this was asked last."""
        if self._line is None or not self._line.woken:
            return NOBODY
        found, self._line.woken = self._line.woken, set()
        self._silent_in_row = 0
        return found

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
    ) -> bytes:
        """Ask, and learn from the outcome whether the unit and the link live; `turn` is held. Raises as a line.

        Whoever waited for the turn may hold a line of before, or ask a unit that was given up meanwhile.
        """
        if line is not self._line:
            raise Unreachable(line.lost or "closed here")
        if line.free_in_s(question.unit) > 0:
            raise NoAnswer(f"a late answer of unit {question.unit} may still come", heard=False)
        sent_s = self._clock.monotonic()
        if (wait_s := self._rests_until_s - sent_s) > 0:
            await self._clock.sleep(wait_s)
            sent_s += wait_s
        try:
            answer = await line.ask(question, timeout_s, may_go)
        except DeviceException as error:
            self._heard_of(question.unit, is_there=error.code not in UNIT_SILENT)
            self._alive()
            raise
        except Garbled:
            await self._clock.sleep(SETTLE_S)
            raise
        except NoAnswer as silence:
            self._heard_of(question.unit, is_there=False, hasty=timeout_s < self._link.timeout_s)
            self._unheard(line, heard=silence.heard)
            raise
        except Unreachable as error:
            self._down(str(error))
            raise
        finally:
            ended_s = self._clock.monotonic()
            self._rests_until_s = ended_s + self._settings.pause_s
        self._heard_of(question.unit, is_there=True)
        self._alive()
        self.slowest_s = max(ended_s - sent_s, self.slowest_s * FADING)
        return answer

    async def line(self) -> Line | None:
        """As `opened`, for whoever does not hold `turn`."""
        if self._line is not None and self._line.lost is None:
            return self._line
        async with self.turn:
            return await self.opened()

    async def opened(self) -> Line | None:
        """The open connection, a new one if it is time for an attempt, or None; `turn` is held."""
        if self._line is not None and self._line.lost is not None:
            self._down(self._line.lost)
        if self._line is not None or not self.may_ask:
            return self._line
        try:
            self._line = await self._way.open(self._counters)
        except Unreachable as error:
            self._breaker.failed(self._clock.monotonic())
            self._report(str(error))
            return None
        self._silent_in_row = 0
        self._heard_before = self._counters.heard
        return self._line

    def hang_up(self) -> None:
        """End the connection; the next question opens a new one."""
        if self._line is not None:
            self._line.close("closed here")
            self._line = None

    def close(self) -> None:
        """End the connection, and expect no call."""
        self.hang_up()
        if isinstance(self._way, Called):  # the others keep nothing between connections
            self._way.close()

    # --- what was learned

    def _heard_of(self, unit: int, *, is_there: bool, hasty: bool = False) -> None:
        breaker = self._breakers.get(unit)
        if breaker is None:
            return
        if is_there:
            breaker.answered()
        else:
            breaker.failed(self._clock.monotonic(), hasty=hasty)

    def _alive(self) -> None:
        """Somebody answered on this connection, be it with an exception code."""
        self._breaker.answered()
        self._silent_in_row = 0
        if self.trouble:
            log.info("modbus link %s answers again", self._link.id)
            self.trouble = ""

    def _unheard(self, line: Line, *, heard: bool) -> None:
        self._silent_in_row = 0 if heard else self._silent_in_row + 1
        if self._silent_in_row >= self._settings.give_up_after:
            # Perhaps the other end has forgotten this connection; a new one costs little.
            self._silent_in_row = 0
            line.close("nobody answered")

    def _down(self, why: str) -> None:
        if self._counters.heard == self._heard_before:
            # or a device that hangs up would be called for ever
            self._breaker.failed(self._clock.monotonic())
        self.hang_up()
        self._report(why)

    def _report(self, why: str) -> None:
        if not self.trouble:  # the first failure is told, repeats are counted
            log.warning("modbus link %s is down: %s", self._link.id, why)
        self.trouble = why
