"""The four ways to a Modbus unit, each with a server at its other end."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from devices.sim.wires.ledger import Ledger
from devices.sim.wires.terminal import Send, Terminal
from tests.edge_agent.sources.modbus.misbehaving import Server, serving
from tests.edge_agent.sources.small_campus import AGENT, NAME

REGISTRATION = "CW-DTU-0001"


@dataclass(frozen=True)
class Stage:
    """One way, and where a test may put what it needs."""

    kind: str
    folder: Path
    port: int

    @property
    def is_rtu(self) -> bool:
        return self.kind != "modbus-tcp"

    @property
    def link(self) -> dict[str, Any]:
        """What the site file says of the link."""
        link = {"id": "bus", "agent": AGENT, "kind": self.kind, "name": NAME}
        if self.kind == "modbus-serial":
            return {**link, "path": str(self.folder / "port"), "baud": 115200}
        place = {"host": "127.0.0.1", "port": self.port}
        dialled = {"registration": REGISTRATION} if self.kind == "modbus-dial-in" else {}
        return {**link, **place, **dialled}

    @contextlib.asynccontextmanager
    async def serving(self, server: Server) -> AsyncIterator[Server]:
        """Let a server be reached this way."""
        server.rtu = self.is_rtu
        if self.kind == "modbus-serial":
            async with _terminal(server, str(self.folder / "port")):
                yield server
        elif self.kind == "modbus-dial-in":
            async with calling(server, self.port):
                yield server
        else:
            async with serving(server, self.port):
                yield server


@contextlib.asynccontextmanager
async def _terminal(server: Server, path: str) -> AsyncIterator[None]:
    frames = server.frames()

    async def hear(data: bytes, send: Send) -> None:
        assert await server.hear(frames, data, send), "nobody can hang up a serial line"

    async with Terminal("bus", path, hear, Ledger()):
        yield


@contextlib.asynccontextmanager
async def calling(server: Server, port: int, says: str = REGISTRATION) -> AsyncIterator[None]:
    """Call as a DTU does: at once again when it was hung up on."""
    task = asyncio.create_task(_call(server, port, says), name="calling unit")
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def _call(server: Server, port: int, says: str) -> None:
    while True:
        try:
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.01)
            continue
        writer.write(says.encode())
        await server.serve(reader, writer)
        await asyncio.sleep(0.01)
