"""The Modbus source: all Modbus links of one agent, each with a task and a connection of its own."""

from __future__ import annotations

import asyncio
import random as random_numbers
from collections.abc import Callable
from typing import Any

from devices.campus.modbus_links import ModbusLink
from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.model.points import PointTable
from edge_agent.sources.modbus.learned import Learned
from edge_agent.sources.modbus.plan import plan_link
from edge_agent.sources.modbus.settings import ModbusSettings
from edge_agent.sources.modbus.unit import Flags
from edge_agent.sources.modbus.ways import Receptions, way_of
from edge_agent.sources.modbus.worker import LinkWorker
from edge_agent.sources.outlet import Outlet
from edge_agent.sources.port import Clock, Sink


class ModbusSource:
    """Polls every Modbus link of an agent.

    Args:
        campus: the site file.
        agent: whose links.
        settings: how patient to be.
        table: the agent's point table; rows of the samples refer to it.
        clock: time.
        random: numbers from 0 to 1, by which links start out of step.
        learned: what units refused before; it is told what they refuse from now on.
        reads: which points rules read now, bool (points of the table,); these go first.
    """

    def __init__(
        self,
        campus: Campus,
        agent: str,
        settings: ModbusSettings,
        table: PointTable,
        clock: Clock,
        random: Callable[[], float] = random_numbers.random,
        *,
        learned: Learned | None = None,
        reads: Callable[[], Flags | None] = lambda: None,
    ) -> None:
        receptions: Receptions = {}
        links = [link for link in campus.links_of(agent) if isinstance(link, ModbusLink)]
        learned = learned or Learned()
        plans = {link.id: plan_link(campus, link, table) for link in links}
        self.workers = [
            LinkWorker(
                link,
                plans[link.id],
                settings,
                clock,
                random,
                way_of(link, settings, receptions),
                learned,
                reads,
            )
            for link in links
            if plans[link.id]
        ]

    async def run(self, out: Sink) -> None:
        """Deliver for ever."""
        outlet = Outlet(out)
        async with asyncio.TaskGroup() as group:
            group.create_task(outlet.run(), name="modbus outlet")
            for worker in self.workers:
                group.create_task(worker.run(outlet), name=f"modbus {worker.link.id}")

    def worker_of(self, link_id: str) -> LinkWorker:
        """The worker of a link, to ask one question of one of its units.

        Raises:
            Refused: this agent reads no such link.
        """
        for worker in self.workers:
            if worker.link.id == link_id:
                return worker
        raise Refused(f"this agent reads no Modbus link {link_id!r}")

    def health(self) -> dict[str, Any]:
        """Counters and state of each link, by its id."""
        return {"links": {worker.link.id: worker.health() for worker in self.workers}}
