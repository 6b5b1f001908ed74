"""What happened on one polled link, in numbers; nothing here is fatal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class LinkCounters:
    """Since the agent started; each protocol adds the ways in which its answers can be wrong."""

    asked: int = 0  # questions sent
    answered: int = 0  # good answers
    timeouts: int = 0  # questions nobody answered in time
    exceptions: int = 0  # answers that were refusals
    garbled: int = 0  # answers that made no sense; the reasons have counters of their own
    wrong_length: int = 0  # answers of another length
    cut_short: int = 0  # connections or answers that ended within a frame
    late: int = 0  # answers to questions given up before
    unasked: int = 0  # what came while nothing was asked
    noisy: int = 0  # connections ended by us because more and more nonsense came
    connects: int = 0  # connections and ports opened
    reconnects: int = 0  # of these, after the first
    connect_failures: int = 0  # attempts that failed
    overruns: int = 0  # rounds left out because the link was too slow
    splits: int = 0  # questions asked in pieces since the device refused them
    faults: int = 0  # errors of our own, caught at the link's boundary
    codes: Counter[str] = field(default_factory=Counter)  # why devices refused, by name

    @property
    def heard(self) -> int:
        """Answers that show a living connection."""
        return self.answered + self.exceptions

    def opened(self) -> None:
        """Note that a connection was opened."""
        self.reconnects += self.connects > 0
        self.connects += 1

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**plain, "codes": dict(self.codes)}
