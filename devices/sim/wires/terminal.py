"""A serial line of the simulator: a pseudo-terminal whose near end stands where the site file says the port is."""

from __future__ import annotations

import asyncio
import contextlib
import os
import tty
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from devices.model.errors import Refused
from devices.sim.wires.ledger import Ledger

CHUNK: Final = 4096
Send = Callable[[bytes], None]
Hear = Callable[[bytes, Send], Awaitable[None]]


class Terminal:
    """Makes `path` a symbolic link to a pseudo-terminal for as long as it lives.

    Args:
        name: the link's id.
        path: where the port is to stand; nothing may be there, but an old link of ours.
        hear: called with what arrives, piece by piece, and with how to send.
        ledger: counts what went wrong.
    """

    def __init__(self, name: str, path: str, hear: Hear, ledger: Ledger) -> None:
        self.name = name
        self.path = Path(path)
        self._hear = hear
        self._ledger = ledger
        self._far = -1
        self._near = -1
        self._heard: asyncio.Queue[bytes] = asyncio.Queue()
        self._task: asyncio.Task[None] | None = None

    async def __aenter__(self) -> Self:
        if self.path.is_symlink():
            self.path.unlink()
        if self.path.exists():
            raise Refused(
                f"{self.path} is there already: a simulated port would take the place of a real one"
            )
        # The near end stays open here, or the line would be gone whenever nobody has it open.
        self._far, self._near = os.openpty()
        tty.setraw(self._near)
        os.set_blocking(self._far, False)
        try:
            self.path.symlink_to(os.ttyname(self._near))
        except OSError as error:
            self._close()
            raise Refused(f"{self.path}: {error.strerror}") from None
        asyncio.get_running_loop().add_reader(self._far, self._readable)
        self._task = asyncio.create_task(self._talk(), name=f"{self.name} terminal")
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        asyncio.get_running_loop().remove_reader(self._far)
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
        self.path.unlink(missing_ok=True)
        self._close()

    def send(self, data: bytes) -> None:
        """Put bytes on the line; what it cannot take is lost, as on a real one."""
        with contextlib.suppress(BlockingIOError):
            os.write(self._far, data)

    def _readable(self) -> None:
        with contextlib.suppress(BlockingIOError):
            self._heard.put_nowait(os.read(self._far, CHUNK))

    async def _talk(self) -> None:
        while True:
            await self._hear(await self._heard.get(), self.send)

    def _close(self) -> None:
        os.close(self._far)
        os.close(self._near)
