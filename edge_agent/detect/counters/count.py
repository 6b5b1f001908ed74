"""Counters as columns: what a reading adds to the total, and what happened to the meter.

The total is the raw reading plus an offset, so that it is the raw reading itself until something happens, and
cutting the readings anywhere gives the same total to the last bit. A reading that does not follow from the one
before changes nothing yet: only when the readings after it bear it out is it believed, else it was a glitch.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final, Self

import numpy as np

from edge_agent.detect.block import NEVER, Flags, Floats, Rows, Times
from edge_agent.detect.columns import Columns

#: A level is believed after so many readings that follow from each other, over at least this time.
SURE_READINGS: Final = 3
SURE_US: Final = 300_000_000
#: What a counter may grow by, over what it physically can: clocks and meters are not exact.
MARGIN: Final = 1.5
#: A float32 register may fall by so much of itself for being rounded.
ROUNDING: Final = 2.0**-22
#: Without a known greatest growth: a gap of this share of the modulus, or of the count, is likely.
LIKELY: Final = 0.1
#: A person's note about a new meter is about what was seen within this time of it.
NEAR_US: Final = 86_400_000_000


class Event(StrEnum):
    """What can happen to a counter."""

    ROLLOVER = "rollover"  # passed its modulus
    RESET = "reset"  # began again from zero
    REPLACED = "replaced"  # stands somewhere else: nobody knows what was counted between
    SIGNED = "signed"  # a person said what was counted between
    GLITCH = "glitch"  # readings that nothing bore out


@dataclass(frozen=True, slots=True)
class Happened:
    """One event of one counter. before, after: the last count believed, and the first of the new level."""

    counter: int
    event: Event
    time_us: int
    before: float
    after: float


@dataclass(frozen=True, slots=True)
class Note:
    """What a person says about a new meter: the old one ended at `final`, the new one began at `initial`."""

    at_us: int
    final: float
    initial: float


@dataclass(frozen=True, slots=True)
class Counters:
    """What is known of each counter; columns of one length, in the point's canonical unit.

    modulus: float64 (n,)  where it starts again at zero; NaN where that is unknown
    per_us:  float64 (n,)  most that it can grow in a microsecond; infinite where that is unknown
    step:    float64 (n,)  its smallest step
    notes:   of persons, in order of time, by counter
    """

    modulus: Floats
    per_us: Floats
    step: Floats
    notes: tuple[tuple[Note, ...], ...]


@dataclass(frozen=True, slots=True)
class Counts(Columns):
    """Where each counter stands; columns of one length.

    last, changed_us:  the count believed last and when it came to be; NaN, NEVER before the first reading
    seen_us:           the newest reading, believed or not
    offset:            total = count + offset
    level, level_us:   a level that waits to be believed: its newest count and when that came to be; NaN: none
    first, since_us:   the first reading of that level
    readings:          how many bore it out
    before, turned_us: the count before the last reset or replacement, and when that was; NaN, NEVER: none
    booked:            what it changed the offset by
    signed:            time of the latest note that was taken in, as the note says it
    """

    last: Floats
    changed_us: Times
    seen_us: Times
    offset: Floats
    level: Floats
    level_us: Times
    first: Floats
    since_us: Times
    readings: Rows
    before: Floats
    turned_us: Times
    booked: Floats
    signed: Rows

    @classmethod
    def nothing(cls, counters: int) -> Self:
        """No reading yet."""
        none, never = np.full(counters, np.nan), np.full(counters, NEVER, np.int64)
        zero, no = np.zeros(counters), np.zeros(counters, np.int64)
        return cls(none, never, never, zero, none, never, none, never, no, none, never, zero, never)


@dataclass(frozen=True, slots=True)
class Told:
    """What a block gave: totals of counters at times (equally long), and what happened.

    late: readings that were not newer than one before.
    """

    counter: Rows
    time_us: Times
    total: Floats
    taken: Rows
    happened: list[Happened]
    late: int


def count(
    state: Counts, known: Counters, counter: Rows, time_us: Times, value: Floats
) -> tuple[Counts, Told]:
    """Take readings in.

    Args:
        state: where the counters stand.
        known: what is known of them.
        counter: int64 (n,) which counter read.
        time_us: int64 (n,), rising for each counter; a reading that is not newer is left out.
        value: float64 (n,), none is NaN.

    Returns:
        The state after, and totals in the order of counter and time; `taken` are the places of their readings.
    """
    order = np.argsort(counter, kind="stable")
    runs = _Runs(counter[order], time_us[order], value[order])
    state = replace(state, **{name: column.copy() for name, column in state.named().items()})
    calm = runs.calm(state, known)
    runs.take(state, calm)
    total = runs.value + state.offset[runs.counter]
    told = calm[runs.number]
    happened: list[Happened] = []
    late = 0
    for run in np.flatnonzero(~calm).tolist():
        line = _Line(state, known, int(runs.counter[runs.first[run]]), happened.append)
        for place in range(runs.first[run], runs.end[run]):
            at = line.take(int(runs.time_us[place]), float(runs.value[place]))
            total[place], told[place] = at, at == at  # noqa: PLR0124 - NaN differs from itself
        late += line.late
        line.write()
    return state, Told(runs.counter[told], runs.time_us[told], total[told], order[told], happened, late)


def sign(state: Counts, known: Counters) -> tuple[Counts, list[Happened]]:
    """Correct resets and replacements that a person has explained since; the total may fall by that."""
    state = replace(state, offset=state.offset.copy(), signed=state.signed.copy())
    happened = []
    for row, note in _open_notes(state, known):
        turned_us, before = int(state.turned_us[row]), float(state.before[row])
        if turned_us == NEVER or abs(turned_us - note.at_us) > NEAR_US:
            continue
        state.offset[row] += max(note.final, before) - note.initial - state.booked[row]
        state.signed[row] = note.at_us
        happened.append(Happened(row, Event.SIGNED, turned_us, note.final, note.initial))
    return state, happened


def _open_notes(state: Counts, known: Counters) -> Iterator[tuple[int, Note]]:
    for row, notes in enumerate(known.notes):
        for note in notes:
            if note.at_us > state.signed[row]:
                yield row, note


class _Runs:
    """The readings of each counter, one run behind the other.

    number: int64 (n,) run of each reading; first, end: int64 (runs,) its places
    """

    def __init__(self, counter: Rows, time_us: Times, value: Floats) -> None:
        self.counter, self.time_us, self.value = counter, time_us, value
        begins = np.ones(len(counter), np.bool_)
        begins[1:] = np.diff(counter) != 0
        self.first = np.flatnonzero(begins)
        self.end = np.append(self.first[1:], len(counter))[: len(self.first)]
        self.number = np.cumsum(begins) - 1

    def _before(self, column: Any, state: Any) -> Any:
        """For each reading what was before it: in the run, or in the state."""
        before = np.empty_like(column)
        before[1:] = column[:-1]
        before[self.first] = state[self.counter[self.first]]
        return before

    def calm(self, state: Counts, known: Counters) -> Flags:
        """Runs in which each reading plainly follows from the one before, bool (runs,)."""
        before = self._before(self.value, state.last)
        grown = np.where(
            np.isnan(before), 0.0, self.value - before
        )  # the first reading of all begins the count
        took_us = self.time_us - self._before(self.time_us, state.seen_us)
        most = _most(known, self.counter, took_us)
        plain = (grown >= 0) & (grown <= most) & (took_us > 0) & np.isnan(state.level[self.counter])
        calm: Flags = np.logical_and.reduceat(plain, self.first) if len(plain) else plain
        return calm

    def take(self, state: Counts, calm: Flags) -> None:
        """Write where calm counters stand after their runs."""
        grown = ~(self.value <= self._before(self.value, state.last))  # the first of all, too
        last, rows = (self.end - 1)[calm], self.counter[self.first][calm]
        changed = np.where(grown, self.time_us, NEVER)
        changed_us = np.maximum.reduceat(changed, self.first)[calm] if len(changed) else changed
        state.changed_us[rows] = np.where(changed_us == NEVER, state.changed_us[rows], changed_us)
        state.last[rows], state.seen_us[rows] = self.value[last], self.time_us[last]


def _most(known: Counters, counter: Any, took_us: Any) -> Any:
    """Most that counters can have grown by in a time; infinite where nobody knows."""
    with np.errstate(invalid="ignore"):
        most = known.per_us[counter] * took_us * MARGIN + known.step[counter]
    return np.where(np.isinf(known.per_us[counter]), np.inf, most)


class _Line:
    """One counter, reading by reading, where something is out of the ordinary."""

    def __init__(
        self, state: Counts, known: Counters, row: int, happened: Callable[[Happened], None]
    ) -> None:
        self._state, self._row, self._happened = state, row, happened
        self._at = {name: column[row].item() for name, column in state.named().items()}
        self._modulus, self._step = float(known.modulus[row]), float(known.step[row])
        self._per_us, self._notes = float(known.per_us[row]), known.notes[row]
        self.late = 0

    def write(self) -> None:
        """Put where it stands into the columns."""
        for name, column in self._state.named().items():
            column[self._row] = self._at[name]

    def take(self, time_us: int, value: float) -> float:
        """The total at a reading; NaN while it is not believed."""
        at = self._at
        if time_us <= at["seen_us"]:
            self.late += 1
            return np.nan
        at["seen_us"] = time_us
        if np.isnan(at["last"]):
            at["last"], at["changed_us"] = value, time_us
        elif self._follows(value, at["last"], at["changed_us"], time_us):
            self._drop_level()
            if value > at["last"]:
                at["last"], at["changed_us"] = value, time_us
        elif not self._explained(value, time_us) and not self._borne_out(value, time_us):
            return np.nan
        return float(at["last"] + at["offset"])

    def _follows(self, value: float, last: float, changed_us: int, time_us: int) -> bool:
        fell = last - value
        if fell > 0:
            return fell <= abs(last) * ROUNDING
        return -fell <= self._most(time_us - changed_us)

    def _most(self, took_us: int) -> float:
        return np.inf if np.isinf(self._per_us) else self._per_us * took_us * MARGIN + self._step

    def _drop_level(self) -> None:
        at = self._at
        if not np.isnan(at["level"]):
            self._tell(Event.GLITCH, at["last"], at["first"])
            at["level"] = at["first"] = np.nan
            at["level_us"], at["since_us"], at["readings"] = NEVER, NEVER, 0

    def _borne_out(self, value: float, time_us: int) -> bool:
        """Whether the level that this reading is on is believed now."""
        at = self._at
        if not np.isnan(at["level"]) and self._follows(value, at["level"], at["level_us"], time_us):
            at["readings"] += 1
            if value > at["level"]:
                at["level"], at["level_us"] = value, time_us
        else:
            self._drop_level()
            at["level"] = at["first"] = value
            at["level_us"] = at["since_us"] = time_us
            at["readings"] = 1
        if at["readings"] < SURE_READINGS or time_us - at["since_us"] < SURE_US:
            return False
        self._turn(*self._what_happened())
        return True

    def _what_happened(self) -> tuple[Event, float]:
        """What brought a counter to its new level, and by how much that changes the offset."""
        last, first = self._at["last"], self._at["first"]
        most = self._most(self._at["since_us"] - self._at["changed_us"])
        if first < last:
            around = first + self._modulus - last  # NaN without a modulus
            if 0 <= around <= min(most, LIKELY * self._modulus):
                return Event.ROLLOVER, self._modulus
            if 0 <= first <= min(most, LIKELY * last):
                return Event.RESET, last
        return Event.REPLACED, last - first

    def _turn(self, event: Event, booked: float) -> None:
        at = self._at
        self._tell(event, at["last"], at["first"])
        at["offset"] += booked
        if event is not Event.ROLLOVER:
            at["before"], at["turned_us"], at["booked"] = at["last"], at["since_us"], booked
        at["last"], at["changed_us"] = at["level"], at["level_us"]
        at["level"] = at["first"] = np.nan
        at["level_us"], at["since_us"], at["readings"] = NEVER, NEVER, 0

    def _explained(self, value: float, time_us: int) -> bool:
        """Whether a person has told of the new meter that this reading is from: it is believed at once."""
        at = self._at
        for note in self._notes:
            is_near = time_us >= note.at_us - NEAR_US and at["changed_us"] <= note.at_us + NEAR_US
            is_open = note.at_us > at["signed"] and is_near
            took_us = time_us - min(note.at_us, at["changed_us"])
            if is_open and 0 <= value - note.initial <= self._most(took_us):
                self._drop_level()
                at["level"], at["first"], at["level_us"], at["since_us"] = (
                    value,
                    note.initial,
                    time_us,
                    time_us,
                )
                at["signed"] = note.at_us
                self._turn(Event.SIGNED, max(note.final, at["last"]) - note.initial)
                return True
        return False

    def _tell(self, event: Event, before: float, after: float) -> None:
        since_us = self._at["since_us"]
        self._happened(Happened(self._row, event, since_us, before, after))
