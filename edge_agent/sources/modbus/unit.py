"""One Modbus unit on a link: its requests, as planned and as learned since, and what is read together. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from edge_agent.sources.modbus.decode import Decoder
from edge_agent.sources.modbus.plan import Span, UnitPlan, split
from edge_agent.sources.modbus.question import Question
from edge_agent.sources.polling import turn
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.turn import REFUSED_REST_S, Turn

Flags = npt.NDArray[np.bool_]

NO_SUCH_FUNCTION: Final = 1
NO_SUCH_ADDRESS: Final = frozenset({2, 3})


@dataclass(slots=True, kw_only=True)
class Request(turn.Request):
    """One span, compiled."""

    span: Span
    question: Question

    @classmethod
    def of(cls, unit: int, span: Span) -> Request:
        """Compile a span."""
        question = Question.read(unit, span.table, span.addr, span.count)
        return cls(span=span, question=question, decoder=Decoder(span))


@dataclass(slots=True, kw_only=True)
class Unit(turn.Unit[Request]):
    """State of one unit."""

    plan: UnitPlan

    @classmethod
    def of(cls, plan: UnitPlan, breaker: Breaker) -> Unit:
        """Compile a plan."""
        requests = [Request.of(plan.unit, span) for span in plan.spans]
        return cls(name=plan.unit, devices=plan.devices, plan=plan, breaker=breaker, requests=requests)

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
            self.put(request, made)
            return made
        if request.span.optional and (pieces or code == NO_SUCH_FUNCTION):  # this unit does not have it
            self.put(request, [])
        elif pieces:
            request.rests_until_s = now_s + REFUSED_REST_S
        return []


def turns_of(
    units: Iterable[Unit], reads: Flags | None, old: Sequence[Turn[Unit]], first_s: float
) -> list[Turn[Unit]]:
    """Sort the requests of units by what rules read; turns that were there before stay as they are.

    Args:
        units: of one link.
        reads: bool (points of the agent,), or None where nothing is urgent.
        old: turns until now.
        first_s: when new ones are due, unless their unit has one.
    """
    known = {(turn.unit.plan.unit, turn.is_urgent): turn for turn in old}
    due_s = {turn.unit.plan.unit: turn.due_s for turn in old}
    turns: list[Turn[Unit]] = []
    for unit in units:
        for request in unit.requests:
            request.is_urgent = reads is not None and bool(reads[request.decoder.rows].any())
        for is_urgent in sorted({request.is_urgent for request in unit.requests}, reverse=True):
            number = unit.plan.unit
            made = Turn(unit, is_urgent, due_s.get(number, first_s))
            turns.append(known.get((number, is_urgent), made))
    return turns
