"""One meter on a bus: its questions, as planned and as learned since, and when it is due. Pure."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from devices.campus.dlt645_links import ONLY_METER
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.dlt645.decode import Decoder
from edge_agent.sources.dlt645.frames import address_bytes
from edge_agent.sources.dlt645.plan import Item, MeterPlan, singles
from edge_agent.sources.modbus.breaker import Breaker

#: Reasons that will be the same in the next round; the others may be of the moment.
LASTING: Final = frozenset({"no_such_data", "not_authorised"})
#: How long a value that the meter refuses alone is not asked for again.
REFUSED_REST_S: Final = 600.0


@dataclass(slots=True)
class Asking:
    """One question, compiled. `rests_until_s`: the meter refuses it; it is not asked before then."""

    item: Item
    decoder: Decoder
    rests_until_s: float = -math.inf

    @classmethod
    def of(cls, item: Item) -> Asking:
        """Compile a question."""
        return cls(item, Decoder(item))


@dataclass(slots=True)
class Meter:
    """State of one meter.

    address:  as it travels; None while an only meter has not said who it is
    due_s:    when its next round is due, monotonic
    period_s: time between its two latest rounds; NaN before
    garbled:  answers in a row that made no sense, in this round
    """

    plan: MeterPlan
    breaker: Breaker
    asking: list[Asking]
    address: bytes | None
    due_s: float = 0.0
    period_s: float = math.nan
    last_ok_us: int = 0
    garbled: int = 0
    _started_s: float = field(default=math.nan)

    @classmethod
    def of(cls, plan: MeterPlan, breaker: Breaker) -> Meter:
        """Compile a plan."""
        known = None if plan.address == ONLY_METER else address_bytes(plan.address)
        return cls(plan, breaker, [Asking.of(item) for item in plan.items], known)

    def missing(self, quality: Quality, time_us: int) -> SampleBatch:
        """Say of all points that are still asked for that they could not be had."""
        rows = [asking.decoder.rows for asking in self.asking]
        return SampleBatch.of(np.concatenate([np.empty(0, np.int32), *rows]), time_us, np.nan, quality)

    def begin(self, now_s: float, poll_s: float) -> int:
        """Note that a round begins and when the next is due; returns how many rounds were missed."""
        missed = max(0, math.floor((now_s - self.due_s) / poll_s))
        self.due_s += (missed + 1) * poll_s
        self.period_s = now_s - self._started_s
        self._started_s = now_s
        return missed

    def silent(self, now_s: float) -> None:
        """Note that it did not answer; an only meter may be another one when it answers again."""
        self.breaker.failed(now_s)
        if self.plan.address == ONLY_METER:
            self.address = None

    def not_given(self, asking: Asking, now_s: float) -> list[Asking]:
        """Learn that the meter will not give this: a block is asked for value by value, a value rests.

        Returns the questions to ask instead; none for a value alone.
        """
        pieces = [Asking.of(item) for item in singles(asking.item)]
        place = next(number for number, other in enumerate(self.asking) if other is asking)
        if pieces or asking.item.optional:  # an optional value is never asked for again
            self.asking[place : place + 1] = pieces
        else:
            asking.rests_until_s = now_s + REFUSED_REST_S
        return pieces
