"""A lock with two classes: whoever has precedence waits for one holder only, and starves nobody."""

from __future__ import annotations

import asyncio
import contextlib
from collections import deque
from collections.abc import AsyncIterator
from typing import Final

#: So often in a row those with precedence go first while others wait; then one of the others.
MOST_IN_ROW: Final = 4


class PriorityLock:
    """Held by one task at a time, and handed on: first come, first served within each class."""

    def __init__(self) -> None:
        self._held = False
        self._first: deque[asyncio.Future[None]] = deque()
        self._others: deque[asyncio.Future[None]] = deque()
        self._in_row = 0

    async def acquire(self, *, first: bool = False) -> None:
        """Wait until it is ours."""
        if not self._held:  # then nobody waits: whoever lets go hands it on
            self._held = True
            self._in_row = 0
            return
        ticket: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        (self._first if first else self._others).append(ticket)
        try:
            await ticket
        except asyncio.CancelledError:
            if not ticket.cancelled():  # it was handed on to us in this very moment
                self.release()
            raise

    def release(self) -> None:
        """Hand it on."""
        in_turn = (self._first, self._others)
        for queue in reversed(in_turn) if self._in_row >= MOST_IN_ROW else in_turn:
            while queue:
                ticket = queue.popleft()
                if not ticket.cancelled():
                    self._in_row = self._in_row + 1 if queue is self._first else 0
                    ticket.set_result(None)
                    return
        self._held = False

    @contextlib.asynccontextmanager
    async def held(self, *, first: bool) -> AsyncIterator[None]:
        """Hold it within a block."""
        await self.acquire(first=first)
        try:
            yield
        finally:
            self.release()

    async def __aenter__(self) -> None:
        """Hold it as one of the others."""
        await self.acquire()

    async def __aexit__(self, *_: object) -> None:
        """Hand it on."""
        self.release()
