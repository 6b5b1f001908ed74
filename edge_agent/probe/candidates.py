"""Registers to ranked candidates: each type and word order is a view of the same buffer, scored as arrays. Pure.

A single register says little. What tells is that neighbours of one type and order make sense together, that a
number lies where a known quantity usually lies, and that it moved the way such a quantity moves between two looks.
"""

from __future__ import annotations

from collections import Counter as Tally
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.profiles.profile import REGISTERS, Order, Type
from edge_agent.probe.meaning import MEANINGS, NONE, Floats, meanings_of
from edge_agent.sources.modbus.decode import LEAST_FIRST, SWAPPED, VIEWS

Raw = npt.NDArray[Any]
Flags = npt.NDArray[np.bool_]

#: What many devices say where nothing is.
BLANK: Final = 0xFFFF
#: Floats of devices are in this range, or zero; random bits mostly are not.
SANE: Final = (1e-4, 1e9)
#: A whole number beyond it is rather two registers that have nothing to do with each other.
LARGEST: Final = 1e8
#: Neighbours of the same type and order that are looked at, on either side.
NEIGHBOURS: Final = 3
ENOUGH: Final = 2
#: From so many values on, most of all, a type and order are the unit's own, and stand out elsewhere too.
OWN_FROM: Final = 4
OWN: Final = 0.2
WIDE: Final = 2
BASE: Final = {1: 0.30, 2: 0.24, 4: 0.18}
SENSE: Final = 0.2
ALONE: Final = 0.04
RUN: Final = 0.27
#: A value that begins where one begins when values are counted from the start of the range.
IN_STEP: Final = 0.06
LSW: Final = 0.02
SWAP: Final = 0.08
GREW: Final = 0.34
#: Of the orders in which it grew, the one in which it grew least: what each power of ten takes away.
FAST: Final = 0.05
#: Growth between two looks, as a share, up to which a number may be a counter.
SLOW: Final = 1e-4
LEAST_COUNT: Final = 10.0
MOST_COUNT: Final = 1e12
MOST_GROWN: Final = 10_000.0
#: From this score on a candidate is plausible; and how good a register is that is left out.
PLAUSIBLE: Final = 0.5
NO_WORTH: Final = 0.25
LEAST_WORTH: Final = 0.02
ZERO_WORTH: Final = 0.5
MAJORITY: Final = 0.5
MOST: Final = 4
COUNTER: Final = "counter"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One way to read the registers from an address on.

    value, first: now and at the first look (None: there was one look), after scale
    meaning:      of MEANINGS, or "counter", or None
    weight:       what it adds to a reading of the whole range
    """

    type: Type
    order: Order
    scale: float
    value: float
    first: float | None
    meaning: str | None
    score: float
    weight: float

    @property
    def registers(self) -> int:
        """How many registers it covers."""
        return REGISTERS[self.type]

    @property
    def unit(self) -> str:
        """Unit of its meaning."""
        return next((known.unit for known in MEANINGS if known.name == self.meaning), "")

    @property
    def is_plausible(self) -> bool:
        """Whether it stands out."""
        return self.score >= PLAUSIBLE


@dataclass(frozen=True, slots=True)
class Found:
    """Candidates at one place, best first, and which of them belongs to the best reading of the whole range."""

    at: int
    candidates: tuple[Candidate, ...]
    chosen: int | None


Usual = frozenset[tuple[Type, Order]]


def find(
    words: npt.NDArray[np.uint16], first: npt.NDArray[np.uint16] | None, usual: Usual = frozenset()
) -> list[Found]:
    """Rank what neighbouring registers may mean.

    Args:
        words: uint16 (n,) registers at addresses that follow each other.
        first: the same at the first look, or None.
        usual: wide types and orders that are known to be this unit's own, see `usual_of`.

    Returns:
        By place: where something stands, and nothing where only zeros are.
    """
    by_place: list[list[Candidate]] = [[] for _ in words]
    for kind in VIEWS:
        for order in orders_of(kind):
            if REGISTERS[kind] <= len(words):
                for place, candidate in _View(
                    kind, order, words, first, own=(kind, order) in usual
                ).candidates():
                    by_place[place].append(candidate)
    for ranked in by_place:
        ranked.sort(key=lambda candidate: -candidate.score)
    chosen = _best_cover(by_place)
    return [_found(at, by_place[at], candidate) for at, candidate in chosen.items()]


def usual_of(found: Iterable[Found]) -> Usual:
    """Wide types and orders in which a unit said so much that makes sense that it may say all so."""
    seen = Tally(
        (one.candidates[one.chosen].type, one.candidates[one.chosen].order)
        for one in found
        if one.chosen is not None and one.candidates[one.chosen].registers >= WIDE
    )
    return frozenset(key for key, times in seen.items() if times >= OWN_FROM and 2 * times > seen.total())


def orders_of(kind: Type) -> Sequence[Order]:
    """Orders that make a difference: within one register only whether its bytes are swapped."""
    return tuple(Order) if REGISTERS[kind] > 1 else (Order.MSW,)


def seen_as(words: Raw, kind: Type, order: Order) -> Raw:
    """Registers from each place on as numbers of a type: (n - registers + 1,)."""
    size = REGISTERS[kind]
    windows = np.lib.stride_tricks.sliding_window_view(words.astype(">u2"), size)
    ordered = np.ascontiguousarray(windows[:, ::-1] if order in LEAST_FIRST else windows)
    swapped = ordered.byteswap() if order in SWAPPED else ordered
    numbers: Raw = swapped.view(VIEWS[kind])[:, 0]
    return numbers


class _View:
    """All registers in one type and order."""

    def __init__(self, kind: Type, order: Order, words: Raw, first: Raw | None, *, own: bool) -> None:
        self._kind, self._order, self._own = kind, order, own
        self._size = REGISTERS[kind]
        self._raw = seen_as(words, kind, order)
        self._is_float = self._raw.dtype.kind == "f"
        with np.errstate(all="ignore"):
            self._value = self._raw.astype(np.float64)
            self._first = None if first is None else seen_as(first, kind, order).astype(np.float64)
        windows = np.lib.stride_tricks.sliding_window_view(words, self._size)
        self._said = (windows != 0).sum(axis=1)
        self._blank = (windows == BLANK).all(axis=1)
        # One of its words is all ones: half of it is not there, unless it is a small negative number.
        self._torn = (windows == BLANK).any(axis=1) & (self._is_float | (self._value >= 0))
        self._upper = self._upper_is_empty()

    def _upper_is_empty(self) -> Flags:
        """Whether the upper half of a wide whole number is all zeros, or all ones for a negative one."""
        if self._is_float or self._size == 1:
            return np.zeros(len(self._raw), np.bool_)
        return np.asarray(np.abs(self._value) < 2.0 ** (8 * self._size))

    def candidates(self) -> list[tuple[int, Candidate]]:
        """Each place that may be read so, with its candidate."""
        sense, nothing = self._sense()
        run = self._run(sense, nothing)
        believed = sense & (run > 0) if (run > 0).any() and not self._own else sense
        told = meanings_of(np.where(believed, self._value, np.nan), is_float=self._is_float)
        grew = self._grew() & (told.meaning == NONE)
        score = self._usual() + RUN * run
        score += np.where(nothing, 0.0, np.where(grew, GREW - self._haste(), told.weight))
        if self._is_float:
            score += np.where(nothing, 0.0, np.where(run > 0, SENSE, ALONE))
        score = np.minimum(score + OWN * self._own * ~nothing, 1.0)
        weight = np.maximum(score - NO_WORTH, LEAST_WORTH) * np.where(run > 0, self._size, self._said)
        weight *= np.where(nothing, ZERO_WORTH, 1.0)
        found = []
        for at in np.flatnonzero((sense | (nothing & (run > 0) & ~self._blank)) & self._is_told()).tolist():
            meaning = MEANINGS[told.meaning[at]].name if told.meaning[at] != NONE else None
            scale = float(told.scale[at])
            found.append((at, Candidate(
                self._kind, self._order, scale, _tidy(self._value[at] * scale, scale),
                None if self._first is None else _tidy(self._first[at] * scale, scale),
                COUNTER if grew[at] else meaning, round(float(score[at]), 3), float(weight[at]),
            )))  # fmt: skip
        return found

    def _usual(self) -> Floats:
        """How usual this type and order are, at places in step a little more."""
        less = LSW * (self._order in LEAST_FIRST) + SWAP * (self._order in SWAPPED)
        usual = np.full(len(self._raw), BASE[self._size] - less)
        if self._size >= WIDE:
            usual[:: self._size] += IN_STEP
        return usual

    def _is_told(self) -> Flags:
        """Of a signed and an unsigned type the one that says more is told; equal ones once."""
        if self._is_float:
            return np.ones(len(self._raw), np.bool_)
        if self._raw.dtype.kind == "i":
            return np.asarray(self._value < 0)
        return np.ones(len(self._raw), np.bool_)

    def _sense(self) -> tuple[Flags, Flags]:
        """Which numbers a device may well say, and which say nothing: zero, or ones all over."""
        size = np.abs(self._value)
        nothing = (self._value == 0) | self._blank
        if self._size >= WIDE:
            size[self._torn] = np.nan
        if self._is_float:
            return np.isfinite(size) & (size >= SANE[0]) & (size <= SANE[1]) & ~nothing, nothing
        if self._size == 1:
            return ~nothing, nothing
        return ~nothing & ((size <= LARGEST) | self._grew()), nothing

    def _run(self, sense: Flags, nothing: Flags) -> Floats:
        """Share of neighbours of the same type and order that make sense; 0 where too few say anything."""
        if self._size == 1:
            return np.zeros(len(sense))
        good, bad = np.zeros(len(sense)), np.zeros(len(sense))
        fits = sense if self._is_float else sense & self._upper
        for by in range(-NEIGHBOURS, NEIGHBOURS + 1):
            if by:
                good += _moved(fits, by * self._size)
                bad += _moved(~fits & ~nothing, by * self._size)
        share = good / np.maximum(good + bad, 1)
        return np.where((good >= ENOUGH) & (share > MAJORITY), share, 0.0)

    def _grew(self) -> Flags:
        """Whether it grew a little between the looks, as counters do."""
        if self._first is None:
            return np.zeros(len(self._value), np.bool_)
        with np.errstate(all="ignore"):
            grown = self._value - self._first
            least = 0.0 if self._is_float else 1.0
            slow = (grown > 0) & (grown <= np.clip(SLOW * self._first, least, MOST_GROWN))
        return np.asarray(
            slow & (self._first >= LEAST_COUNT) & (self._value < MOST_COUNT) & (self._size >= WIDE)
        )

    def _haste(self) -> Floats:
        if self._first is None:
            return np.zeros(len(self._value))
        with np.errstate(all="ignore"):
            return FAST * np.log10(np.maximum(np.nan_to_num(self._value - self._first), 1.0))


def _moved(flags: Flags, by: int) -> Floats:
    """Flags of the places `by` further on; none beyond the ends."""
    moved = np.zeros(len(flags))
    if abs(by) < len(flags):
        if by > 0:
            moved[:-by] = flags[by:]
        else:
            moved[-by:] = flags[:by]
    return moved


def _tidy(value: float, scale: float) -> float:
    """Without the digits that a scale of a tenth brings along."""
    return float(value) if scale == 1.0 else float(f"{value:.12g}")


def _best_cover(by_place: list[list[Candidate]]) -> dict[int, Candidate]:
    """The candidates that together read the range best, none over another: place to candidate."""
    size = len(by_place)
    best = [0.0] * (size + 1)
    choice: list[Candidate | None] = [None] * size
    for at in range(size - 1, -1, -1):
        best[at] = best[at + 1]
        for candidate in by_place[at]:
            total = candidate.weight + best[at + candidate.registers]
            if total > best[at]:
                best[at], choice[at] = total, candidate
    chosen: dict[int, Candidate] = {}
    at = 0
    while at < size:
        best_here = choice[at]
        if best_here is not None:
            chosen[at] = best_here
        at += 1 if best_here is None else best_here.registers
    return chosen


def _found(at: int, ranked: list[Candidate], chosen: Candidate) -> Found:
    """The best few, the chosen one among them."""
    shown = ranked[:MOST]
    if chosen not in shown:
        shown = [*shown[: MOST - 1], chosen]
    return Found(at, tuple(shown), shown.index(chosen) if chosen.is_plausible else None)
