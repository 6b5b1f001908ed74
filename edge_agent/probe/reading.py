"""Registers of a live unit, read politely: slowly, within limits, and no further than the device likes.

A range that is refused is halved, down to single registers; after too many refusals in a row, or without an
answer, the rest of a range is left alone.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol

import numpy as np

from devices.model.errors import Garbled, Unreachable
from devices.profiles.profile import Table
from edge_agent.sources.modbus.plan import BIT_TABLES
from edge_agent.sources.modbus.question import DeviceException, Question, exception_name
from edge_agent.sources.polling.refusals import NoAnswer

Ask = Callable[[Question, float], Awaitable[bytes]]
Range = tuple[int, int]
#: Exceptions that say that a smaller range, or another one, may be answered.
HALVED: Final = frozenset({2, 3})
NO_FUNCTION: Final = 1
#: Single registers in a row that are refused before the rest of their range is left alone.
TIRED: Final = 32
#: Questions in a row that nobody answers before the whole probe is over.
DEAD: Final = 2
NOT_ASKED: Final = "not_asked"


class Pause(Protocol):
    """Time as a probe sees it."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


@dataclass(frozen=True, slots=True)
class Manners:
    """How a unit is asked.

    most: registers (or sixteenths of bits) in one request; per_s: requests a second; requests: in all
    within_s: for one answer; seconds: for all
    """

    most: int = 32
    per_s: float = 10.0
    requests: int = 400
    within_s: float = 3.0
    seconds: float = 120.0


@dataclass(slots=True)
class Heard:
    """What was answered.

    words:   register (or bit) by address
    refused: (first, last, why), in the order in which that was learnt
    largest: most registers that were answered at once
    """

    words: dict[int, int] = field(default_factory=dict)
    refused: list[tuple[int, int, str]] = field(default_factory=list)
    requests: int = 0
    largest: int = 0

    @property
    def ranges(self) -> list[Range]:
        """Ranges that were answered, each as long as it can be."""
        return joined(sorted(self.words))

    def not_read(self) -> list[tuple[int, int, str]]:
        """Ranges that were not answered, neighbours of one reason as one."""
        found: list[tuple[int, int, str]] = []
        for first, last, why in sorted(self.refused):
            if found and found[-1][1] + 1 == first and found[-1][2] == why:
                found[-1] = (found[-1][0], last, why)
            else:
                found.append((first, last, why))
        return found


def joined(addresses: Iterable[int]) -> list[Range]:
    """Rising addresses as ranges."""
    found: list[Range] = []
    for address in addresses:
        if found and found[-1][1] + 1 == address:
            found[-1] = (found[-1][0], address)
        else:
            found.append((address, address))
    return found


class Asker:
    """Asks one unit, and remembers how much it has been asked."""

    def __init__(self, ask: Ask, unit: int, manners: Manners, clock: Pause) -> None:
        self._ask, self._unit, self._manners, self._clock = ask, unit, manners, clock
        self._until_s = clock.monotonic() + manners.seconds
        self._next_s = clock.monotonic()
        self._unheard = 0
        self.requests = 0

    @property
    def may_ask(self) -> bool:
        """Whether there is time, a request left, and somebody there."""
        return (
            self.requests < self._manners.requests
            and self._unheard < DEAD
            and max(self._next_s, self._clock.monotonic()) < self._until_s
        )

    async def read(self, table: Table, first: int, count: int) -> bytes:
        """Ask for registers, not before it is polite to.

        Raises:
            NoAnswer, Unreachable, DeviceException, Garbled: as the link says.
        """
        await self._clock.sleep(max(0.0, self._next_s - self._clock.monotonic()))
        self._next_s = self._clock.monotonic() + 1 / self._manners.per_s
        self.requests += 1
        try:
            data = await self._ask(Question.read(self._unit, table, first, count), self._manners.within_s)
        except NoAnswer:
            self._unheard += 1
            raise
        except (DeviceException, Garbled):
            self._unheard = 0
            raise
        self._unheard = 0
        return data


async def look(asker: Asker, table: Table, ranges: Sequence[Range], most: int) -> Heard:
    """Read ranges.

    Raises:
        Unreachable: the link is down, or nobody answered anything.
    """
    heard = Heard()
    for first, last in ranges:
        await _Walk(asker, table, most, heard).range(first, last)
    heard.requests = asker.requests
    if not heard.words and any(why == "no_answer" for _, _, why in heard.refused):
        raise Unreachable("the unit does not answer")
    return heard


class _Walk:
    """One range, from its beginning to its end."""

    def __init__(self, asker: Asker, table: Table, most: int, heard: Heard) -> None:
        self._asker, self._table, self._heard = asker, table, heard
        self._bits = table in BIT_TABLES
        self._most = most * 16 if self._bits else most
        self._in_row = 0

    async def range(self, first: int, last: int) -> None:
        """Read as much of it as the device gives."""
        waiting = deque((at, min(self._most, last + 1 - at)) for at in range(first, last + 1, self._most))
        while waiting:
            at, count = waiting.popleft()
            if not self._asker.may_ask or self._in_row >= TIRED:
                self._leave(at, count, NOT_ASKED)
                continue
            why = await self._one(at, count)
            if why in {exception_name(code) for code in HALVED} and count > 1:
                lower = (count + 2) // 4 * 2 if count > 2 else 1  # noqa: PLR2004 - a value of two registers stays whole
                waiting.extendleft([(at + lower, count - lower), (at, lower)])
            elif why == exception_name(NO_FUNCTION):
                self._leave(at, last + 1 - at, why)
                return
            elif why:
                self._leave(at, count, why)

    async def _one(self, at: int, count: int) -> str:
        """Read, and say why not; "" where it was answered."""
        for is_last in (False, True):
            try:
                data = await self._asker.read(self._table, at, count)
            except DeviceException as error:
                self._in_row += count == 1
                return exception_name(error.code)
            except NoAnswer as error:
                return "garbled" if error.heard else "no_answer"
            except Garbled:
                if is_last:
                    return "garbled"
            else:
                self._take(at, count, data)
                return ""
        return "garbled"

    def _take(self, at: int, count: int, data: bytes) -> None:
        self._in_row = 0
        if self._bits:
            values = np.unpackbits(np.frombuffer(data, np.uint8), bitorder="little")[:count].tolist()
        else:
            values = np.frombuffer(data, ">u2").tolist()
        self._heard.words.update(zip(range(at, at + count), values, strict=True))
        self._heard.largest = max(self._heard.largest, count)

    def _leave(self, at: int, count: int, why: str) -> None:
        self._heard.refused.append((at, at + count - 1, why))
