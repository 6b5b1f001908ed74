"""Which requests units refused, so that a restart does not ask for them again. Pure."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import Final

from devices.profiles.profile import Table
from edge_agent.sources.modbus.plan import Span, split

log = logging.getLogger(__name__)

#: Name of the saved state.
STATE: Final = "modbus-learned"
#: Devices are replaced, and some refuse while they boot: what was learned so long ago is tried again at a start.
KEPT_US: Final = 30 * 24 * 3600 * 1_000_000


Told = Callable[[dict[str, bytes]], None]


@dataclass(frozen=True, slots=True)
class Cut:
    """A request that a unit refused as a whole."""

    link: str
    unit: int
    table: Table
    addr: int
    count: int

    @classmethod
    def of(cls, link: str, unit: int, span: Span) -> Cut:
        """The request for a span."""
        return cls(link, unit, span.table, span.addr, span.count)


@dataclass(slots=True)
class Learned:
    """All cuts of an agent, with the time at which each was learned.

    told: called after each new one, with what is to be kept.
    """

    cuts: dict[Cut, int] = field(default_factory=dict)
    told: Told = lambda _states: None

    def add(self, cut: Cut, now_us: int) -> None:
        """Remember a cut."""
        self.cuts[cut] = now_us
        rows = [[cut.link, cut.unit, cut.table, cut.addr, cut.count, us] for cut, us in self.cuts.items()]
        self.told({STATE: json.dumps(rows).encode()})

    def applied(self, link: str, unit: int, spans: Iterable[Span]) -> tuple[Span, ...]:
        """Cut each request as it was cut before, its pieces too."""
        return applied(self.cuts, link, unit, spans)


def applied(cuts: Iterable[Cut], link: str, unit: int, spans: Iterable[Span]) -> tuple[Span, ...]:
    """The requests that are left of these when all refused ones are cut."""
    known = cuts if isinstance(cuts, dict) else set(cuts)
    found: list[Span] = []
    for span in spans:
        pieces = split(span) if Cut.of(link, unit, span) in known else (span,)
        found.extend(applied(known, link, unit, pieces) if len(pieces) > 1 else pieces)
    return tuple(found)


def learned(saved: bytes | None, now_us: int, told: Told = lambda _states: None) -> Learned:
    """What was saved and is not too old; nothing where it cannot be read: it is learned again."""
    if saved is None:
        return Learned(told=told)
    try:
        cuts = {
            Cut(str(link), int(unit), Table(table), int(addr), int(count)): int(time_us)
            for link, unit, table, addr, count, time_us in json.loads(saved)
        }
    except (ValueError, TypeError) as error:
        log.warning("what was learned of Modbus units cannot be read and is learned again: %s", error)
        return Learned(told=told)
    return Learned({cut: time_us for cut, time_us in cuts.items() if now_us - time_us < KEPT_US}, told)
