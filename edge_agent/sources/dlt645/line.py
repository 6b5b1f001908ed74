"""One connection to a bus of meters, with at most one open question."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Final, cast

from devices.campus.dlt645_links import Dlt645Link, Dlt645SerialLink, Dlt645TcpLink
from devices.model.errors import Garbled, Unreachable
from edge_agent.sources.dlt645 import frames
from edge_agent.sources.dlt645.counters import Counters
from edge_agent.sources.dlt645.frames import Finder, Frame, Read
from edge_agent.sources.dlt645.plan import IDENTIFIER_BYTES
from edge_agent.sources.polling.refusals import DeviceRefused, NoAnswer
from edge_agent.sources.serial_port import open_serial

#: Bytes that may come between two good answers; whoever sends more is no meter, and is hung up on.
MAX_NOISE: Final = 4096
#: Bits of the longest frame; an answer that has begun may take as long as these, but not for ever.
LONGEST_BITS: Final = 12 * (frames.HEAD + 255 + frames.TAIL)


class MeterRefused(DeviceRefused):
    """The meter answered that it will not or cannot; `reasons` by name."""

    def __init__(self, reasons: list[str]) -> None:
        super().__init__(f"refused: {', '.join(reasons)}")
        self.reasons = frozenset(reasons)


@dataclass(frozen=True, slots=True)
class Question:
    """A request ready to send, and what its answer must begin and end with.

    address: of the meter, as it travels; None: the only meter is asked who it is.
    """

    address: bytes | None
    code: Read
    identifier: bytes
    number: int
    request: bytes

    @classmethod
    def data(cls, address: bytes, identifier: str) -> Question:
        """Ask for a value or a block."""
        wanted = frames.identifier_bytes(identifier)
        return cls(address, Read.DATA, wanted, 0, frames.read(address, wanted))

    def following(self, number: int) -> Question:
        """Ask for one more frame of a long answer."""
        assert self.address is not None
        request = frames.read_following(self.address, self.identifier, number)
        return Question(self.address, Read.FOLLOWING, self.identifier, number, request)

    @classmethod
    def who(cls) -> Question:
        """Ask the only meter for its address."""
        return cls(None, Read.ADDRESS, b"", 0, frames.read_address())


class Line(asyncio.Protocol):
    """A connection; made by `connected`, ended by `close` or by the other side.

    Attributes:
        lost: why the connection is over, or None.
        woken: addresses of meters that answered after we had given them up; the owner empties it.
    """

    def __init__(self, counters: Counters, gap_s: float, baud: int) -> None:
        self.lost: str | None = None
        self.woken: set[bytes] = set()
        self._counters = counters
        self._gap_s = gap_s
        self._longest_s = LONGEST_BITS / baud
        self._transport: asyncio.Transport | None = None
        self._finder = Finder()
        self._question: Question | None = None
        self._answer: asyncio.Future[Frame] | None = None
        self._timer: asyncio.TimerHandle | None = None
        self._gap: asyncio.TimerHandle | None = None
        self._heard = False
        self._begun = False
        self._noise = 0
        self._given_up: set[bytes] = set()

    async def ask(self, question: Question, timeout_s: float) -> Frame:
        """Send a request and wait for its answer, which must begin within `timeout_s`.

        Raises:
            NoAnswer: nothing that fits came.
            Unreachable: the connection is lost.
            MeterRefused: the meter will not or cannot.
            Garbled: an answer to this question made no sense.
        """
        if self._transport is None or self.lost is not None:
            raise Unreachable(self.lost or "not connected")
        loop = asyncio.get_running_loop()
        self._finder.clear()  # what was left of a garbled answer must not swallow the next one
        self._heard = self._begun = False
        self._question = question
        answer: asyncio.Future[Frame] = loop.create_future()
        self._answer = answer
        self._timer = loop.call_later(timeout_s, self._late)
        self._counters.asked += 1
        self._transport.write(question.request)
        try:
            return await answer
        finally:
            self._stop()
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
        self._counters.cut_short += bool(self._finder.holds)
        self._end(f"connection lost: {exc}" if exc else "closed by the other end")

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio.Protocol
        if self.lost is not None:
            return
        self._noise += len(data)
        found = self._finder.feed(data)
        # After an echo or a stray frame the answer may still take its time; one that has begun may not.
        self._begun = bool((self._begun and not found) or self._finder.holds or self._finder.wrong_sums)
        self._take(found)
        if self._gap is not None:
            self._gap.cancel()
            self._gap = None
        if self._is_open and self._begun:
            self._gap = asyncio.get_running_loop().call_later(self._gap_s, self._broken_off)
        if self._noise > MAX_NOISE:
            self._counters.noisy += 1
            self.close("it sends nothing but nonsense")

    # --- judging what came

    @property
    def _is_open(self) -> bool:
        return self._answer is not None and not self._answer.done()

    def _take(self, found: list[Frame]) -> None:
        self._counters.wrong_sum += self._finder.wrong_sums
        self._counters.noise += self._finder.noise
        self._heard |= bool(self._finder.wrong_sums or self._finder.noise)
        self._finder.wrong_sums = self._finder.noise = 0
        for frame in found:
            self._judge(frame)

    def _judge(self, frame: Frame) -> None:
        question = self._question
        if not frame.from_meter:
            self._counters.echoes += 1
        elif question is None or self._answer is None or not self._is_open:
            self._stray(frame, "unasked")
        elif question.address is not None and frame.address != question.address:
            self._stray(frame, "wrong_address")
        elif frame.code != question.code:
            self._stray(frame, "wrong_control")
        elif frame.refused:
            reasons = frames.refusal_names(frame)
            self._counters.exceptions += 1
            self._counters.codes.update(reasons)
            self._noise = 0
            self._answer.set_exception(MeterRefused(reasons))
        elif frame.data[: len(question.identifier)] != question.identifier:
            self._stray(frame, "wrong_data")
        elif question.number and frame.data[IDENTIFIER_BYTES:][-1:] != bytes([question.number]):
            self._counters.wrong_number += 1
            self._fail(Garbled(f"frame {question.number} of a long answer is another one"))
        else:
            self._counters.answered += 1
            self._given_up.discard(frame.address)
            self._noise = 0
            self._answer.set_result(frame)

    def _stray(self, frame: Frame, what: str) -> None:
        """A frame that does not answer the open question: too late, or wrong."""
        if frame.address in self._given_up:
            self._given_up.discard(frame.address)
            self._counters.late += 1
            self._noise = 0
            self.woken.add(frame.address)
            return
        setattr(self._counters, what, getattr(self._counters, what) + 1)
        self._heard |= self._is_open

    def _late(self) -> None:
        """The answer has not come in time; one that has begun may end."""
        if not self._is_open:
            return
        if self._finder.holds:
            self._timer = asyncio.get_running_loop().call_later(self._longest_s, self._give_up)
        else:
            self._give_up()

    def _give_up(self) -> None:
        if self._answer is None or not self._is_open:
            return
        self._counters.timeouts += 1
        heard = self._heard or bool(self._finder.holds)
        self._counters.garbled += heard
        address = self._question.address if self._question is not None else None
        if address is not None:
            self._given_up.add(address)
        self._answer.set_exception(NoAnswer("no answer from the meter", heard=heard))

    def _broken_off(self) -> None:
        """Silence within an answer: look once more at what came, then call it garbled."""
        self._gap = None
        held = self._finder.holds
        self._take(self._finder.end())
        if self._is_open:
            self._counters.cut_short += bool(held)
            self._fail(Garbled("an answer broke off, or its checksum is wrong"))

    def _fail(self, error: Garbled) -> None:
        if self._answer is not None and self._is_open:
            self._counters.garbled += 1
            self._answer.set_exception(error)

    def _stop(self) -> None:
        for timer in (self._timer, self._gap):
            if timer is not None:
                timer.cancel()
        self._timer = self._gap = None

    def _end(self, why: str) -> None:
        if self.lost is None:
            self.lost = why
        self._stop()
        if self._answer is not None and self._is_open:
            self._answer.set_exception(Unreachable(why))


async def connected(link: Dlt645Link, connect_timeout_s: float, gap_s: float, counters: Counters) -> Line:
    """Open the connection or the port of a link.

    Raises:
        Unreachable: nothing listens there, it took too long, or the port cannot be opened.
    """

    def factory() -> Line:
        return Line(counters, gap_s, link.baud)

    try:
        if isinstance(link, Dlt645SerialLink):
            _, line = await open_serial(factory, link.path, link.baud, link.frame)
        else:
            assert isinstance(link, Dlt645TcpLink)
            async with asyncio.timeout(connect_timeout_s):
                loop = asyncio.get_running_loop()
                _, line = await loop.create_connection(factory, link.host, link.port)
    except TimeoutError:
        counters.connect_failures += 1
        raise Unreachable(f"{_place(link)} does not answer within {connect_timeout_s} s") from None
    except OSError as error:
        counters.connect_failures += 1
        raise Unreachable(f"{_place(link)}: {error.strerror or error}") from None
    except Unreachable:
        counters.connect_failures += 1
        raise
    counters.opened()
    return line


def _place(link: Dlt645Link) -> str:
    return f"{link.host}:{link.port}" if isinstance(link, Dlt645TcpLink) else link.id
