"""One comparison of a rule: the quantity, the limit, and how it stood last."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from devices.campus.checks import resolved
from devices.campus.conditions import Condition, Limit, OtherPoint, Schedule, UsualLimit
from devices.campus.rules import StateRule
from edge_agent.detect import compare
from edge_agent.detect.block import Floats, Rows, Times
from edge_agent.detect.clock import Daily, clocks_of
from edge_agent.detect.compare import UNKNOWN, Truth
from edge_agent.detect.energy import EnergyAbove
from edge_agent.detect.flat import Flat
from edge_agent.detect.known import Known
from edge_agent.detect.quantities import Columns, PointValue, Quantity, Still, Stretch, named, within
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.usual import UsualLimit as Median
from edge_agent.detect.windows import Count, Rate

if TYPE_CHECKING:
    import datetime as dt

    from edge_agent.detect.subjects import Register, Subject

SHORT: Final = {"second": "s", "minute": "min", "hour": "h", "day": "d"}


class Leaf:
    """One comparison for all devices of a rule."""

    def __init__(
        self,
        condition: Condition,
        rule: StateRule,
        subjects: Sequence[Subject],
        register: Register,
        allowed: Quantity,
    ) -> None:
        """`allowed` is 1 in the hours of the rule."""
        self.condition = condition
        self._rule, self._subjects, self._register = rule, subjects, register
        self._among = self._words(condition.one_of) if condition.one_of else None
        self._quantity = self._made(allowed)
        self._limit = self._compared_with()
        self.state: Truth = np.full(len(subjects), UNKNOWN)

    @property
    def point(self) -> Rows:
        """Row of the point that is compared, int64 (rows,)."""
        return self._register.rows(self._subjects, self.condition.point)

    def points(self) -> tuple[Rows, ...]:
        """Rows of all points that it looks at."""
        return (*self._quantity.points(), *self._limit.points())

    def traces(self, stretch: Stretch) -> list[Trace]:
        """The quantity and the limit."""
        if isinstance(self._limit, Median):
            limit = self._limit.trace(stretch)
            return [self._limit.followed, limit]
        return [self._quantity.trace(stretch), self._limit.trace(stretch)]

    def truth(self, moments: Moments, number: int) -> Truth:
        """How it stands at each moment; `number` is where its traces begin among those of the moments."""
        value = moments.filled(number)
        if self._among is not None:
            raw = compare.among(value, self._among[moments.row])
        elif self.condition.flat_s is not None:
            raw = np.where(np.isnan(value), UNKNOWN, np.where(value > 0, compare.TRUE, compare.FALSE))
        else:
            raw = compare.compared(self.condition, value, moments.filled(number + 1))
        truth = compare.settled(moments, raw, self.state)
        self.state = truth[moments.last]
        return truth

    def told(self, moments: Moments, number: int, row: Rows, time_us: Times) -> Floats:
        """Its value for some rows at their times, float64 (n,)."""
        if isinstance(self._quantity, EnergyAbove):
            return self._quantity.at(row, time_us)
        return moments.filled(number)[moments.at(row, time_us)]

    def unit(self, subject: Subject) -> str:
        """What its value is measured in."""
        condition = self.condition
        own = self._register.unit(subject, condition.point)
        if condition.rate is not None:
            return f"{own}/{SHORT[condition.rate.per]}"
        if condition.energy is not None:
            return "kWh"
        return "" if condition.count is not None or condition.bit is not None else own

    @property
    def is_plain(self) -> bool:
        """Whether its value is that of the point, so that words of a code set fit."""
        made = self.condition
        return made.rate is None and made.count is None and made.bit is None and made.flat_s is None

    def _value(self, point: str, **more: Any) -> PointValue:
        rows = self._register.rows(self._subjects, point)
        return PointValue(rows, len(self._register.table), **more)

    def _made(self, allowed: Quantity) -> Quantity:
        condition, rows = self.condition, len(self._subjects)
        value = self._value(condition.point, bit=condition.bit)
        if condition.rate is not None:
            return Rate(value, rows, condition.rate.over_s, condition.rate.per)
        if condition.count is not None:
            becomes = self._words((condition.count.becomes,))[:, 0]
            return Count(value, becomes, condition.count.within_s)
        if condition.flat_s is not None:
            return Flat(value, len(self._register.table), condition.flat_s)
        if condition.energy is not None:
            followed = self._value(condition.point)
            stand_by = self._limit_of(condition.energy.stand_by, followed, above=True)
            known = self._known((*value.points(), *stand_by.points()))
            limit = condition.above
            assert isinstance(limit, float)
            return EnergyAbove((value, stand_by, known, allowed), rows, limit)
        return value

    def _known(self, points: tuple[Rows, ...]) -> Known:
        return Known(points, len(self._register.table), self._rule.fresh_s)

    def _compared_with(self) -> Quantity:
        condition = self.condition
        if condition.above is not None:
            return self._limit_of(condition.above, self._quantity, above=True)
        if condition.below is not None:
            return self._limit_of(condition.below, self._quantity, above=False)
        word = condition.equals if condition.equals is not None else condition.differs
        return Still(self._words((word,))[:, 0] if word is not None else np.zeros(len(self._subjects)))

    def _limit_of(self, limit: Limit, quantity: Quantity, *, above: bool) -> Quantity:
        rows = len(self._subjects)
        match limit:
            case OtherPoint():
                return self._value(limit.point, times=limit.times, plus=limit.plus)
            case Schedule():
                return self._scheduled(limit)
            case UsualLimit():
                clock = self._register.campus.timezone, self._register.workdays(self._subjects)
                known = self._known(quantity.points())
                return Median(limit.usual, quantity, known, rows, clock, above=above)
            case _:
                return Still(np.full(rows, limit))

    def _scheduled(self, limit: Schedule) -> Daily:
        campus, rows = self._register.campus, len(self._subjects)
        otherwise = float("nan") if limit.otherwise is None else limit.otherwise

        def value(moment: dt.datetime) -> Floats:
            for part in limit.schedule:
                if part.hours.hold(moment, campus.calendars.get(part.hours.calendar or "")):
                    return np.full(rows, part.limit)
            return np.full(rows, otherwise)

        return Daily(clocks_of(part.hours for part in limit.schedule), campus.timezone, value)

    def _words(self, words: tuple[str | float, ...]) -> Floats:
        """The numbers of words, float64 (rows, words): each device's own code set says."""
        numbers = np.full((len(self._subjects), len(words)), np.nan)
        for row, subject in enumerate(self._subjects):
            point = self._register.sheet_point(subject, self.condition.point)
            numbers[row] = [resolved(word, point) for word in words]
        return numbers

    def next_us(self) -> int:
        """When it changes next if no reading does it."""
        return min(self._quantity.next_us(), self._limit.next_us())

    @property
    def follows(self) -> str:
        """What of the past is remembered, and in which pieces; empty where nothing is."""
        condition = self.condition
        stand_by = None if condition.energy is None else condition.energy.stand_by
        limits = (condition.above, condition.below, stand_by)
        usual = [limit.usual for limit in limits if isinstance(limit, UsualLimit)]
        made = condition.model_dump(mode="json", include={"point", "bit", "rate", "count"})
        pieces = [[one.per, one.days, one.coverage] for one in usual]
        return json.dumps([made, pieces, self._rule.fresh_s], sort_keys=True) if usual else ""

    def _parts(self) -> dict[str, Quantity]:
        """What has a state; what is usual follows the quantity itself."""
        limit: dict[str, Quantity] = {"limit": self._limit}
        return limit if isinstance(self._limit, Median) else limit | {"of": self._quantity}

    def values(self) -> Iterator[PointValue]:
        """The points that it looks at, with what was told of them last."""
        for part in self._parts().values():
            yield from part.values()

    def columns(self) -> Columns:
        """State, one line a row."""
        return {"state": self.state} | named({n: part.columns() for n, part in self._parts().items()})

    def queues(self) -> dict[str, Columns]:
        """State of any length."""
        return named({name: part.queues() for name, part in self._parts().items()})

    def restore(self, columns: Columns, queues: dict[str, Columns]) -> None:
        """Continue from saved state."""
        self.state = columns["state"]
        for name, part in self._parts().items():
            part.restore(within(name, columns), within(name, queues))

    def shift(self, by_us: int) -> None:
        """Move with the clock."""
        for part in self._parts().values():
            part.shift(by_us)
