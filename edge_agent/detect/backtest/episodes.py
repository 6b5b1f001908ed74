"""From turns to alerts: each with its begin, raise, clear and severity; counted by day, rule and device on the way.

Counts are of all alerts. The alerts themselves are kept up to a bound, so that a rule that raises a million times
costs no more memory than a good one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

import numpy as np

from devices.model.alerts import EventKind, Severity, alert_id
from edge_agent.detect.backtest.span import Span

MOST_EPISODES: Final = 50_000


class Turn(NamedTuple):
    """One event of a rule about a subject, without its words."""

    rule: str
    device: str
    kind: EventKind
    time_us: int
    start_us: int
    severity: int


@dataclass(slots=True)
class Episode:
    """One alert.

    start_us:   when its condition began.
    raised_us:  when it was raised.
    cleared_us: when it cleared; None where it was still out at the end.
    severity:   the gravest that it had.
    changes:    times at which the severity changed, and to what.
    """

    rule: str
    version: int
    device: str
    start_us: int
    raised_us: int
    cleared_us: int | None
    severity: int
    changes: list[tuple[int, int]] = field(default_factory=list)
    moment: bool = False

    @property
    def face(self) -> tuple[Any, ...]:
        """All that an operator would see of it; two alerts with one face are the same."""
        return self.start_us, self.raised_us, self.cleared_us, self.severity, self.changes

    def as_json(self) -> dict[str, Any]:
        """The alert as an interval on a time line."""
        shown: dict[str, Any] = {
            "id": alert_id(self.rule, self.version, self.device, self.start_us),
            "start_us": self.start_us,
            "raised_us": self.raised_us,
            "cleared_us": self.cleared_us,
            "severity": self.severity,
            "changes": [list(change) for change in self.changes],
        }
        return {**shown, "moment": True} if self.moment else shown


@dataclass(slots=True)
class Count:
    """Alerts raised in the span, and the hours in which one was out."""

    alerts: int = 0
    hours: float = 0.0


class Tally:
    """Gathers the turns of one side; the order of time must be kept for each subject of a rule."""

    def __init__(self, versions: dict[str, int], span: Span, most: int = MOST_EPISODES) -> None:
        self._versions = versions
        self._span = span
        self._most = most
        self._open: dict[tuple[str, str], Episode] = {}
        self.kept: list[Episode] = []
        self.cut = 0
        self.open_at_end = 0
        self.by_day = np.zeros(len(span.days), np.int64)
        self.hours_by_day = np.zeros(len(span.days))
        self.by_rule_day = {rule: np.zeros(len(span.days), np.int64) for rule in versions}
        self.by_rule = {rule: Count() for rule in versions}
        self.by_device: dict[str, Count] = {}
        self.by_severity = dict.fromkeys(Severity, 0)
        self.by_window = np.zeros(span.windows, np.int32)

    def take(self, turns: Iterable[Turn]) -> None:
        """Take the events of the judged rules in; those of other rules, or after the span, are passed over."""
        for turn in turns:
            if turn.rule in self._versions and turn.time_us < self._span.to_us:
                self._taken(turn)

    def _taken(self, turn: Turn) -> None:
        key = turn.rule, turn.device
        if turn.kind is EventKind.RAISE:
            self._open[key] = self._begun(turn)
            return
        if turn.kind is EventKind.MOMENT:
            episode = self._begun(turn)
            episode.moment = True
            self._closed(episode, turn.time_us)
            return
        found = self._open.get(key)
        if found is None:  # it was out before anything was judged
            return
        if turn.kind is EventKind.CLEAR:
            self._closed(self._open.pop(key), turn.time_us)
        else:
            found.changes.append((turn.time_us, turn.severity))
            found.severity = max(found.severity, turn.severity)

    def _begun(self, turn: Turn) -> Episode:
        version = self._versions[turn.rule]
        return Episode(turn.rule, version, turn.device, turn.start_us, turn.time_us, None, turn.severity)

    def _closed(self, episode: Episode, time_us: int | None) -> None:
        episode.cleared_us = time_us
        span, end_us = self._span, self._span.to_us if time_us is None else time_us
        if end_us < span.from_us:
            return
        device = self.by_device.setdefault(episode.device, Count())
        rule = self.by_rule[episode.rule]
        hours = span.add_hours(self.hours_by_day, episode.raised_us, end_us)
        for count in (device, rule):
            count.hours += hours
        if span.holds(episode.raised_us):
            day = span.day_of(episode.raised_us)
            self.by_day[day] += 1
            self.by_rule_day[episode.rule][day] += 1
            self.by_window[span.window_of(episode.raised_us)] += 1
            self.by_severity[Severity(episode.severity)] += 1
            for count in (device, rule):
                count.alerts += 1
        if len(self.kept) < self._most:
            self.kept.append(episode)
        else:
            self.cut += 1

    def finish(self) -> None:
        """Take in what is still out at the end of the span."""
        for episode in self._open.values():
            self.open_at_end += 1
            self._closed(episode, None)
        self._open = {}
        self.kept.sort(key=lambda one: (one.rule, one.device, one.start_us, one.raised_us))
