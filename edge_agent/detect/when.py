"""Rules of kind `when`: comparisons joined by and, or and not."""

from __future__ import annotations

import numpy as np

from devices.campus.rules import WhenRule, leaves
from edge_agent.detect.block import Floats, Rows, Times
from edge_agent.detect.compare import Truth, joined
from edge_agent.detect.findings import Telling
from edge_agent.detect.judge import Judge
from edge_agent.detect.leaf import Leaf
from edge_agent.detect.quantities import Stretch
from edge_agent.detect.subjects import Register
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.track import Track


class WhenJudge(Judge):
    """A `when` rule at work."""

    rule: WhenRule

    def __init__(self, rule: WhenRule, register: Register, now_us: int) -> None:
        super().__init__(rule, register.subjects(rule), register, now_us)
        self._leaves = [self.leaf(condition) for condition in leaves(rule.when)]
        self.cover()

    def conditions(self) -> list[Leaf]:
        """The comparisons."""
        return self._leaves

    def points(self) -> tuple[Rows, ...]:
        """The points of the comparisons."""
        return tuple(point for leaf in self._leaves for point in leaf.points())

    def traces(self, stretch: Stretch) -> list[Trace]:
        """Quantity and limit of each comparison."""
        return [trace for leaf in self._leaves for trace in leaf.traces(stretch)]

    def truth(self, moments: Moments) -> Truth:
        """Whether all of it holds."""
        return joined(
            self.rule.when, [leaf.truth(moments, 2 * place) for place, leaf in enumerate(self._leaves)]
        )

    def value_and_limit(
        self, track: Track, moments: Moments, row: Rows, time_us: Times
    ) -> tuple[Floats, Floats]:
        """Those of the first comparison; of a flat line its value, and how long it must be."""
        first = self._leaves[0]
        if first.condition.flat_s is not None:
            return track.values_at(first.point[row], time_us), np.full(len(row), first.condition.flat_s)
        place = moments.at(row, time_us)
        limit = moments.filled(1)[place] if first.condition.one_of is None else np.full(len(row), np.nan)
        return first.told(moments, 0, row, time_us), limit

    def telling(self) -> Telling:
        """As the first comparison is spoken of."""
        first = self._leaves[0]
        if first.is_plain or first.condition.flat_s is not None:
            return Telling(self._register, first.condition.point)
        subject = self.subjects[0]
        return Telling(self._register, first.condition.point, first.unit(subject))
