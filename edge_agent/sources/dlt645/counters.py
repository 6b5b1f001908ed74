"""What happened on one bus, in numbers; nothing here is fatal."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, fields
from typing import Any


@dataclass(slots=True)
class Counters:
    """Since the agent started; each way in which an answer can be wrong has its own name."""

    asked: int = 0  # questions sent
    answered: int = 0  # good answers
    timeouts: int = 0  # questions nobody answered in time
    exceptions: int = 0  # answers that were refusals
    garbled: int = 0  # answers that made no sense; the reasons are counted below
    wrong_sum: int = 0  # frames whose checksum or end is wrong
    cut_short: int = 0  # answers that broke off
    wrong_address: int = 0  # frames of another meter than the one asked
    wrong_data: int = 0  # answers about another data identifier
    wrong_control: int = 0  # answers to another kind of request
    wrong_number: int = 0  # following frames out of order
    wrong_length: int = 0  # whole answers of another length than the sheet says
    late: int = 0  # answers to questions given up before
    unasked: int = 0  # frames that came while nothing was asked
    echoes: int = 0  # requests heard on the bus: our own, from an adapter that echoes, or another master's
    noise: int = 0  # bytes that belonged to no frame
    noisy: int = 0  # connections ended by us because more and more nonsense came
    connects: int = 0  # connections and ports opened
    reconnects: int = 0  # of these, after the first
    connect_failures: int = 0  # attempts that failed
    overruns: int = 0  # rounds left out because the bus was too slow
    followed: int = 0  # following frames that long answers took
    splits: int = 0  # blocks read value by value since the meter would not give them
    faults: int = 0  # errors of our own, caught at the bus's boundary
    codes: Counter[str] = field(default_factory=Counter)  # why meters refused, by name

    @property
    def heard(self) -> int:
        """Answers that show a living bus."""
        return self.answered + self.exceptions

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**plain, "codes": dict(self.codes)}
