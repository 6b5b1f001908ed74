"""A link's one connection: opened when it is needed, given up when nobody answers, and what answers tell."""

from __future__ import annotations

import logging
import math
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection
from typing import Any, Final, Generic, Protocol, TypeVar

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.modbus_links import ModbusLink
from devices.model.errors import Garbled, Unreachable
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.counters import LinkCounters
from edge_agent.sources.polling.refusals import DeviceRefused, NoAnswer
from edge_agent.sources.polling.settings import PollSettings
from edge_agent.sources.port import Clock

#: Time for the rest of a garbled answer to come, so that it is not taken for the next one.
SETTLE_S: Final = 0.02
#: How fast the memory of a slow answer fades.
FADING: Final = 0.99
NOBODY: Final[frozenset[Any]] = frozenset()

log = logging.getLogger(__name__)


class Line(Protocol):
    """An open connection. `lost`: why it is over; `woken`: who answered after being given up."""

    lost: str | None
    woken: set[Any]

    def close(self, why: str) -> None:
        """End it at once."""


Link = ModbusLink | Dlt645Link
L = TypeVar("L", bound=Line)
T = TypeVar("T")


class Connection(ABC, Generic[L]):
    """The connection of a link, whether or not it is open now.

    Attributes:
        trouble: why it is down, or "".
        slowest_s: how long an answer may take, as far as was seen of late.
    """

    def __init__(self, link: Link, settings: PollSettings, counters: LinkCounters, clock: Clock) -> None:
        self.trouble = ""
        self.slowest_s = 0.0
        self._link = link
        self._settings = settings
        self._counters = counters
        self._clock = clock
        self._breaker = Breaker(settings.reconnect_first_s, settings.reconnect_most_s)
        self._line: L | None = None
        self._silent_in_row = 0
        self._heard_before = 0
        self._rests_until_s = -math.inf

    @abstractmethod
    async def _open(self) -> L:
        """Give a new connection.

        Raises:
            Unreachable: there is none now.
        """

    @property
    def state(self) -> str:
        """In one word."""
        if self._line is not None and self._line.lost is None:
            return "up"
        return "starting" if self._counters.connects + self._counters.connect_failures == 0 else "down"

    @property
    def may_ask(self) -> bool:
        """Whether it is open, or it is time for an attempt to open it."""
        return self._line is not None or self._breaker.due(self._clock.monotonic())

    def is_free(self, unit: Any) -> bool:  # noqa: ARG002 - most protocols can tell late answers from others
        """Whether no answer of a unit may be on its way that could be taken for another one."""
        return True

    def woken(self) -> Collection[Any]:
        """Units that answered after they were given up, since this was asked last."""
        if self._line is None or not self._line.woken:
            return NOBODY
        found, self._line.woken = self._line.woken, set()
        self._silent_in_row = 0
        return found

    async def asked(
        self, line: L, breaker: Breaker | None, timeout_s: float, ask: Callable[[], Awaitable[T]]
    ) -> T:
        """Ask, and learn from the outcome whether the unit and the link live; raises as `ask`."""
        sent_s = self._clock.monotonic()
        if (wait_s := self._rests_until_s - sent_s) > 0:
            await self._clock.sleep(wait_s)
            sent_s += wait_s
        try:
            answer = await ask()
        except DeviceRefused as error:
            self._heard_of(breaker, is_there=error.is_there)
            raise
        except Garbled:
            await self._clock.sleep(SETTLE_S)
            raise
        except NoAnswer as silence:
            if breaker is not None:
                hasty = silence.gave_way or timeout_s < self._link.timeout_s
                breaker.failed(self._clock.monotonic(), hasty=hasty)
            if not silence.gave_way:
                self._unheard(line, heard=silence.heard)
            raise
        except Unreachable as error:
            self._down(str(error))
            raise
        finally:
            ended_s = self._clock.monotonic()
            self._rests_until_s = ended_s + self._settings.pause_s
        self._heard_of(breaker, is_there=True)
        self.slowest_s = max(ended_s - sent_s, self.slowest_s * FADING)
        return answer

    async def opened(self) -> L | None:
        """The open connection, a new one if it is time for an attempt, or None."""
        if self._line is not None and self._line.lost is not None:
            self._down(self._line.lost)
        if self._line is not None or not self.may_ask:
            return self._line
        try:
            self._line = await self._open()
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
        """End the connection for good."""
        self.hang_up()

    # --- what was learned

    def _heard_of(self, breaker: Breaker | None, *, is_there: bool) -> None:
        """Somebody answered on this connection, be it with a refusal."""
        if breaker is not None:
            if is_there:
                breaker.answered()
            else:
                breaker.failed(self._clock.monotonic())
        self._breaker.answered()
        self._silent_in_row = 0
        if self.trouble:
            log.info("%s link %s answers again", self._link.kind, self._link.id)
            self.trouble = ""

    def _unheard(self, line: L, *, heard: bool) -> None:
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
            log.warning("%s link %s is down: %s", self._link.kind, self._link.id, why)
        self.trouble = why
