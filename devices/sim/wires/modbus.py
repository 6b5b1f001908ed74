"""Modbus TCP servers: own framing, so that every fault can be put exactly where it hurts.

One request at a time on each connection, as a serial gateway does it: a slow unit delays those behind it.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from devices.campus.modbus_links import ModbusTcpLink
from devices.campus.site import Campus, Device
from devices.profiles.profile import ModbusSheet, Table
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.ledger import Ledger, ReadRange
from devices.sim.wires.listening import Listener
from devices.sim.wires.registers import BIT_TABLES, Truth, UnitImage

MBAP: Final = struct.Struct(">HHHB")
READ: Final = struct.Struct(">BHH")
TABLES: Final = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, NO_TARGET = 1, 2, 3, 11
MOST_REGISTERS, MOST_BITS, LONGEST_PDU = 125, 2000, 253


@dataclass(frozen=True, slots=True)
class Request:
    """One frame: MBAP header and function code with its data."""

    transaction: int
    unit: int
    pdu: bytes


class Gateway:
    """Everything behind one Modbus TCP link.

    Args:
        link: from the site file; `port` may be replaced, 0 takes any.
        units: the devices behind each unit id.
        truth: true values of a device by point name.
        board: active faults.
        ledger: counts what is answered.
        clock_us: UTC now.
    """

    def __init__(
        self,
        link: ModbusTcpLink,
        units: Mapping[int, UnitImage],
        truth: Truth,
        board: FaultBoard,
        ledger: Ledger,
        clock_us: Callable[[], int],
        port: int | None = None,
    ) -> None:
        self.link = link
        self.listener = Listener(link.id, link.host, link.port if port is None else port, self._talk, ledger)
        self._units = units
        self._truth = truth
        self._board = board
        self._ledger = ledger
        self._clock_us = clock_us
        self._stuck: dict[str, tuple[int, Mapping[str, float]]] = {}
        self._nonsense = itertools.cycle(range(3))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        unfollowed: set[ReadRange] = set()
        while True:
            request = await _request(reader)
            if request is None:
                self._ledger.event(f"{self.link.id}: not Modbus")
                return
            await self._serve(request, writer, unfollowed)

    async def _serve(
        self, request: Request, writer: asyncio.StreamWriter, unfollowed: set[ReadRange]
    ) -> None:
        asked = self._asked(request)
        if isinstance(asked, int):
            self._ledger.event(f"{self.link.id}: exception {asked}")
            await _send(writer, request, _exception(request, asked))
            return
        if asked in unfollowed:
            unfollowed.discard(asked)
            self._ledger.followed(asked)
        image = self._units[asked.unit]
        devices = list(dict.fromkeys(p.device for p in image.covered(asked.table, asked.addr, asked.count)))
        places = [*devices, self.link.id]
        slow = self._board.find("slow", *places)
        if slow is not None:
            await asyncio.sleep(slow.value)
        if self._board.find("silent", *places) is not None:
            self._ledger.event(f"{self.link.id}: silent")
            return
        exception = self._board.find("exception", *places)
        if exception is not None:
            self._ledger.event(f"{self.link.id}: exception {exception.value:.0f}")
            await _send(writer, request, _exception(request, int(exception.value)))
            return
        answer = _answer(request, image.words(asked.table, asked.addr, asked.count, self._shown))
        if self._board.find("garbled", *places) is not None:
            self._ledger.event(f"{self.link.id}: garbled")
            await self._send_nonsense(writer, request, answer)
            return
        await _send(writer, request, answer)
        unfollowed.add(asked)
        self._ledger.answered(
            asked, self._clock_us(), lambda: image.covered(asked.table, asked.addr, asked.count)
        )

    def _asked(self, request: Request) -> ReadRange | int:
        """What a request reads, or the number of the exception it deserves."""
        image = self._units.get(request.unit)
        if image is None:
            return NO_TARGET
        table = TABLES.get(request.pdu[0])
        if table is None or len(request.pdu) != READ.size:
            return ILLEGAL_FUNCTION
        _, addr, count = READ.unpack(request.pdu)
        in_bits = table in BIT_TABLES
        most = MOST_BITS if in_bits else min(MOST_REGISTERS, image.sheet.max_registers)
        if not 1 <= count <= most:
            return ILLEGAL_VALUE
        if any(first < addr + count and addr <= last for first, last in image.sheet.forbidden):
            self._ledger.event(f"{self.link.id}: forbidden range read")
            return ILLEGAL_ADDRESS
        if not image.is_legal(table, addr, count):
            return ILLEGAL_ADDRESS
        return ReadRange(self.link.id, request.unit, table, addr, count)

    def _shown(self, device: str) -> Mapping[str, float]:
        """What a device's registers hold: the truth, or what it was when the device got stuck."""
        fault = self._board.find("stuck", device)
        if fault is None:
            self._stuck.pop(device, None)
            return self._truth(device)
        since, values = self._stuck.get(device, (0, {}))
        if since != fault.since_us:
            values = dict(self._truth(device))
            self._stuck[device] = (fault.since_us, values)
        return values

    async def _send_nonsense(self, writer: asyncio.StreamWriter, request: Request, answer: bytes) -> None:
        """In turn: a wrong byte count, the answer to another transaction, noise of the right length."""
        kind = next(self._nonsense)
        if kind == 0:
            await _send(writer, request, answer[:1] + bytes([(answer[1] + 1) % 256]) + answer[2:])
        elif kind == 1:
            other = Request((request.transaction + 7) % 65536, request.unit, request.pdu)
            await _send(writer, other, answer)
        else:
            await _send(writer, request, bytes(0x80 ^ byte for byte in answer))


def gateways(
    campus: Campus,
    truth: Truth,
    board: FaultBoard,
    ledger: Ledger,
    clock_us: Callable[[], int],
    ports: Mapping[str, int] | None = None,
) -> list[Gateway]:
    """One gateway for each Modbus TCP link; `ports` replaces those of the site file, by link id."""
    found: list[Gateway] = []
    for link in campus.links.values():
        if isinstance(link, ModbusTcpLink):
            port = (ports or {}).get(link.id, link.port)
            found.append(Gateway(link, _units(campus, link), truth, board, ledger, clock_us, port))
    return found


def _units(campus: Campus, link: ModbusTcpLink) -> dict[int, UnitImage]:
    units: dict[int, list[tuple[Device, ModbusSheet]]] = {}
    for device in campus.devices.values():
        sheet = campus.profile_of(device).sheet
        if device.link == link.id and isinstance(sheet, ModbusSheet):
            units.setdefault(device.unit, []).append((device, sheet))
    return {unit: UnitImage(devices) for unit, devices in units.items()}


async def _request(reader: asyncio.StreamReader) -> Request | None:
    """The next request; None for bytes that are not Modbus."""
    transaction, protocol, length, unit = MBAP.unpack(await reader.readexactly(MBAP.size))
    if protocol != 0 or not 2 <= length <= LONGEST_PDU + 1:  # noqa: PLR2004 - unit id and function code
        return None
    return Request(transaction, unit, await reader.readexactly(length - 1))


async def _send(writer: asyncio.StreamWriter, request: Request, pdu: bytes) -> None:
    writer.write(MBAP.pack(request.transaction, 0, len(pdu) + 1, request.unit) + pdu)
    await writer.drain()


def _exception(request: Request, code: int) -> bytes:
    return bytes([request.pdu[0] | 0x80, code])


def _answer(request: Request, words: list[int]) -> bytes:
    function = request.pdu[0]
    if TABLES[function] in BIT_TABLES:
        data = bytearray((len(words) + 7) // 8)
        for number, bit in enumerate(words):
            data[number // 8] |= bit << number % 8
    else:
        data = bytearray(struct.pack(f">{len(words)}H", *words))
    return bytes([function, len(data)]) + bytes(data)
