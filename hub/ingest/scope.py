"""Which points an agent may speak of: pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Final, Self

import numpy as np

from devices.campus.site import Campus
from devices.model.samples import SampleBatch

#: Brings in what was measured before there was a hub, for every site; enrolled like an agent.
HISTORY: Final = "history"
#: Point of a link: whether it answers.
LINK_UP: Final = "link_up"


@dataclass(frozen=True)
class Scope:
    """The points of each agent."""

    points: dict[str, frozenset[str]]

    @classmethod
    def of(cls, campus: Campus) -> Self:
        """The points of an agent's own devices and links; those of all agents for `history`."""
        points = {agent: frozenset(_points(campus, agent)) for agent in campus.agents}
        return cls({HISTORY: frozenset().union(*points.values()), **points})

    def strangers(self, agent: str, names: Collection[str]) -> set[str]:
        """Names among these that the agent may not use."""
        return set(names) - self.points.get(agent, frozenset())


def _points(campus: Campus, agent: str) -> list[str]:
    table = campus.points_of(agent)
    told = [name for name in table.names if name not in table.personal]
    return [*told, *(f"{link.id}.{LINK_UP}" for link in campus.links_of(agent))]


def without(batch: SampleBatch, names: Sequence[str], strangers: Collection[str]) -> SampleBatch:
    """The samples of a batch whose points are not among the strangers."""
    known = np.array([name not in strangers for name in names], bool)
    return batch[known[batch.point]]
