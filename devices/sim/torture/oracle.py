"""What must be true, whatever was killed: counts what was told and what arrived, and names what does not fit.

Four promises: *conservation* (what was accepted arrives), *integrity* (nothing is altered or invented), *once*
(nothing has its effect twice), *liveness* (all of it within a bound after the last fault).
"""

from __future__ import annotations

import math
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Final

from devices.model.alerts import AlertEvent, EventKind
from devices.model.errors import Garbled
from devices.sim.plant.doors import DoorMessage
from devices.wire.messages import Lane, Message, decode
from devices.wire.records import Stamp, alerts_from, samples_from, stamp_of

CONSERVATION, INTEGRITY, ONCE, LIVENESS = "conservation", "integrity", "once", "liveness"
NAMED: Final = 5


class Judged(Enum):
    """How closely the alerts are compared with what the doors said."""

    EXACTLY = auto()
    #: A broker that was killed brings messages out of order, and an old one is not judged any more: then each alert
    #: must have a cause, and what is open at the end must be what the doors said last.
    LOOSELY = auto()
    #: The clock was set: the doors' time and the agent's differ.
    NOT_AT_ALL = auto()


@dataclass(frozen=True, slots=True)
class Violation:
    """A promise that was broken, and where."""

    promise: str
    what: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.what}"


@dataclass(slots=True)
class Told:
    """One message of a door; `life`: of the agent, in which it was told, and accepted."""

    message: DoorMessage
    life: int
    accepted: int | None = None

    def samples(self) -> Iterator[tuple[tuple[str, int], float]]:
        """(point, time) and value of each reading in it, by the controller's data sheet."""
        said = self.message
        values = {
            "open": said.open,
            "locked": said.locked,
            "forced": said.forced,
            "granted": said.event == "granted",
        }
        for point, value in values.items():
            yield (f"{said.door}.{point}", said.time_us), float(value)


@dataclass(slots=True)
class Counts:
    """How much was looked at."""

    told: int = 0
    records: int = 0
    repeats: int = 0
    samples: int = 0
    alerts: int = 0


@dataclass
class Oracle:
    """Judges one agent by what its doors told and what arrived at its hub.

    judged: how the alerts are compared.
    """

    judged: Judged = Judged.EXACTLY
    counts: Counts = field(default_factory=Counts)
    violations: list[Violation] = field(default_factory=list)
    _told: dict[tuple[str, int], Told] = field(default_factory=dict)
    _expected: dict[tuple[str, int], float] = field(default_factory=dict)
    _former: dict[tuple[str, int], float] = field(default_factory=dict)
    _held: dict[tuple[str, int], float] = field(default_factory=dict)
    _stamps: dict[tuple[Lane, int], int] = field(default_factory=dict)
    _below: dict[Lane, int] = field(default_factory=lambda: dict.fromkeys(Lane, 0))
    _epoch: int | None = None
    _raised: dict[str, tuple[str, int]] = field(default_factory=dict)
    _cleared: dict[str, tuple[str, int]] = field(default_factory=dict)
    _is_forced: dict[str, int] = field(default_factory=dict)
    _said_last: dict[str, Told] = field(default_factory=dict)
    _open: list[str] = field(default_factory=list)
    _settled_raised: set[tuple[str, int]] = field(default_factory=set)
    _settled_cleared: set[tuple[str, int]] = field(default_factory=set)

    def tell(self, message: DoorMessage, life: int) -> None:
        """A door says something."""
        told = self._told[message.door, message.time_us] = Told(message, life)
        self._expected.update(told.samples())
        self.counts.told += 1

    def accept(self, message: DoorMessage, life: int) -> None:
        """The agent has acknowledged it: from now on it must not be lost."""
        self._told[message.door, message.time_us].accepted = life

    def greet(self, hello: Message) -> None:
        """An agent introduces itself, and says which numbers it gives next: none that the hub has already."""
        if hello.header.get("epoch") != self._epoch:
            return
        for lane, following in hello.header.get("next", {}).items():
            highest = max([self._below[Lane(lane)], *(seq for found, seq in self._stamps if found == lane)])
            if following <= highest:
                what = f"the next number of lane {lane} is {following}, and {highest} was used before"
                self._find(INTEGRITY, what)

    def take(self, payload: bytes) -> Stamp | None:
        """A record arrives at the hub; its stamp, if it is to be acknowledged."""
        try:
            message = decode(payload)
            stamp = stamp_of(message)
            if not self._is_new(stamp, payload):
                return stamp
            if stamp.lane is Lane.ALERTS:
                self._take_events(alerts_from(message))
            else:
                batch, names = samples_from(message)
                points = [names[row] for row in batch.point]
                self._take_samples(
                    zip(points, batch.time_us.tolist(), batch.value.tolist(), strict=True), stamp
                )
        except Garbled as error:
            self._find(INTEGRITY, f"a record cannot be read: {error}")
            return None
        return stamp

    def _is_new(self, stamp: Stamp, payload: bytes) -> bool:
        self.counts.records += 1
        if self._epoch not in {None, stamp.epoch}:
            self._find(CONSERVATION, f"the outbox was begun anew: epoch {stamp.epoch} after {self._epoch}")
        self._epoch = stamp.epoch
        crc = zlib.crc32(payload)
        known = self._stamps.get((stamp.lane, stamp.seq))
        if known is None and stamp.seq > self._below[stamp.lane]:
            self._stamps[stamp.lane, stamp.seq] = crc
            return True
        self.counts.repeats += 1
        if known is None:
            # It is settled: every number up to this one arrived and was acknowledged before.
            self._settled_again(stamp, payload)
        elif known != crc:
            self._find(INTEGRITY, f"number {stamp.seq} of lane {stamp.lane} came twice with other content")
        return False

    def _settled_again(self, stamp: Stamp, payload: bytes) -> None:
        """A repeat of something old is no harm; old numbers on readings that nobody has is one."""
        if stamp.lane is Lane.ALERTS:
            return
        batch, names = samples_from(decode(payload))
        keys = {
            (names[row], time_us) for row, time_us in zip(batch.point, batch.time_us.tolist(), strict=True)
        }
        if any(key in self._expected and key not in self._held for key in keys):
            self._find(INTEGRITY, f"number {stamp.seq} of lane {stamp.lane} was given to new readings")

    def _take_samples(self, samples: Iterator[tuple[str, int, float]], stamp: Stamp) -> None:
        for point, time_us, value in samples:
            self.counts.samples += 1
            # A message that came again is in two records, and the second may arrive after the judgement.
            expected = self._expected.get((point, time_us), self._former.get((point, time_us)))
            if expected is None and not math.isnan(value):
                self._find(INTEGRITY, f"{point} at {time_us} = {value:g} was never told ({stamp})")
            elif expected is not None and value != expected:
                self._find(INTEGRITY, f"{point} at {time_us} is {value:g}, told was {expected:g} ({stamp})")
            self._held[point, time_us] = value

    def _take_events(self, events: list[AlertEvent]) -> None:
        for event in events:
            self.counts.alerts += 1
            if event.rule != "forced":
                continue
            known = self._raised if event.kind is EventKind.RAISE else self._cleared
            what = (event.device, event.start_us)
            if event.id not in known and what in known.values():
                self._find(ONCE, f"{event.device} at {event.start_us} {event.kind} under two ids")
            known[event.id] = what

    def _find(self, promise: str, what: str) -> None:
        self.violations.append(Violation(promise, what))

    # --- where a real hub is asked, instead of playing one

    def accept_all(self, life: int) -> None:
        """A broker has taken over everything that was told."""
        for told in self._told.values():
            if told.accepted is None:
                told.accepted = life

    def look(self) -> None:
        """What the hub holds is read anew from here on."""
        self._held.clear()
        self._raised.clear()
        self._cleared.clear()
        self._open.clear()

    def hold(self, point: str, times_us: Sequence[int], values: Sequence[float | None]) -> None:
        """The hub has these readings of a point, in this window."""
        self.twice(point, times_us)
        for time_us, value in zip(times_us, values, strict=True):
            expected = self._expected.get((point, time_us))
            if expected is None and value is not None:
                self._find(INTEGRITY, f"{point} at {time_us} = {value:g} was never told")
            elif expected is not None and value != expected:
                self._find(INTEGRITY, f"{point} at {time_us} is {value}, told was {expected:g}")
            self._held[point, time_us] = 0.0 if value is None else value
            self.counts.samples += 1

    def twice(self, point: str, times_us: Sequence[int]) -> None:
        """No reading may be there twice."""
        if len(set(times_us)) < len(times_us):
            self._find(ONCE, f"{point}: {len(times_us) - len(set(times_us))} readings are stored twice")

    def see(self, alert: str, what: tuple[str, int], *, cleared: bool) -> None:
        """The hub has this alert, of a door and a moment."""
        if not cleared:
            self._open.append(what[0])
            if len(set(self._open)) < len(self._open):
                self._find(ONCE, f"{what[0]} has two open alerts")
        for known, settled, is_there in (
            (self._raised, self._settled_raised, True),
            (self._cleared, self._settled_cleared, cleared),
        ):
            if not is_there or what in settled:
                continue
            if what in known.values():
                self._find(ONCE, f"{what[0]} at {what[1]} is an alert under two ids")
            known[alert] = what
            self.counts.alerts += 1

    # --- when all is quiet

    def missing(self) -> list[Violation]:
        """What has not arrived, or not been accepted, by now; nothing when all is well."""
        found = []
        waiting = [told for told in self._told.values() if told.accepted is None]
        if waiting:
            found.append(Violation(LIVENESS, f"{len(waiting)} messages are not accepted by the agent"))
        lost = [
            told
            for told in self._told.values()
            if told.accepted is not None and any(key not in self._held for key, _ in told.samples())
        ]
        if lost:
            some = ", ".join(
                f"{told.message.door} at {told.message.time_us} (accepted in life {told.accepted})"
                for told in lost[:NAMED]
            )
            found.append(Violation(CONSERVATION, f"{len(lost)} accepted messages never arrived: {some}"))
        return [*found, *self._gaps(), *self._alerts()]

    def _gaps(self) -> Iterator[Violation]:
        """The agent drops nothing here, so its numbers must be without gaps."""
        for lane in Lane:
            numbers = [seq for found, seq in self._stamps if found is lane]
            gaps = sorted(set(range(self._below[lane] + 1, max(numbers, default=0))) - set(numbers))
            if gaps:
                yield Violation(CONSERVATION, f"lane {lane} lacks {len(gaps)} numbers, first {gaps[:NAMED]}")

    def _alerts(self) -> Iterator[Violation]:
        match self.judged:
            case Judged.EXACTLY:
                yield from self._exact_alerts()
            case Judged.LOOSELY:
                yield from self._caused_alerts()

    def _caused_alerts(self) -> Iterator[Violation]:
        causes = {key for key, told in self._told.items() if told.message.forced}
        strange = set(self._raised.values()) - causes
        if strange:
            yield Violation(INTEGRITY, f"raised without a cause: {sorted(strange)[:NAMED]}")
        forced = {door for door, told in self._newest().items() if told.message.forced}
        if forced != set(self._open):
            what = f"forced are {sorted(forced)}, open alerts are of {sorted(self._open)}"
            yield Violation(CONSERVATION, what)

    def _newest(self) -> dict[str, Told]:
        """What each door said last, also before this window."""
        newest = dict(self._said_last)
        newest.update(
            (door, told) for (door, _), told in sorted(self._told.items(), key=lambda item: item[0])
        )
        return newest

    def _exact_alerts(self) -> Iterator[Violation]:
        raised, cleared, _ = self._meant()
        for name, meant, found in (
            ("raised", raised, set(self._raised.values())),
            ("cleared", cleared, set(self._cleared.values())),
        ):
            if meant - found:
                yield Violation(
                    CONSERVATION, f"{len(meant - found)} not {name}: {sorted(meant - found)[:NAMED]}"
                )
            if found - meant:
                yield Violation(INTEGRITY, f"{name} without a cause: {sorted(found - meant)[:NAMED]}")

    def _meant(self) -> tuple[set[tuple[str, int]], set[tuple[str, int]], dict[str, int]]:
        """Alerts that the doors' messages mean: raised and cleared, and those that are open after it."""
        raised: set[tuple[str, int]] = set()
        cleared: set[tuple[str, int]] = set()
        is_forced = dict(self._is_forced)
        for (door, time_us), told in sorted(self._told.items(), key=lambda item: item[0]):
            if told.message.forced and door not in is_forced:
                is_forced[door] = time_us
                raised.add((door, time_us))
            elif not told.message.forced and door in is_forced:
                cleared.add((door, is_forced.pop(door)))
        return raised, cleared, is_forced

    def settle(self) -> None:
        """Everything is well: forget the past, but for what is open, and what was told last."""
        _, _, self._is_forced = self._meant()
        self._said_last = self._newest()
        self._settled_raised.update(self._raised.values())
        self._settled_cleared.update(self._cleared.values())
        for lane in Lane:
            numbers = [seq for found, seq in self._stamps if found is lane]
            self._below[lane] = max([self._below[lane], *numbers])
        self._former = dict(self._expected)
        for content in (self._told, self._expected, self._held, self._stamps, self._raised, self._cleared):
            content.clear()
