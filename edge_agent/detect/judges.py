"""One judge for each rule: its devices, its state, and what it says about a block."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import lru_cache
from typing import Any, Final, Protocol

import numpy as np

from devices.campus.calendars import Period
from devices.campus.checks import resolved
from devices.campus.conditions import Condition
from devices.campus.rules import SetpointRule, StaleRule, WhenRule, leaves
from devices.model.alerts import AlertEvent, EventKind
from devices.model.texts import Text
from edge_agent.detect import setpoint
from edge_agent.detect.block import Block, Flags, Rows, Times, shifted
from edge_agent.detect.cells import Cells, Changes
from edge_agent.detect.compare import Comparison, Relation, all_hold
from edge_agent.detect.day import Day
from edge_agent.detect.hold import HoldState, Turns, hold
from edge_agent.detect.latch import latch_cells
from edge_agent.detect.stale import SilenceState, Silent, silence
from edge_agent.detect.subjects import Finding, Register, Subject, event, evidence, rows_of

Columns = dict[str, Any]
#: Silence is looked for at most this often; when it began and when it is told does not depend on that.
LISTEN_US: Final = 1_000_000


class Judge(Protocol):
    """What every judge of slow states does."""

    rule: Any
    subjects: tuple[Subject, ...]

    def judge(self, block: Block, changes: Changes, day: Day) -> Iterator[AlertEvent]:
        """Take one block of one day, and its changes, in and yield what happened."""
        ...

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock; an alert that is out keeps its start, which is its name."""
        ...

    def columns(self) -> Columns:
        """State as named arrays, one row a subject."""
        ...

    def restore(self, columns: Columns, now_us: int) -> None:
        """Continue from saved columns, already in the order of the subjects."""
        ...


def kind_of(*, raises: bool) -> EventKind:
    """RAISE or CLEAR."""
    return EventKind.RAISE if raises else EventKind.CLEAR


class HoldJudge(ABC):
    """Rules with a condition that must hold: latch, then delays."""

    def __init__(self, rule: WhenRule | SetpointRule, register: Register) -> None:
        self.rule = rule
        self.subjects = register.subjects(rule)
        self.state = HoldState.quiet(len(self.subjects))
        self._register = register
        self._subject_of: Rows | None = None
        self._day: Day | None = None
        self._due_us = 0
        self._exempt = lru_cache(maxsize=4)(lambda day: register.exempt(rule, self.subjects, day.date))

    def judge(self, block: Block, changes: Changes, day: Day) -> Iterator[AlertEvent]:
        """Take one block of one day, and its changes, in and yield what happened."""
        on_us, off_us = round(self.rule.on_delay_s * 1e6), round(self.rule.off_delay_s * 1e6)
        if self._is_idle(block, day):
            return iter(())
        cells = Cells.where(changes, self._row_of_point(), len(self.subjects), block.steps)
        rises, falls, change = self.edges(block, cells, day)
        exempt = self._exempt(day)[cells.row]
        latched = latch_cells(cells, rises & ~exempt, falls | exempt, self.state.latched)
        change = np.maximum(change, day.first_us)  # what the date changes, it changes at midnight
        self.state, turns = hold(
            self.state, cells, latched, change, block.until_us, on_us=on_us, off_us=off_us
        )
        self._day, self._due_us = day, self.state.next_due(on_us, off_us)
        return (self.event(turns, number, block, day) for number in range(len(turns.row)))

    def _is_idle(self, block: Block, day: Day) -> bool:
        """Say whether nothing can have changed: no value of mine, not the day, and no delay is over."""
        if block.steps != 1 or block.moved is None or day is not self._day:
            return False
        if int(block.until_us[0]) >= self._due_us:
            return False
        return not (self._row_of_point()[block.moved] >= 0).any()

    @abstractmethod
    def points(self) -> tuple[Rows, ...]:
        """Rows of the points that the condition looks at, each int64 (subjects,); negative where there is none."""

    def _row_of_point(self) -> Rows:
        if self._subject_of is None:
            self._subject_of = np.full(len(self._register.table), -1, np.int64)
            for point in self.points():
                has = point >= 0
                self._subject_of[point[has]] = np.flatnonzero(has)
        return self._subject_of

    @abstractmethod
    def edges(self, block: Block, cells: Cells, day: Day) -> tuple[Flags, Flags, Times]:
        """Where the condition surely holds, where surely not, and the time of a change; each (cells,)."""

    @abstractmethod
    def value_and_limit(self, row: int, step: int, block: Block, day: Day) -> tuple[str, float, float]:
        """Point, value and limit that a message tells."""

    def event(self, turns: Turns, number: int, block: Block, day: Day) -> AlertEvent:
        """Write one turn as an event."""
        row, step = int(turns.row[number]), int(turns.step[number])
        subject = self.subjects[row]
        point, value, limit = self.value_and_limit(row, step, block, day)
        finding = Finding(
            kind=kind_of(raises=bool(turns.raises[number])),
            time_us=int(turns.time_us[number]),
            start_us=int(turns.start_us[number]),
            value=value,
            limit=limit,
            unit=self._register.unit(subject, point),
            value_text=self._register.value_text(subject, point, value),
            limit_text=self._register.value_text(subject, point, limit),
            severity=self.rule.severity,
            evidence=evidence(subject, block, step, [int(point[row]) for point in self.points()]),
        )
        return event(self.rule, subject, finding)

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock."""
        self.state = replace(self.state, since_us=shifted(self.state.since_us, by_us))
        self._day = None

    def columns(self) -> Columns:
        """State as named arrays, one row a subject."""
        return {name: getattr(self.state, name) for name in HoldState.__slots__}

    def restore(self, columns: Columns, now_us: int) -> None:  # noqa: ARG002 - a hold goes on over a restart
        """Continue from saved columns."""
        self.state = HoldState(**columns)
        self._day = None


class WhenJudge(HoldJudge):
    """Comparisons of points with limits."""

    def __init__(self, rule: WhenRule, register: Register) -> None:
        super().__init__(rule, register)
        self._comparisons = tuple(
            _comparison(condition, self.subjects, register) for condition in leaves(rule.when)
        )
        self._first = next(leaves(rule.when)).point

    def points(self) -> tuple[Rows, ...]:
        """The points of the comparisons."""
        return tuple(comparison.point for comparison in self._comparisons)

    def edges(self, block: Block, cells: Cells, day: Day) -> tuple[Flags, Flags, Times]:  # noqa: ARG002 - any day
        """Where all comparisons hold."""
        return all_hold(self._comparisons, block, cells)

    def value_and_limit(self, row: int, step: int, block: Block, day: Day) -> tuple[str, float, float]:  # noqa: ARG002
        """The first comparison's."""
        first = self._comparisons[0]
        return self._first, float(block.value[first.point[row], step]), float(first.limit[row])


class SetpointJudge(HoldJudge):
    """Set points against the standard."""

    rule: SetpointRule

    def __init__(self, rule: SetpointRule, register: Register) -> None:
        super().__init__(rule, register)
        real = rows_of(self.subjects, "real_setpoint_c")
        own = rows_of(self.subjects, "setpoint_c")
        self._units = setpoint.Units(
            on=rows_of(self.subjects, "on"),
            mode=rows_of(self.subjects, "mode"),
            running=rows_of(self.subjects, "running_mode", setpoint.ABSENT),
            setpoint=np.where(real >= 0, real, own),
        )
        self._point = ["real_setpoint_c" if row >= 0 else "setpoint_c" for row in real]
        self._standard = setpoint.Standard(rule.cooling_min_c, rule.heating_max_c, rule.dead_band_c)
        self._today = lru_cache(maxsize=4)(self._judged_today)

    def _judged_today(self, day: Day) -> setpoint.Today:
        campus = self._register.campus
        periods = {site: campus.period(site, day.date) for site in campus.sites}
        own = [periods[subject.site] for subject in self.subjects]
        return setpoint.Today(
            cooling=np.array([period is Period.COOLING for period in own], np.bool_),
            heating=np.array([period is Period.HEATING for period in own], np.bool_),
            exempt=self._exempt(day),
        )

    def points(self) -> tuple[Rows, ...]:
        """On, mode, what it is doing, set point."""
        return self._units.on, self._units.mode, self._units.running, self._units.setpoint

    def edges(self, block: Block, cells: Cells, day: Day) -> tuple[Flags, Flags, Times]:
        """Where the standard is broken."""
        return setpoint.edges(self._units, self._today(day), self._standard, block, cells)

    def value_and_limit(self, row: int, step: int, block: Block, day: Day) -> tuple[str, float, float]:
        """The set point and the limit of the mode the unit is in."""
        cell = Cells.one(row, step)
        limit = setpoint.limit_at(self._units, self._today(day), self._standard, block, cell)
        return self._point[row], float(block.value[self._units.setpoint[row], step]), limit


class StaleJudge:
    """Silent devices, or silent links."""

    def __init__(self, rule: StaleRule, register: Register, now_us: int) -> None:
        self.rule = rule
        devices = register.subjects(rule)
        self._of_link = rule.of == "link"
        self.subjects = register.link_subjects(devices) if self._of_link else devices
        self.state = SilenceState.begun(len(self.subjects), now_us)
        self._silent = _members(self.subjects)
        links = register.link_subjects(
            [register.subject(d) for d in register.campus.devices_of(register.agent)]
        )
        self._links = _members(links)
        number = {link.id: row for row, link in enumerate(links)}
        self._link_of = np.array(
            [number[s.id if self._of_link else s.parent] for s in self.subjects], np.int64
        )
        self._exempt = lru_cache(maxsize=4)(lambda day: self._freed(register, day))
        self._last_us = 0

    def _freed(self, register: Register, day: Day) -> Flags:
        none = np.zeros(len(self.subjects), np.bool_)
        return none if self._of_link else register.exempt(self.rule, self.subjects, day.date)

    def judge(self, block: Block, changes: Changes, day: Day) -> Iterator[AlertEvent]:  # noqa: ARG002 - times count
        """Take one block of one day in and yield what happened."""
        if block.steps == 1 and 0 <= int(block.until_us[0]) - self._last_us < LISTEN_US:
            return iter(())
        self._last_us = int(block.until_us[-1]) if block.steps else self._last_us
        heard = self._silent.heard(block)
        heard = np.where(self._exempt(day)[:, None], block.until_us, heard)
        link_heard = None if self._of_link else self._links.heard(block)[self._link_of]
        after_us = round(self.rule.after_s * 1e6)
        self.state, turns = silence(self.state, heard, block.until_us, after_us, link_heard)
        return (self._event(turns, number, block) for number in range(len(turns.row)))

    def _event(self, turns: Turns, number: int, block: Block) -> AlertEvent:
        row, step = int(turns.row[number]), int(turns.step[number])
        subject, start_us = self.subjects[row], int(turns.start_us[number])
        raises = bool(turns.raises[number])
        time_us = int(turns.time_us[number])
        value = (time_us - start_us) / 1e6
        limit = float(self.rule.after_s)
        finding = Finding(
            kind=kind_of(raises=raises),
            time_us=time_us,
            start_us=start_us,
            value=value,
            limit=limit,
            unit="s",
            value_text=Text(f"{value:.0f}", f"{value:.0f}"),
            limit_text=Text(f"{limit:.0f}", f"{limit:.0f}"),
            severity=self.rule.severity,
            evidence={} if self._of_link else evidence(subject, block, step),
        )
        return event(self.rule, subject, finding)

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock."""
        self.state = replace(
            self.state,
            floor_us=shifted(self.state.floor_us, by_us),
            mark_us=shifted(self.state.mark_us, by_us),
        )

    def columns(self) -> Columns:
        """State as named arrays, one row a subject."""
        return {name: getattr(self.state, name) for name in SilenceState.__slots__}

    def restore(self, columns: Columns, now_us: int) -> None:
        """Continue from saved columns; the agent's own absence is nobody's silence."""
        self.state = SilenceState(**columns).resumed(now_us)


def _comparison(condition: Condition, subjects: Sequence[Subject], register: Register) -> Comparison:
    given = {name: getattr(condition, name) for name in Relation}
    relation = next(Relation(name) for name, value in given.items() if value is not None)
    limit = np.full(len(subjects), np.nan)
    for row, subject in enumerate(subjects):
        profile = register.campus.profile_of(register.campus.devices[subject.id])
        point = next(point for point in profile.points if point.name == condition.point)
        limit[row] = resolved(given[relation], point)
    return Comparison(rows_of(subjects, condition.point), relation, limit, condition.dead_band)


def _members(subjects: Sequence[Subject]) -> Silent:
    """The points by which each subject is heard; what the agent itself says about a link does not count."""
    points: list[int] = []
    begin: list[int] = []
    for subject in subjects:
        begin.append(len(points))
        own = [row for name, row in subject.points.items() if not _own_word(name)]
        points += own or list(subject.points.values())
    return Silent(np.array(points, np.int64), np.array(begin, np.int64))


def _own_word(point: str) -> bool:
    return point.rpartition(".")[2] in {"link", "pass_kmh", "same_pictures"}
