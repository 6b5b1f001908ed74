"""What a rule found in a stretch, as columns; and the same written out as alert events."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.campus.rules import StateRule
from devices.model.alerts import AlertEvent, EventKind, Severity, alert_id
from devices.model.texts import Text
from edge_agent.detect.block import Floats, Rows, Times
from edge_agent.detect.subjects import Finding, Register, Subject, event
from edge_agent.detect.track import Track

KINDS: Final = (EventKind.CLEAR, EventKind.RAISE, EventKind.CHANGE)
CLEAR: Final = 0
RAISE: Final = 1
CHANGE: Final = 2
MOST_EVIDENCE: Final = 10


class Telling:
    """How a rule speaks of its value and limit: the unit, and the words that a number stands for."""

    def __init__(
        self, register: Register, point: str = "", unit: str | None = None, *, whole: bool = False
    ) -> None:
        """`point` gives unit and words; `unit` is used instead where it is given. `whole`: no decimals."""
        self._register, self._point, self._unit, self._whole = register, point, unit, whole

    def unit(self, subject: Subject) -> str:
        """What the number is measured in."""
        return self._register.unit(subject, self._point) if self._unit is None else self._unit

    def text(self, subject: Subject, value: float) -> Text:
        """The number as people read it."""
        if self._whole:
            return Text(f"{value:.0f}", f"{value:.0f}")
        return self._register.value_text(subject, self._point if self._unit is None else "", value)


@dataclass(frozen=True, slots=True)
class Evidence:
    """What else is told of the subjects of a rule: values of some of their points.

    names: of each subject, point names
    point: int64 (subjects, MOST_EVIDENCE)  rows of these points, negative where there are fewer
    """

    track: Track
    names: Sequence[tuple[str, ...]]
    point: Rows

    def at(self, subject: Rows, time_us: Times) -> list[dict[str, float]]:
        """Values of some subjects at some times; those that were not known are left out."""
        point = self.point[subject]
        values = self.track.values_at(np.maximum(point, 0).ravel(), np.repeat(time_us, point.shape[1]))
        lines: list[list[float]] = [line.tolist() for line in values.reshape(point.shape)]
        return [
            {name: value for name, value in zip(self.names[row], line, strict=False) if not math.isnan(value)}
            for row, line in zip(subject.tolist(), lines, strict=True)
        ]


@dataclass(frozen=True, slots=True)
class Findings:
    """What one rule found; columns of one length, by subject and then by time.

    subject:  int64   (n,)    index into `subjects`
    kind:     int8    (n,)    CLEAR, RAISE or CHANGE
    time_us:  int64   (n,)
    start_us: int64   (n,)    what the alert is named by
    severity: int8    (n,)
    value, limit: float64 (n,)
    evidence: what else is told of each subject; looked up when the events are written
    """

    rule: StateRule
    subjects: tuple[Subject, ...]
    subject: Rows
    kind: npt.NDArray[np.int8]
    time_us: Times
    start_us: Times
    severity: npt.NDArray[np.int8]
    value: Floats
    limit: Floats
    telling: Telling
    evidence: Evidence

    def __len__(self) -> int:
        return len(self.subject)

    def ids(self) -> list[str]:
        """The id of each alert."""
        rule = self.rule
        return [
            alert_id(rule.id, rule.version, self.subjects[subject].id, start_us)
            for subject, start_us in zip(self.subject.tolist(), self.start_us.tolist(), strict=True)
        ]

    def events(self) -> Iterator[AlertEvent]:
        """Write them out, with their messages in both languages."""
        evidence = self.evidence.at(self.subject, self.time_us)
        for number in range(len(self)):
            subject = self.subjects[int(self.subject[number])]
            value, limit = float(self.value[number]), float(self.limit[number])
            finding = Finding(
                kind=KINDS[self.kind[number]],
                time_us=int(self.time_us[number]),
                start_us=int(self.start_us[number]),
                value=value,
                limit=limit,
                unit=self.telling.unit(subject),
                value_text=self.telling.text(subject, value),
                limit_text=self.telling.text(subject, limit),
                severity=Severity(int(self.severity[number])),
                evidence=evidence[number],
            )
            yield event(self.rule, subject, finding)
