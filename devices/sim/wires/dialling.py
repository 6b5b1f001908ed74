"""A unit that calls its gateway and says who it is; for faults it can be closed and dropped as a listener can."""

from __future__ import annotations

import asyncio
from typing import Final

from devices.sim.wires.ledger import Ledger
from devices.sim.wires.listening import Listener, Talk

#: Wait before it calls again.
AGAIN_S: Final = 0.5
ANY_ADDRESS: Final = "0.0.0.0"  # noqa: S104 - what the gateway listens on; nobody can call that
HERE: Final = "127.0.0.1"


class Dialler(Listener):
    """Keeps calling a port; `talk` serves each call.

    Args:
        said: the first bytes it sends.
    """

    def __init__(self, name: str, host: str, port: int, said: bytes, talk: Talk, ledger: Ledger) -> None:
        super().__init__(name, HERE if host == ANY_ADDRESS else host, port, talk, ledger)
        self._said = said
        self._calling: asyncio.Task[None] | None = None

    async def listen(self) -> None:
        """Begin to call."""
        if self._calling is None:
            self._calling = asyncio.create_task(self._call_for_ever(), name=f"{self.name} calls")

    async def refuse(self) -> None:
        """Call no longer."""
        calling, self._calling = self._calling, None
        if calling is not None:
            calling.cancel()
            await asyncio.gather(calling, return_exceptions=True)
        await self.drop()

    @property
    def is_open(self) -> bool:
        """Whether it calls."""
        return self._calling is not None

    async def _call_for_ever(self) -> None:
        while True:
            try:
                reader, writer = await asyncio.open_connection(self.host, self.port)
            except OSError:
                self._ledger.event(f"{self.name}: nobody takes the call")
            else:
                writer.write(self._said)
                self._accept(reader, writer)
                await asyncio.gather(*self._tasks, return_exceptions=True)
            await asyncio.sleep(AGAIN_S)
