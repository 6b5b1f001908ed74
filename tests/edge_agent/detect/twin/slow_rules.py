"""The rule language by definition: one device after the other, one moment after the other, plain Python.

Where the meaning of rules leaves a choice:

- Where the rule does not count (`only`, exemptions) neither do its levels; a link is in no exemption.
- A comparison remembers its dead band also while the rule does not count.
- An alert that comes late, because of `held_back_by` or `good_share`, comes only while its condition holds: at the
  moment at which it ends there is none, other than for a run that ends just when it is due.
- A cause's alert is out from its raise up to, and not with, its clear.
- `good_share` looks at the points of the rule's own condition, not of its levels; for stale rules it means nothing.
- A clear tells the severity that was told last; a level that changes with the clear is not told.
- Value and limit are those of the event's own moment; with several limits (one_of) the limit is NaN. What is flat
  tells the value that stands still, and the seconds.
- A silence that raises a second time (after `only` came back) has the id of the first: it began then.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from functools import cached_property

from devices.campus.checks import selected
from devices.campus.conditions import OtherPoint
from devices.campus.rules import SetpointRule, StaleRule, StateRule, WhenRule, leaves
from devices.campus.site import Campus
from devices.model.codes import AcMode
from devices.model.samples import SampleBatch
from tests.edge_agent.detect.twin.slow_conditions import (
    Turn,
    latched,
    mode_at,
    set_point,
    setpoint,
    when,
)
from tests.edge_agent.detect.twin.slow_values import (
    Row,
    first_known,
    limit_at,
    micros,
    quantity,
    readings,
    value_at,
)

#: Rule, device, kind, time_us, start_us, severity, value, limit.
Told = tuple[str, str, str, int, int, int, float, float]
OWN_WORDS = {"link", "pass_kmh", "same_pictures", "offline_alike", "many_offline", "many_unreached"}
OWN_WORDS |= {"recorded_share", "gaps_alike", "many_gaps"}


@dataclass(frozen=True)
class Alert:
    """One alert from its raise to its clear, None while it is out."""

    start_us: int
    raised_us: int
    cleared_us: int | None

    def is_out(self, time_us: int) -> bool:
        """Whether it is out at a moment."""
        return self.raised_us <= time_us and (self.cleared_us is None or time_us < self.cleared_us)


def events(campus: Campus, agent: str, samples: SampleBatch, since_us: int, until_us: int) -> list[Told]:
    """Everything the rules of a campus tell about samples, by rule, device and time.

    Args:
        campus: with its rules; those about speed are left out.
        agent: whose devices.
        samples: all of one run, those that were delivered first in front.
        since_us: when the agent started.
        until_us: up to when everything is known.
    """
    run = _Run(campus, agent, samples, since_us, until_us)
    rules = [rule for rule in campus.rules.values() if rule.enabled and isinstance(rule, StateRule)]
    told = [line for rule in rules for thing in run.rows(rule) for line in run.told(rule, thing)]
    return sorted(told, key=lambda line: line[:2] + line[3:4])


@dataclass(frozen=True)
class _Run:
    campus: Campus
    agent: str
    samples: SampleBatch
    since_us: int
    until_us: int
    made: dict[str, dict[str, Row]] = field(default_factory=dict)

    @cached_property
    def said(self) -> dict[str, list[tuple[int, float]]]:
        return readings(self.campus.points_of(self.agent), self.samples)

    def rows(self, rule: StateRule) -> dict[str, Row]:
        """The things a rule judges by their ids: devices, or links with one of their devices."""
        if rule.id not in self.made:
            self.made[rule.id] = self._rows(rule)
        return self.made[rule.id]

    def _rows(self, rule: StateRule) -> dict[str, Row]:
        of_link = isinstance(rule, StaleRule) and rule.of == "link"
        found: dict[str, Row] = {}
        mine = {device.id for device in self.campus.devices_of(self.agent)}
        for device in selected(self.campus, rule):
            if device.id in mine:
                own = self._said_of(device.id)
                row = Row(self.campus, rule, device, own, self.since_us, self.until_us)
                found.setdefault(device.link if of_link else device.id, row)
        return found

    def _said_of(self, device: str) -> dict[str, list[tuple[int, float]]]:
        return {name.split(".")[1]: said for name, said in self.said.items() if name.split(".")[0] == device}

    # ---- from conditions to alerts -----------------------------------------------------------------------------------

    def turns(self, rule: StateRule, thing: str) -> list[Turn]:
        """When the condition of a rule begins and ceases to hold."""
        row, counts = self.rows(rule)[thing], self._counts(rule, thing)
        match rule:
            case WhenRule():
                return when(row, rule.when, counts)
            case SetpointRule():
                return setpoint(row, rule, counts)
            case StaleRule():
                return self._silence(rule, row, counts)
        raise AssertionError(rule)

    def _counts(self, rule: StateRule, thing: str) -> Callable[[int], bool]:
        """Whether a rule counts at a moment; no exemption is about a link."""
        row = self.rows(rule)[thing]
        of_link = isinstance(rule, StaleRule) and rule.of == "link"
        return row.is_in_only if of_link else row.counts

    def alerts(self, rule: StateRule, thing: str) -> list[Alert]:
        """The alerts of a rule about one thing."""
        found: list[Alert] = []
        for turn, end_us in _with_ends(self.turns(rule, thing)):
            is_out = bool(found) and found[-1].cleared_us is None
            if turn.holds and not is_out:
                raised_us = self._raises(rule, thing, turn, end_us)
                found += [Alert(turn.name_us, raised_us, None)] if raised_us is not None else []
            elif not turn.holds and is_out:
                cleared_us = turn.time_us + micros(rule.off_delay_s)
                if cleared_us <= (self.until_us if end_us is None else end_us):
                    found[-1] = Alert(found[-1].start_us, found[-1].raised_us, cleared_us)
        return found

    def _raises(self, rule: StateRule, thing: str, turn: Turn, end_us: int | None) -> int | None:
        """When a run of the condition raises; None where it does not."""
        row = self.rows(rule)[thing]
        due_us = turn.time_us + micros(rule.on_delay_s)
        known_us: int | None = due_us
        if rule.good_share and not isinstance(rule, StaleRule):
            wanted_us = rule.good_share * rule.on_delay_s * 1e6
            known_us = first_known(row, _points(row, rule), turn.time_us, wanted_us)
        if known_us is None:
            return None
        causes = self._causes(rule, thing)
        possible = {max(due_us, known_us)} | {c.cleared_us for c in causes if c.cleared_us is not None}
        for time_us in sorted(time for time in possible if time >= max(due_us, known_us)):
            if any(cause.is_out(time_us) for cause in causes):
                continue
            holds = time_us <= self.until_us if end_us is None else time_us < end_us
            return time_us if holds or time_us == due_us == end_us else None
        return None

    def _causes(self, rule: StateRule, thing: str) -> list[Alert]:
        """Alerts that explain one of this rule about this thing."""
        found: list[Alert] = []
        device = self.campus.devices.get(thing)
        for cause in rule.held_back_by:
            by = self.campus.rules[cause.rule]
            if not by.enabled or not isinstance(by, StateRule):
                continue
            for other, row in self.rows(by).items():
                explains = {
                    "device": other == thing,
                    "link": other == (thing if device is None else device.link),
                    "area": device is not None and row.device.area == device.area,
                }
                found += self.alerts(by, other) if explains[cause.on] else []
        return found

    # ---- from alerts to what is told ---------------------------------------------------------------------------------

    def told(self, rule: StateRule, thing: str) -> Iterator[Told]:
        """The events of a rule about one thing."""
        row = self.rows(rule)[thing]
        counting = [self._counting(rule, thing, number) for number in range(len(rule.levels))]
        changes = sorted({time for counted in counting for time, _ in counted})

        def severity(time_us: int) -> int:
            now = [
                int(level.severity)
                for level, counted in zip(rule.levels, counting, strict=True)
                if any(begin <= time_us and (end is None or time_us < end) for begin, end in _spans(counted))
            ]
            return max(now, default=int(rule.severity))

        for alert in self.alerts(rule, thing):

            def line(kind: str, time_us: int, grave: int, start_us: int = alert.start_us) -> Told:
                value, limit = _told_values(row, rule, time_us, start_us)
                return rule.id, thing, kind, time_us, start_us, grave, value, limit

            last = severity(alert.raised_us)
            yield line("raise", alert.raised_us, last)
            for time_us in changes:
                if alert.raised_us < time_us and alert.is_out(time_us) and severity(time_us) != last:
                    last = severity(time_us)
                    yield line("change", time_us, last)
            if alert.cleared_us is not None:
                yield line("clear", alert.cleared_us, last)

    def _counting(self, rule: StateRule, thing: str, number: int) -> list[tuple[int, bool]]:
        """When a level begins and ceases to count."""
        level = rule.levels[number]
        row, counts_at = self.rows(rule)[thing], self._counts(rule, thing)
        turns = when(row, level.when, counts_at) if level.when else self.turns(rule, thing)
        found: list[tuple[int, bool]] = []
        counts = False
        for turn, end_us in _with_ends(turns):
            due_us = turn.time_us + micros(level.on_delay_s if turn.holds else level.off_delay_s)
            if turn.holds != counts and due_us <= (self.until_us if end_us is None else end_us):
                counts = turn.holds
                found.append((due_us, counts))
        return found

    # ---- silence -----------------------------------------------------------------------------------------------------

    def _silence(self, rule: StaleRule, row: Row, counts: Callable[[int], bool]) -> list[Turn]:
        spans = self._silences(rule, row)
        edges = {time for begin, end, _ in spans for time in (begin, end)}

        def last_heard(time_us: int) -> int | None:
            return next((last for begin, end, last in spans if begin <= time_us < end), None)

        times = sorted(time for time in {*edges, *row.steps} if time <= self.until_us)
        turns = latched(times, lambda time_us: counts(time_us) and last_heard(time_us) is not None)
        return [replace(turn, name_us=last_heard(turn.time_us) or turn.time_us) for turn in turns]

    def _silences(self, rule: StaleRule, row: Row) -> list[tuple[int, int, int]]:
        """From when to when a thing is silent, and when it was last heard."""
        on_link = [device for device in self.campus.devices_of(self.agent) if device.link == row.device.link]
        link_heard = sorted({time for device in on_link for time in self._heard(device.id, len(on_link))})
        chosen = (
            {device.id for device in selected(self.campus, rule)} if rule.of == "link" else {row.device.id}
        )
        mine = [device.id for device in on_link if device.id in chosen]
        together = len(mine) if rule.of == "link" else 0
        heard = {time for device in mine for time in self._heard(device, together)}
        after_us = micros(rule.after_s)
        found: list[tuple[int, int, int]] = []
        for last_us, next_us in _with_next(sorted(heard | {self.since_us})):
            due_us, end_us = last_us + after_us, self.until_us + 1 if next_us is None else next_us
            for time_us in [due_us, *(time for time in link_heard if time > due_us)]:
                speaks = any(time_us - after_us // 2 <= time <= time_us for time in link_heard)
                if time_us < end_us and (rule.of == "link" or speaks):
                    found.append((time_us, end_us, last_us))
                    break
        return found

    def _heard(self, device: str, together: int) -> list[int]:
        """When a device was heard; what the agent itself says about it does not count, but for a lone camera's."""
        points = self._said_of(device)
        own = [name for name in points if name not in OWN_WORDS] or list(points)
        if together == 1 and f"{device}.link" in self.campus.points_of(self.agent).row:
            own = list(points)
        return [time for name in own for time, _ in points[name]]


def _points(row: Row, rule: StateRule) -> list[str]:
    """The points that a rule's own condition looks at."""
    if isinstance(rule, SetpointRule):
        return [point for point in ("on", "mode", "running_mode", set_point(row)) if point in row.said]
    assert isinstance(rule, WhenRule)
    own = list(leaves(rule.when))
    limits = [
        limit for leaf in own for limit in (leaf.above, leaf.below, leaf.energy and leaf.energy.stand_by)
    ]
    return [leaf.point for leaf in own] + [limit.point for limit in limits if isinstance(limit, OtherPoint)]


def _with_ends(turns: list[Turn]) -> Iterator[tuple[Turn, int | None]]:
    return zip(turns, [*(turn.time_us for turn in turns[1:]), None], strict=False)


def _with_next(times: list[int]) -> Iterator[tuple[int, int | None]]:
    return zip(times, [*times[1:], None], strict=False)


def _spans(counted: list[tuple[int, bool]]) -> Iterator[tuple[int, int | None]]:
    """From when to when a level counts."""
    ends: list[tuple[int, bool] | None] = [*counted[1:], None]
    for (begin, counts), end in zip(counted, ends, strict=False):
        if counts:
            yield begin, None if end is None else end[0]


def _told_values(row: Row, rule: StateRule, time_us: int, start_us: int) -> tuple[float, float]:
    match rule:
        case StaleRule():
            return (time_us - start_us) / 1e6, rule.after_s
        case SetpointRule():
            limits: dict[float, float] = {AcMode.COOL: rule.cooling_min_c, AcMode.HEAT: rule.heating_max_c}
            return value_at(row.said[set_point(row)], time_us), limits.get(mode_at(row, time_us), math.nan)
        case WhenRule():
            first = next(leaves(rule.when))
            if first.flat_s is not None:
                return value_at(row.said[first.point], time_us), first.flat_s
            limit = limit_at(row, first, first.above if first.above is not None else first.below, time_us)
            return float(quantity(row, first, time_us)), limit
    raise AssertionError(rule)
