"""What the agent remembers of orders, also over a restart: none is carried out twice, what is held is given back."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from devices.wire.orders import Freeze, Order, OrderKind, OrderState, Outcome

log = logging.getLogger(__name__)
#: Name of the saved state.
STATE: Final = "orders"
#: So many that are over and can no longer be begun are kept, to answer a hub that lost what it was told.
MOST_OLD: Final = 200
MOST_DAYS: Final = 3


@dataclass(frozen=True, slots=True)
class Entry:
    """One order and how far it is.

    begun:    its write may have gone out; never written again.
    until_us: what was written is given back then, by the agent's clock; None: nothing is held.
    tries:    writes to give it back.
    """

    order: Order
    state: OrderState
    time_us: int
    code: str = ""
    text: str = ""
    before: float | None = None
    after: float | None = None
    data: str = ""
    begun: bool = False
    until_us: int | None = None
    tries: int = 0

    @property
    def is_open(self) -> bool:
        """Whether something is still to be done for it: the device is reserved."""
        return self.state is OrderState.TAKEN or self.until_us is not None

    @property
    def outcome(self) -> Outcome:
        """As it is told to the hub."""
        return Outcome(
            self.order.id,
            self.state,
            self.time_us,
            self.code,
            self.text,
            self.before,
            self.after,
            self.data,
        )


@dataclass(slots=True)
class Memory:
    """Entries by id, writes of each device by day, and the newest word of the hub about freezing."""

    entries: dict[str, Entry] = field(default_factory=dict)
    days: dict[str, dict[str, int]] = field(default_factory=dict)
    freeze: Freeze = field(default_factory=Freeze)

    def open_of(self, target: str) -> Entry | None:
        """The order that reserves a device."""
        return next((one for one in self.writes() if one.order.target == target and one.is_open), None)

    def writes(self) -> Iterator[Entry]:
        """All orders to write."""
        return (one for one in self.entries.values() if one.order.kind is OrderKind.WRITE)

    def change(self, name: str, **changes: Any) -> Entry:
        """Change an entry and return it."""
        self.entries[name] = replace(self.entries[name], **changes)
        return self.entries[name]

    def count(self, device: str, day: str) -> int:
        """Writes to a device on a day."""
        return self.days.get(day, {}).get(device, 0)

    def add_to_day(self, device: str, day: str) -> None:
        """One more write; other days are forgotten, the oldest first, this one never: a clock may have been ahead."""
        counts = self.days.setdefault(day, {})
        counts[device] = counts.get(device, 0) + 1
        for old in sorted(self.days.keys() - {day})[: 1 - MOST_DAYS]:
            del self.days[old]

    def prune(self, hub_us: int) -> None:
        """Forget the oldest that are over; what could still be begun if it came again is never forgotten."""
        old = [
            name for name, one in self.entries.items() if not one.is_open and one.order.expires_us < hub_us
        ]
        for name in old[: max(0, len(old) - MOST_OLD)]:
            del self.entries[name]

    def packed(self) -> bytes:
        """As a saved state; what only read is not kept."""
        values = {
            "entries": [asdict(one) for one in self.writes()],
            "days": self.days,
            "freeze": asdict(self.freeze),
        }
        return json.dumps(values).encode()  # escaped: text of an order may be half a character


def unpacked(saved: bytes | None) -> Memory | None:
    """What was saved; None where it cannot be read: then nobody knows what was written."""
    if saved is None:
        return Memory()
    try:
        values = json.loads(saved)
        entries = [
            Entry(
                **{
                    **row,
                    "order": Order(**{**row["order"], "kind": OrderKind(row["order"]["kind"])}),
                    "state": OrderState(row["state"]),
                }
            )
            for row in values["entries"]
        ]
        return Memory({one.order.id: one for one in entries}, values["days"], Freeze(**values["freeze"]))
    except (ValueError, TypeError, KeyError, AttributeError) as error:
        log.error("the orders on disk cannot be read: %s", error)  # noqa: TRY400 - expected
        return None
