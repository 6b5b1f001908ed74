"""The DL/T 645 source: all buses of one agent, each with a task and a connection of its own."""

from __future__ import annotations

import asyncio
import random as random_numbers
from collections.abc import Callable
from typing import Any

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.site import Campus
from devices.model.points import PointTable
from edge_agent.sources.dlt645.plan import plan_link
from edge_agent.sources.dlt645.settings import Dlt645Settings
from edge_agent.sources.dlt645.worker import BusWorker
from edge_agent.sources.outlet import Outlet
from edge_agent.sources.port import Clock, Sink


class Dlt645Source:
    """Polls every DL/T 645-2007 bus of an agent; it never writes.

    Args:
        campus: the site file.
        agent: whose links.
        settings: how patient to be.
        table: the agent's point table; rows of the samples refer to it.
        clock: time.
        random: numbers from 0 to 1, by which buses start out of step.
    """

    def __init__(
        self,
        campus: Campus,
        agent: str,
        settings: Dlt645Settings,
        table: PointTable,
        clock: Clock,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        planned = [
            (link, plan_link(campus, link, table))
            for link in campus.links_of(agent)
            if isinstance(link, Dlt645Link)
        ]
        self.workers = [BusWorker(link, plans, settings, clock, random) for link, plans in planned if plans]

    async def run(self, out: Sink) -> None:
        """Deliver for ever."""
        outlet = Outlet(out)
        async with asyncio.TaskGroup() as group:
            group.create_task(outlet.run(), name="dlt645 outlet")
            for worker in self.workers:
                group.create_task(worker.run(outlet), name=f"dlt645 {worker.link.id}")

    def health(self) -> dict[str, Any]:
        """Counters and state of each bus, by its link's id."""
        return {"links": {worker.link.id: worker.health() for worker in self.workers}}
