"""What an outbox tells about itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from devices.wire.messages import Lane


@dataclass(frozen=True, slots=True)
class Stats:
    """One moment of an outbox; a new one after each commit, and at least each second.

    next_seq:     by lane, the number that the next record gets.
    records, sizes, oldest_us: by lane, what waits: how many, their bytes, wall time of the oldest.
    dropped:      by lane and reason, records that were lost, since the file was begun.
    refused:      telemetry records given back to their caller because the disk is full.
    failures:     commits that failed and were given back to their callers.
    is_full:      the disk has no room; only alerts are stored, from the reserve.
    set_aside:    damaged files that were replaced since the start; `salvaged` records came over.
    bytes_per_s:  what comes in; `hours_left` until the bound at that rate, if nothing is sent meanwhile.
    """

    epoch: int = 0
    max_bytes: int = 0
    file_bytes: int = 0
    next_seq: Mapping[Lane, int] = field(default_factory=dict)
    records: Mapping[Lane, int] = field(default_factory=dict)
    sizes: Mapping[Lane, int] = field(default_factory=dict)
    oldest_us: Mapping[Lane, int] = field(default_factory=dict)
    dropped: Mapping[tuple[Lane, str], int] = field(default_factory=dict)
    commits: int = 0
    stored: int = 0
    refused: int = 0
    failures: int = 0
    is_full: bool = False
    set_aside: int = 0
    salvaged: int = 0
    corrupt_states: int = 0
    bytes_per_s: float = 0.0

    @property
    def total_bytes(self) -> int:
        """Bytes of all records."""
        return sum(self.sizes.values())

    @property
    def hours_left(self) -> float | None:
        """Hours until the oldest telemetry is dropped, if nothing is sent; None while nothing comes in."""
        if self.bytes_per_s <= 0:
            return None
        return max(0, self.max_bytes - self.total_bytes) / self.bytes_per_s / 3600

    def _lane(self, lane: Lane) -> dict[str, int | None]:
        return {
            "records": self.records.get(lane, 0),
            "bytes": self.sizes.get(lane, 0),
            "oldest_us": self.oldest_us.get(lane),
        }

    def as_health(self) -> dict[str, Any]:
        """Plain values for a health message."""
        return {
            **{str(lane): self.records.get(lane, 0) for lane in Lane},
            "records": sum(self.records.values()),
            "lanes": {str(lane): self._lane(lane) for lane in Lane},
            "bytes": self.total_bytes,
            "max_bytes": self.max_bytes,
            "file_bytes": self.file_bytes,
            "oldest_us": min(self.oldest_us.values(), default=None),
            "dropped": {f"{lane} {reason}": records for (lane, reason), records in self.dropped.items()},
            "epoch": self.epoch,
            "commits": self.commits,
            "stored": self.stored,
            "refused": self.refused,
            "failures": self.failures,
            "full": self.is_full,
            "set_aside": self.set_aside,
            "salvaged": self.salvaged,
            "corrupt_states": self.corrupt_states,
            "bytes_per_s": self.bytes_per_s,
            "hours_left": self.hours_left,
        }
