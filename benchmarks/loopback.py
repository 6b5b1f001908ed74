"""Devices on the loopback, as light as they can be: `python -m benchmarks.loopback modbus|camera [FOLDER]`.

Each runs in a process of its own, so that it does not count as ours, and prints its port.
"""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

#: A site file takes each address once; the loopback has many.
LOOPBACK = tuple(f"127.0.0.{number}" for number in range(1, 201))
HOSTS = LOOPBACK[:16]
#: Units from here on never answer.
SILENT_UNIT = 200
WRITE = 6


class ModbusDevice(asyncio.Protocol):
    """Answers every read of registers with floats, and every write of one with itself."""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._data = np.linspace(200, 240, 125, dtype=">f4").tobytes()[:250]

    def data_received(self, data: bytes) -> None:
        """Answer; nobody asks twice before that."""
        if data[6] >= SILENT_UNIT:
            return
        if data[7] == WRITE:
            self._transport.write(data)
            return
        size = 2 * int.from_bytes(data[10:12], "big")
        head = data[:4] + (size + 3).to_bytes(2, "big") + data[6:8] + bytes([size])
        self._transport.write(head + self._data[:size])


class CameraHost(asyncio.Protocol):
    """Answers every request with the next of its pictures."""

    def __init__(self, pictures: Iterator[bytes]) -> None:
        self._pictures = pictures

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Remember where to answer."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer when the request is complete."""
        if data.endswith(b"\r\n\r\n"):
            picture = next(self._pictures)
            head = f"HTTP/1.1 200 OK\r\nContent-Type: image/jpeg\r\nContent-Length: {len(picture)}\r\n\r\n"
            self._transport.writelines([head.encode(), picture])
            self._transport.close()


@contextlib.contextmanager
def running(kind: str, folder: Path | None = None) -> Iterator[int]:
    """Start one in a process of its own; gives its port."""
    command = [sys.executable, "-m", "benchmarks.loopback", kind, str(folder or "")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.kill()


async def serve(kind: str, pictures: list[bytes]) -> None:
    """Serve until killed, at every address of the loopback that is named here, with the same port."""
    loop = asyncio.get_running_loop()
    turns = itertools.cycle(pictures)
    make = ModbusDevice if kind == "modbus" else lambda: CameraHost(turns)
    first = await loop.create_server(make, HOSTS[0], 0, backlog=1000)
    port = first.sockets[0].getsockname()[1]
    for host in (LOOPBACK if kind == "modbus" else HOSTS)[1:]:
        await loop.create_server(make, host, port, backlog=1000)
    print(port, flush=True)
    await first.serve_forever()


if __name__ == "__main__":
    asyncio.run(serve(sys.argv[1], [path.read_bytes() for path in sorted(Path(sys.argv[2]).glob("*.jpg"))]))
