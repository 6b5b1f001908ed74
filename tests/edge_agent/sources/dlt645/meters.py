"""A bus of DL/T 645 meters that answer rightly, or wrongly in every way; frames are built by the dlt645 package."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field

from dlt645.protocol.protocol import DLT645Protocol

ADDRESS = "123456789012"


@dataclass(frozen=True)
class Asked:
    """A request as it came; `di` is empty where none was sent."""

    address: str
    control: int
    data: bytes
    raw: bytes

    @property
    def di(self) -> str:
        return self.data[3::-1].hex().upper() if len(self.data) >= 4 else ""


#: What to send for a request: pieces of bytes, seconds to wait, or None to hang up.
Reply = list[bytes | float | None]
Manner = Callable[[Asked, bytes], Reply]


def rightly(_asked: Asked, frame: bytes) -> Reply:
    return [frame]


def silently(_asked: Asked, _frame: bytes) -> Reply:
    return []


def refusing(byte: int) -> Manner:
    return lambda asked, _: [framed(asked.address, asked.control | 0xC0, bytes([byte]))]


def framed(address: str, control: int, data: bytes, wake_up: int = 4) -> bytes:
    return bytes(DLT645Protocol.build_frame(bytes.fromhex(address)[::-1], control, data, wake_up))


def data_of(di: str, *values: str) -> bytes:
    """Data of an answer: the identifier and digits as they are read, each low byte first."""
    return bytes.fromhex(di)[::-1] + b"".join(bytes.fromhex(value)[::-1] for value in values)


@dataclass
class Bus:
    """Digits of each value by data identifier; every meter on the bus has the same."""

    values: dict[str, list[str]] = field(default_factory=dict)
    addresses: tuple[str, ...] = (ADDRESS,)
    manners: dict[str, Manner] = field(default_factory=dict)
    everyone: Manner = rightly
    #: Bytes of values in one frame.
    most: int = 200
    wake_up: int = 4
    asked: list[Asked] = field(default_factory=list)
    connections: int = 0
    port: int = 0
    path: str = ""

    def answer(self, asked: Asked) -> bytes:
        """The right answer to a request to one of the meters."""
        address = self.addresses[0] if asked.address == "A" * 12 else asked.address
        if asked.control == 0x13:
            return framed(address, 0x93, bytes.fromhex(address)[::-1], self.wake_up)
        if asked.di not in self.values:
            return framed(address, asked.control | 0xC0, b"\x02", self.wake_up)
        content = data_of(asked.di, *self.values[asked.di])[4:]
        number = asked.data[4] if asked.control == 0x12 else 0
        piece = content[number * self.most : (number + 1) * self.most]
        more = 0x20 if len(content) > (number + 1) * self.most else 0
        tail = bytes([number]) if number else b""
        return framed(address, asked.control | 0x80 | more, asked.data[:4] + piece + tail, self.wake_up)

    async def hear(self, data: bytes, send: Callable[[bytes], Awaitable[None] | None]) -> bytes | None:
        """Answer what is whole; what is left of `data`, or None to hang up."""
        while True:
            data, frame = DLT645Protocol.deserialize_with_remaining(data)
            if frame is None:
                return data
            address = bytes(frame.addr)[::-1].hex().upper()
            asked = Asked(address, frame.ctrl_code, bytes(frame.data), DLT645Protocol.serialize(frame))
            self.asked.append(asked)
            if address not in {*self.addresses, "A" * 12}:
                continue
            manner = self.manners.get(address, self.everyone)
            for piece in manner(asked, self.answer(asked)):
                if piece is None:
                    return None
                if isinstance(piece, float):
                    await asyncio.sleep(piece)
                else:
                    send(piece)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        held: bytes | None = b""
        try:
            while held is not None and (data := await reader.read(1000)):
                held = await self.hear(held + data, writer.write)
        except ConnectionError:
            pass
        finally:
            writer.transport.abort()


@contextlib.asynccontextmanager
async def on_tcp(bus: Bus) -> AsyncIterator[Bus]:
    """Serve a bus as a serial server does."""
    tasks: set[asyncio.Task[None]] = set()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(bus.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    server = await asyncio.start_server(accept, "127.0.0.1", bus.port)
    bus.port = server.sockets[0].getsockname()[1]
    try:
        yield bus
    finally:
        server.close()
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def on_terminal(bus: Bus) -> AsyncIterator[Bus]:
    """Serve a bus on a pseudo-terminal."""
    far, near = os.openpty()
    bus.path = os.ttyname(near)
    os.set_blocking(far, False)
    loop, heard = asyncio.get_running_loop(), asyncio.Queue[bytes]()
    loop.add_reader(far, lambda: heard.put_nowait(os.read(far, 1000)))

    async def talk() -> None:
        held: bytes | None = b""
        while True:
            held = await bus.hear(
                (held or b"") + await heard.get(), lambda piece: os.write(far, piece) and None
            )

    task = asyncio.create_task(talk())
    try:
        yield bus
    finally:
        loop.remove_reader(far)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        os.close(near)
        os.close(far)
