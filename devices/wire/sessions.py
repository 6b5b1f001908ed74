"""Who is at work under an agent's name, and which alerts it holds open: the hub's answers and the agent's list."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from devices.model.alerts import AlertEvent
from devices.model.errors import Garbled
from devices.wire.messages import Kind, Lane, Message
from devices.wire.records import Stamp, alerts_from, alerts_message, stamp_of, stamped

#: Random number of a running process, small enough for every reader of JSON.
BOOT_BITS: Final = 48
MAX_IDS: Final = 20_000
MAX_ID: Final = 64


class Standing(StrEnum):
    """What the hub answers an agent."""

    WELCOME = "welcome"  # you are the agent of this name: send
    REFUSED = "refused"  # another agent of this name is at work
    RENEW = "renew"  # the hub has more of your outbox than you: begin a new epoch
    RECONCILED = "reconciled"  # the hub's open alerts are those of your list
    ASKED = "asked"  # another process says that it is you: speak, if you are there


@dataclass(frozen=True, slots=True)
class Answer:
    """The hub's word to one running agent.

    boot: of the agent that is meant; all agents of one name hear it.
    seq:  of the list of open alerts that is answered, else 0.
    """

    boot: int
    standing: Standing
    time_us: int
    seq: int = 0


def answer_message(answer: Answer) -> Message:
    """Make a message of an answer."""
    header = {
        "boot": answer.boot,
        "standing": str(answer.standing),
        "seq": answer.seq,
        "time_us": answer.time_us,
    }
    return Message(Kind.SESSION, header)


def answer_from(message: Message) -> Answer:
    """Read an answer.

    Raises:
        Garbled: it is none.
    """
    match message.kind, message.header:
        case Kind.SESSION, {
            "boot": int(boot),
            "standing": str(word),
            "seq": int(seq),
            "time_us": int(time_us),
        } if word in set(Standing):
            return Answer(boot, Standing(word), time_us, seq)
        case _:
            raise Garbled("not an answer of the hub to an agent")


@dataclass(frozen=True, slots=True)
class OpenAlerts:
    """Every alert that an agent holds open, as of one moment in its history.

    stamp:  the last alert record that is reckoned in.
    boot:   of the agent that tells.
    ids:    of all that are open.
    events: the raises of those that found room.
    """

    stamp: Stamp
    boot: int
    ids: Collection[str]
    events: list[AlertEvent]


def open_message(told: OpenAlerts, sent_us: int) -> Message:
    """Make a message of a list of open alerts."""
    body = alerts_message(told.events).header | {"ids": list(told.ids), "boot": told.boot}
    return stamped(Message(Kind.OPEN, body), told.stamp, sent_us)


def open_from(message: Message) -> OpenAlerts:
    """Read a list of open alerts.

    Raises:
        Garbled: it is none.
    """
    stamp, ids, boot = stamp_of(message), message.header.get("ids"), message.header.get("boot")
    if message.kind is not Kind.OPEN or stamp.lane is not Lane.ALERTS or not isinstance(boot, int):
        raise Garbled("not a list of open alerts")
    if not isinstance(ids, list) or len(ids) > MAX_IDS or not all(_is_short(one) for one in ids):
        raise Garbled(f"open alerts without a list of at most {MAX_IDS} ids")
    events = alerts_from(Message(Kind.ALERTS, {"events": message.header.get("events")}))
    return OpenAlerts(stamp, boot, frozenset(ids), events)


def that_fit(events: Iterable[AlertEvent], most: int, most_letters: int) -> list[AlertEvent]:
    """The first of these events, as many as a message takes."""
    taken: list[AlertEvent] = []
    for event in events:
        most_letters -= 500 + 4 * len(event.message.zh + event.message.en) + 50 * len(event.evidence)
        if len(taken) >= most or most_letters < 0:
            break
        taken.append(event)
    return taken


def _is_short(one: object) -> bool:
    return isinstance(one, str) and 0 < len(one) <= MAX_ID
