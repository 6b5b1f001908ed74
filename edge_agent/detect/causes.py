"""Causes: while another rule's alert explains this one, it is held back."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from edge_agent.detect.block import ENDLESS, Flags, Floats, Rows, Times
from edge_agent.detect.subjects import Register, Subject
from edge_agent.detect.trace import Moments, Trace


class CauseTrace:
    """How many alerts of the cause's rule are out that explain each row."""

    def __init__(
        self,
        on: Literal["device", "link", "area"],
        subjects: Sequence[Subject],
        causes: Sequence[Subject],
        register: Register,
    ) -> None:
        """`causes` are the subjects of the cause's rule."""
        wanted = [_place(subject, on, register) for subject in subjects]
        given: dict[str, list[int]] = {}
        for number, cause in enumerate(causes):
            name = cause.id if on != "area" else _place(cause, on, register)
            given.setdefault(name, []).append(number)
        pairs = [(row, cause) for row, name in enumerate(wanted) for cause in given.get(name, [])]
        self._row = np.array([row for row, _ in pairs], np.int64)
        self._cause = np.array([cause for _, cause in pairs], np.int64)
        self._rows, self._causes = len(wanted), len(causes)

    def trace(self, cause: Trace) -> Trace:
        """From the trace of the cause's own alerts, 1 while one is out."""
        before: Floats = np.bincount(self._row, cause.before[self._cause], self._rows).astype(np.float64)
        if not len(cause.row):
            return Trace.still(before)
        moments = Moments(self._causes, [cause])
        value = moments.filled(0)
        steps = np.append(0.0, value[1:] - value[:-1])
        steps[moments.first] = 0
        # each change of a cause is a change of all rows that it explains
        order = np.argsort(moments.row, kind="stable")
        begin = np.searchsorted(moments.row[order], self._cause, "left")
        count = np.searchsorted(moments.row[order], self._cause, "right") - begin
        pair = np.repeat(np.arange(len(self._row)), count)
        place = order[np.arange(len(pair)) - np.repeat(np.cumsum(count) - count, count) + begin[pair]]
        keep = ~moments.is_first[place]
        changes = Trace.of(self._row[pair[keep]], moments.time_us[place[keep]], steps[place[keep]], before)
        total = np.cumsum(changes.value)
        first = np.searchsorted(changes.row, changes.row)
        total += before[changes.row] - np.where(first > 0, total[first - 1], 0.0)
        return Trace(changes.row, changes.time_us, total, before)


def free_from(moments: Moments, held_back: Flags, row: Rows, due_us: Times, since_us: int) -> Times:
    """The first moment from `due_us` on at which a row is not held back; ENDLESS if there is none yet.

    Args:
        moments: of the causes.
        held_back: bool (moments,).
        row: int64 (n,).
        due_us: int64 (n,); what was due before `since_us` was held back until then.
        since_us: where the moments begin.
    """
    due = np.maximum(due_us, since_us)
    place = moments.at(row, due)
    free = np.where(held_back, len(held_back), np.arange(len(held_back)))
    following = np.minimum.accumulate(free[::-1])[::-1][place]
    last = moments.last[row]
    found = np.where(following <= last, moments.time_us[np.minimum(following, len(moments) - 1)], ENDLESS)
    return np.where(held_back[place], found, due_us)


def _place(subject: Subject, on: str, register: Register) -> str:
    match on:
        case "link":
            return subject.parent or subject.id
        case "area":
            device = register.campus.devices.get(subject.id)
            return "" if device is None else device.area
        case _:
            return subject.id
