"""The loop of a torture: kill, now and then let everything settle, and stop at the first broken promise."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import Protocol

from devices.sim.torture.oracle import Oracle, Violation


class Victim(Protocol):
    """Something that can be killed, and that an oracle watches."""

    oracle: Oracle

    @property
    def killed(self) -> int:
        """How often it was."""

    @property
    def lives(self) -> Sequence[object]:
        """Each life that it had so far."""

    async def kill(self) -> None:
        """Let it live for a while, and kill it."""

    async def settle(self) -> None:
        """No more faults: all that was accepted must arrive within the bound."""


async def kill_often(
    victim: Victim, kills: int, between: int, until_s: float, enough: asyncio.Event | None
) -> list[Violation]:
    """Kill so often, or until a moment of the monotonic clock or `enough`; the first violations end it.

    Args:
        victim: who dies.
        kills: how often at most.
        between: so many lives, then everything must settle.
        until_s: of the monotonic clock.
        enough: set by somebody else who wants it to end.
    """
    while victim.killed < kills and time.monotonic() < until_s and not (enough and enough.is_set()):
        await victim.kill()
        if len(victim.lives) % between == 0:
            await victim.settle()
        if victim.oracle.violations:
            return victim.oracle.violations
    await victim.settle()
    return victim.oracle.violations
