"""Modbus gateways: on a TCP port, on a serial line, or calling; every fault can be put exactly where it hurts.

One request at a time on each connection, as a serial gateway does it: a slow unit delays those behind it.
"""

from __future__ import annotations

import asyncio
import itertools
import struct
from collections.abc import Callable, Mapping
from typing import Final

from devices.campus.modbus_links import (
    ModbusDialInLink,
    ModbusLink,
    ModbusRtuTcpLink,
    ModbusSerialLink,
    ModbusTcpLink,
)
from devices.campus.site import Campus, Device
from devices.profiles.profile import ModbusSheet, Profile, Table
from devices.sim.wires.dialling import Dialler
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.ledger import Ledger, ReadRange
from devices.sim.wires.listening import Listener
from devices.sim.wires.modbus_frames import Frames, NotModbus, Request, RtuFrames, TcpFrames
from devices.sim.wires.registers import BIT_TABLES, Truth, UnitImage
from devices.sim.wires.setting import COIL, REGISTER, REGISTERS, Obey, Settings, echo_of, write_of
from devices.sim.wires.terminal import Send, Terminal

READ: Final = struct.Struct(">BHH")
TABLES: Final = {1: Table.COIL, 2: Table.DISCRETE, 3: Table.HOLDING, 4: Table.INPUT}
ILLEGAL_FUNCTION, ILLEGAL_ADDRESS, ILLEGAL_VALUE, NO_TARGET = 1, 2, 3, 11
MOST_REGISTERS, MOST_BITS = 125, 2000
WRITES: Final = frozenset({COIL, REGISTER, REGISTERS})
CHUNK: Final = 4096

AnyLine = Listener | Terminal


class Gateway:
    """Everything behind one Modbus link.

    Attributes:
        line: the listener, the terminal or the caller by which it is reached.

    Args:
        link: from the site file; `port` may be replaced, 0 takes any.
        units: the devices behind each unit id.
        truth: true values of a device by point name.
        board: active faults.
        ledger: counts what is answered.
        clock_us: UTC now.
        settings: what of each unit can be set.
    """

    def __init__(
        self,
        link: ModbusLink,
        units: Mapping[int, UnitImage],
        truth: Truth,
        board: FaultBoard,
        ledger: Ledger,
        clock_us: Callable[[], int],
        port: int | None = None,
        settings: Mapping[int, Settings] | None = None,
    ) -> None:
        self.link = link
        self.line = self._line(port, ledger)
        self._units = units
        self._truth = truth
        self._board = board
        self._ledger = ledger
        self._clock_us = clock_us
        self._stuck: dict[str, tuple[int, Mapping[str, float]]] = {}
        self._nonsense = itertools.cycle(range(3))
        self._settings = settings or {}

    @property
    def listener(self) -> Listener:
        """The line, where it is one that faults can close.

        Raises:
            TypeError: it is a serial line.
        """
        if isinstance(self.line, Listener):
            return self.line
        raise TypeError(f"{self.link.id} is a serial line")

    def _line(self, port: int | None, ledger: Ledger) -> AnyLine:
        link = self.link
        if isinstance(link, ModbusSerialLink):
            hearing = Hearing(self, RtuFrames())
            return Terminal(link.id, link.path, hearing.take, ledger)
        if isinstance(link, ModbusDialInLink):
            called = link.port if port is None else port
            return Dialler(link.id, link.host, called, link.first_bytes, self._talk, ledger)
        assert isinstance(link, ModbusTcpLink | ModbusRtuTcpLink)
        return Listener(link.id, link.host, link.port if port is None else port, self._talk, ledger)

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hearing = Hearing(self, RtuFrames() if self.is_rtu else TcpFrames())
        try:
            while data := await reader.read(CHUNK):
                await hearing.take(data, writer.write)
                await writer.drain()
        except NotModbus:
            self._ledger.event(f"{self.link.id}: not Modbus")

    @property
    def is_rtu(self) -> bool:
        """Whether its frames have a checksum and no number."""
        link = self.link
        return (
            link.framing == "rtu"
            if isinstance(link, ModbusDialInLink)
            else not isinstance(link, ModbusTcpLink)
        )

    async def serve(self, request: Request, frames: Frames, send: Send, unfollowed: set[ReadRange]) -> None:
        """Answer a request, or do what the faults say."""
        if settings := self._settings.get(request.unit):
            settings.revert(self._clock_us())
            if request.pdu[0] in WRITES:
                await self._take(request, settings, frames, send)
                return
        asked = self._asked(request)
        if asked == NO_TARGET and self.is_rtu:  # nobody on the bus has this address
            self._ledger.event(f"{self.link.id}: silent")
            return
        if isinstance(asked, int):
            self._ledger.event(f"{self.link.id}: exception {asked}")
            send(frames.framed(request, _exception(request, asked)))
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
        cut = isinstance(self.line, Terminal) and self._board.find("dead-link", self.link.id) is not None
        if cut or self._board.find("silent", *places) is not None:
            self._ledger.event(f"{self.link.id}: silent")
            return
        exception = self._board.find("exception", *places)
        if exception is not None:
            self._ledger.event(f"{self.link.id}: exception {exception.value:.0f}")
            send(frames.framed(request, _exception(request, int(exception.value))))
            return
        answer = _answer(request, image.words(asked.table, asked.addr, asked.count, self._shown))
        if self._board.find("garbled", *places) is not None:
            self._ledger.event(f"{self.link.id}: garbled")
            send(frames.nonsense(next(self._nonsense), request, answer))
            return
        send(frames.framed(request, answer))
        unfollowed.add(asked)
        self._ledger.answered(
            asked, self._clock_us(), lambda: image.covered(asked.table, asked.addr, asked.count)
        )

    async def _take(self, request: Request, settings: Settings, frames: Frames, send: Send) -> None:
        """Do what is written, or what the faults say."""
        write = write_of(request.pdu)
        places = [*([] if isinstance(write, int) else settings.devices(write)), self.link.id]
        if (slow := self._board.find("slow", *places)) is not None:
            await asyncio.sleep(slow.value)
        if self._board.find("silent", *places) is not None:
            return
        if (fault := self._board.find("exception", *places)) is not None:
            code = int(fault.value)
        else:
            code = write if isinstance(write, int) else settings.take(write, self._clock_us())
        self._ledger.event(f"{self.link.id}: write {code or 'taken'}")
        send(frames.framed(request, _exception(request, code) if code else echo_of(request.pdu)))

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


class Hearing:
    """What one connection has sent so far, cut into requests."""

    def __init__(self, gateway: Gateway, frames: Frames) -> None:
        self._gateway = gateway
        self._frames = frames
        self._unfollowed: set[ReadRange] = set()

    async def take(self, data: bytes, send: Send) -> None:
        """Serve what is whole now, one request after the other."""
        for request in self._frames.requests(data):
            await self._gateway.serve(request, self._frames, send, self._unfollowed)


def gateways(
    campus: Campus,
    truth: Truth,
    board: FaultBoard,
    ledger: Ledger,
    clock_us: Callable[[], int],
    ports: Mapping[str, int] | None = None,
    obey: Obey | None = None,
) -> list[Gateway]:
    """One gateway for each Modbus link; `ports` replaces those of the site file, by link id.

    `obey` does what is written to a device; without it nothing can be.
    """
    found = []
    for link in campus.links.values():
        if isinstance(link, ModbusLink):
            settings = {} if obey is None else _settings(campus, link, truth, obey, board)
            port = (ports or {}).get(link.id)
            units = _units(campus, link)
            found.append(Gateway(link, units, truth, board, ledger, clock_us, port, settings))
    return found


def _settings(
    campus: Campus, link: ModbusLink, truth: Truth, obey: Obey, board: FaultBoard
) -> dict[int, Settings]:
    units: dict[int, list[tuple[Device, Profile]]] = {}
    for device in campus.devices.values():
        if device.link == link.id and campus.profile_of(device).write:
            units.setdefault(device.unit, []).append((device, campus.profile_of(device)))
    return {unit: Settings(devices, truth, obey, board) for unit, devices in units.items()}


def _units(campus: Campus, link: ModbusLink) -> dict[int, UnitImage]:
    units: dict[int, list[tuple[Device, ModbusSheet]]] = {}
    for device in campus.devices.values():
        sheet = campus.profile_of(device).sheet
        if device.link == link.id and isinstance(sheet, ModbusSheet):
            units.setdefault(device.unit, []).append((device, sheet))
    return {unit: UnitImage(devices) for unit, devices in units.items()}


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
