"""What an agent says of its orders, in its hello or health: pure. It may say anything, so it is read with care."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from devices.wire.orders import Freeze
from hub.gateways.roster import Gateway

SECTION: Final = "orders"
#: No hub ever froze so often: whoever says more makes it up.
MOST_FREEZES: Final = 1 << 40


def section(gateway: Gateway | None) -> Mapping[str, Any] | None:
    """Its newest word; None if it never said anything of orders."""
    if gateway is None:
        return None
    words = [(gateway.hello_us or 0, gateway.hello), (gateway.health_us or 0, gateway.health)]
    for _, said in sorted(words, key=lambda word: -word[0]):
        part = said.get(SECTION) if isinstance(said, Mapping) else None
        if isinstance(part, Mapping):
            return part
    return None


def heard_freeze(gateway: Gateway | None) -> Freeze | None:
    """What it has heard of freezing; None if it never said."""
    match section(gateway):
        case {"freeze": {"number": int(number), "frozen": bool(frozen)}} if 0 <= number <= MOST_FREEZES:
            return Freeze(number, frozen)
        case _:
            return None


def left_today(gateway: Gateway | None, given: int) -> int | None:
    """How many more orders a device of this gateway may be given today; None if it never said how many it takes."""
    match section(gateway):
        case {"per_day": int(most)} if most >= 0:
            return max(0, most - given)
        case _:
            return None
