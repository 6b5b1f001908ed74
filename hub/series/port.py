"""What the hub asks of a store of time series: write, read in steps, read raw, newest, forget, how large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final, NamedTuple, Protocol

import numpy as np
import numpy.typing as npt

from devices.model.errors import Refused
from devices.model.samples import SampleBatch
from devices.wire.messages import Lane
from devices.wire.records import Stamp

US_PER_S: Final = 1_000_000
#: One read answers at most so many (point, step) pairs: 256 MB of float64.
MAX_CELLS: Final = 32_000_000


class Aggregate(StrEnum):
    """What one step says about the readings in it. Samples without a reading never count."""

    MEAN = "mean"
    MIN = "min"
    MAX = "max"
    FIRST = "first"
    LAST = "last"
    COUNT = "count"


@dataclass(frozen=True, slots=True)
class Entry:
    """One batch to store.

    names: the table that `batch.point` indexes.
    stamp: its place in an agent's history, if it has one; a stamp is stored at most once, for ever.
    """

    batch: SampleBatch
    names: Sequence[str]
    stamp: Stamp | None = None


class Reading(NamedTuple):
    """The newest sample of a point; NaN if it was no reading."""

    time_us: int
    value: float
    quality: int


@dataclass(frozen=True, slots=True)
class Grid:
    """Steps over [from_us, to_us): step k begins at from_us + k * step_us, the last one may be cut short."""

    from_us: int
    to_us: int
    step_us: int

    @classmethod
    def of(cls, from_us: int, to_us: int, step_s: float) -> Grid:
        """Build the grid of a read.

        Raises:
            Refused: a step shorter than a millisecond.
        """
        step_us = round(step_s * US_PER_S)
        if step_us < 1000:  # noqa: PLR2004 - the coarsest clock among the stores ticks in milliseconds
            raise Refused(f"a step must last at least 0.001 s, got {step_s:g}")
        return cls(from_us, to_us, step_us)

    def __len__(self) -> int:
        return max(0, -(-(self.to_us - self.from_us) // self.step_us))

    @property
    def time_us(self) -> npt.NDArray[np.int64]:
        """Where each step begins, int64 (steps,)."""
        return self.from_us + self.step_us * np.arange(len(self), dtype=np.int64)

    def empty(self, points: int, aggregate: Aggregate) -> npt.NDArray[np.float64]:
        """A matrix (points, steps) in which nothing was read: NaN, or a count of 0.

        Raises:
            Refused: it would be larger than one answer may be.
        """
        if points * len(self) > MAX_CELLS:
            raise Refused(
                f"{points} points x {len(self)} steps are more than {MAX_CELLS}: ask for less at once"
            )
        return np.full((points, len(self)), 0.0 if aggregate is Aggregate.COUNT else np.nan)


@dataclass(frozen=True, slots=True)
class Steps:
    """What a read in steps answers.

    time_us: int64   (steps,)         where each step begins
    value:   float64 (points, steps)  NaN where no reading fell into the step (0 for a count)
    """

    points: tuple[str, ...]
    time_us: npt.NDArray[np.int64]
    value: npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Rows:
    """What a raw read answers: samples in order of time, then of `points`, which `batch.point` indexes.

    truncated: there are more; ask again from the last time in `batch`. `history` has no order: ask for less.
    """

    points: tuple[str, ...]
    batch: SampleBatch
    truncated: bool


@dataclass(frozen=True, slots=True)
class Size:
    """How large a store is; None where it cannot tell."""

    bytes: int | None
    rows: int | None


class SeriesStore(Protocol):
    """A store of time series. Times are UTC microseconds, ranges half-open.

    The same (point, time) again, in any batch, is the same sample and counts once.

    Raises (each method):
        Unreachable: it does not work now (disk full, server gone): try again, nothing was written by halves.
        Refused: it never will like this (too much asked, bad credentials, a file of another program).
    """

    @property
    def resolution_us(self) -> int:
        """Times are kept to this: samples of one point that are closer together may be one sample."""

    async def write(self, entries: Sequence[Entry]) -> list[bool]:
        """Store all batches, or none; returns for each whether it was new (not an old stamp)."""

    async def read(
        self, points: Sequence[str], from_us: int, to_us: int, step_s: float, aggregate: Aggregate
    ) -> Steps:
        """Aggregate each point over each step; unknown points have no readings."""

    async def raw(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """Return the samples themselves, at most `limit` of them, the oldest first."""

    async def history(self, points: Sequence[str], from_us: int, to_us: int, limit: int) -> Rows:
        """Return the samples themselves as they lie, in any order; when there are more than `limit`, any of them.

        For who reads much: ordering would cost the store more than the reading.
        """

    async def latest(self, points: Sequence[str] | None = None) -> Mapping[str, Reading]:
        """Return the newest sample of these points, or of all; a point without one is left out."""

    async def last_seq(self, agent: str, epoch: int, lane: Lane) -> int:
        """The highest number ever stored of an agent's lane; 0 if none was."""

    async def drop_before(self, time_us: int) -> None:
        """Forget every sample older than this; it is never answered again."""

    async def size(self) -> Size:
        """Tell how large the store is."""
