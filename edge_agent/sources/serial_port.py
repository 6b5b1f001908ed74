"""A serial line as an asyncio transport: RS-485 and RS-232 adapters, and pseudo-terminals in tests."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import serial

from devices.model.errors import Unreachable

P = TypeVar("P", bound=asyncio.Protocol)

#: Most bytes taken at once; a serial line brings far fewer.
CHUNK: Final = 4096
#: Bytes a line may still have to send; more means that the adapter has stopped taking them.
MOST_UNSENT: Final = 64 * 1024
START_BITS: Final = 1
PARITIES: Final = {"N": serial.PARITY_NONE, "E": serial.PARITY_EVEN, "O": serial.PARITY_ODD}


def character_s(baud: int, frame: str) -> float:
    """Seconds that one byte takes on a serial line."""
    bits = START_BITS + int(frame[0]) + (frame[1] != "N") + int(frame[2])
    return bits / baud


async def open_serial(
    factory: Callable[[], P], path: str, baud: int, frame: str
) -> tuple[asyncio.Transport, P]:
    """Open a serial port for this process alone and connect a protocol to it, as `loop.create_connection` does.

    Args:
        factory: makes the protocol.
        path: such as /dev/ttyUSB0.
        baud: bits a second.
        frame: data bits, parity and stop bits, such as 8E1.

    Raises:
        Unreachable: there is no such port, it may not be opened, or another program has it.
    """
    try:
        port = serial.Serial(
            path,
            baudrate=baud,
            bytesize=int(frame[0]),
            parity=PARITIES[frame[1]],
            stopbits=int(frame[2]),
            timeout=0,
            exclusive=True,
        )
    except OSError as error:  # SerialException is one
        raise Unreachable(f"{path}: {error}") from None
    protocol = factory()
    transport = SerialTransport(asyncio.get_running_loop(), port, protocol)
    return transport, protocol


class SerialTransport(asyncio.Transport):
    """The port as a transport; made by `open_serial`. Any fault of the port ends the connection."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, port: serial.Serial, protocol: asyncio.Protocol
    ) -> None:
        super().__init__()
        self._loop = loop
        self._port = port
        self._protocol = protocol
        self._unsent = b""
        self._closing = False
        loop.add_reader(port.fileno(), self._readable)
        protocol.connection_made(self)

    def write(self, data: bytes | bytearray | memoryview[Any]) -> None:
        """Send, now or as soon as the port takes it."""
        if self._closing:
            return
        waits = bool(self._unsent)
        self._unsent += bytes(data)
        if not waits:
            self._writable()

    def close(self) -> None:
        """Close at once: what was not sent yet is dropped."""
        self._end(None)

    def abort(self) -> None:
        """Close at once."""
        self._end(None)

    def is_closing(self) -> bool:
        """Whether it is over."""
        return self._closing

    def _readable(self) -> None:
        try:
            data = os.read(self._port.fileno(), CHUNK)
        except BlockingIOError:
            return
        except OSError as error:
            self._end(error)
            return
        if data:
            self._protocol.data_received(data)
        else:
            self._end(OSError("the port is gone"))

    def _writable(self) -> None:
        # Not by pyserial's own write: without a time-out it turns in circles while the port is full.
        try:
            sent = os.write(self._port.fileno(), self._unsent)
        except BlockingIOError:
            sent = 0
        except OSError as error:
            self._end(error)
            return
        self._unsent = self._unsent[sent:]
        if len(self._unsent) > MOST_UNSENT:
            self._end(OSError("the port takes no more bytes"))
        elif self._unsent:
            self._loop.add_writer(self._port.fileno(), self._writable)
        else:
            self._loop.remove_writer(self._port.fileno())

    def _end(self, error: Exception | None) -> None:
        if self._closing:
            return
        self._closing = True
        self._loop.remove_reader(self._port.fileno())
        self._loop.remove_writer(self._port.fileno())
        self._port.close()
        self._loop.call_soon(self._protocol.connection_lost, error)
