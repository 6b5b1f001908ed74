"""Waiting for something that another process or task brings about."""

from __future__ import annotations

import asyncio
from collections.abc import Callable


async def until(condition: Callable[[], object], within_s: float = 40.0) -> None:
    """Return as soon as the condition holds.

    Raises:
        TimeoutError: it never did.
    """
    async with asyncio.timeout(within_s):
        while not condition():  # noqa: ASYNC110 - what is waited for is outside this process
            await asyncio.sleep(0.01)
