"""News within the process: whoever learns something publishes it, whoever shows it subscribes. Never blocks.

Topics, and what is published on them after the commit that made it true:

    alert     list[hub.alerts.record.Record]   alerts that have changed
    gateway   str                              name of an agent whose presence, hello or health has changed
    rules     int                              a publication has changed; number of the set in force
    rollout   int                              an agent took the set of that number up, or refused it
    order     list[hub.orders.record.Record]   orders that have changed
    orders    str                              what is frozen has changed; the scope
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

ALERT: Final = "alert"
GATEWAY: Final = "gateway"
RULES: Final = "rules"
ROLLOUT: Final = "rollout"
ORDER: Final = "order"
ORDERS: Final = "orders"
QUEUE: Final = 10_000


class Subscription:
    """What one subscriber has not looked at yet, the oldest first.

    Attributes:
        lost: news that were dropped because the subscriber was too slow; it must read everything anew.
    """

    def __init__(self, size: int) -> None:
        self.lost = 0
        self._news: deque[tuple[str, Any]] = deque()
        self._size = size
        self._ready = asyncio.Event()

    async def next(self) -> tuple[str, Any]:
        """Wait for the next piece of news: its topic and value."""
        while not self._news:
            self._ready.clear()
            await self._ready.wait()
        return self._news.popleft()

    def take(self) -> list[tuple[str, Any]]:
        """All that waits, without waiting."""
        news = list(self._news)
        self._news.clear()
        return news

    def put(self, topic: str, value: Any) -> None:
        """Add a piece of news; the oldest goes where there is no room."""
        if len(self._news) >= self._size:
            self._news.popleft()
            self.lost += 1
        self._news.append((topic, value))
        self._ready.set()


class Bus:
    """Topics and their subscribers."""

    def __init__(self) -> None:
        self._subscribers: dict[str, list[Subscription]] = {}

    @contextmanager
    def subscribe(self, *topics: str, size: int = QUEUE) -> Iterator[Subscription]:
        """Hear these topics while the context lasts."""
        subscription = Subscription(size)
        for topic in topics:
            self._subscribers.setdefault(topic, []).append(subscription)
        try:
            yield subscription
        finally:
            for topic in topics:
                self._subscribers[topic].remove(subscription)

    def publish(self, topic: str, value: Any) -> None:
        """Tell all who hear this topic."""
        for subscription in self._subscribers.get(topic, ()):
            subscription.put(topic, value)
