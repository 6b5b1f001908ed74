"""What the simulator answered, published and served: the figures against which loss is proved."""

from __future__ import annotations

import json
from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

from devices.profiles.profile import Point, Table


@dataclass(frozen=True, slots=True)
class ReadRange:
    """One read request as an agent repeats it."""

    link: str
    unit: int
    table: Table
    addr: int
    count: int

    def __str__(self) -> str:
        return f"{self.link}/{self.unit}/{self.table.value}/{self.addr}+{self.count}"


class Covered(Protocol):
    """A point that an answer holds."""

    @property
    def device(self) -> str:
        """Whose."""

    @property
    def point(self) -> Point:
        """Which."""


@dataclass(slots=True)
class RangeCount:
    """Answers to one request.

    answered: good answers that were handed to the network.
    followed: those after which the same connection asked for the same range again, so the answer had arrived
              and was dealt with; an agent that was killed in between has one answer that is not followed.
    """

    points: tuple[tuple[str, str], ...]
    answered: int = 0
    followed: int = 0
    last_us: int = 0


@dataclass(slots=True)
class DeviceCount:
    """What a device that speaks by itself, or a camera, has given.

    published: messages handed to the broker, or pictures asked for.
    acked: messages the broker has acknowledged (PUBACK), or pictures sent whole.
    readings: values inside the acknowledged messages.
    """

    published: int = 0
    acked: int = 0
    readings: int = 0
    lost: int = 0
    last_us: int = 0


@dataclass(slots=True)
class Ledger:
    """All counts since the start."""

    ranges: dict[Hashable, RangeCount] = field(default_factory=dict)
    devices: dict[str, DeviceCount] = field(default_factory=dict)
    events: dict[str, int] = field(default_factory=dict)

    def answered(self, asked: Hashable, time_us: int, covered: Callable[[], Iterable[Covered]]) -> None:
        """A good answer left; `covered` is called once per range to learn which points it holds."""
        count = self.ranges.get(asked)
        if count is None:
            points = tuple((entry.device, entry.point.name) for entry in covered())
            count = self.ranges[asked] = RangeCount(points)
        count.answered += 1
        count.last_us = time_us

    def followed(self, asked: Hashable) -> None:
        """The connection that got the last answer to this range asks for it again."""
        self.ranges[asked].followed += 1

    def device(self, name: str) -> DeviceCount:
        """The counts of a device that speaks by itself, or of a camera."""
        return self.devices.setdefault(name, DeviceCount())

    def event(self, what: str) -> None:
        """Count anything else: exceptions, garbled answers, refused connections."""
        self.events[what] = self.events.get(what, 0) + 1

    def points(self) -> dict[str, dict[str, int]]:
        """Per polled point: how many readings were answered, and how many are surely with the agent."""
        totals: dict[str, dict[str, int]] = {}
        for count in self.ranges.values():
            for device, point in count.points:
                total = totals.setdefault(f"{device}.{point}", {"answered": 0, "followed": 0})
                total["answered"] += count.answered
                total["followed"] += count.followed
        return totals

    def as_json(self) -> dict[str, Any]:
        """Everything, as plain values."""
        return {
            "points": self.points(),
            "ranges": {
                str(asked): {"answered": count.answered, "followed": count.followed, "last_us": count.last_us}
                for asked, count in self.ranges.items()
            },
            "devices": {
                name: {
                    "published": count.published,
                    "acked": count.acked,
                    "readings": count.readings,
                    "lost": count.lost,
                    "last_us": count.last_us,
                }
                for name, count in self.devices.items()
            },
            "events": dict(self.events),
        }

    def save(self, path: Path) -> None:
        """Write everything to `path`, whole or not at all."""
        part = path.with_suffix(path.suffix + ".part")
        part.write_text(json.dumps(self.as_json(), indent=1), "utf-8")
        part.replace(path)
