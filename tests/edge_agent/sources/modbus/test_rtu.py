"""RTU frames without a wire: checksum, lengths, and every damage of a recorded answer."""

from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymodbus.framer.rtu import FramerRTU

from devices.model.errors import CampusError
from devices.profiles.profile import Table
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.modbus.rtu import Pace, RtuLine, crc16, framed, length_of
from edge_agent.sources.serial_port import character_s

QUESTION = Question.read(17, Table.HOLDING, 107, 3)
WORDS = bytes.fromhex("022b00000064")
ANSWER = framed(17, bytes([3, 6]) + WORDS)
IMPATIENT = Pace(gap_s=0.0, half_s=0.0, late_s=0.0)


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        return


def open_line(pace: Pace = IMPATIENT) -> tuple[RtuLine, Wire, Counters]:
    counters = Counters()
    line, wire = RtuLine(counters, pace), Wire()
    line.connection_made(wire)
    return line, wire, counters


async def answered(line: RtuLine, *pieces: bytes) -> bytes:
    """Ask, and let these bytes come."""
    task = asyncio.ensure_future(line.ask(QUESTION, 0.5))
    await asyncio.sleep(0)
    for piece in pieces:
        line.data_received(piece)
    return await task


@given(st.binary(max_size=64))
def test_checksum_is_that_of_another_hand(data: bytes) -> None:
    assert int.from_bytes(crc16(data), "big") == FramerRTU.compute_CRC(data)


def test_frames_of_the_specification() -> None:
    assert framed(1, bytes.fromhex("0300000002")).hex() == "010300000002c40b"
    assert length_of(ANSWER[:3]) == len(ANSWER)
    assert length_of(b"\x11\x83\x02") == 5
    assert length_of(b"\x11\x03") == 0
    assert length_of(b"HTT") is None


def test_a_character_is_as_long_as_its_bits() -> None:
    assert character_s(9600, "8N1") == pytest.approx(10 / 9600)
    assert character_s(2400, "8E1") == pytest.approx(11 / 2400)
    assert character_s(9600, "8N2") == pytest.approx(11 / 9600)


async def test_every_change_of_every_byte_is_noticed() -> None:
    line, _, counters = open_line()
    assert await answered(line, ANSWER) == WORDS
    for place in range(len(ANSWER)):
        for value in range(256):
            if value != ANSWER[place]:
                with pytest.raises(CampusError):
                    await answered(line, ANSWER[:place] + bytes([value]) + ANSWER[place + 1 :])
    assert counters.answered == 1
    assert counters.garbled == len(ANSWER) * 255


@given(before=st.binary(max_size=40), cuts=st.lists(st.integers(0, 60), max_size=4))
@settings(max_examples=150, deadline=None)
def test_an_answer_is_found_behind_any_garbage_in_any_pieces(before: bytes, cuts: list[int]) -> None:
    """Garbage may happen to end in a frame of its own; what never happens is another number."""
    whole = before + ANSWER
    places = [0, *sorted(min(cut, len(whole)) for cut in cuts), len(whole)]
    pieces = [whole[a:b] for a, b in pairwise(places) if a < b]

    async def ask() -> bytes:
        line, _, _ = open_line(Pace(0.0, 1.0, 0.0))
        return await answered(line, *pieces)

    assert asyncio.run(ask()) == WORDS


async def test_values_that_look_like_a_refusal_are_values() -> None:
    """Five bytes within an answer that comes in pieces happen to be an exception frame, with a right checksum."""
    line, _, counters = open_line(Pace(0.0, 1.0, 0.0))
    words = framed(17, b"\x83\x02") + b"\x00"
    whole = framed(17, bytes([3, 6]) + words)
    assert await answered(line, *(whole[n : n + 1] for n in range(len(whole)))) == words
    assert (counters.exceptions, counters.garbage) == (0, 0)


async def test_our_own_bytes_are_taken_off_where_the_adapter_hears_them() -> None:
    line, wire, counters = open_line(Pace(0.0, 0.0, 0.0, echo=True))
    task = asyncio.ensure_future(line.ask(QUESTION, 0.5))
    await asyncio.sleep(0)
    [own] = wire.written
    line.data_received(own[:3])
    line.data_received(own[3:] + ANSWER)
    assert await task == WORDS
    assert counters.bad_echo == 0
    assert await answered(line, b"\x00" + ANSWER) == WORDS, "no echo this time: somebody spoke"
    assert counters.bad_echo == 1


async def test_a_unit_that_was_given_up_is_not_free_until_its_late_answer_has_come() -> None:
    line, _, counters = open_line(Pace(0.0, 1.0, 60.0))
    with pytest.raises(CampusError):
        await line.ask(QUESTION, 0.0)
    assert line.free_in_s(17) > 50
    assert line.free_in_s(18) <= 0
    line.data_received(ANSWER)
    assert line.free_in_s(17) <= 0
    assert (counters.late, line.woken) == (1, {17})


async def test_signs_of_life_are_no_frames() -> None:
    counters = Counters()
    line = RtuLine(counters, Pace(0.0, 1.0, 0.0), (b"PING", b""))
    line.connection_made(Wire())
    assert await answered(line, b"PING", ANSWER) == WORDS
    assert (counters.heartbeats, counters.garbage, counters.unasked) == (1, 0, 0)
