"""One alert as the hub knows it, and one line of its history. Values only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from devices.model.alerts import AlertEvent, EventKind, Family, Severity, State
from devices.model.texts import Text

#: Place of a state on the board, the highest on top.
RANK: Final = {State.RAISED: 4, State.ACKED: 3, State.CLEARED: 2, State.LATCHED: 1, State.CLOSED: 0}
ACTIVE: Final = frozenset({State.RAISED, State.ACKED})


@dataclass(frozen=True, slots=True)
class Record:
    """An alert. The agent's events own the first part, people own the second; neither touches the other's.

    severity, value, limit, evidence, message: of the newest event that raises or changes (`shown_us`).
    raised_us:   the earliest raise.
    last_us:     the newest event, in whichever order they came; decides whether the condition holds.
    count:       raises and moments; 0 as long as only the end has arrived.
    historical:  every raise was old news when it arrived; it is shown and reported, and wakes nobody.
    stale:       its agent is away: nobody knows whether it still holds.
    latch:       stays open after its end, which is `cleared_us`, until a person resets it.
    seen:        the events it was made of, so that a repeat is recognised for ever.
    epoch:       counts up when it got worse or came back; an acknowledgement names the epoch it saw.
    seq:         the hub's own number, None until stored; people say A-1234.
    """

    id: str
    agent: str
    family: Family
    rule: str
    rule_version: int
    site: str
    device: str
    severity: Severity
    message: Text
    unit: str
    value: float
    limit: float
    evidence: dict[str, float]
    parent: str
    start_us: int
    raised_us: int
    received_us: int
    last_us: int
    shown_us: int
    cleared_us: int | None
    count: int
    historical: bool
    stale: bool
    seen: frozenset[tuple[EventKind, int]]

    state: State
    epoch: int = 1
    acked_us: int | None = None
    acked_by: str | None = None
    assignee: str | None = None
    notes: int = 0
    seq: int | None = None
    latch: bool = False

    @property
    def active(self) -> bool:
        """Whether the condition holds, as far as the hub knows."""
        return self.state in ACTIVE

    @property
    def told(self) -> bool:
        """Whether more than its end has arrived."""
        return any(kind is not EventKind.CLEAR for kind, _ in self.seen)


@dataclass(frozen=True, slots=True)
class Line:
    """One line of an alert's history.

    time_us: of the agent's event, or when a person acted.
    event:   the agent's event it stands for; None for an act of a person.
    """

    alert: str
    time_us: int
    received_us: int
    act: str
    actor: str
    text: str
    before: State | None
    after: State
    severity: Severity | None = None
    value: float = field(default=float("nan"))
    event: tuple[EventKind, int] | None = None


def identity(event: AlertEvent) -> tuple[EventKind, int]:
    """What makes two events of one alert the same event."""
    return event.kind, event.time_us
