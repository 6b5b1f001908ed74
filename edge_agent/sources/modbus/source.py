"""The Modbus source: all Modbus links of one agent, each with a task and a connection of its own."""

from __future__ import annotations

import random as random_numbers
from collections.abc import Callable

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
from edge_agent.sources.polling.source import PollingSource
from edge_agent.sources.port import Clock


class ModbusSource(PollingSource[LinkWorker]):
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
        learned = learned or Learned()
        planned = [
            (link, plan_link(campus, link, table))
            for link in campus.links_of(agent)
            if isinstance(link, ModbusLink)
        ]
        workers = {
            link.id: LinkWorker(
                link, plans, settings, clock, random, way_of(link, settings, receptions), learned, reads
            )
            for link, plans in planned
            if plans
        }
        super().__init__("modbus", workers)

    def worker_of(self, link_id: str) -> LinkWorker:
        """The worker of a link, to ask one question of one of its units.

        Raises:
            Refused: this agent reads no such link.
        """
        if (worker := self._by_link.get(link_id)) is None:
            raise Refused(f"this agent reads no Modbus link {link_id!r}")
        return worker
