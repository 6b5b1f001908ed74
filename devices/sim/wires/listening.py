"""A TCP listener whose port can be closed and opened again, and which takes its connections with it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from devices.sim.wires.ledger import Ledger

Talk = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


class Listener:
    """Serves `talk` on a port, one task a connection.

    Attributes:
        port: the real port, also when 0 was asked for; the same after `refuse` and `listen`.
        closing: accept and close at once.
    """

    def __init__(self, name: str, host: str, port: int, talk: Talk, ledger: Ledger) -> None:
        self.name = name
        self.host = host
        self.port = port
        self.closing = False
        self._talk = talk
        self._ledger = ledger
        self._server: asyncio.Server | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        await self.listen()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.refuse()

    async def listen(self) -> None:
        """Open the port, if it is closed."""
        if self._server is None:
            self._server = await asyncio.start_server(self._accept, self.host, self.port)
            self.port = self._server.sockets[0].getsockname()[1]

    async def refuse(self) -> None:
        """Close the port and every connection."""
        server, self._server = self._server, None
        if server is not None:
            server.close()
        await self.drop()

    async def drop(self) -> None:
        """Close every connection."""
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    @property
    def is_open(self) -> bool:
        """Whether the port takes connections."""
        return self._server is not None

    @property
    def connections(self) -> int:
        """How many connections are open."""
        return len(self._tasks)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(reader, writer), name=f"{self.name} connection")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._ledger.event("connections")
        try:
            if not self.closing:
                await self._talk(reader, writer)
        except (ConnectionError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self._ledger.event("connections lost")
        finally:
            writer.transport.abort()
