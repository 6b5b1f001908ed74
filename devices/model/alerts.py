"""Alerts: what an agent says when a rule is broken, and the life that the hub then keeps.

States and acts follow ISA-18.2 (unacknowledged, acknowledged, returned to normal, closed); silence, shelving
and suppression are separate facts beside the state and never stored in it.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from enum import IntEnum, StrEnum
from typing import Final

from devices.model.errors import WrongMove
from devices.model.texts import Text


class Severity(IntEnum):
    """How fast a person has to act; larger is graver."""

    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4


class Family(StrEnum):
    """What an alert is about; decides its lane on the board and who owns it."""

    FIRE = "fire"  # pumps, pipes, pressure: life safety
    TRAFFIC = "traffic"
    COOLING = "cooling"
    ENERGY = "energy"
    ACCESS = "access"
    CAMERA = "camera"
    DEVICE = "device"  # silent devices, links, agents


class State(StrEnum):
    """Where an alert is in its life."""

    RAISED = "raised"  # active, nobody has acknowledged
    ACKED = "acked"  # active, somebody has
    CLEARED = "cleared"  # back to normal, nobody has acknowledged
    LATCHED = "latched"  # back to normal and acknowledged, stays until a person resets it
    CLOSED = "closed"  # back to normal and acknowledged; one that latches was reset as well


class Act(StrEnum):
    """What can happen to an alert."""

    RAISE = "raise"
    ACK = "ack"
    CLEAR = "clear"
    RESET = "reset"  # of an alert that latches; who resets has seen it


NEXT: Final[dict[tuple[State, Act], State]] = {
    (State.RAISED, Act.ACK): State.ACKED,
    (State.RAISED, Act.CLEAR): State.CLEARED,
    (State.ACKED, Act.CLEAR): State.CLOSED,
    (State.CLEARED, Act.RAISE): State.RAISED,
    (State.CLEARED, Act.ACK): State.CLOSED,
    (State.CLEARED, Act.RESET): State.CLOSED,
    (State.LATCHED, Act.RESET): State.CLOSED,
}


def step(state: State, act: Act, *, latch: bool = False) -> State:
    """Return the state after `act`; an alert that latches is closed by a reset and by nothing else.

    Raises:
        WrongMove: the table does not allow it.
    """
    after = NEXT.get((state, act))
    if after is None or (act is Act.RESET and not latch):
        raise WrongMove(f"cannot {act} an alert that is {state}")
    return State.LATCHED if latch and after is State.CLOSED and act is not Act.RESET else after


class EventKind(StrEnum):
    """What an agent reports about an alert."""

    RAISE = "raise"
    CLEAR = "clear"
    MOMENT = "moment"  # raised and over at once, such as one speeding vehicle
    CHANGE = "change"  # still raised, with another severity


@dataclass(frozen=True, slots=True)
class AlertEvent:
    """One report of an agent about one alert; repeating it changes nothing.

    time_us:  when the condition was judged (for a raise: when the on-delay was over).
    start_us: when the condition began; part of the id.
    value, limit: the evidence in `unit`; NaN where the rule has none.
    evidence: further readings at that moment, point name to value.
    parent:   device whose own alert covers this one ("" if none).
    latch:    stays until a person resets it, also when its condition is over.
    """

    id: str
    kind: EventKind
    rule: str
    rule_version: int
    family: Family
    severity: Severity
    site: str
    device: str
    time_us: int
    start_us: int
    value: float
    limit: float
    unit: str
    message: Text
    evidence: dict[str, float] = field(default_factory=dict)
    parent: str = ""
    latch: bool = False


def alert_id(rule: str, rule_version: int, device: str, start_us: int) -> str:
    """Return the id of an alert; the same data replayed gives the same id, so a repeat never duplicates."""
    text = f"v1:{rule}:{rule_version}:{device}:{start_us}"
    return hashlib.sha256(text.encode()).hexdigest()[:24]
