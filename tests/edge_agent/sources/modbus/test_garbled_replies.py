"""Recorded replies with each of their bytes garbled: bad quality and a counter, never a wrong number.

What Modbus TCP cannot see, a changed byte of the data itself, stays with the points that it belongs to, and
within what their data sheet holds for possible. RTU has a checksum and sees every changed byte.
"""

from __future__ import annotations

import asyncio
import math
import struct
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.errors import Garbled, Unreachable
from devices.model.samples import Quality
from devices.profiles.library import shipped
from devices.profiles.profile import ModbusSheet, Table
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.decode import Decoder
from edge_agent.sources.modbus.line import Line, TcpLine
from edge_agent.sources.modbus.plan import BIT_TABLES, Limits, Reading, Span, spans
from edge_agent.sources.modbus.question import DeviceException, Question
from edge_agent.sources.modbus.rtu import Pace, RtuLine, framed

#: As simulated devices answered on 2026-11-22: profile, table, first register, data.
RECORDED = {
    "eastron-sdm630": (Table.INPUT, 0, "436666664365b333436733334144f5c341311eb84119eb85"),
    "schneider-iem3155": (Table.HOLDING, 3203, "000000000012d687"),
    "daikin-dta116a": (Table.INPUT, 2000, "10a10202010400000104"),
    "intesis-inmbs": (Table.HOLDING, 0, "0001000400020019001a00000000"),
    "pressure-7reg": (Table.HOLDING, 2, "0001000200f4"),
}
UNIT = 17
FLIPS = (0x01, 0x02, 0x10, 0x80, 0xFF)
#: Long enough for nothing to come; nothing is awaited that could come late.
SOON_S = 0.004


class Wire(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written: list[bytes] = []

    def write(self, data: Any) -> None:
        self.written.append(bytes(data))

    def abort(self) -> None:
        return


class Bench:
    """A line without a wire, the recorded span behind it, and its decoder."""

    def __init__(self, profile: str, *, rtu: bool) -> None:
        table, first, text = RECORDED[profile]
        self.data, self.rtu = bytes.fromhex(text), rtu
        sheet = shipped()[profile].sheet
        assert isinstance(sheet, ModbusSheet)
        count = len(self.data) // 2
        inside = [
            Reading(row, point, point.addr)
            for row, point in enumerate(sheet.points)
            if point.table is table and first <= point.addr and point.addr + point.registers <= first + count
        ]
        self.span = Span(table, first, count, tuple(inside), optional=False)
        self.decoder = Decoder(self.span)
        self.question = Question.read(UNIT, table, first, count)
        self.counters = Counters()
        self.wire = Wire()
        self.line: Line = RtuLine(self.counters, Pace(0.0, 0.0, 0.0)) if rtu else TcpLine(self.counters)
        self.line.connection_made(self.wire)

    def reply(self) -> bytes:
        """The right answer to the question that was sent last."""
        pdu = bytes([self.question.function, len(self.data)]) + self.data
        if self.rtu:
            return framed(UNIT, pdu)
        return self.wire.written[-1][:2] + struct.pack(">HHB", 0, len(pdu) + 1, UNIT) + pdu

    async def told(self, place: int | None = None, flip: int = 0) -> bytes:
        task = asyncio.ensure_future(self.line.ask(self.question, SOON_S))
        await asyncio.sleep(0)
        reply = bytearray(self.reply())
        if place is not None:
            reply[place] ^= flip
        self.line.data_received(bytes(reply))
        return await task

    def values(self, data: bytes) -> dict[int, tuple[float, int]]:
        value, quality = self.decoder.values(data)
        pairs = zip(value.tolist(), quality.tolist(), strict=True)
        return dict(zip(self.decoder.rows.tolist(), pairs, strict=True))

    def touched(self, byte: int) -> set[int]:
        """Rows of the points that a byte of the data belongs to."""
        register = self.span.addr + byte // 2
        return {reading.row for reading in self.span.readings if reading.addr <= register < reading.end}

    def check(self, data: bytes, byte: int) -> None:
        """Only the byte's own points may differ, and they hold what the sheet allows."""
        right, now = self.values(self.data), self.values(data)
        for reading in self.span.readings:
            value, quality = now[reading.row]
            if reading.row not in self.touched(byte):
                assert (value, quality) == right[reading.row] or math.isnan(value)
                assert quality == right[reading.row][1]
            assert math.isnan(value) == (quality != Quality.GOOD)
            if not math.isnan(value) and reading.point.valid is not None:
                assert reading.point.valid[0] <= value <= reading.point.valid[1]


@pytest.mark.parametrize("profile", RECORDED)
@pytest.mark.promise("P-modbus-2")
async def test_every_garbled_byte_of_a_tcp_reply_is_seen_or_stays_with_its_point(profile: str) -> None:
    bench = Bench(profile, rtu=False)
    head = 9  # transaction, protocol, length, unit, function, byte count
    for place in range(head + len(bench.data)):
        for flip in FLIPS:
            before = bench.counters.as_dict()
            try:
                data = await bench.told(place, flip)
            except (Garbled, Unreachable, DeviceException):
                counted = bench.counters.as_dict()
                assert sum(counted[name] - before[name] for name in SEEN) > 0, (place, flip)
                assert place < head
            else:
                assert place >= head, f"byte {place} of the head was taken for right"
                bench.check(data, place - head)
            assert await bench.told() == bench.data, "the next answer suffers"


SEEN = (
    "garbled", "wrong_transaction", "wrong_unit", "wrong_function", "wrong_length", "bad_header", "exceptions",
)  # fmt: skip


@pytest.mark.parametrize("profile", RECORDED)
@pytest.mark.promise("P-modbus-2")
async def test_every_garbled_byte_of_an_rtu_reply_is_seen(profile: str) -> None:
    bench = Bench(profile, rtu=True)
    size = len(bench.reply())
    for place in range(size):
        for flip in FLIPS:
            before = bench.counters.garbled
            with pytest.raises((Garbled, Unreachable)):
                await bench.told(place, flip)
            assert bench.counters.garbled > before, (place, flip)
            assert await bench.told() == bench.data, "the next answer suffers"


SHEETS = sorted(name for name, profile in shipped().items() if isinstance(profile.sheet, ModbusSheet))


@given(st.sampled_from(SHEETS), st.randoms(use_true_random=False))
@settings(max_examples=150, deadline=None)
def test_any_bytes_at_all_give_values_that_the_sheet_holds_for_possible(name: str, dice: Any) -> None:
    sheet = shipped()[name].sheet
    assert isinstance(sheet, ModbusSheet)
    for table in Table:
        found = [Reading(row, p, p.addr) for row, p in enumerate(sheet.points) if p.table is table]
        for span in spans(found, Limits.of(sheet, table)):
            size = (span.count + 7) // 8 if table in BIT_TABLES else 2 * span.count
            decoder = Decoder(span)
            value, quality = decoder.values(dice.randbytes(size))
            points = {reading.row: reading.point for reading in span.readings}
            for row, number, why in zip(decoder.rows.tolist(), value.tolist(), quality.tolist(), strict=True):
                valid = points[row].valid
                assert math.isnan(number) == (why != Quality.GOOD)
                assert math.isnan(number) or valid is None or valid[0] <= number <= valid[1]
                assert math.isnan(number) or math.isfinite(number)
