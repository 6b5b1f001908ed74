"""Acknowledged records that are still to be deleted."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Final

from devices.wire.messages import Lane

MOST: Final = 10_000


class Owed:
    """Grows with acknowledgements while a deletion is under way; a bound keeps a liar from filling memory."""

    def __init__(self) -> None:
        self._records: dict[tuple[Lane, int], None] = {}
        self._changed = asyncio.Event()

    async def add(self, records: Iterable[tuple[Lane, int]]) -> None:
        """Remember records, each once; waits while there are too many."""
        while len(self._records) >= MOST:
            self._changed.clear()
            await self._changed.wait()
        self.put_back(records)

    def put_back(self, records: Iterable[tuple[Lane, int]]) -> None:
        """Remember records that were taken and could not be deleted."""
        self._records.update(dict.fromkeys(records))
        self._changed.set()

    async def take(self) -> list[tuple[Lane, int]]:
        """Take all of them out, in order; waits for the first."""
        while not self._records:
            self._changed.clear()
            await self._changed.wait()
        taken = list(self._records)
        self._records.clear()
        self._changed.set()
        return taken
