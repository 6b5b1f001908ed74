"""Frames that are wrong, garbled at any byte or cut at any byte: named, counted, and never a wrong number."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from devices.model.errors import CampusError
from devices.model.samples import Quality
from devices.profiles.profile import Table
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.question import Question
from tests.contracts.modbus.reading import HASTY, campus, line_of, reading
from tests.contracts.modbus.stages import Stage
from tests.edge_agent.sources.modbus.misbehaving import (
    Asked,
    Manner,
    Reply,
    Server,
    frame_of,
    pdu_of,
    rightly,
)

WORDS = bytes.fromhex("0000000100020003")
FIRST_FOUR = Question.read(1, Table.HOLDING, 0, 4)
#: For an answer that is waited for in vain; a right one may take as long as a busy machine needs.
IN_VAIN_S = 0.03
PATIENT_S = 5.0
#: One of each framing, since the ways do not matter here.
FRAMINGS = pytest.mark.parametrize("stage", ["modbus-tcp", "modbus-serial"], indirect=True)


def pdu(change: Callable[[bytes], bytes]) -> Manner:
    return lambda asked, frame: [frame_of(asked, change(pdu_of(asked, frame)))]


def frame(change: Callable[[bytes], bytes]) -> Manner:
    return lambda _, whole: [change(whole)]


def from_another_unit(asked: Asked, whole: bytes) -> Reply:
    return [frame_of(asked, pdu_of(asked, whole), unit=asked.unit + 1)]


def of_another_transaction(asked: Asked, whole: bytes) -> Reply:
    return [frame_of(asked, pdu_of(asked, whole), number=asked.number ^ 0x55)]


BOTH: list[tuple[Manner, str]] = [
    (from_another_unit, "wrong_unit"),
    (pdu(lambda it: b"\x04" + it[1:]), "wrong_function"),
    (pdu(lambda it: bytes([it[0], it[1] - 2]) + it[2:-2]), "wrong_length"),
    (pdu(lambda it: bytes([it[0], it[1] + 2]) + it[2:] + b"\0\0"), "wrong_length"),
]
NUMBERED: list[tuple[Manner, str]] = [
    *BOTH,
    (of_another_transaction, "wrong_transaction"),
    (pdu(lambda it: it[:-2]), "wrong_length"),
    (frame(lambda it: it[:2] + b"\x12\x34" + it[4:]), "bad_header"),
    (frame(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n"), "bad_header"),
]
CHECKED: list[tuple[Manner, str]] = [
    *BOTH,
    (frame(lambda it: it[:-1] + bytes([it[-1] ^ 1])), "bad_crc"),
    (frame(lambda it: it[:-2]), "short_frames"),
    (frame(lambda _: b"HTTP/1.1 400 Bad Request\r\n\r\n"), "bad_header"),
]
CASES = [
    *(("modbus-tcp", *case) for case in NUMBERED),
    *(("modbus-rtu-tcp", *case) for case in CHECKED),
    *(("modbus-serial", *case) for case in CHECKED[-3:]),
]


@pytest.mark.promise("P-modbus-2")
@pytest.mark.parametrize(("stage", "manner", "counter"), CASES, indirect=["stage"])
async def test_each_wrong_frame_is_named_and_gives_garbled(
    stage: Stage, manner: Manner, counter: str
) -> None:
    async with (
        stage.serving(Server(manners={1: manner})),
        reading(campus(stage, units=2, timeout_s=HASTY)) as (sink, source),
    ):
        readings = await sink.until_count("m1.a", 1)
        await sink.until(lambda: sum(quality is Quality.GOOD for _, quality in sink.of("m2.far")) >= 3)
        health = source.health()["links"]["bus"]
    assert readings[0][1] is Quality.GARBLED
    assert Quality.GOOD not in {quality for _, quality in sink.of("m1.a")}
    assert health[counter] >= 1
    assert health["garbled"] >= 1
    assert health["faults"] == 0


async def until_right(line: Line) -> None:
    """What follows damage may be lost too, but is never wrong, and the line recovers by itself."""
    for _ in range(20):
        try:
            assert await line.ask(FIRST_FOUR, PATIENT_S) == WORDS
        except CampusError:
            continue
        return
    pytest.fail("the line did not recover")


async def never_wrong(line: Line, server: Server, damaged: bytes) -> None:
    """Let the server send this; whatever comes of it, it is no number."""
    server.everyone = lambda _asked, _frame: [damaged]
    with pytest.raises(CampusError):
        await line.ask(FIRST_FOUR, IN_VAIN_S)
    server.everyone = rightly
    await until_right(line)


@pytest.mark.promise("P-modbus-2")
@FRAMINGS
async def test_a_byte_garbled_anywhere_never_gives_a_number_and_the_next_is_read(stage: Stage) -> None:
    """With a checksum anywhere; without one, in front of the data, where the frame itself can be judged."""
    server = Server()
    async with stage.serving(server), line_of(stage, timeout_s=0.1) as (line, counters):
        for flip in (0x01, 0x80, 0xFF):
            whole = await recorded(line, server)
            places = range(len(whole) if stage.is_rtu else len(whole) - len(WORDS))
            for place in places:
                whole = await recorded(line, server)  # its number has to be that of the next question
                damaged = whole[:place] + bytes([whole[place] ^ flip]) + whole[place + 1 :]
                await never_wrong(line, server, damaged)
        assert counters.garbled >= 1


@pytest.mark.promise("P-modbus-2")
@FRAMINGS
async def test_an_answer_cut_at_any_byte_gives_no_number_and_the_next_is_read(stage: Stage) -> None:
    server = Server()
    async with stage.serving(server), line_of(stage, timeout_s=0.1) as (line, counters):
        for length in range(len(await recorded(line, server))):
            whole = await recorded(line, server)
            await never_wrong(line, server, whole[:length])
        assert counters.timeouts + counters.short_frames >= 1


async def recorded(line: Line, server: Server) -> bytes:
    """The answer that the next question deserves."""
    frames: list[bytes] = []

    def manner(asked: Asked, whole: bytes) -> Reply:
        following = asked.number % 0xFFFF + 1
        frames.append(frame_of(asked, pdu_of(asked, whole), number=following))
        return [whole]

    server.everyone = manner
    while not frames:  # an answer to the question before may have come first
        await until_right(line)
    return frames[-1]


async def test_garbage_before_an_answer_is_skipped_and_counted(stage: Stage) -> None:
    if not stage.is_rtu:
        manner: Manner = lambda _, whole: [whole, whole]  # noqa: E731 - the number tells twice from once
    else:
        manner = lambda _, whole: [b"\x00\xff\x01" + whole]  # noqa: E731 - as a two-wire line does
    async with stage.serving(Server(everyone=manner)), line_of(stage) as (line, counters):
        for _ in range(3):
            assert await line.ask(FIRST_FOUR, PATIENT_S) == WORDS
    assert counters.garbled == 0
    assert counters.garbage + counters.unasked + counters.wrong_transaction >= 2
