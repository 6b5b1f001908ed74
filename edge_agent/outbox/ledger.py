"""What the outbox knows about its records without looking at them: pure counting."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, NamedTuple, Self

from devices.wire.messages import Lane

#: What is dropped first when there is too much; the order is a promise.
DROP_ORDER: Final = (Lane.BACKLOG, Lane.LIVE, Lane.ALERTS)
TELEMETRY: Final = (Lane.BACKLOG, Lane.LIVE)

#: Why a record was dropped.
OVERFLOW: Final = "overflow"  # more than max_bytes
TOO_OLD: Final = "too-old"
CORRUPT: Final = "corrupt"  # its checksum differs


class Stored(NamedTuple):
    """A record as it is sent: its number in its lane, its encoded message, and when it was put."""

    seq: int
    data: bytes
    time_us: int


@dataclass(slots=True)
class Ledger:
    """Counts of one outbox file; a commit works on a copy, which replaces this one when it succeeded."""

    next_seq: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 1))
    records: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    sizes: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    dropped: dict[tuple[Lane, str], int] = field(default_factory=dict)

    def copy(self) -> Self:
        """An independent copy."""
        return type(self)(dict(self.next_seq), dict(self.records), dict(self.sizes), dict(self.dropped))

    @property
    def total_bytes(self) -> int:
        """Bytes of all records."""
        return sum(self.sizes.values())

    def add(self, lane: Lane, size: int) -> None:
        """Count a record that goes in."""
        self.records[lane] += 1
        self.sizes[lane] += size

    def remove(self, lane: Lane, size: int) -> None:
        """Count a record that goes out."""
        self.records[lane] -= 1
        self.sizes[lane] -= size

    def drop(self, lane: Lane, reason: str, records: int = 1) -> None:
        """Count records that are lost."""
        self.dropped[lane, reason] = self.dropped.get((lane, reason), 0) + records

    def marks(self) -> Iterator[tuple[str, int]]:
        """What has to be on disk, as names and numbers."""
        for lane, seq in self.next_seq.items():
            yield f"next {lane}", seq
        for (lane, reason), records in self.dropped.items():
            yield f"dropped {lane} {reason}", records

    def read(self, marks: Mapping[str, int | str]) -> None:
        """Take over what `marks` gave.

        Raises:
            ValueError: a number is missing or makes no sense.
        """
        for lane in Lane:
            seq = marks.get(f"next {lane}")
            if not isinstance(seq, int) or seq < 1:
                raise ValueError(f"next number of lane {lane} is {seq!r}")
            self.next_seq[lane] = seq
        for name, records in marks.items():
            match name.split(" ", 2):
                case ["dropped", of, reason]:
                    self.dropped[Lane(of), reason] = int(records)
                case _:
                    continue
