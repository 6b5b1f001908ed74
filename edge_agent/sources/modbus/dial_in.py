"""A port of the gateway that units call: who says what first is which link."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, cast

from devices.campus.modbus_links import ModbusDialInLink
from devices.model.errors import Unreachable
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line

#: How long a caller may take to say who it is.
REGISTRATION_S: Final = 10.0
#: Callers that have not said it yet; more are hung up on.
MOST_UNKNOWN: Final = 64


@dataclass(slots=True)
class Expected:
    """A link whose unit calls here. `line`: its newest connection, until it is fetched."""

    first_bytes: bytes
    make: Callable[[], Line]
    counters: Counters
    called: asyncio.Event
    line: Line | None = None
    newest: Line | None = None

    def take(self, line: Line) -> None:
        """A unit called; a call before this one is over, whether or not its end was heard of."""
        if self.newest is not None and self.newest.lost is None:
            self.newest.close("the unit called anew")
        self.newest = self.line = line
        self.called.set()


class Reception:
    """One listening port, shared by all links whose units call it; opened by the first, closed by the last."""

    def __init__(self, host: str, port: int) -> None:
        self.host = host
        self.port = port
        self.expected: dict[str, Expected] = {}
        self.unknown: set[Caller] = set()
        self._server: asyncio.Server | None = None

    async def listen(self, link: ModbusDialInLink, make: Callable[[], Line], counters: Counters) -> Expected:
        """Expect the unit of a link, and open the port if nobody did.

        Raises:
            Unreachable: the port cannot be opened.
        """
        if link.id not in self.expected:
            self.expected[link.id] = Expected(link.first_bytes, make, counters, asyncio.Event())
        if self._server is None:
            loop = asyncio.get_running_loop()
            try:
                self._server = await loop.create_server(
                    lambda: Caller(self), self.host, self.port, reuse_address=True
                )
            except OSError as error:
                where = f"{self.host}:{self.port}"
                raise Unreachable(f"cannot listen on {where}: {error.strerror or error}") from None
            self.port = self._server.sockets[0].getsockname()[1]
        return self.expected[link.id]

    def leave(self, link_id: str) -> None:
        """Expect a link no longer."""
        gone = self.expected.pop(link_id, None)
        if gone is not None and gone.newest is not None:
            gone.newest.close("closed here")
        if not self.expected and self._server is not None:
            self._server.close()
            self._server = None
            for caller in list(self.unknown):
                caller.hang_up()

    def who(self, said: bytes) -> Expected | None:
        """The link that a caller is.

        Raises:
            Unreachable: none, whatever it will say.
        """
        for expected in self.expected.values():
            if said.startswith(expected.first_bytes):
                return expected
        if any(expected.first_bytes.startswith(said) for expected in self.expected.values()):
            return None
        raise Unreachable(f"nobody is called {said[:16]!r}")

    def refuse(self) -> None:
        """Count a caller that nobody knows, at every link of this port."""
        for expected in self.expected.values():
            expected.counters.strangers += 1


class Caller(asyncio.Protocol):
    """A connection until it is known whose it is; then its link's line takes its place."""

    def __init__(self, reception: Reception) -> None:
        self._reception = reception
        self._said = b""
        self._transport: asyncio.Transport | None = None
        self._patience: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:  # noqa: D102 - asyncio.Protocol
        self._transport = cast("asyncio.Transport", transport)
        self._reception.unknown.add(self)
        self._patience = asyncio.get_running_loop().call_later(REGISTRATION_S, self._refuse)
        if len(self._reception.unknown) > MOST_UNKNOWN:
            self._refuse()
        else:
            self._judge()

    def data_received(self, data: bytes) -> None:  # noqa: D102 - asyncio.Protocol
        self._said += data
        self._judge()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002, D102 - asyncio.Protocol
        self._leave()

    def hang_up(self) -> None:
        """End the connection."""
        self._leave()
        if self._transport is not None:
            self._transport.abort()

    def _judge(self) -> None:
        try:
            expected = self._reception.who(self._said)
        except Unreachable:
            self._refuse()
            return
        if expected is None or self._transport is None:
            return
        self._leave()
        line = expected.make()
        self._transport.set_protocol(line)
        line.connection_made(self._transport)
        if rest := self._said[len(expected.first_bytes) :]:
            line.data_received(rest)
        expected.take(line)

    def _refuse(self) -> None:
        self._reception.refuse()
        self.hang_up()

    def _leave(self) -> None:
        self._reception.unknown.discard(self)
        if self._patience is not None:
            self._patience.cancel()
