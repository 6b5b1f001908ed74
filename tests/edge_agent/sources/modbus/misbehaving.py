"""A Modbus TCP server that answers rightly, or wrongly in every way; shares no code with the agent."""

from __future__ import annotations

import asyncio
import contextlib
import struct
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Asked:
    """A request as it came."""

    number: int
    unit: int
    function: int
    addr: int
    count: int


#: What to send for a request: pieces of bytes, seconds to wait, or None to hang up.
Reply = list[bytes | float | None]
Manner = Callable[[Asked, bytes], Reply]


def rightly(_asked: Asked, frame: bytes) -> Reply:
    return [frame]


def silently(_asked: Asked, _frame: bytes) -> Reply:
    return []


def exception(code: int) -> Manner:
    return lambda asked, _: [frame_of(asked, bytes([asked.function | 0x80, code]))]


def slowly(seconds: float) -> Manner:
    return lambda _, frame: [seconds, frame]


def frame_of(asked: Asked, pdu: bytes, *, number: int | None = None, unit: int | None = None) -> bytes:
    return (
        struct.pack(
            ">HHHB",
            asked.number if number is None else number,
            0,
            len(pdu) + 1,
            asked.unit if unit is None else unit,
        )
        + pdu
    )


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

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        self._writers.add(writer)
        try:
            while not self.refuse:
                head = await reader.readexactly(7)
                number, _, length, unit = struct.unpack(">HHHB", head)
                pdu = await reader.readexactly(length - 1)
                asked = Asked(number, unit, *struct.unpack(">BHH", pdu))
                self.asked.append(asked)
                manner = self.manners.get(unit, self.everyone)
                if not await self._send(writer, asked, manner(asked, self.answer(asked))):
                    return
        except (asyncio.IncompleteReadError, ConnectionError):
            return
        finally:
            self._writers.discard(writer)
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()

    async def _send(self, writer: asyncio.StreamWriter, asked: Asked, reply: Reply) -> bool:
        for piece in reply:
            if piece is None:
                return False
            if isinstance(piece, float):
                await asyncio.sleep(piece)
            else:
                writer.write(piece)
                await writer.drain()
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
