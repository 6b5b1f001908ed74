"""Records on their way: what the two workers, of samples and of alerts, have in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from devices.wire.records import Stamp
from hub.ingest.answers import Answers, Postman
from hub.ingest.aside import Aside, Quarantine
from hub.ingest.counts import AgentCounts
from hub.ingest.inbox import Inbox, Parcel
from hub.ingest.patience import Patience
from hub.ingest.reading import Alerts, Samples, Wrong, read_record


@dataclass(frozen=True)
class Desk:
    """What a worker works with.

    counts: of an agent, made when it is heard for the first time.
    now_us: the hub's clock.
    """

    postman: Postman
    quarantine: Quarantine
    patience: Patience
    counts: Callable[[str], AgentCounts]
    now_us: Callable[[], int]


def read_parcel(parcel: Parcel) -> Samples | Alerts | Wrong:
    """Read one message; one that the connection cut short is wrong."""
    message = parcel.message
    if message.dropped_bytes:
        return Wrong(f"message of {message.dropped_bytes} bytes is larger than allowed")
    return read_record(parcel.agent, parcel.lane, message.payload)


@dataclass
class Outcome:
    """What became of one group, until it is told."""

    answers: Answers = field(default_factory=Answers)
    asides: list[Aside] = field(default_factory=list)

    def set_aside(self, parcel: Parcel, reason: str) -> None:
        """Keep the message, or a part of it, for a person to see."""
        self.asides.append(Aside(parcel.agent, parcel.message.topic, reason, parcel.message.payload))

    def refuse(self, parcel: Parcel, reason: str, stamp: Stamp | None) -> None:
        """Set a whole record aside; its agent is told if we know which record it was."""
        self.set_aside(parcel, reason)
        if stamp is not None:
            self.answers.refused(parcel.agent, stamp, reason)


async def tell(desk: Desk, inbox: Inbox, parcels: list[Parcel], outcome: Outcome) -> None:
    """End a group whose records are committed: set aside, acknowledge, and only then let the broker forget."""
    asides = outcome.asides
    await desk.patience.until_done("quarantine", lambda: desk.quarantine.keep(asides, desk.now_us()))
    for aside in asides:
        desk.counts(aside.agent).received.refused += 1
    await desk.postman.send(outcome.answers, desk.now_us())
    inbox.finished(parcels)
