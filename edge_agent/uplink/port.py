"""What the uplink needs of the rooms around it."""

from __future__ import annotations

from typing import Protocol

from devices.wire.messages import Message
from devices.wire.mqtt import Link


class Clock(Protocol):
    """Time as the uplink sees it."""

    def now_us(self) -> int:
        """Wall time, UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Orders(Protocol):
    """What is ordered, and what became of it."""

    def hear(self, message: Message) -> None:
        """Take a message of the hub; raises Garbled where it is none."""

    async def speak(self, link: Link, boot: int) -> None:
        """Tell what became of orders, for as long as there is a connection."""
