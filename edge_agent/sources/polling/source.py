"""All polled links of one kind of an agent, each with a task and a connection of its own."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any, Generic, TypeVar

from edge_agent.sources.outlet import Outlet
from edge_agent.sources.polling.worker import Worker
from edge_agent.sources.port import Sink

W = TypeVar("W", bound=Worker[Any, Any, Any])


class PollingSource(Generic[W]):
    """Runs the workers of links beside each other.

    Args:
        kind: of the links, for the names of tasks.
        workers: by link.
    """

    def __init__(self, kind: str, workers: Mapping[str, W]) -> None:
        self._kind = kind
        self._by_link = workers

    @property
    def workers(self) -> list[W]:
        """One for each link."""
        return list(self._by_link.values())

    async def run(self, out: Sink) -> None:
        """Deliver for ever."""
        outlet = Outlet(out)
        async with asyncio.TaskGroup() as group:
            group.create_task(outlet.run(), name=f"{self._kind} outlet")
            for link, worker in self._by_link.items():
                group.create_task(worker.run(outlet), name=f"{self._kind} {link}")

    def health(self) -> dict[str, Any]:
        """Counters and state of each link, by its id."""
        return {"links": {link: worker.health() for link, worker in self._by_link.items()}}
