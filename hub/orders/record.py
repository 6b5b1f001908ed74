"""One order as the hub knows it, one line of its history, and its life: pure.

The agent has the last word. Where none comes in time the hub assumes how it ended; a later word of the agent
corrects that.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any, Final

from devices.wire.orders import TOLD, Order, OrderKind, OrderState, Outcome

#: What the agent's word may change. What is not here is an old word, come late.
NEXT: Final = {
    OrderState.QUEUED: TOLD,
    OrderState.SENT: TOLD,
    OrderState.TAKEN: TOLD - {OrderState.TAKEN},
    OrderState.VERIFIED: frozenset({OrderState.RELEASED, OrderState.FAILED}),
}
WAITING: Final = frozenset({OrderState.QUEUED, OrderState.SENT, OrderState.TAKEN})
#: What the agent says of a value that the device had before it was ordered: nothing was written, nothing is held.
ALREADY: Final = "already"
NO_WORD: Final = "no-word"
US_PER_S: Final = 1_000_000
#: How long after its end the hub waits for a word about an order that was only sent, and for one that was begun.
GRACE_US: Final = 15 * US_PER_S
SETTLING_US: Final = 300 * US_PER_S
#: And about one that holds a value: a device may be away, or frozen, for long.
HOLDING_US: Final = 86_400 * US_PER_S


@dataclass(frozen=True, slots=True)
class Record:
    """An order.

    open:    it reserves its device: it waits, or holds a value.
    assumed: how it ended is what the hub takes for likely, without a word of the agent.
    until_us: when what it holds is given back, about.
    """

    id: str
    kind: OrderKind
    agent: str
    target: str
    args: dict[str, Any]
    actor: str
    why: str
    created_us: int
    expires_us: int
    rule: str | None = None
    alert: str | None = None
    seq: int | None = None
    state: OrderState = OrderState.QUEUED
    open: bool = True
    assumed: bool = False
    code: str = ""
    text: str = ""
    before: float | None = None
    after: float | None = None
    data: str = ""
    sent_us: int | None = None
    taken_us: int | None = None
    verified_us: int | None = None
    ended_us: int | None = None
    until_us: int | None = None
    cancelled_by: str | None = None

    @property
    def hold_s(self) -> float | None:
        """For how long the value is held."""
        held = self.args.get("hold_s")
        return float(held) if isinstance(held, int | float) else None

    @property
    def holding(self) -> bool:
        """Whether the device has the value for a time only, and still has it."""
        return self.open and self.state is OrderState.VERIFIED

    @property
    def order(self) -> Order:
        """As it goes to the agent."""
        taken = self.taken_us is not None
        return Order(self.id, self.kind, self.target, self.args, self.expires_us, taken)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an order's history."""

    order: str
    time_us: int
    state: OrderState
    actor: str
    code: str = ""
    text: str = ""
    before: float | None = None
    after: float | None = None


def sent(record: Record, now_us: int) -> Record:
    """It goes out."""
    return replace(record, state=OrderState.SENT, sent_us=now_us)


def told(record: Record, outcome: Outcome, now_us: int) -> Record | None:
    """The order after a word of its agent; None where it says nothing new."""
    state = outcome.state
    if not record.open and not record.assumed:
        return None
    allowed = TOLD if record.assumed else NEXT.get(record.state, frozenset())
    if state not in allowed or (state is OrderState.RELEASED and record.hold_s is None):
        return None
    holds = state is OrderState.VERIFIED and record.hold_s is not None and outcome.code != ALREADY
    waits = state is OrderState.TAKEN
    verified_us = now_us if state in {OrderState.VERIFIED, OrderState.DONE} else record.verified_us
    return replace(
        record,
        state=state,
        open=waits or holds,
        assumed=False,
        code=outcome.code,
        text=outcome.text,
        before=record.before if outcome.before is None else outcome.before,
        after=record.after if outcome.after is None else outcome.after,
        data=outcome.data or record.data,
        taken_us=record.taken_us or now_us,
        verified_us=verified_us,
        ended_us=None if waits or holds else now_us,
        until_us=now_us + round((record.hold_s or 0.0) * US_PER_S) if holds else record.until_us,
    )


def cancelled(record: Record, actor: str, now_us: int) -> Record:
    """Somebody does not want it any more; what has gone out is over when its agent says so."""
    asked = replace(record, cancelled_by=actor)
    if record.state is not OrderState.QUEUED:
        return asked
    return replace(asked, state=OrderState.CANCELLED, code="cancelled", open=False, ended_us=now_us)


def overdue(record: Record, now_us: int) -> Record | None:
    """What the hub assumes where no word came in time; None while there is time."""
    late_us = now_us - record.expires_us
    ended = replace(record, open=False, ended_us=now_us)
    if record.state is OrderState.QUEUED and late_us >= 0:  # it never went out: that is sure
        return replace(ended, state=OrderState.EXPIRED, code="expired")
    if record.state is OrderState.SENT and late_us >= GRACE_US:
        is_cancelled = record.cancelled_by is not None
        state = OrderState.CANCELLED if is_cancelled else OrderState.EXPIRED
        return replace(ended, state=state, code=NO_WORD, assumed=True)
    if record.state is OrderState.TAKEN and late_us >= SETTLING_US:
        return replace(ended, state=OrderState.FAILED, code=NO_WORD, assumed=True)
    if record.holding and record.until_us is not None and now_us >= record.until_us + HOLDING_US:
        return replace(ended, state=OrderState.FAILED, code=NO_WORD, assumed=True)
    return None


def line(record: Record, actor: str, now_us: int) -> Line:
    """The history of a change: how it is now."""
    return Line(record.id, now_us, record.state, actor, record.code, record.text, record.before, record.after)
