"""RTU frames: no number and no length, but a checksum and silence between them.

What a frame does not say is made up for here. Its length follows from the function code. After garbage the
answer is looked for behind it. A unit that was given up is left alone for a while, so that what it says too
late is not taken for the answer to another question.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Final

from devices.model.errors import Garbled
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.question import EXCEPTION, Question
from edge_agent.sources.polling.refusals import NoAnswer

READS: Final = frozenset({1, 2, 3, 4})
#: Whole length of the answers that do not say it, checksum included.
LENGTHS: Final = {5: 8, 6: 8, 15: 8, 16: 8, 22: 10}
EXCEPTION_LENGTH: Final = 5
CRC_BYTES: Final = 2
POLYNOMIAL: Final = 0xA001
#: Silence after which an answer that is long enough, and wrong, is over.
SETTLE_S: Final = 0.05
#: Characters of silence between two frames; above 19200 baud the time stays.
GAP_CHARACTERS: Final = 3.5
LEAST_GAP_S: Final = 0.00175
#: Times its time-out that a unit which did not answer is left alone.
LATE: Final = 2.0


@cache
def _table() -> tuple[int, ...]:
    found = []
    for byte in range(256):
        crc = byte
        for _ in range(8):
            crc = crc >> 1 ^ POLYNOMIAL if crc & 1 else crc >> 1
        found.append(crc)
    return tuple(found)


def crc16(data: bytes) -> bytes:
    """Checksum of a frame, in the order in which it is sent."""
    table, crc = _table(), 0xFFFF
    for byte in data:
        crc = crc >> 8 ^ table[(crc ^ byte) & 0xFF]
    return crc.to_bytes(CRC_BYTES, "little")


def framed(unit: int, pdu: bytes) -> bytes:
    """A frame."""
    data = bytes([unit]) + pdu
    return data + crc16(data)


def length_of(start: bytes) -> int | None:
    """Length of the answer that begins so: 0 if one cannot say yet, None if nothing begins so."""
    if len(start) < 3:  # noqa: PLR2004 - unit, function and what follows
        return 0
    if start[1] in READS:
        return 3 + start[2] + CRC_BYTES
    return EXCEPTION_LENGTH if start[1] & EXCEPTION else LENGTHS.get(start[1])


def frame_at(buffer: bytes, place: int) -> bytes | None:
    """The whole and sound frame that begins there, if one does."""
    length = length_of(buffer[place : place + 3])
    if not length or place + length > len(buffer):
        return None
    frame = buffer[place : place + length]
    return frame if crc16(frame[:-CRC_BYTES]) == frame[-CRC_BYTES:] else None


def found_in(buffer: bytes, question: Question) -> int:
    """Where the answer to a question stands behind garbage; -1: nowhere."""
    places = []
    for function in (question.function, question.function | EXCEPTION):
        head = bytes([question.unit, function])
        place = buffer.find(head, 1)
        while place > 0:
            if frame_at(buffer, place) is not None:
                places.append(place)
                break
            place = buffer.find(head, place + 1)
    return min(places, default=-1)


@dataclass(frozen=True, slots=True)
class Pace:
    """Times of a line of RTU frames, in seconds.

    gap_s: silence between two frames; half_s: silence within a frame after which its rest does not come.
    """

    gap_s: float
    half_s: float
    late_s: float
    echo: bool = False

    @classmethod
    def of(cls, timeout_s: float, character_s: float = 0.0, *, echo: bool = False) -> Pace:
        """For answers that may take so long; `character_s` is 0 where somebody else keeps the gaps."""
        gap_s = max(LEAST_GAP_S, GAP_CHARACTERS * character_s) if character_s else 0.0
        return cls(gap_s, timeout_s / 2, LATE * timeout_s, echo)


class RtuLine(Line):
    """Frames with a checksum, on a serial port or passed on as bytes over TCP."""

    def __init__(self, counters: Counters, pace: Pace, ignored: tuple[bytes, ...] = ()) -> None:
        super().__init__(counters)
        self._pace = pace
        self._ignored = tuple(text for text in ignored if text)
        self._echo = b""
        self._given_up: dict[int, float] = {}
        self._last_byte_s = 0.0
        self._silence: asyncio.TimerHandle | None = None

    async def ask(
        self, question: Question, timeout_s: float, may_go: Callable[[], bool] | None = None
    ) -> bytes:
        """As every line, after the silence that separates frames."""
        wait_s = self._last_byte_s + self._pace.gap_s - asyncio.get_running_loop().time()
        if wait_s > 0:
            await asyncio.sleep(wait_s)
        return await super().ask(question, timeout_s, may_go)

    def free_in_s(self, unit: int) -> float:
        """Seconds for which a unit must not be asked yet: its late answer could be taken for another one."""
        until_s = self._given_up.get(unit)
        return 0.0 if until_s is None else until_s - asyncio.get_running_loop().time()

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio.Protocol
        if data in self._ignored:
            self._counters.heartbeats += 1
            return
        self._last_byte_s = asyncio.get_running_loop().time()
        super().data_received(data)

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: D102 - asyncio.Protocol
        self._hush(None)
        super().connection_lost(exc)

    def close(self, why: str) -> None:
        """End the connection at once."""
        self._hush(None)
        super().close(why)

    def _framed(self, question: Question) -> bytes:
        frame = framed(question.unit, question.pdu)
        self._given_up.pop(question.unit, None)
        self._echo = frame if self._pace.echo else b""
        self._hush(None)
        return frame

    def _remember(self, question: Question) -> None:
        self._given_up[question.unit] = asyncio.get_running_loop().time() + self._pace.late_s
        self._buffer = b""

    # --- taking frames out of what came

    def _parse(self) -> None:
        if not self._without_echo():
            return
        while self._buffer:
            frame = frame_at(self._buffer, 0)
            if frame is None and self._waits and self._question is not None:
                place = -1 if self._is_coming(self._question) else found_in(self._buffer, self._question)
                if place > 0:
                    self._counters.garbage += 1
                    self._buffer = self._buffer[place:]
                    continue
            if frame is None:
                break
            self._buffer = self._buffer[len(frame) :]
            self._frame(frame[0], frame[1:-CRC_BYTES])
        self._hush(self._silent_after_s() if self._buffer else None)

    def _is_coming(self, question: Question) -> bool:
        """Whether the answer has begun: then nothing within its values is taken for a frame."""
        start = bytes([question.unit]) + question.head
        return len(self._buffer) < question.size + 1 + CRC_BYTES and (
            self._buffer.startswith(start) or start.startswith(self._buffer)
        )

    def _without_echo(self) -> bool:
        """Take our own bytes off; False: not all of them are here yet."""
        echo, self._echo = self._echo, b""
        if not echo:
            return True
        if self._buffer.startswith(echo):
            self._buffer = self._buffer[len(echo) :]
        elif echo.startswith(self._buffer):
            self._echo = echo
            return False
        else:
            self._counters.bad_echo += 1  # somebody spoke at the same time, or there is no echo here
        return True

    def _frame(self, unit: int, pdu: bytes) -> None:
        if self._waits and self._question is not None and unit == self._question.unit:
            self._judge(unit, pdu)
        elif self._given_up.pop(unit, None) is not None:
            self._late(unit)
        elif self._waits:
            self._judge(unit, pdu)
        else:
            self._counters.unasked += 1

    # --- silence

    def _hush(self, after_s: float | None) -> None:
        """Judge what is left when nothing more comes."""
        if self._silence is not None:
            self._silence.cancel()
        self._silence = (
            None if after_s is None else asyncio.get_running_loop().call_later(after_s, self._judge_rest)
        )

    def _silent_after_s(self) -> float:
        question = self._question
        if question is None or not self._waits:
            return SETTLE_S
        whole = len(self._buffer) >= question.size + 1 + CRC_BYTES
        return min(SETTLE_S, self._pace.half_s) if whole else self._pace.half_s

    def _judge_rest(self) -> None:
        """Bytes that are no frame, and silence behind them."""
        rest, self._buffer = self._buffer, b""
        question = self._question
        if question is None or not self._waits:
            self._counters.unasked += 1
            return
        length = length_of(rest[:3])
        if length is None:
            self._counters.bad_header += 1
        elif length == 0 or length > len(rest):
            self._counters.short_frames += 1
        else:
            self._counters.bad_crc += 1
        if len(rest) >= question.size + 1 + CRC_BYTES and rest.startswith(
            bytes([question.unit]) + question.head
        ):
            self._fail(Garbled(f"wrong checksum: {rest[:12].hex()}"))  # this was the answer; no other comes
            return
        self._counters.garbled += 1
        self._remember(question)
        self._raise(NoAnswer(f"no frame of unit {question.unit}: {rest[:12].hex()}", heard=True))
