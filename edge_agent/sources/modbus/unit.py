"""One Modbus unit on a link: its requests, as planned and as learned since, and when which are due. Pure."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.modbus.breaker import Breaker
from edge_agent.sources.modbus.decode import Decoder, no_readings
from edge_agent.sources.modbus.plan import Span, UnitPlan, split
from edge_agent.sources.modbus.question import Question

Flags = npt.NDArray[np.bool_]

NEVER: Final = -math.inf
NO_SUCH_FUNCTION: Final = 1
NO_SUCH_ADDRESS: Final = frozenset({2, 3})
#: How long a value that the device refuses alone is not asked for again.
REFUSED_REST_S: Final = 600.0


@dataclass(slots=True)
class Request:
    """One span, compiled.

    rests_until_s: the device refuses this value; it is not asked for before then
    is_urgent:     rules read one of its points
    is_cut:        the device refused it, and it is not asked for any more
    """

    span: Span
    question: Question
    decoder: Decoder
    rests_until_s: float = NEVER
    is_urgent: bool = False
    is_cut: bool = False

    @classmethod
    def of(cls, unit: int, span: Span) -> Request:
        """Compile a span."""
        question = Question.read(unit, span.table, span.addr, span.count)
        return cls(span, question, Decoder(span))


@dataclass(slots=True)
class Unit:
    """State of one unit."""

    plan: UnitPlan
    breaker: Breaker
    requests: list[Request]
    last_ok_us: int = 0

    @classmethod
    def of(cls, plan: UnitPlan, breaker: Breaker) -> Unit:
        """Compile a plan."""
        return cls(plan, breaker, [Request.of(plan.unit, span) for span in plan.spans])

    def refused(self, request: Request, code: int, now_s: float) -> list[Request]:
        """Learn from an exception code: cut the request, or leave a single value alone.

        Returns the pieces to ask for instead; none if it cannot be cut, or an urgent round has cut it meanwhile.
        """
        if request.is_cut:
            return []
        pieces = split(request.span) if code in NO_SUCH_ADDRESS else ()
        if len(pieces) > 1:
            made = [Request.of(self.plan.unit, piece) for piece in pieces]
            for piece in made:
                piece.is_urgent = request.is_urgent
            self._put(request, made)
            return made
        if request.span.optional and (pieces or code == NO_SUCH_FUNCTION):  # this unit does not have it
            self._put(request, [])
        elif pieces:
            request.rests_until_s = now_s + REFUSED_REST_S
        return []

    def _put(self, request: Request, pieces: list[Request]) -> None:
        """Ask for these instead."""
        place = next(number for number, other in enumerate(self.requests) if other is request)
        self.requests[place : place + 1] = pieces
        request.is_cut = True


@dataclass(slots=True)
class Turn:
    """What of a unit is read together: the requests with points that rules read, or the others.

    due_s:    when its next round is due, monotonic
    period_s: time between its two latest rounds; NaN before
    """

    unit: Unit
    is_urgent: bool
    due_s: float = 0.0
    period_s: float = math.nan
    _started_s: float = field(default=math.nan)

    @property
    def requests(self) -> list[Request]:
        """Its requests, as they are now."""
        return [request for request in self.unit.requests if request.is_urgent is self.is_urgent]

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say of all its points that they could not be had."""
        rows = [request.decoder.rows for request in self.requests]
        return no_readings(np.concatenate(rows) if rows else np.empty(0, np.int32), quality, time_us)

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


def turns_of(units: Iterable[Unit], reads: Flags | None, old: Sequence[Turn], first_s: float) -> list[Turn]:
    """Sort the requests of units by what rules read; turns that were there before stay as they are.

    Args:
        units: of one link.
        reads: bool (points of the agent,), or None where nothing is urgent.
        old: turns until now.
        first_s: when new ones are due, unless their unit has one.
    """
    known = {(turn.unit.plan.unit, turn.is_urgent): turn for turn in old}
    due_s = {turn.unit.plan.unit: turn.due_s for turn in old}
    turns: list[Turn] = []
    for unit in units:
        for request in unit.requests:
            request.is_urgent = reads is not None and bool(reads[request.decoder.rows].any())
        for is_urgent in sorted({request.is_urgent for request in unit.requests}, reverse=True):
            number = unit.plan.unit
            made = Turn(unit, is_urgent, due_s.get(number, first_s))
            turns.append(known.get((number, is_urgent), made))
    return turns
