"""One device on a polled link, its questions, and when they are due. Pure."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Generic, Protocol, TypeVar

import numpy as np
import numpy.typing as npt

from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.polling.breaker import Breaker

NEVER: Final = -math.inf
#: How long a value that a device refuses alone is not asked for again.
REFUSED_REST_S: Final = 600.0
#: Longest phase shift at the start, so that links do not all ask at once.
SPREAD_S: Final = 1.0
#: Rounds begin on this grid, for all links the same: what several links answer is then judged, kept and sent in one go.
SLOT_S: Final = 0.05


def first_round_s(now_s: float, poll_s: float, share: float) -> float:
    """When the first round of a link begins.

    share: of the phase shift, from 0 to 1; by chance, so that links spread over a period
    """
    return math.ceil((now_s + share * min(poll_s, SPREAD_S)) / SLOT_S) * SLOT_S


class Decoder(Protocol):
    """What is read from an answer. `rows`: of the agent's point table."""

    rows: npt.NDArray[np.int32]

    def batch(self, answer: bytes, time_us: int) -> SampleBatch:
        """The samples in an answer."""

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say of all points that they could not be had."""


@dataclass(slots=True, kw_only=True)
class Request:
    """One question, compiled.

    rests_until_s: the device refuses this; it is not asked for before then
    is_urgent:     rules read one of its points
    is_cut:        the device refused it, and it is not asked for any more
    """

    decoder: Decoder
    rests_until_s: float = NEVER
    is_urgent: bool = False
    is_cut: bool = False


R = TypeVar("R", bound=Request)


@dataclass(slots=True, kw_only=True)
class Unit(Generic[R]):
    """State of one device, or of all that answer as one unit.

    name:    as health shows it
    devices: of the site file
    garbled: answers in a row that made no sense, in this round
    """

    name: int | str
    devices: tuple[str, ...]
    breaker: Breaker
    requests: list[R]
    last_ok_us: int = 0
    garbled: int = 0

    @property
    def key(self) -> Any:
        """By what a connection knows it; None: not yet."""
        return self.name

    def put(self, request: R, pieces: Sequence[R]) -> None:
        """Ask for these instead."""
        place = next(number for number, other in enumerate(self.requests) if other is request)
        self.requests[place : place + 1] = pieces
        request.is_cut = True


U = TypeVar("U", bound=Unit[Any])


@dataclass(slots=True)
class Turn(Generic[U]):
    """What of a unit is read together: the requests with points that rules read, or the others.

    due_s:    when its next round is due, monotonic
    period_s: time between its two latest rounds; NaN before
    """

    unit: U
    is_urgent: bool = False
    due_s: float = 0.0
    period_s: float = math.nan
    _started_s: float = field(default=math.nan)

    @property
    def requests(self) -> list[Any]:
        """Its requests, as they are now."""
        return [request for request in self.unit.requests if request.is_urgent is self.is_urgent]

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say of all its points that they could not be had."""
        rows = [request.decoder.rows for request in self.requests]
        return SampleBatch.of(np.concatenate([np.empty(0, np.int32), *rows]), time_us, np.nan, quality)

    def rank(self, now_s: float, starved_s: float) -> tuple[bool, float]:
        """Place in the queue: urgent ones first, and those that have waited too long; then by due time."""
        return not self.is_urgent and now_s - self.due_s < starved_s, self.due_s

    def begin(self, now_s: float, poll_s: float) -> int:
        """Note that a round begins and when the next is due; returns how many rounds were missed."""
        missed = max(0, math.floor((now_s - self.due_s) / poll_s))
        self.due_s += (missed + 1) * poll_s
        self.period_s = now_s - self._started_s
        self._started_s = now_s
        return missed
