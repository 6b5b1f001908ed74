"""Everything the hub does by itself, beside each other."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Protocol


class Chore(Protocol):
    """Something that is done for ever."""

    async def run(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Do it until cancelled."""


async def keep(*chores: Chore) -> None:
    """Do them all until cancelled; one that fails ends the rest."""
    async with asyncio.TaskGroup() as group:
        for chore in chores:
            group.create_task(chore.run(), name=f"upkeep-{type(chore).__name__.lower()}")
