"""Looking at something again and again, also while the database does not work."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable

from devices.model.errors import Unreachable


async def rounds(
    look: Callable[[], Awaitable[None]],
    every_s: float,
    failing: str,
    log: logging.Logger,
    sleep: Callable[[float], Awaitable[None]],
) -> None:
    """Wait and look, for ever; `failing` is what the log says while the database does not work."""
    while True:
        await sleep(every_s)
        try:
            await look()
        except Unreachable as error:
            log.warning("%s: %s", failing, error)
