"""The DL/T 645 source: all buses of one agent, each with a task and a connection of its own."""

from __future__ import annotations

import random as random_numbers
from collections.abc import Callable

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.site import Campus
from devices.model.points import PointTable
from edge_agent.sources.dlt645.plan import plan_link
from edge_agent.sources.dlt645.settings import Dlt645Settings
from edge_agent.sources.dlt645.worker import BusWorker
from edge_agent.sources.polling.source import PollingSource
from edge_agent.sources.port import Clock


class Dlt645Source(PollingSource[BusWorker]):
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
        workers = {
            link.id: BusWorker(link, plans, settings, clock, random) for link, plans in planned if plans
        }
        super().__init__("dlt645", workers)
