"""One meter on a bus: its questions, as planned and as learned since. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.campus.dlt645_links import ONLY_METER
from edge_agent.sources.dlt645.decode import Decoder
from edge_agent.sources.dlt645.frames import address_bytes
from edge_agent.sources.dlt645.plan import Item, MeterPlan, singles
from edge_agent.sources.polling import turn
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.turn import REFUSED_REST_S

#: Reasons that will be the same in the next round; the others may be of the moment.
LASTING: Final = frozenset({"no_such_data", "not_authorised"})


@dataclass(slots=True, kw_only=True)
class Asking(turn.Request):
    """One question, compiled."""

    item: Item

    @classmethod
    def of(cls, item: Item) -> Asking:
        """Compile a question."""
        return cls(item=item, decoder=Decoder(item))


@dataclass(slots=True, kw_only=True)
class Meter(turn.Unit[Asking]):
    """State of one meter. `address`: as it travels; None while an only meter has not said who it is."""

    address: bytes | None

    @classmethod
    def of(cls, plan: MeterPlan, breaker: Breaker) -> Meter:
        """Compile a plan."""
        return cls(
            name=plan.address,
            devices=(plan.device,),
            breaker=breaker,
            requests=[Asking.of(item) for item in plan.items],
            address=None if plan.address == ONLY_METER else address_bytes(plan.address),
        )

    @property
    def key(self) -> bytes | None:
        """Its address."""
        return self.address

    def forget(self) -> None:
        """It did not answer: an only meter may be another one when it answers again."""
        if self.name == ONLY_METER:
            self.address = None

    def not_given(self, asking: Asking, now_s: float) -> list[Asking]:
        """Learn that the meter will not give this: a block is asked for value by value, a value rests.

        Returns the questions to ask instead; none for a value alone.
        """
        pieces = [Asking.of(item) for item in singles(asking.item)]
        if pieces or asking.item.optional:  # an optional value is never asked for again
            self.put(asking, pieces)
        else:
            asking.rests_until_s = now_s + REFUSED_REST_S
        return pieces
