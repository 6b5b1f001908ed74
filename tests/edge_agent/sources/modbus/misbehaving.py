"""A Modbus server that answers rightly, or wrongly in every way; shares no code with the agent."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field

from devices.sim.wires.modbus_frames import Frames, NotModbus, Request, RtuFrames, TcpFrames


@dataclass(frozen=True)
class Asked:
    """A request as it came; for a write `count` is what is written, or how many values are."""

    number: int
    unit: int
    function: int
    addr: int
    count: int
    pdu: bytes = b""
    frames: Frames = field(default_factory=TcpFrames)


#: What to send for a request: pieces of bytes, seconds to wait, or None to hang up.
Reply = list[bytes | float | None]
Manner = Callable[[Asked, bytes], Reply]
Send = Callable[[bytes], object]


def rightly(_asked: Asked, frame: bytes) -> Reply:
    return [frame]


def silently(_asked: Asked, _frame: bytes) -> Reply:
    return []


def exception(code: int) -> Manner:
    return lambda asked, _: [frame_of(asked, bytes([asked.function | 0x80, code]))]


def slowly(seconds: float) -> Manner:
    return lambda _, frame: [seconds, frame]


def frame_of(asked: Asked, pdu: bytes, *, number: int | None = None, unit: int | None = None) -> bytes:
    """An answer in the framing in which the request came."""
    answering = Request(
        asked.number if number is None else number, asked.unit if unit is None else unit, asked.pdu
    )
    return asked.frames.framed(answering, pdu)


def pdu_of(asked: Asked, frame: bytes) -> bytes:
    """What a frame carries."""
    return frame[7:] if isinstance(asked.frames, TcpFrames) else frame[1:-2]


@dataclass
class Server:
    """Registers by (unit, function); a register that is not set is its own address."""

    words: dict[tuple[int, int, int], int] = field(default_factory=dict)
    #: How each unit behaves; `everyone` for those not named.
    manners: dict[int, Manner] = field(default_factory=dict)
    everyone: Manner = rightly
    #: (function, first, last) address ranges that the device does not have.
    absent: list[tuple[int, int, int]] = field(default_factory=list)
    asked: list[Asked] = field(default_factory=list)
    sent: Counter[int] = field(default_factory=Counter)
    connections: int = 0
    refuse: bool = False
    port: int = 0
    rtu: bool = False
    _writers: set[asyncio.StreamWriter] = field(default_factory=set)

    def put_words(self, unit: int, function: int, addr: int, words: bytes) -> None:
        for place, (word,) in enumerate(struct.iter_unpack(">H", words)):
            self.words[unit, function, addr + place] = word

    def answer(self, asked: Asked) -> bytes:
        if any(
            f == asked.function and a <= asked.addr + asked.count - 1 and asked.addr <= b
            for f, a, b in self.absent
        ):
            return frame_of(asked, bytes([asked.function | 0x80, 2]))
        if asked.function > 4:
            return frame_of(asked, self._written(asked))
        values = [
            self.words.get((asked.unit, asked.function, address), address & 0xFFFF)
            for address in range(asked.addr, asked.addr + asked.count)
        ]
        if asked.function in {1, 2}:
            data = bytearray((asked.count + 7) // 8)
            for place, value in enumerate(values):
                data[place // 8] |= (value & 1) << (place % 8)
        else:
            data = bytearray(b"".join(value.to_bytes(2, "big") for value in values))
        return frame_of(asked, bytes([asked.function, len(data)]) + bytes(data))

    def _written(self, asked: Asked) -> bytes:
        """Write, and say what a device says then."""
        unit, addr = asked.unit, asked.addr
        if asked.function == 5:
            self.words[unit, 1, addr] = int(asked.count == 0xFF00)
        elif asked.function == 6:
            self.words[unit, 3, addr] = asked.count
        elif asked.function == 22:
            keep, change = struct.unpack(">HH", asked.pdu[3:])
            old = self.words.get((unit, 3, addr), addr)
            self.words[unit, 3, addr] = old & keep | change & ~keep & 0xFFFF
        elif asked.function == 16:
            self.put_words(unit, 3, addr, asked.pdu[6:])
        else:
            for place in range(asked.count):
                self.words[unit, 1, addr + place] = asked.pdu[6 + place // 8] >> place % 8 & 1
        return asked.pdu[:5] if asked.function in {15, 16} else asked.pdu

    def frames(self) -> Frames:
        return RtuFrames() if self.rtu else TcpFrames()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        frames = self.frames()
        try:
            while not self.refuse:
                data = await reader.read(4096)
                if not data or not await self.hear(frames, data, writer.write):
                    return
        except (NotModbus, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def hear(self, frames: Frames, data: bytes, send: Send) -> bool:
        """Answer what is whole now; False: hang up."""
        for request in frames.requests(data):
            function, addr, count = struct.unpack_from(">BHH", request.pdu)
            asked = Asked(request.transaction, request.unit, function, addr, count, request.pdu, frames)
            self.asked.append(asked)
            manner = self.manners.get(request.unit, self.everyone)
            for piece in manner(asked, self.answer(asked)):
                if piece is None:
                    return False
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    send(piece)
                    self.sent[asked.unit] += 1
        return True

    def hang_up(self) -> None:
        for writer in self._writers:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def serving(server: Server, port: int = 0) -> AsyncIterator[Server]:
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        tasks.add(asyncio.create_task(server.serve(reader, writer), name="modbus server"))

    listener = await asyncio.start_server(accept, "127.0.0.1", port)
    server.port = listener.sockets[0].getsockname()[1]
    try:
        yield server
    finally:
        listener.close()
        server.hang_up()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
