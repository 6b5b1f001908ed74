"""Orders on their way to an agent, and what became of them on the way back. An agent acts at most once."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

from devices.model.errors import Garbled
from devices.wire.messages import Kind, Message
from devices.wire.records import MAX_COUNT, MAX_TIME_US

ORDER_ID: Final = re.compile(r"[0-9a-f]{32}")
MOST_ORDERS: Final = 64
MAX_TARGET: Final = 64
#: Bytes of what an order says, and of what came of it, as JSON in UTF-8.
MAX_ARGS: Final = 4096
MAX_DATA: Final = 65536
MAX_WORDS: Final = 300
MAX_CODE: Final = 24
#: How long an order may wait to be carried out.
LONGEST_LIFE_S: Final = 3600.0


class OrderKind(StrEnum):
    """What is asked."""

    WRITE = "write"  # set one point of a device
    PROBE = "probe"  # read what a device says
    REFERENCE = "reference"  # look at, confirm or forget what a camera should see


class OrderState(StrEnum):
    """How far an order is; the agent tells of all but the first two."""

    QUEUED = "queued"  # nobody to send it to
    SENT = "sent"
    TAKEN = "taken"  # the agent has it
    VERIFIED = "verified"  # read back as ordered
    DONE = "done"  # of a kind that has nothing to verify
    FAILED = "failed"
    EXPIRED = "expired"
    CANCELLED = "cancelled"
    RELEASED = "released"  # what was held is given back


#: What an agent may say.
TOLD: Final = frozenset(OrderState) - {OrderState.QUEUED, OrderState.SENT}


@dataclass(frozen=True, slots=True)
class Order:
    """One order.

    target:     device of a write, camera of a reference, link of a probe.
    args:       plain JSON values, by kind.
    expires_us: from then on it must not be begun; the hub's clock.
    taken:      the hub knows that the agent has had it: one who does not know it any more leaves it alone.
    """

    id: str
    kind: OrderKind
    target: str
    args: dict[str, Any]
    expires_us: int
    taken: bool = False


@dataclass(frozen=True, slots=True)
class Freeze:
    """Whether the hub forbids all writing. `number` counts up with each change, so that an old word is known."""

    number: int = 0
    frozen: bool = False


@dataclass(frozen=True, slots=True)
class Bundle:
    """All that the hub has to say to one agent: what stands, and what is to be dropped or given back."""

    agent: str
    time_us: int
    freeze: Freeze
    orders: Sequence[Order] = ()
    cancel: Collection[str] = field(default=())


@dataclass(frozen=True, slots=True)
class Outcome:
    """What an agent says of one order.

    time_us: the agent's clock.
    before, after: what was read of the point before the write and after it; None where nothing was.
    data:    JSON text, of kinds that read.
    """

    id: str
    state: OrderState
    time_us: int
    code: str = ""
    text: str = ""
    before: float | None = None
    after: float | None = None
    data: str = ""


def bundle_message(bundle: Bundle) -> Message:
    """Make a message of what the hub says to an agent."""
    orders = [
        {
            "id": order.id,
            "kind": str(order.kind),
            "target": order.target,
            "args": json.dumps(order.args, ensure_ascii=False, allow_nan=False),
            "expires_us": order.expires_us,
            "taken": order.taken,
        }
        for order in bundle.orders
    ]
    header = {
        "agent": bundle.agent,
        "time_us": bundle.time_us,
        "freeze": {"number": bundle.freeze.number, "frozen": bundle.freeze.frozen},
        "orders": orders,
        "cancel": list(bundle.cancel),
    }
    return Message(Kind.ORDERS, header)


def bundle_from(message: Message, agent: str) -> Bundle:
    """Read what the hub says to `agent`.

    Raises:
        Garbled: it says nothing that makes sense, or speaks to another one; nothing of it counts.
    """
    match message.kind, message.header:
        case Kind.ORDERS, {
            "agent": str(whose),
            "time_us": int(time_us),
            "freeze": {"number": int(number), "frozen": bool(frozen)},
            "orders": [*orders],
            "cancel": [*cancel],
        } if whose == agent and _is_time(time_us) and _is_count(number):
            pass
        case _:
            raise Garbled(f"not orders for {agent}")
    if len(orders) > MOST_ORDERS or len(cancel) > MOST_ORDERS:
        raise Garbled(f"more than {MOST_ORDERS} orders at once")
    if not all(_is_order_id(one) for one in cancel):
        raise Garbled("a cancelled order without an id")
    return Bundle(whose, time_us, Freeze(number, frozen), tuple(map(_order, orders)), tuple(cancel))


def outcomes_message(agent: str, boot: int, sent_us: int, outcomes: Sequence[Outcome]) -> Message:
    """Make a message of what became of orders."""
    rows = [
        {
            "id": one.id,
            "state": str(one.state),
            "time_us": one.time_us,
            "code": one.code[:MAX_CODE],
            "text": one.text[:MAX_WORDS],
            "before": one.before,
            "after": one.after,
            "data": one.data,
        }
        for one in outcomes
    ]
    return Message(Kind.OUTCOMES, {"agent": agent, "boot": boot, "sent_us": sent_us, "outcomes": rows})


def outcomes_from(message: Message, agent: str) -> list[Outcome]:
    """Read what an agent says of orders.

    Raises:
        Garbled: it is not whole, or another agent's.
    """
    match message.kind, message.header:
        case Kind.OUTCOMES, {"agent": str(whose), "outcomes": [*rows]} if whose == agent:
            pass
        case _:
            raise Garbled(f"not outcomes of {agent}")
    if len(rows) > MOST_ORDERS:
        raise Garbled(f"more than {MOST_ORDERS} outcomes at once")
    return [_outcome(row) for row in rows]


def _order(row: object) -> Order:
    match row:
        case {
            "id": str(name),
            "kind": str(kind),
            "target": str(target),
            "args": str(text),
            "expires_us": int(expires_us),
            "taken": bool(taken),
        } if kind in set(OrderKind) and _is_order_id(name) and 0 < len(target) <= MAX_TARGET:
            if not _is_time(expires_us):
                raise Garbled(f"order {name} ends at no time of a calendar")
            return Order(name, OrderKind(kind), target, _plain(text), expires_us, taken)
        case _:
            raise Garbled("an order lacks something")


def _plain(text: str) -> dict[str, Any]:
    if len(text.encode()) > MAX_ARGS:
        raise Garbled(f"an order of more than {MAX_ARGS} bytes")
    try:
        values = json.loads(text, parse_constant=_no_constant)
    except (ValueError, RecursionError) as error:
        raise Garbled(f"an order is no JSON: {error}") from None
    if not isinstance(values, dict):
        raise Garbled("what an order says is no map")
    return values


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no number")


def _outcome(row: object) -> Outcome:
    match row:
        case {
            "id": str(name),
            "state": str(state),
            "time_us": int(time_us),
            "code": str(code),
            "text": str(text),
            "before": before,
            "after": after,
            "data": str(data),
        } if _is_order_id(name) and state in {str(one) for one in TOLD} and _is_time(time_us):
            pass
        case _:
            raise Garbled("an outcome lacks something")
    if len(code) > MAX_CODE or len(text) > MAX_WORDS or len(data.encode()) > MAX_DATA:
        raise Garbled(f"outcome {name} is too long")
    return Outcome(name, OrderState(state), time_us, code, text, _reading(before), _reading(after), data)


def _reading(value: object) -> float | None:
    if value is None:
        return None
    if type(value) not in {int, float} or not math.isfinite(value):  # type: ignore[arg-type]
        raise Garbled("a reading that is no number")
    return float(value)  # type: ignore[arg-type]


def _is_order_id(value: object) -> bool:
    return isinstance(value, str) and ORDER_ID.fullmatch(value) is not None


def _is_count(value: int) -> bool:
    return type(value) is int and 0 <= value <= MAX_COUNT


def _is_time(value: int) -> bool:
    return type(value) is int and 0 <= value <= MAX_TIME_US
