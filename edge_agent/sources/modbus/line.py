"""One Modbus TCP connection with at most one open question.

pymodbus builds the requests. Its client is not used for the answers: it waits out the whole time-out after
a lost connection, drops wrong frames without telling, closes a shared connection after a few silent units,
and unpacks each register into a Python integer. Here each wrong frame has a name, and an answer stays bytes.
"""

from __future__ import annotations

import asyncio
import struct
from collections import OrderedDict
from dataclasses import dataclass
from typing import Final, cast

from pymodbus.constants import ExcCodes
from pymodbus.framer import FramerSocket
from pymodbus.pdu import DecodePDU, ModbusPDU
from pymodbus.pdu.bit_message import ReadCoilsRequest, ReadDiscreteInputsRequest
from pymodbus.pdu.register_message import ReadHoldingRegistersRequest, ReadInputRegistersRequest

from devices.model.errors import Garbled, Refused, Unreachable
from devices.profiles.profile import Table
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.plan import BIT_TABLES, Span

REQUESTS: Final[dict[Table, type[ModbusPDU]]] = {
    Table.COIL: ReadCoilsRequest,
    Table.DISCRETE: ReadDiscreteInputsRequest,
    Table.HOLDING: ReadHoldingRegistersRequest,
    Table.INPUT: ReadInputRegistersRequest,
}
HEADER: Final = struct.Struct(">HHHB")  # transaction, protocol, length of what follows, unit
LENGTHS: Final = range(3, 255)  # unit, function and 1 to 252 bytes
EXCEPTION: Final = 0x80
#: Unit ids by which a device that has no units behind it is asked; it may answer with its own.
DIRECT_UNITS: Final = (0, 255)
#: Bytes that may come between two good answers; whoever sends more is not a Modbus device, and is hung up on.
MAX_NOISE: Final = 64 * 1024
#: Questions given up that are still remembered, to know a late answer from a wrong one.
REMEMBERED: Final = 16


class NoAnswer(Unreachable):
    """Nobody answered in time. `heard`: something came, but nothing that fits."""

    def __init__(self, text: str, *, heard: bool) -> None:
        super().__init__(text)
        self.heard = heard


class DeviceException(Refused):
    """The device answered with an exception code."""

    def __init__(self, code: int) -> None:
        super().__init__(f"exception {code} ({exception_name(code)})")
        self.code = code


def exception_name(code: int) -> str:
    """Name of an exception code, or its number."""
    return ExcCodes(code).name.lower() if code in set(ExcCodes) else str(code)


@dataclass(frozen=True, slots=True)
class Question:
    """A read request ready to send: all of the frame but its transaction number."""

    unit: int
    function: int
    answer_bytes: int
    rest: bytes

    @classmethod
    def of(cls, unit: int, span: Span) -> Question:
        """Build the request for a span of a unit."""
        request = REQUESTS[span.table](address=span.addr, count=span.count, dev_id=unit)
        frame = FramerSocket(DecodePDU(is_server=False)).buildFrame(request)
        size = (span.count + 7) // 8 if span.table in BIT_TABLES else span.count * 2
        return cls(unit, request.function_code, size, frame[2:])


class Line(asyncio.Protocol):
    """A connection; made by `connected`, ended by `close` or by the other side.

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
        self._number = 0
        self._question: Question | None = None
        self._answer: asyncio.Future[bytes] | None = None
        self._heard = False
        self._noise = 0
        self._given_up: OrderedDict[int, int] = OrderedDict()

    async def ask(self, question: Question, timeout_s: float) -> bytes:
        """Send a request and wait for the data of its answer.

        Raises:
            NoAnswer: nothing that fits came within `timeout_s`.
            Unreachable: the connection is lost.
            DeviceException: the device answered with an exception code.
            Garbled: an answer to this question made no sense.
        """
        if self._transport is None or self.lost is not None:
            raise Unreachable(self.lost or "not connected")
        loop = asyncio.get_running_loop()
        self._number = self._number % 0xFFFF + 1
        self._buffer = b""  # what was left of a garbled answer must not swallow the next one
        self._heard = False
        self._question = question
        answer: asyncio.Future[bytes] = loop.create_future()
        self._answer = answer
        timer = loop.call_later(timeout_s, self._give_up)
        self._counters.asked += 1
        self._transport.write(self._number.to_bytes(2, "big") + question.rest)
        try:
            return await answer
        finally:
            timer.cancel()
            self._answer = None

    def close(self, why: str) -> None:
        """End the connection at once."""
        self._end(why)
        if self._transport is not None:
            self._transport.abort()

    # --- called by the event loop

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio.Protocol
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102 - asyncio.Protocol
        if self._buffer:
            self._counters.cut_short += 1
        self._end(f"connection lost: {exc}" if exc else "closed by the device")

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio.Protocol
        self._noise += len(data)
        buffer = self._buffer + data if self._buffer else data
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
        if self._noise > MAX_NOISE:
            self._counters.noisy += 1
            self.close("it sends nothing but nonsense")

    # --- judging what came

    def _frame(self, number: int, unit: int, pdu: bytes) -> None:
        question = self._question
        if question is None or self._answer is None or self._answer.done() or number != self._number:
            self._stray(number, unit)
        elif unit != question.unit and question.unit not in DIRECT_UNITS:
            self._counters.wrong_unit += 1
            self._heard = True
        elif pdu[0] == question.function:
            if len(pdu) != question.answer_bytes + 2 or pdu[1] != question.answer_bytes:
                self._counters.wrong_length += 1
                self._fail(Garbled(f"{len(pdu) - 2} bytes of data instead of {question.answer_bytes}"))
            else:
                self._counters.answered += 1
                self._noise = 0
                self._answer.set_result(pdu[2:])
        elif pdu[0] == question.function | EXCEPTION and len(pdu) == 2:  # noqa: PLR2004 - function and code
            self._counters.exceptions += 1
            self._counters.codes[exception_name(pdu[1])] += 1
            self._answer.set_exception(DeviceException(pdu[1]))
        else:
            self._counters.wrong_function += 1
            self._fail(Garbled(f"an answer to function {pdu[0]} instead of {question.function}"))

    def _stray(self, number: int, unit: int) -> None:
        """A frame that answers no open question: too late, or wrong."""
        if self._given_up.pop(number, None) == unit:
            self._counters.late += 1
            self.woken.add(unit)
        elif self._answer is None or self._answer.done():
            self._counters.unasked += 1
        else:
            self._counters.wrong_transaction += 1
            self._heard = True

    def _give_up(self) -> None:
        question, answer = self._question, self._answer
        if question is None or answer is None or answer.done():
            return
        self._counters.timeouts += 1
        heard = self._heard or bool(self._buffer)
        self._counters.garbled += heard
        self._given_up[self._number] = question.unit
        while len(self._given_up) > REMEMBERED:
            self._given_up.popitem(last=False)
        answer.set_exception(NoAnswer(f"no answer from unit {question.unit}", heard=heard))

    def _fail(self, error: Garbled) -> None:
        if self._answer is None or self._answer.done():
            self._counters.unasked += 1
            return
        self._counters.garbled += 1
        self._answer.set_exception(error)

    def _end(self, why: str) -> None:
        if self.lost is None:
            self.lost = why
        if self._answer is not None and not self._answer.done():
            self._answer.set_exception(Unreachable(why))


async def connected(host: str, port: int, timeout_s: float, counters: Counters) -> Line:
    """Open a connection.

    Raises:
        Unreachable: nothing listens there, or it took too long.
    """
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(timeout_s):
            _, line = await loop.create_connection(lambda: Line(counters), host, port)
    except TimeoutError:
        counters.connect_failures += 1
        raise Unreachable(f"{host}:{port} does not answer within {timeout_s} s") from None
    except OSError as error:
        counters.connect_failures += 1
        raise Unreachable(f"{host}:{port}: {error.strerror or error}") from None
    counters.reconnects += counters.connects > 0
    counters.connects += 1
    return line
