"""How a link's connection comes about: we connect, we open a serial port, or the unit calls us."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from devices.campus.modbus_links import (
    ModbusDialInLink,
    ModbusLink,
    ModbusRtuTcpLink,
    ModbusSerialLink,
    ModbusTcpLink,
)
from devices.model.errors import Unreachable
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.dial_in import Expected, Reception
from edge_agent.sources.modbus.line import Line, TcpLine
from edge_agent.sources.modbus.rtu import Pace, RtuLine
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.serial_port import character_s, open_serial

#: Ports of this gateway that units call, by address; links may share one.
Receptions = dict[tuple[str, int], Reception]


class Way(Protocol):
    """One way to a link's units."""

    async def open(self, counters: Counters) -> Line:
        """Give a new connection.

        Raises:
            Unreachable: there is none now.
        """

    @property
    def is_news(self) -> bool:
        """Whether `open` would give one at once, so that no wait between attempts is kept."""


@dataclass(frozen=True, slots=True)
class Connecting:
    """We connect to a gateway or serial server."""

    host: str
    port: int
    make: Callable[[Counters], Line]
    timeout_s: float

    @property
    def is_news(self) -> bool:
        """Nobody tells us that a gateway is back."""
        return False

    async def open(self, counters: Counters) -> Line:
        """Connect.

        Raises:
            Unreachable: nothing listens there, or it took too long.
        """
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.timeout_s):
                _, line = await loop.create_connection(lambda: self.make(counters), self.host, self.port)
        except TimeoutError:
            counters.connect_failures += 1
            raise Unreachable(f"{self.host}:{self.port} does not answer within {self.timeout_s} s") from None
        except OSError as error:
            counters.connect_failures += 1
            raise Unreachable(f"{self.host}:{self.port}: {error.strerror or error}") from None
        counters.opened()
        return line


@dataclass(frozen=True, slots=True)
class Opening:
    """We open a serial port of our own."""

    link: ModbusSerialLink

    @property
    def is_news(self) -> bool:
        """Nobody tells us that an adapter is back."""
        return False

    async def open(self, counters: Counters) -> Line:
        """Open the port.

        Raises:
            Unreachable: there is no such port, or somebody else has it.
        """
        link = self.link
        pace = Pace.of(link.timeout_s, character_s(link.baud, link.frame), echo=link.echo)
        try:
            _, line = await open_serial(lambda: RtuLine(counters, pace), link.path, link.baud, link.frame)
        except Unreachable:
            counters.connect_failures += 1
            raise
        counters.opened()
        return line


@dataclass(slots=True)
class Called:
    """The unit calls us, when it likes to."""

    link: ModbusDialInLink
    timeout_s: float
    receptions: Receptions
    _expected: Expected | None = field(default=None)

    @property
    def is_news(self) -> bool:
        """Whether it has called."""
        return self._expected is not None and self._expected.line is not None

    def close(self) -> None:
        """Expect it no longer."""
        if self._expected is not None:
            self.receptions[self.link.host, self.link.port].leave(self.link.id)
            self._expected = None

    async def open(self, counters: Counters) -> Line:
        """Take its call, or wait for one.

        Raises:
            Unreachable: it did not call, or the port cannot be opened.
        """
        place = self.link.host, self.link.port
        reception = self.receptions.setdefault(place, Reception(*place))
        try:
            async with asyncio.timeout(self.timeout_s):
                expected = await reception.listen(self.link, lambda: self._line(counters), counters)
                self._expected = expected
                while expected.line is None or expected.line.lost is not None:
                    expected.called.clear()
                    await expected.called.wait()
        except TimeoutError:
            counters.connect_failures += 1
            raise Unreachable(f"it has not called port {reception.port}") from None
        line, expected.line = expected.line, None
        counters.opened()
        return line

    def _line(self, counters: Counters) -> Line:
        if self.link.framing == "tcp":
            return TcpLine(counters)
        signs = (self.link.heartbeat.encode(), self.link.first_bytes)
        return RtuLine(counters, Pace.of(self.link.timeout_s), signs)


def way_of(link: ModbusLink, settings: ModbusSettings, receptions: Receptions | None = None) -> Way:
    """The way to a link."""
    if isinstance(link, ModbusDialInLink):
        return Called(link, settings.connect_timeout_s, {} if receptions is None else receptions)
    if isinstance(link, ModbusSerialLink):
        return Opening(link)
    if isinstance(link, ModbusRtuTcpLink):
        pace = Pace.of(link.timeout_s)
        return Connecting(
            link.host, link.port, lambda counters: RtuLine(counters, pace), settings.connect_timeout_s
        )
    if isinstance(link, ModbusTcpLink):
        return Connecting(link.host, link.port, TcpLine, settings.connect_timeout_s)
    raise TypeError(f"no way to a {link.kind} link")
