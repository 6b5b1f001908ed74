"""One Modbus unit on a link: its requests, as planned and as learned since, and when it is due. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np
import numpy.typing as npt

from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.modbus.breaker import Breaker
from edge_agent.sources.modbus.decode import Decoder, no_readings
from edge_agent.sources.modbus.plan import Span, UnitPlan, split
from edge_agent.sources.modbus.question import Question

NO_SUCH_FUNCTION: Final = 1
NO_SUCH_ADDRESS: Final = frozenset({2, 3})
#: How long a value that the device refuses alone is not asked for again.
REFUSED_REST_S: Final = 600.0


@dataclass(slots=True)
class Request:
    """One span, compiled. `rests_until_s`: the device refuses this value; it is not asked for before then."""

    span: Span
    question: Question
    decoder: Decoder
    rests_until_s: float = -math.inf

    @classmethod
    def of(cls, unit: int, span: Span) -> Request:
        """Compile a span."""
        question = Question.read(unit, span.table, span.addr, span.count)
        return cls(span, question, Decoder(span))


@dataclass(slots=True)
class Unit:
    """State of one unit.

    due_s:    when its next round is due, monotonic
    period_s: time between its two latest rounds; NaN before
    """

    plan: UnitPlan
    breaker: Breaker
    requests: list[Request]
    due_s: float = 0.0
    period_s: float = math.nan
    last_ok_us: int = 0
    _started_s: float = field(default=math.nan)

    @classmethod
    def of(cls, plan: UnitPlan, breaker: Breaker) -> Unit:
        """Compile a plan."""
        return cls(plan, breaker, [Request.of(plan.unit, span) for span in plan.spans])

    @property
    def rows(self) -> npt.NDArray[np.int32]:
        """Rows of every point that is still asked for."""
        if not self.requests:
            return np.empty(0, np.int32)
        return np.concatenate([request.decoder.rows for request in self.requests])

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say of all points that they could not be had."""
        return no_readings(self.rows, quality, time_us)

    def begin(self, now_s: float, poll_s: float) -> int:
        """Note that a round begins and when the next is due; returns how many rounds were missed."""
        missed = max(0, math.floor((now_s - self.due_s) / poll_s))
        self.due_s += (missed + 1) * poll_s
        self.period_s = now_s - self._started_s
        self._started_s = now_s
        return missed

    def refused(self, request: Request, code: int, now_s: float) -> list[Request]:
        """Learn from an exception code: cut the request, or leave a single value alone.

        Returns the pieces to ask for instead; none if the request cannot be cut.
        """
        optional = request.span.optional
        pieces = split(request.span) if code in NO_SUCH_ADDRESS else ()
        if len(pieces) > 1:
            made = [Request.of(self.plan.unit, piece) for piece in pieces]
            place = next(number for number, other in enumerate(self.requests) if other is request)
            self.requests[place : place + 1] = made
            return made
        if optional and (pieces or code == NO_SUCH_FUNCTION):  # this unit does not have it
            self.requests = [other for other in self.requests if other is not request]
        elif pieces:
            request.rests_until_s = now_s + REFUSED_REST_S
        return []
