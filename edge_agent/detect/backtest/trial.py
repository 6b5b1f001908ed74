"""A trial: the live rules and a draft of some of them, over the same stored readings, piece by piece.

Whoever runs it hands in the last good reading of each point that it names, if it is not older than `held_from_us`,
then all of their readings from `read_from_us` to `read_to_us`, in pieces of any length in the order of time. Nothing
here waits, reads or asks the clock; memory is bounded, however long the span.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.modbus_links import ModbusLink
from devices.campus.rules import Rule
from devices.campus.site import Campus
from devices.model.samples import SampleBatch
from edge_agent.detect.backtest import needs
from edge_agent.detect.backtest.difference import difference
from edge_agent.detect.backtest.episodes import MOST_EPISODES, Episode, Tally
from edge_agent.detect.backtest.judging import Judging
from edge_agent.detect.backtest.report import report
from edge_agent.detect.backtest.span import Span
from edge_agent.detect.block import Flags, Held, Rows, Times
from edge_agent.detect.track import Track

MOST_INTERVALS: Final = 2000
#: An agent whose polled links all say nothing, not even that a device did not answer, for so many polls is away.
POLLS_AWAY: Final = 3.0
LEAST_AWAY_S: Final = 30.0
#: Points that say something only when it changes may have said so this long before.
HELD_S: Final = 7 * 86_400.0
#: A pass is told when it is surely over, and no other radar shows the same vehicle: so long after the span.
SETTLE_US: Final = 120_000_000


@dataclass(slots=True)
class _Side:
    tally: Tally
    judging: dict[str, Judging]


@dataclass(slots=True)
class _Agent:
    """Of one agent: `row` int64 (points of the trial,) is a point's row in the agent's own table, or negative."""

    row: Rows
    longest_us: int | None
    last_us: int
    held: Held


@dataclass(slots=True)
class Cost:
    """Where the time went, in seconds, and how many samples were judged."""

    samples: int = 0
    order_s: float = 0.0
    judge_s: float = 0.0
    report_s: float = 0.0


@dataclass(slots=True)
class Trial:
    """Judges what it is given.

    Attributes:
        live: the campus as it is judged now.
        draft: the same campus with other rules.
        ids: rules whose alerts count; those that hold them back are judged beside them.
        span: what is told of; readings before it warm up.
        limit_per_day: see `report.report`.
        seconds: a clock for the cost.
    """

    live: Campus
    draft: Campus
    ids: Sequence[str]
    span: Span
    limit_per_day: int
    seconds: Callable[[], float]
    most: int = MOST_EPISODES
    cost: Cost = field(default_factory=Cost)
    points: tuple[str, ...] = field(init=False)
    read_from_us: int = field(init=False)
    held_from_us: int = field(init=False)
    _sides: tuple[_Side, _Side] = field(init=False)
    _agents: dict[str, _Agent] = field(init=False)
    _samples: Rows = field(init=False)
    _heard: Flags = field(init=False)

    def __post_init__(self) -> None:
        judged = [needs.with_causes(campus, self.ids) for campus in (self.live, self.draft)]
        every = [rule for rules in judged for rule in rules.values()]
        points = needs.points_of(self.live, judged[0].values()) | needs.points_of(
            self.draft, judged[1].values()
        )
        self.read_from_us = max(0, self.span.from_us - round(needs.before_s(every) * 1e6))
        self.held_from_us = max(0, self.read_from_us - round(HELD_S * 1e6))
        self._samples = np.zeros(len(self.span.days), np.int64)
        names = {point.partition(".")[0] for point in points}
        order = {agent: self.live.points_of(agent).names for agent in self.live.agents}
        self.points = tuple(name for names in order.values() for name in names if name in points)
        campuses = [
            needs.narrowed(campus, rules, names)
            for campus, rules in zip((self.live, self.draft), judged, strict=True)
        ]
        self._heard = np.zeros(len(self.points), np.bool_)
        self._agents = self._about_agents(campuses[0], needs.listens(every))
        self._sides = (self._side(campuses[0]), self._side(campuses[1]))

    @property
    def read_to_us(self) -> int:
        """Where reading ends."""
        return self.span.to_us + SETTLE_US

    def _about_agents(self, campus: Campus, listens: bool) -> dict[str, _Agent]:  # noqa: FBT001 - a fact of the rules
        found = {}
        for agent in campus.agents:
            table = campus.points_of(agent).row
            row = np.array([table.get(point, -1) for point in self.points], np.int64)
            longest = _longest_silence_us(campus, agent) if listens else None
            if len(table):
                found[agent] = _Agent(row, longest, self.read_from_us, Held.nothing(len(table)))
        return found

    def _side(self, campus: Campus) -> _Side:
        versions = {name: campus.rules[name].version for name in self.ids if name in campus.rules}
        running = self._agents if versions else {}
        judging = {agent: Judging.of(campus, agent, self.held_from_us) for agent in running}
        return _Side(Tally(versions, self.span, self.most), judging)

    def take(self, batch: SampleBatch, until_us: int) -> None:
        """Judge samples of which `point` counts in `points`, up to a moment after which the next ones come."""
        begin, ordered_s = self.seconds(), self.cost.order_s
        self._count(batch.time_us)
        self._heard[batch.point] = True
        for name, agent in self._agents.items():
            row = agent.row[batch.point]
            mine = slice(None) if len(self._agents) == 1 else row >= 0
            part = batch[mine]
            own = SampleBatch(row[mine].astype(np.int32), part.time_us, part.value, part.quality)
            for back_us in self._returns(agent, own.time_us, until_us):
                before = own.time_us < back_us
                self._step(name, agent, own[before], back_us - 1)
                self._resume(name, back_us)
                own = own[~before]
            self._step(name, agent, own, until_us)
        self.cost.judge_s += self.seconds() - begin - (self.cost.order_s - ordered_s)
        self.cost.samples += len(batch)

    def _returns(self, agent: _Agent, time_us: Times, until_us: int) -> list[int]:
        """When the agent was back after it had been away, where silence is judged."""
        if agent.longest_us is None or not len(time_us) or until_us < self.read_from_us:
            return []
        ordered = np.sort(time_us)
        gap = np.diff(ordered, prepend=agent.last_us)
        agent.last_us = int(ordered[-1])
        return [int(back_us) for back_us in ordered[gap > agent.longest_us]]

    def _resume(self, name: str, now_us: int) -> None:
        for side in self._sides:
            if name in side.judging:
                side.judging[name].resume(now_us)

    def _step(self, name: str, agent: _Agent, batch: SampleBatch, until_us: int) -> None:
        begin = self.seconds()
        track = Track.of_batch(agent.held, batch, until_us)
        self.cost.order_s += self.seconds() - begin
        agent.held = track.after
        for side in self._sides:
            if name in side.judging:
                side.tally.take(side.judging[name].take(batch, track))

    def _count(self, time_us: Times) -> None:
        if len(time_us):
            first, last = np.searchsorted(
                self.span.edges_us, [time_us.min(), time_us.max()], "right"
            ).tolist()
            for day in range(max(first, 1), min(last, len(self._samples)) + 1):
                whole = day == first == last
                begin_us, end_us = self.span.edges_us[day - 1 : day + 1]
                inside = (
                    len(time_us) if whole else np.count_nonzero((time_us >= begin_us) & (time_us < end_us))
                )
                self._samples[day - 1] += inside

    def finish(self) -> dict[str, Any]:
        """Take in what is still out, compare both sides, and tell."""
        begin = self.seconds()
        live, draft = (side.tally for side in self._sides)
        live.finish()
        draft.finish()
        pairs = difference(live.kept, draft.kept, self.span)
        for side in self._sides:
            side.judging.clear()  # a report may be kept for long, what it was judged by need not
        rules: dict[str, tuple[Rule | None, Rule]] = {
            name: (self.live.rules.get(name), self.draft.rules[name]) for name in self.ids
        }
        told = report(
            self.span, rules, live, draft, pairs, self._samples, self.limit_per_day, self._unheard()
        )
        self.cost.report_s = self.seconds() - begin
        return {"read_from_us": self.read_from_us, **told}

    def _unheard(self) -> list[str]:
        return [self.points[place] for place in np.flatnonzero(~self._heard)]

    def episodes(self) -> tuple[list[Episode], list[Episode]]:
        """Alerts of the live rules and of the draft that touch the span, by rule, device and time."""
        return self._sides[0].tally.kept, self._sides[1].tally.kept

    def intervals(self, device: str) -> dict[str, Any]:
        """The alerts about one device on both sides, for a time line."""
        rows, cut = [], 0
        about = [[one for one in episodes if one.device == device] for episodes in self.episodes()]
        for rule in self.ids:
            row: dict[str, Any] = {"rule": rule}
            for name, episodes in zip(("live", "draft"), about, strict=True):
                mine = [one for one in episodes if one.rule == rule]
                row[name] = [one.as_json() for one in mine[:MOST_INTERVALS]]
                cut += len(mine) - len(row[name])
            if row["live"] or row["draft"]:
                rows.append(row)
        return {
            "device": device,
            "from_us": self.span.from_us,
            "to_us": self.span.to_us,
            "rules": rows,
            "cut": cut,
        }


def _longest_silence_us(campus: Campus, agent: str) -> int | None:
    """How long an agent that runs can leave without any sample; None where none of its links is polled."""
    used = {device.link for device in campus.devices_of(agent)}
    polls = [
        link.poll_s
        for link in campus.links_of(agent)
        if link.id in used and isinstance(link, ModbusLink | Dlt645Link)
    ]
    return round(max(POLLS_AWAY * min(polls), LEAST_AWAY_S) * 1e6) if polls else None
