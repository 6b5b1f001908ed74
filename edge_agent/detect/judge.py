"""A rule at work: its devices, its state, and what it finds in a stretch of time."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np

from devices.campus.conditions import Condition
from devices.campus.rules import StateRule, leaves
from devices.model.alerts import Severity
from edge_agent.detect import saving
from edge_agent.detect.block import ENDLESS, NEVER, Flags, Floats, Rows, Times, shifted
from edge_agent.detect.causes import CauseTrace, free_from
from edge_agent.detect.clock import Daily, clocks_of
from edge_agent.detect.compare import Truth, latched
from edge_agent.detect.coverage import Coverage
from edge_agent.detect.findings import MOST_EVIDENCE, Evidence, Findings, Telling
from edge_agent.detect.hold import HoldState, hold
from edge_agent.detect.known import Known
from edge_agent.detect.leaf import Leaf
from edge_agent.detect.levels import LevelJudge, moved, told, trace_of
from edge_agent.detect.quantities import Columns, PointValue, Quantity, Still, Stretch, named, within
from edge_agent.detect.subjects import Register, Subject
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.track import Track

if TYPE_CHECKING:
    import datetime as dt

#: Columns of what is usual: large, and other once an hour or a day.
PAST: Final = ("/past", "/day")


class Judge(ABC):
    """A condition that must hold: hours, delays, causes, levels; what the condition is, the rule's kind says."""

    def __init__(
        self, rule: StateRule, subjects: tuple[Subject, ...], register: Register, now_us: int
    ) -> None:
        """Judge `subjects` from `now_us` on."""
        self.rule, self.subjects = rule, subjects
        rows = len(subjects)
        self.state = HoldState.quiet(rows)
        self._register = register
        self._since_us, self._next_us = now_us, 0
        self._last_us = np.full(rows, NEVER, np.int64)
        self._fresh, self._has_fresh = np.ones(rows, np.bool_), rows > 0
        self._delays = round(rule.on_delay_s * 1e6), round(rule.off_delay_s * 1e6)
        self.allowed = self._hours()
        self.levels = [
            LevelJudge(level, [self.leaf(c) for c in leaves(level.when)], rows) for level in rule.levels
        ]
        self.causes: list[tuple[str, CauseTrace]] = []
        #: Whether alerts are out, in the stretch that was judged last.
        self.out = Trace.still(np.zeros(rows))
        self._coverage: Coverage | None = None
        self._mine: Flags | None = None
        self._packed: dict[str, bytes] | None = None

    # ---- what the kinds of rules say

    @abstractmethod
    def points(self) -> tuple[Rows, ...]:
        """Rows of the points that the condition looks at, each int64 (subjects,); negative where there is none."""

    @abstractmethod
    def traces(self, stretch: Stretch) -> list[Trace]:
        """What the condition looks at."""

    @abstractmethod
    def truth(self, moments: Moments) -> Truth:
        """How the condition stands at each moment, int8 (moments,); its traces are the first of the moments'."""

    @abstractmethod
    def value_and_limit(
        self, track: Track, moments: Moments, row: Rows, time_us: Times
    ) -> tuple[Floats, Floats]:
        """What alerts about some rows tell at some times, float64 (n,) each."""

    @abstractmethod
    def telling(self) -> Telling:
        """How value and limit are spoken of."""

    def conditions(self) -> list[Leaf]:
        """Comparisons of the rule itself."""
        return []

    def quantities(self) -> list[Quantity]:
        """What a rule without comparisons looks at, if that has a state."""
        return []

    def wakes_us(self) -> int:
        """When the condition changes next if no reading does it."""
        return min((leaf.next_us() for leaf in self.conditions()), default=ENDLESS)

    def names(self, moments: Moments) -> Times:
        """What an alert is named by whose condition begins at a moment."""
        return moments.time_us

    # ---- judging

    def explained_by(self, judges: Mapping[str, Judge]) -> None:
        """Meet the judges of the rules that explain this one's alerts."""
        for cause in self.rule.held_back_by:
            if cause.rule in judges:
                explains = CauseTrace(cause.on, self.subjects, judges[cause.rule].subjects, self._register)
                self.causes.append((cause.rule, explains))

    def judge(self, track: Track, judges: Mapping[str, Judge]) -> Findings | None:
        """Take one stretch in; None: nothing can have changed."""
        if self._is_idle(track, judges):
            if len(self.out.row):
                self.out = Trace.still(self.state.raised.astype(np.float64))
            return None
        self._packed = None
        stretch = Stretch(track, min(self._since_us, track.until_us), self._fresh, self._has_fresh)
        condition = self.traces(stretch)
        own = [trace for level in self.levels for leaf in level.leaves for trace in leaf.traces(stretch)]
        explained = [explains.trace(judges[rule].out) for rule, explains in self.causes]
        moments = Moments(
            len(self.subjects), [*condition, self.allowed.trace(stretch), *own, *explained], self._last_us
        )
        allowed = moments.filled(len(condition)) > 0
        truth = np.where(allowed, self.truth(moments), 0)
        holds = latched(moments, truth, self.state.latched)
        number = len(condition) + 1 + len(own)
        held_back = np.zeros(len(moments), np.bool_)
        for place in range(len(explained)):
            held_back |= moments.filled(number + place) > 0
        before = self.state
        self._hold(stretch, moments, holds, held_back)
        return self._finish(stretch, moments, holds, allowed, before)

    def _hold(self, stretch: Stretch, moments: Moments, holds: Flags, held_back: Flags) -> None:
        before, coverage = self.state, self._coverage
        if coverage is not None:
            coverage.look(stretch)

        def postpone(row: Rows, begin_us: Times, due_us: Times) -> Times:
            if coverage is not None:
                due_us = np.maximum(due_us, coverage.enough_from(row, begin_us, before))
            return free_from(moments, held_back, row, due_us, stretch.since_us) if self.causes else due_us

        on_us, off_us = self._delays
        self.state, self._turns = hold(
            before,
            moments,
            holds,
            self.names(moments),
            stretch.until_us,
            on_us=on_us,
            off_us=off_us,
            postpone=postpone,
        )
        if coverage is not None:
            coverage.keep(before, self.state)

    def _finish(
        self, stretch: Stretch, moments: Moments, holds: Flags, allowed: Flags, before: HoldState
    ) -> Findings | None:
        number = len(moments.traces) - len(self.causes) - 2 * sum(len(level.leaves) for level in self.levels)
        levels: list[tuple[Severity, Trace]] = []
        for level in self.levels:
            trace = level.judge(moments, holds, allowed, number, stretch.until_us)
            levels.append((level.level.severity, trace))
            number += 2 * len(level.leaves)
        self.out = trace_of(self._turns, before)
        self._last_us = np.maximum(self._last_us, moments.time_us[moments.last])
        for row, time_us in (
            (self._turns.row, self._turns.time_us),
            *((t.row, t.time_us) for _, t in levels),
        ):
            if len(row):
                np.maximum.at(self._last_us, row, time_us)  # nothing is told before what was told
        if self._has_fresh:
            self._fresh, self._has_fresh = np.zeros(len(self.subjects), np.bool_), False
        self._since_us = stretch.until_us
        self._next_us = self._next(moments)
        if not len(self._turns) and not any(len(trace.row) for _, trace in levels):
            return None
        row, kind, time_us, start_us, severity = told(self.rule, self._turns, before, levels)
        value, limit = self.value_and_limit(stretch.track, moments, row, time_us)
        return Findings(
            self.rule,
            self.subjects,
            row,
            kind,
            time_us,
            start_us,
            severity,
            self.lasted(value, start_us, time_us),
            limit,
            self.telling(),
            Evidence(stretch.track, *self._evidence_points),
        )

    def lasted(self, value: Floats, start_us: Times, time_us: Times) -> Floats:
        """The value to tell; a rule about time tells how long it lasted."""
        del start_us, time_us
        return value

    def leaf(self, condition: Condition) -> Leaf:
        """A comparison for the devices of the rule."""
        return Leaf(condition, self.rule, self.subjects, self._register, self.allowed)

    def cover(self) -> None:
        """Watch how much of the delay good readings cover, where the rule asks for a share of it."""
        wanted_us = round(self.rule.good_share * self.rule.on_delay_s * 1e6)
        if wanted_us:
            known = Known(self.points(), len(self._register.table), self.rule.fresh_s)
            self._coverage = Coverage(known, len(self.subjects), wanted_us)

    # ---- when there is nothing to do

    def _is_idle(self, track: Track, judges: Mapping[str, Judge]) -> bool:
        """Say whether nothing can have changed: no value of mine, no time that I wait for, no cause."""
        if track.until_us >= self._next_us or track.until_us < self._since_us or self._has_fresh:
            return False
        if self._mine is None:
            self._mine = np.zeros(len(self._register.table), np.bool_)
            for point in self._looked_at():
                self._mine[point[point >= 0]] = True
        if self._mine[track.point].any():
            return False
        return not any(len(judges[rule].out.row) for rule, _ in self.causes)

    def reads(self) -> Rows:
        """Rows of the points whose values decide."""
        found = np.unique(np.concatenate([np.zeros(0, np.int64), *map(np.ravel, self._looked_at())]))
        return found[found >= 0]

    def _looked_at(self) -> tuple[Rows, ...]:
        own = (point for level in self.levels for leaf in level.leaves for point in leaf.points())
        return (*self.points(), *own)

    def _next(self, moments: Moments) -> int:
        """When a stretch has to be judged though no reading changed."""
        times = [self.state.next_due(*self._delays), self.allowed.next_us(), self.wakes_us()]
        times += [level.next_us() for level in self.levels]
        if self._coverage is not None:
            times.append(self._coverage.known.next_us())
        ahead = int(moments.time_us.max(initial=NEVER))  # a device whose clock is ahead
        return min(times) if ahead <= self._since_us else min(*times, ahead)

    # ---- hours and evidence

    def _hours(self) -> Quantity:
        """1 where the rule counts: in its hours and seasons, and where there is no exemption."""
        only, register, rule = self.rule.only, self._register, self.rule
        rows = len(self.subjects)
        exempts = any(exemption.rule == rule.id for exemption in register.campus.exemptions)
        if not only.hours and not only.seasons and not exempts:
            return Still(np.ones(rows))
        campus = register.campus

        def value(moment: dt.datetime) -> Floats:
            calendars = [campus.calendars.get(part.calendar or "") for part in only.hours]
            inside = not only.hours or any(
                part.hold(moment, calendar) for part, calendar in zip(only.hours, calendars, strict=True)
            )
            counts = np.full(rows, float(inside))
            if only.seasons:
                counts[~register.in_season(self.subjects, moment.date(), only.seasons)] = 0.0
            counts[register.exempt(rule, self.subjects, moment.date())] = 0.0
            return counts

        return Daily(clocks_of(only.hours), campus.timezone, value)

    @cached_property
    def _evidence_points(self) -> tuple[list[tuple[str, ...]], Rows]:
        """Names and rows of the points of each subject that are told of, the judged ones first."""
        judged = {int(row) for point in self._looked_at() for row in point}
        names: list[tuple[str, ...]] = []
        rows = np.full((len(self.subjects), MOST_EVIDENCE), -1, np.int64)
        for number, subject in enumerate(self.subjects):
            own = (
                subject.points.items() if subject.parent else ()
            )  # of a link they would be those of many devices
            points = sorted(own, key=lambda point: point[1] not in judged)[:MOST_EVIDENCE]
            names.append(tuple(name for name, _ in points))
            rows[number, : len(points)] = [row for _, row in points]
        return names, rows

    # ---- state

    def packed(self) -> dict[str, bytes]:
        """State as bytes: what changes with the readings, and what changes with the hour (`past`), if there is any.

        It is made anew only after something was judged.
        """
        if self._packed is None:
            names, columns = [subject.id for subject in self.subjects], self.columns()
            past = {name: columns.pop(name) for name in list(columns) if name.endswith(PAST)}
            self._packed = {"now": saving.part(saving.packed(names, columns, self.queues()))}
            if past:
                self._packed["past"] = saving.part([*saving.packed(names, past), self.follows])
        return self._packed

    def values(self) -> Iterator[PointValue]:
        """The points that it judges by, with what was told of them last."""
        for _, part in self._parts():
            if not isinstance(part, LevelJudge):
                yield from part.values()

    def columns(self) -> Columns:
        """State as named arrays, one line a subject."""
        own = {name: getattr(self.state, name) for name in HoldState.__slots__}
        own |= {"last_us": self._last_us, "fresh": self._fresh}
        if self._coverage is not None:
            own |= self._coverage.columns()
        return own | named({part: of.columns() for part, of in self._parts()})

    @property
    def follows(self) -> list[str]:
        """What each comparison remembers of the past; another version of the rule may go on with the same."""
        return [leaf.follows for leaf in self.conditions()]

    def queues(self) -> dict[str, Columns]:
        """State of any length: arrays, one of them `row`."""
        return named({part: of.queues() for part, of in self._parts()})

    def _parts(self) -> list[tuple[str, Leaf | LevelJudge | Quantity]]:
        """What has a state, by name."""
        parts: list[tuple[str, Leaf | LevelJudge | Quantity]] = [
            *((f"c{number}", leaf) for number, leaf in enumerate(self.conditions())),
            *((f"q{number}", quantity) for number, quantity in enumerate(self.quantities())),
        ]
        for number, level in enumerate(self.levels):
            parts.append((f"v{number}", level))
            parts += [(f"v{number}c{place}", leaf) for place, leaf in enumerate(level.leaves)]
        return parts

    def restore(self, columns: Columns, queues: dict[str, Columns], known: Flags, since_us: int) -> None:
        """Continue from saved columns, already in the order of the subjects.

        Args:
            columns: one line a subject.
            queues: state of any length.
            known: bool (subjects,), those that were saved.
            since_us: up to when they had been judged.
        """
        self.state = HoldState(**{name: columns[name] for name in HoldState.__slots__})
        # A judge that was saved before its first stretch has not seen what is held.
        self._last_us, self._fresh = columns["last_us"], ~known | columns["fresh"]
        self._has_fresh = bool(self._fresh.any())
        self._since_us, self._next_us, self._packed = since_us, 0, None
        self.out = Trace.still(self.state.raised.astype(np.float64))
        if self._coverage is not None:
            self._coverage.restore(columns)
        for part, of in self._parts():
            of.restore(within(part, columns), within(part, queues))

    def resumed(self, now_us: int) -> None:
        """The agent was away until now: look anew."""
        self._next_us = min(self._next_us, now_us)

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock; an alert that is out keeps its start, which is its name."""
        self.state = moved(self.state, by_us)
        self._last_us = shifted(self._last_us, by_us)
        self._since_us, self._next_us, self._packed = self._since_us + by_us, 0, None
        self.allowed.shift(by_us)
        if self._coverage is not None:
            self._coverage.shift(by_us)
        for _, of in self._parts():
            of.shift(by_us)
