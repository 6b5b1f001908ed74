"""What must still be true when the turn has come and the frame is about to go out."""

from __future__ import annotations

import asyncio

import pytest

from devices.campus.modbus_links import ModbusRtuTcpLink
from devices.model.errors import Refused, Unreachable
from devices.profiles.point import Words
from devices.profiles.profile import Table
from edge_agent.sources.modbus.connection import Connection
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.modbus.rtu import Pace, RtuLine
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.polling.refusals import NoAnswer
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.modbus.test_rtu import Wire

LONG_S = 20.0


class Lines:
    """A way that opens a new line whenever it is asked to, and keeps them all."""

    is_news = True

    def __init__(self) -> None:
        self.opened: list[RtuLine] = []
        self.wires: list[Wire] = []

    async def open(self, counters: Counters) -> Line:
        line, wire = RtuLine(counters, Pace(gap_s=0.0, half_s=0.0, late_s=LONG_S)), Wire()
        line.connection_made(wire)
        self.opened.append(line)
        self.wires.append(wire)
        return line


def connection(way: Lines, timeout_s: float = LONG_S) -> Connection:
    link = ModbusRtuTcpLink(
        id="bus",
        agent="edge",
        kind="modbus-rtu-tcp",
        name=Words(zh="总线", en="bus"),
        host="127.0.0.1",
        port=1,
        poll_s=LONG_S,
        timeout_s=timeout_s,
    )
    return Connection(link, way, ModbusSettings(), Counters(), SystemClock(), {})


async def test_a_write_forbidden_while_it_waits_for_the_turn_is_not_sent() -> None:
    way, is_allowed = Lines(), True
    link = connection(way)
    await link.turn.acquire()
    write = asyncio.ensure_future(link.ask(Question.write_register(1, 2, 3), LONG_S, lambda: is_allowed))
    await asyncio.sleep(0)
    is_allowed = False
    link.turn.release()
    with pytest.raises(Refused, match="not allowed any more"):
        await write
    assert [wire.written for wire in way.wires] == [[]]


async def test_a_unit_given_up_while_a_poll_waits_for_the_turn_is_not_asked() -> None:
    """Or its late answer, about another register, would be taken for this one."""
    way = Lines()
    link = connection(way, timeout_s=0.01)
    line = await link.line()
    assert line is not None
    with pytest.raises(NoAnswer):
        await link.ask(Question.read(5, Table.HOLDING, 1, 1), LONG_S)
    async with link.turn:
        with pytest.raises(NoAnswer):
            await link.told(line, Question.read(5, Table.HOLDING, 9, 1), 0.01)
    assert len(way.wires[0].written) == 1


async def test_a_line_of_before_does_not_hang_up_the_new_one() -> None:
    way = Lines()
    link = connection(way)
    old = await link.line()
    assert old is not None
    old.close("lost")
    new = await link.line()
    async with link.turn:
        with pytest.raises(Unreachable):
            await link.told(old, Question.read(5, Table.HOLDING, 1, 1), LONG_S)
    assert await link.line() is new
    assert link.state == "up"
