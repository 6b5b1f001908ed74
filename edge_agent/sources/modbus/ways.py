"""How a link's connection comes about."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from devices.campus.site import ModbusTcpLink
from devices.model.errors import Unreachable
from edge_agent.sources.modbus.counters import Counters
from edge_agent.sources.modbus.line import Line, TcpLine
from edge_agent.sources.modbus.settings import ModbusSettings


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
class TcpWay:
    """We connect to a gateway or serial server."""

    link: ModbusTcpLink
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
        host, port = self.link.host, self.link.port
        loop = asyncio.get_running_loop()
        try:
            async with asyncio.timeout(self.timeout_s):
                _, line = await loop.create_connection(lambda: TcpLine(counters), host, port)
        except TimeoutError:
            counters.connect_failures += 1
            raise Unreachable(f"{host}:{port} does not answer within {self.timeout_s} s") from None
        except OSError as error:
            counters.connect_failures += 1
            raise Unreachable(f"{host}:{port}: {error.strerror or error}") from None
        counters.reconnects += counters.connects > 0
        counters.connects += 1
        return line


def way_of(link: ModbusTcpLink, settings: ModbusSettings) -> Way:
    """The way to a link."""
    return TcpWay(link, settings.connect_timeout_s)
