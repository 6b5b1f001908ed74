"""DL/T 645-2007 meters behind serial servers and on serial lines, with framing and digits of our own.

The agent's codec is not used here: what the two sides agree on is the standard and the data sheet. One request
at a time on each bus: a slow meter delays those behind it. A meter that is silent says nothing, so does any
meter that was not asked, and any meter that is asked for anything but to read.
"""

from __future__ import annotations

import asyncio
import itertools
import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from devices.campus.dlt645_links import ONLY_METER, Dlt645Link, Dlt645SerialLink, Dlt645TcpLink, full_address
from devices.campus.site import Campus, Device
from devices.profiles.dlt645_sheet import Dlt645Point, Dlt645Sheet
from devices.sim.wires.faults import Fault, FaultBoard
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.listening import Listener
from devices.sim.wires.registers import Truth, device_number
from devices.sim.wires.terminal import Send, Terminal

START, END, OFFSET = 0x68, 0x16, 0x33
READ, FOLLOWING, ADDRESS = 0x11, 0x12, 0x13
ANSWER, ERROR, MORE = 0x80, 0x40, 0x20
NO_SUCH_DATA: Final = 0x02
ANYBODY: Final = "A" * 12
#: Bytes of values in one frame; the rest of a longer answer has to be asked for.
MOST_DATA: Final = 40
CHUNK: Final = 4096


@dataclass(frozen=True, slots=True)
class Asked:
    """One read as an agent repeats it."""

    link: str
    address: str
    identifier: str

    def __str__(self) -> str:
        return f"{self.link}/{self.address}/{self.identifier}"


@dataclass(frozen=True, slots=True)
class Placed:
    """A point of a device, as the ledger counts it."""

    device: str
    point: Dlt645Point


@dataclass(frozen=True, slots=True)
class Request:
    """What a master sent: to whom, what it wants, about what."""

    address: str
    control: int
    data: bytes


class MeterImage:
    """One meter: what it can be asked for, and its answers.

    Args:
        device: from the site file.
        sheet: of its profile.
        address: its own, twelve digits.
    """

    def __init__(self, device: Device, sheet: Dlt645Sheet, address: str) -> None:
        self.device = device.id
        self.address = address
        #: Meters wake the bus with 0 to 4 bytes FE; this one always with as many.
        self.wake_up = bytes([0xFE]) * (int(address[-1]) % 5)
        self._parameters = {**sheet.parameters, **device.parameters}
        points = {point.name: point for point in sheet.points}
        self._about: dict[str, list[Dlt645Point | None]] = {point.di: [point] for point in sheet.points}
        for block in sheet.blocks:
            self._about[block.di] = [None if name is None else points[name] for name in block.points]

    def points(self, identifier: str) -> list[Placed]:
        """The points that an answer holds."""
        return [Placed(self.device, point) for point in self._about[identifier] if point is not None]

    def knows(self, identifier: str) -> bool:
        """Whether it has this data."""
        return identifier in self._about

    def content(self, identifier: str, values: Mapping[str, float]) -> bytes:
        """The values of an answer, low byte first."""
        points = self._about[identifier]
        size = next(point.size for point in points if point is not None)
        return b"".join(
            b"\x00" * size if point is None else self._digits(point, values[point.name]) for point in points
        )

    def _digits(self, point: Dlt645Point, value: float) -> bytes:
        if math.isnan(value):
            return b"\xff" * point.size
        multiplier = float(self._parameters[point.scale_by]) if point.scale_by else 1.0
        number = (device_number(value, point.unit) / multiplier - point.offset) / point.scale
        whole = round(abs(number) * 10**point.decimals)
        if point.signed:  # a display that is full stays full; one without a sign begins anew
            whole = min(whole, 8 * 10 ** (2 * point.size - 1) - 1)
        text = f"{whole % 10 ** (2 * point.size):0{2 * point.size}d}"
        digits = bytearray(bytes.fromhex(text))
        if number < 0 and point.signed and whole:
            digits[0] |= 0x80
        return bytes(reversed(digits))


class MeterBus:
    """All meters of one link, and the listener or the terminal by which they are reached."""

    def __init__(
        self,
        link: Dlt645Link,
        meters: Mapping[str, MeterImage],
        truth: Truth,
        board: FaultBoard,
        ledger: Ledger,
        clock_us: Callable[[], int],
        port: int | None = None,
    ) -> None:
        self.link = link
        self.listener: Listener | None = None
        self.terminal: Terminal | None = None
        if isinstance(link, Dlt645TcpLink):
            self.listener = Listener(
                link.id, link.host, link.port if port is None else port, self._talk, ledger
            )
        elif isinstance(link, Dlt645SerialLink):
            self.terminal = Terminal(link.id, link.path, _Hearing(self).take, ledger)
        self._meters = meters
        self._truth = truth
        self._board = board
        self._ledger = ledger
        self._clock_us = clock_us
        self._stuck: dict[str, tuple[int, Mapping[str, float]]] = {}
        self._latched: dict[Asked, bytes] = {}
        self._nonsense = itertools.cycle(range(4))

    async def _talk(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        hearing = _Hearing(self)
        while data := await reader.read(CHUNK):
            await hearing.take(data, writer.write)
            await writer.drain()

    async def serve(self, request: Request, send: Send, unfollowed: set[Asked]) -> None:
        """Answer one request, or keep silent."""
        meter = self._addressed(request)
        if meter is None:
            self._ledger.event(f"{self.link.id}: nobody answers {request.address}")
            return
        places = (meter.device, self.link.id)
        slow = self._board.find("slow", *places)
        if slow is not None:
            await asyncio.sleep(slow.value)
        cut = self.terminal is not None and self._board.find("dead-link", self.link.id) is not None
        if cut or self._board.find("silent", *places) is not None:
            self._ledger.event(f"{self.link.id}: silent")
            return
        if request.control == ADDRESS:
            own = bytes.fromhex(meter.address)[::-1]
            self._send(meter, send, ADDRESS | ANSWER, own)
        elif request.control in {READ, FOLLOWING} and len(request.data) >= 4:  # noqa: PLR2004 - a data identifier
            self._read(meter, request, send, unfollowed)
        else:
            self._ledger.event(f"{self.link.id}: control code {request.control:02x} is not for reading")

    def _addressed(self, request: Request) -> MeterImage | None:
        if request.address == ANYBODY:
            return next(iter(self._meters.values())) if len(self._meters) == 1 else None
        return self._meters.get(request.address)

    def _read(self, meter: MeterImage, request: Request, send: Send, unfollowed: set[Asked]) -> None:
        identifier = request.data[3::-1].hex().upper()
        places = (meter.device, self.link.id)
        fault = self._board.find("exception", *places)
        if fault is not None or not meter.knows(identifier):
            self._refuse(meter, request, send, fault)
            return
        asked = Asked(self.link.id, meter.address, identifier)
        number = request.data[4] if request.control == FOLLOWING else 0
        if not number and asked in unfollowed:
            unfollowed.discard(asked)
            self._ledger.followed(asked)
        if not number:  # a long answer is of one moment
            self._latched[asked] = meter.content(identifier, self._shown(meter.device))
        content = self._latched.get(asked, b"")
        piece = content[number * MOST_DATA : (number + 1) * MOST_DATA]
        more = MORE if len(content) > (number + 1) * MOST_DATA else 0
        data = request.data[:4] + piece + (bytes([number]) if number else b"")
        control = request.control | ANSWER | more
        if self._board.find("garbled", *places) is not None:
            self._ledger.event(f"{self.link.id}: garbled")
            send(self._nonsensical(meter, control, data))
            return
        stranger = self._board.find("wrong-address", *places) is not None
        self._send(meter, send, control, data, stranger=stranger)
        if not more and not stranger:
            unfollowed.add(asked)
            self._ledger.answered(asked, self._clock_us(), lambda: meter.points(identifier))

    def _refuse(self, meter: MeterImage, request: Request, send: Send, fault: Fault | None) -> None:
        byte = NO_SUCH_DATA if fault is None else int(fault.value)
        self._ledger.event(f"{self.link.id}: refused {byte:02x}")
        self._send(meter, send, request.control | ANSWER | ERROR, bytes([byte]))

    def _shown(self, device: str) -> Mapping[str, float]:
        """What a meter's display shows: the truth, or what it was when the meter got stuck."""
        fault = self._board.find("stuck", device)
        if fault is None:
            self._stuck.pop(device, None)
            return self._truth(device)
        since, values = self._stuck.get(device, (0, {}))
        if since != fault.since_us:
            values = dict(self._truth(device))
            self._stuck[device] = (fault.since_us, values)
        return values

    def _send(
        self, meter: MeterImage, send: Send, control: int, data: bytes, *, stranger: bool = False
    ) -> None:
        address = f"{(int(meter.address) + 1) % 10**12:012d}" if stranger else meter.address
        send(meter.wake_up + framed(address, control, data))

    def _nonsensical(self, meter: MeterImage, control: int, data: bytes) -> bytes:
        """In turn: a digit changed, the end lost, noise in front and a wrong checksum, half of it twice."""
        good = framed(meter.address, control, data)
        kind = next(self._nonsense)
        if kind == 0:
            return good[:14] + bytes([good[14] ^ 0x01]) + good[15:]
        if kind == 1:
            return good[:-3]
        if kind == 2:  # noqa: PLR2004 - the third way
            return b"\x68\x00\x68" + good[:-2] + bytes([good[-2] ^ 0x80, END])
        return good[: len(good) // 2] * 2


class _Hearing:
    """What one connection has sent so far, cut into requests."""

    def __init__(self, bus: MeterBus) -> None:
        self._bus = bus
        self._held = b""
        self._unfollowed: set[Asked] = set()

    async def take(self, data: bytes, send: Send) -> None:
        self._held += data
        for request in self._requests():
            await self._bus.serve(request, send, self._unfollowed)

    def _requests(self) -> Iterator[Request]:
        while (begin := self._held.find(START)) >= 0:
            frame = self._held[begin:]
            size = 12 + frame[9] if len(frame) > 9 else 12  # noqa: PLR2004 - where the length stands
            if len(frame) < size:
                self._held = frame
                return
            good = (
                frame[7] == START
                and frame[size - 1] == END
                and sum(frame[: size - 2]) % 256 == frame[size - 2]
            )
            self._held = frame[size:] if good else frame[1:]
            if good:
                data = bytes((byte - OFFSET) % 256 for byte in frame[10 : size - 2])
                yield Request(frame[6:0:-1].hex().upper(), frame[8], data)
        self._held = b""


def framed(address: str, control: int, data: bytes) -> bytes:
    """A frame without bytes to wake the bus."""
    body = bytes([START, *reversed(bytes.fromhex(address)), START, control, len(data)])
    body += bytes((byte + OFFSET) % 256 for byte in data)
    return body + bytes([sum(body) % 256, END])


def meter_buses(
    campus: Campus,
    truth: Truth,
    board: FaultBoard,
    ledger: Ledger,
    clock_us: Callable[[], int],
    ports: Mapping[str, int] | None = None,
) -> list[MeterBus]:
    """One bus for each DL/T 645 link; `ports` replaces those of the site file, by link id."""
    return [
        MeterBus(link, _meters(campus, link), truth, board, ledger, clock_us, (ports or {}).get(link.id))
        for link in campus.links.values()
        if isinstance(link, Dlt645Link)
    ]


def _meters(campus: Campus, link: Dlt645Link) -> dict[str, MeterImage]:
    meters: dict[str, MeterImage] = {}
    for number, device in enumerate(campus.devices.values(), 1):
        sheet = campus.profile_of(device).sheet
        if device.link == link.id and isinstance(sheet, Dlt645Sheet):
            only = device.address == ONLY_METER
            address = f"{number:012d}" if only else full_address(device.address)
            meters[address] = MeterImage(device, sheet, address)
    return meters
