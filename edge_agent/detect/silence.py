"""Silence: devices and links without a good reading. A silent link speaks for all devices behind it."""

from __future__ import annotations

from typing import Final

import numpy as np

from devices.campus.rules import StaleRule
from edge_agent.detect.block import ENDLESS, NEVER, Flags, Floats, Rows, Times, shifted
from edge_agent.detect.compare import FALSE, TRUE, Truth
from edge_agent.detect.findings import Telling
from edge_agent.detect.heard import Groups
from edge_agent.detect.judge import Judge
from edge_agent.detect.quantities import Columns, Stretch
from edge_agent.detect.subjects import Register, Subject
from edge_agent.detect.trace import Moments, Trace
from edge_agent.detect.track import Track

#: What the agent says of itself, and a recorder that may have no pictures any more.
OWN_WORDS: Final = frozenset(
    {"link", "pass_kmh", "same_pictures", "offline_alike", "many_offline", "many_unreached"}
    | {"recorded_share", "gaps_alike", "many_gaps"}
)


class SilenceJudge(Judge):
    """A `stale` rule at work. Its trace is the last reading before a silence while that lasts, else 0."""

    rule: StaleRule

    def __init__(self, rule: StaleRule, register: Register, now_us: int) -> None:
        devices = register.subjects(rule)
        self._of_link = rule.of == "link"
        subjects = register.link_subjects(devices) if self._of_link else devices
        self._after_us = round(rule.after_s * 1e6)
        total = len(register.table)
        self._things = Groups.of([_members(subject) for subject in subjects], total)
        self._links, self._link_of = _links(register, subjects)
        #: It counts as heard then: the start of the agent, or its return after a pause.
        self._floor_us = np.full(len(subjects), now_us, np.int64)
        #: The last reading before the silence that is told of; NEVER while there is none.
        self._silent_us = np.full(len(subjects), NEVER, np.int64)
        self._wakes_us = 0
        super().__init__(rule, subjects, register, now_us)

    def points(self) -> tuple[Rows, ...]:
        """None: readings count, not values."""
        return ()

    def wakes_us(self) -> int:
        """When the first thing could be silent; the past while one is."""
        return self._wakes_us

    def traces(self, stretch: Stretch) -> list[Trace]:
        """From when each silence counts, until the next reading."""
        heard = stretch.track.heard
        gaps = heard.gaps(self._things, self._after_us, stretch.until_us)
        row, last = gaps.thing, np.maximum(gaps.last_us, self._floor_us[gaps.thing])
        is_old = self._silent_us[row] != NEVER
        is_old[1:] &= row[1:] != row[:-1]  # only the first gap can be the one that is told of
        begin = last + self._after_us
        if not self._of_link:
            begin = self._while_link_speaks(stretch, row, begin)
        counts = (begin < gaps.next_us) & (begin <= stretch.until_us) & ~is_old
        ends = (counts | is_old) & (gaps.next_us != ENDLESS)
        before = np.where(self._silent_us == NEVER, 0.0, self._silent_us.astype(np.float64))
        trace = Trace.of(
            np.concatenate([row[counts], row[ends]]),
            np.concatenate([begin[counts], gaps.next_us[ends]]),
            np.concatenate([last[counts].astype(np.float64), np.zeros(int(ends.sum()))]),
            before,
        )
        self._silent_us = self._silent_us.copy()
        self._silent_us[trace.row] = np.where(trace.value > 0, trace.value, NEVER).astype(np.int64)
        self._wakes_us = self._wakes(stretch)
        return [trace]

    def _while_link_speaks(self, stretch: Stretch, row: Rows, due_us: Times) -> Times:
        """The first moment from `due_us` on at which the link was heard within half of `after_s`."""
        heard, link = stretch.track.heard, self._link_of[row]
        since = np.full(len(row), stretch.since_us)
        latest = heard.last_until(self._links, link, due_us)
        floor = self._floor_us[row]
        speaks = due_us - np.maximum(latest, floor) <= self._after_us // 2
        at_due = speaks & (due_us > stretch.since_us)
        return np.where(at_due, due_us, heard.first_from(self._links, link, np.maximum(due_us, since) + 1))

    def _wakes(self, stretch: Stretch) -> int:
        newest = np.maximum(self._things.newest(stretch.track.after.at_us), self._floor_us)
        return int((newest + self._after_us).min(initial=ENDLESS))

    def truth(self, moments: Moments) -> Truth:
        """Whether each thing is silent."""
        return np.where(moments.filled(0) > 0, TRUE, FALSE)

    def names(self, moments: Moments) -> Times:
        """An alert is named by the last reading before the silence."""
        return moments.filled(0).astype(np.int64)

    def value_and_limit(
        self, track: Track, moments: Moments, row: Rows, time_us: Times
    ) -> tuple[Floats, Floats]:
        """The limit; how long it lasted is `lasted`."""
        del track, moments, time_us
        return np.full(len(row), np.nan), np.full(len(row), self.rule.after_s)

    def lasted(self, value: Floats, start_us: Times, time_us: Times) -> Floats:
        """How long it has been silent, in seconds."""
        del value
        return (time_us - start_us) / 1e6

    def telling(self) -> Telling:
        """In seconds."""
        return Telling(self._register, unit="s", whole=True)

    def columns(self) -> Columns:
        """State as named arrays, one line a subject."""
        return super().columns() | {"floor_us": self._floor_us, "silent_us": self._silent_us}

    def restore(self, columns: Columns, queues: dict[str, Columns], known: Flags, since_us: int) -> None:
        """Continue from saved columns."""
        super().restore(columns, queues, known, since_us)
        self._floor_us, self._silent_us, self._wakes_us = columns["floor_us"], columns["silent_us"], 0

    def resumed(self, now_us: int) -> None:
        """The agent's own absence is nobody's silence."""
        self._floor_us, self._packed = np.maximum(self._floor_us, now_us), None

    def shift(self, by_us: int) -> None:
        """Move remembered times with the clock."""
        super().shift(by_us)
        self._floor_us = shifted(self._floor_us, by_us)
        self._silent_us, self._wakes_us = shifted(self._silent_us, by_us), 0


def _members(subject: Subject) -> list[int]:
    """The points by which a subject is heard; what the agent itself says about a link does not count.

    But a camera that is a link of its own says by its state what is wrong: its silence would be a second alert.
    """
    own = [row for name, row in subject.points.items() if not _own_word(name)]
    alone = len({name.rpartition(".")[0] for name in subject.points}) == 1
    if alone and any(name.endswith(".link") for name in subject.points):
        own = []
    return own or list(subject.points.values())


def _own_word(point: str) -> bool:
    return point.rpartition(".")[2] in OWN_WORDS


def _links(register: Register, subjects: tuple[Subject, ...]) -> tuple[Groups, Rows]:
    """All links of the agent, and the one of each subject, int64 (subjects,)."""
    devices = [register.subject(device) for device in register.campus.devices_of(register.agent)]
    links = register.link_subjects(devices)
    number = {link.id: row for row, link in enumerate(links)}
    of = np.array([number[subject.parent or subject.id] for subject in subjects], np.int64)
    return Groups.of([_members(link) for link in links], len(register.table)), of
