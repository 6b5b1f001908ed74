"""What happened on one link, in numbers; nothing here is fatal."""

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
    exceptions: int = 0  # answers that were exception codes
    garbled: int = 0  # answers that made no sense; the reasons are counted below
    wrong_transaction: int = 0  # frames with a number that was not asked
    wrong_unit: int = 0  # frames from another unit than the one asked
    wrong_function: int = 0  # answers to another function
    wrong_length: int = 0  # answers of another length
    bad_header: int = 0  # bytes that are not a frame
    bad_crc: int = 0  # frames whose checksum is wrong
    short_frames: int = 0  # frames that stopped before their end
    garbage: int = 0  # bytes in front of an answer
    bad_echo: int = 0  # questions that came back otherwise than they were sent
    heartbeats: int = 0  # signs of life of a unit that dials in
    strangers: int = 0  # callers at the port of this link that nobody knows
    late: int = 0  # answers to questions given up before
    unasked: int = 0  # bytes that came while nothing was asked
    noisy: int = 0  # connections ended by us because more and more nonsense came
    cut_short: int = 0  # connections that ended within a frame
    connects: int = 0  # connections opened
    reconnects: int = 0  # of these, after the first
    connect_failures: int = 0  # attempts that failed
    overruns: int = 0  # rounds left out because the link was too slow
    splits: int = 0  # requests cut because the device refused them
    faults: int = 0  # errors of our own, caught at the link's boundary
    codes: Counter[str] = field(default_factory=Counter)  # exception codes by name

    @property
    def heard(self) -> int:
        """Answers that show a living connection."""
        return self.answered + self.exceptions

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        plain = {item.name: getattr(self, item.name) for item in fields(self)}
        return {**plain, "codes": dict(self.codes)}
