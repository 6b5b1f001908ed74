"""One Modbus connection with at most one open question, and how its answer is judged; frames by number (TCP).

pymodbus builds the requests. Its client is not used for the answers: it waits out the whole time-out after
a lost connection, drops wrong frames without telling, closes a shared connection after a few silent units,
and unpacks each register into a Python integer. Here each wrong frame has a name, and an answer stays bytes.
Frames with a checksum and without a number are read in `rtu.py`.
"""

from __future__ import annotations

import asyncio
import struct
from abc import ABC, abstractmethod
from collections import OrderedDict
from collections.abc import Callable
from typing import Final, cast

from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.question import (
    EXCEPTION,
    DeviceException,
    Question,
    exception_name,
)
from edge_agent.sources.polling.refusals import NoAnswer

HEADER: Final = struct.Struct(">HHHB")  # transaction, protocol, length of what follows, unit
LENGTHS: Final = range(3, 255)  # unit, function and 1 to 252 bytes
#: Unit ids by which a device that has no units behind it is asked; it may answer with its own.
DIRECT_UNITS: Final = (0, 255)
#: Bytes that may come between two good answers; whoever sends more is not a Modbus device, and is hung up on.
MAX_NOISE: Final = 64 * 1024
#: Questions given up that are still remembered, to know a late answer from a wrong one.
REMEMBERED: Final = 16


class Line(asyncio.Protocol, ABC):
    """A connection, whatever carries it; made by a `Way`, ended by `close` or by the other side.

    Attributes:
        lost: why the connection is over, or None.
        woken: units that answered after we had given them up; the owner empties it.
    """

    def __init__(self, counters: Counters) -> None:
        self.lost: str | None = None
        self.woken: set[int] = set()
        self._counters = counters
        self._transport: asyncio.Transport | None = None
        self._buffer = b""
        self._question: Question | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._sent_s = 0.0
        self._gave_way = False
        self._heard = False
        self._noise = 0

    async def ask(
        self, question: Question, timeout_s: float, may_go: Callable[[], bool] | None = None
    ) -> bytes:
        """Send a request and wait for the data of its answer; nothing for a write that was confirmed.

        `may_go` is asked last: nothing is awaited between its word and the frame.

        Raises:
            NoAnswer: nothing that fits came within `timeout_s`.
            Unreachable: the connection is lost.
            Refused: `may_go` said no; nothing was sent.
            DeviceException: the device answered with an exception code.
            Garbled: an answer to this question made no sense.
        """
        if self._transport is None or self.lost is not None:
            raise Unreachable(self.lost or "not connected")
        if may_go is not None and not may_go():
            raise Refused("not allowed any more")
        loop = asyncio.get_running_loop()
        self._buffer = b""  # what was left of a garbled answer must not swallow the next one
        self._heard = self._gave_way = False
        self._question = question
        answer: asyncio.Future[bytes] = loop.create_future()
        self._answer = answer
        self._sent_s = loop.time()
        self._timer = loop.call_at(self._sent_s + timeout_s, self._give_up)
        self._counters.asked += 1
        self._transport.write(self._framed(question))
        try:
            return await answer
        except asyncio.CancelledError:
            self._remember(question)  # its answer may still come
            raise
        finally:
            self._timer.cancel()
            self._answer = None

    def free_in_s(self, unit: int) -> float:  # noqa: ARG002 - frames with a number are never mistaken
        """Seconds for which a unit must not be asked yet: its late answer could be taken for another one."""
        return 0.0

    def give_way(self, after_s: float) -> None:
        """Give the open question up so long after it was sent, if the next one may go out before its answer."""

    def close(self, why: str) -> None:
        """End the connection at once."""
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    # --- what differs between the framings

    @abstractmethod
    def _framed(self, question: Question) -> bytes:
        """The frame to send."""

    @abstractmethod
    def _remember(self, question: Question) -> None:
        """Note that a question was given up: what answers it from now on is late."""

    @abstractmethod
    def _parse(self) -> None:
        """Take every whole frame out of the buffer."""

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio.Protocol
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102 - asyncio.Protocol
        if self._buffer:
            self._counters.cut_short += 1
        self._end(f"connection lost: {exc}" if exc else "closed by the device")

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio.Protocol
        self._noise += len(data)
        self._buffer = self._buffer + data if self._buffer else data
        self._parse()
        if self._noise > MAX_NOISE:
            self._counters.noisy += 1
            self.close("it sends nothing but nonsense")

    # --- judging what came

    @property
    def _waits(self) -> bool:
        """Whether a question is open."""
        return self._answer is not None and not self._answer.done()

    def _judge(self, unit: int, pdu: bytes, direct: tuple[int, ...] = ()) -> None:
        """A frame came while a question is open: is it the answer?"""
        question, answer = self._question, self._answer
        if question is None or answer is None:
            return
        if unit != question.unit and question.unit not in direct:
            self._counters.wrong_unit += 1
            self._heard = True
        elif question.fits(pdu):
            self._counters.answered += 1
            self._noise = 0
            answer.set_result(pdu[len(question.head) :])
        elif pdu[0] == question.function | EXCEPTION and len(pdu) == 2:  # noqa: PLR2004 - function and code
            self._counters.exceptions += 1
            self._counters.codes[exception_name(pdu[1])] += 1
            self._noise = 0
            answer.set_exception(DeviceException(pdu[1]))
        elif pdu[0] == question.function:
            self._counters.wrong_length += 1
            self._fail(Garbled(question.mismatch(pdu)))
        else:
            self._counters.wrong_function += 1
            self._fail(Garbled(f"an answer to function {pdu[0]} instead of {question.function}"))

    def _late(self, unit: int) -> None:
        """A unit answered a question that was given up."""
        self._counters.late += 1
        self._noise = 0
        self.woken.add(unit)

    def _give_up(self) -> None:
        question = self._question
        if question is None or not self._waits:
            return
        self._counters.timeouts += 1
        heard = self._heard or bool(self._buffer)
        self._counters.garbled += heard
        self._remember(question)
        self._raise(NoAnswer(f"no answer from unit {question.unit}", heard=heard, gave_way=self._gave_way))

    def _fail(self, error: Garbled) -> None:
        if not self._waits:
            self._counters.unasked += 1
            return
        self._counters.garbled += 1
        self._raise(error)

    def _raise(self, error: CampusError) -> None:
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(error)

    def _end(self, why: str) -> None:
        if self.lost is None:
            self.lost = why
        self._raise(Unreachable(why))


class TcpLine(Line):
    """Frames with a transaction number and a length in front (Modbus TCP)."""

    def __init__(self, counters: Counters) -> None:
        super().__init__(counters)
        self._number = 0
        self._given_up: OrderedDict[int, int] = OrderedDict()

    def give_way(self, after_s: float) -> None:
        """Give the open question up so long after it was sent; its answer is known by its number."""
        loop = asyncio.get_running_loop()
        until_s = max(loop.time(), self._sent_s + after_s)
        if self._waits and self._timer is not None and until_s < self._timer.when():
            self._timer.cancel()
            self._gave_way = True
            self._timer = loop.call_at(until_s, self._give_up)

    def _framed(self, question: Question) -> bytes:
        self._number = self._number % 0xFFFF + 1
        return HEADER.pack(self._number, 0, len(question.pdu) + 1, question.unit) + question.pdu

    def _parse(self) -> None:
        buffer = self._buffer
        while len(buffer) >= HEADER.size:
            number, protocol, length, unit = HEADER.unpack_from(buffer)
            if protocol or length not in LENGTHS:
                self._counters.bad_header += 1
                self._fail(Garbled(f"not a Modbus frame: {buffer[:12].hex()}"))
                buffer = b""
                break
            if len(buffer) < 6 + length:
                break
            self._frame(number, unit, buffer[7 : 6 + length])
            buffer = buffer[6 + length :]
        self._buffer = buffer

    def _frame(self, number: int, unit: int, pdu: bytes) -> None:
        if number == self._number and self._waits:
            self._judge(unit, pdu, DIRECT_UNITS)
        elif self._given_up.pop(number, None) == unit:
            self._late(unit)
        elif not self._waits:
            self._counters.unasked += 1
        else:
            self._counters.wrong_transaction += 1
            self._heard = True

    def _remember(self, question: Question) -> None:
        self._given_up[self._number] = question.unit
        while len(self._given_up) > REMEMBERED:
            self._given_up.popitem(last=False)
