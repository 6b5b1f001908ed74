"""One side of a backtest: rules over stored readings, agent by agent, as each agent judges its own devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from devices.campus.site import Campus
from devices.campus.speed_rules import SpeedingRule
from devices.model.samples import SampleBatch
from edge_agent.detect.backtest.episodes import Turn
from edge_agent.detect.detection import Detection
from edge_agent.detect.findings import KINDS, Findings
from edge_agent.detect.track import Track


@dataclass(frozen=True, slots=True)
class Judging:
    """The rules of a campus as one agent judges them."""

    detection: Detection
    has_radars: bool

    @classmethod
    def of(cls, campus: Campus, agent: str, now_us: int) -> Judging:
        """Nothing was read yet."""
        has_radars = any(isinstance(rule, SpeedingRule) for rule in campus.rules.values())
        return cls(Detection(campus, agent, campus.points_of(agent), now_us), has_radars)

    def take(self, batch: SampleBatch, track: Track) -> Iterator[Turn]:
        """Judge samples of which `point` counts in the agent's own table, and their track."""
        if self.has_radars:
            for event in self.detection.passes(batch, track.until_us)[1]:
                severity = int(event.severity)
                yield Turn(event.rule, event.device, event.kind, event.time_us, event.start_us, severity)
        for findings in self.detection.follow(track):
            yield from _turns(findings)

    def resume(self, now_us: int) -> None:
        """The agent was away until now: that is nobody's silence."""
        self.detection.restore({**self.detection.save_judged(), **self.detection.save_held()}, now_us)


def _turns(findings: Findings) -> Iterator[Turn]:
    rule, subjects = findings.rule.id, findings.subjects
    names = ("subject", "kind", "time_us", "start_us", "severity")
    columns = (getattr(findings, name).tolist() for name in names)
    for subject, kind, time_us, start_us, severity in zip(*columns, strict=True):
        yield Turn(rule, subjects[subject].id, KINDS[kind], time_us, start_us, severity)
