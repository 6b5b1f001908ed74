"""One side of a backtest: rules over stored readings, agent by agent, as each agent judges its own devices."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from devices.campus.site import Campus
from devices.model.samples import SampleBatch
from edge_agent.detect.backtest.episodes import Turn
from edge_agent.detect.detection import Detection

#: Samples judged at once.
PART = 20_000


@dataclass(slots=True)
class Judging:
    """The rules of a campus as one agent judges them."""

    detection: Detection

    @classmethod
    def of(cls, campus: Campus, agent: str, now_us: int) -> Judging:
        """Nothing was read yet."""
        return cls(Detection(campus, agent, campus.points_of(agent), now_us))

    def take(self, batch: SampleBatch, until_us: int) -> Iterator[Turn]:
        """Judge samples in the order of time, of which `point` counts in the agent's own table."""
        for first in range(0, max(len(batch), 1), PART):
            part = batch[first : first + PART]
            last = first + PART >= len(batch)
            until = until_us if last else int(part.time_us[-1])
            for event in self.detection.step(part, until).events:
                yield Turn(
                    event.rule, event.device, event.kind, event.time_us, event.start_us, int(event.severity)
                )

    def resume(self, now_us: int) -> None:
        """The agent was away until now: that is nobody's silence."""
        self.detection.restore({**self.detection.save_judged(), **self.detection.save_held()}, now_us)


def absences(time_us: np.ndarray, last_us: int, longest_us: int) -> np.ndarray:
    """Where samples in the order of time begin anew after a gap longer than an agent that runs can leave."""
    before = np.concatenate([[last_us], time_us[:-1]]) if len(time_us) else time_us
    return np.flatnonzero(time_us - before > longest_us)
