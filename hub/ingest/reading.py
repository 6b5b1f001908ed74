"""A message as bytes becomes a record, or the reason why it is none: pure."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Any, Final

from devices.model.alerts import AlertEvent
from devices.model.errors import Garbled
from devices.model.samples import SampleBatch
from devices.wire.messages import HEAD, MAX_BODY_BYTES, MAX_MESSAGE_BYTES, Kind, Lane, Message, decode
from devices.wire.records import MAX_TIME_US, Stamp, alerts_from, samples_from, stamp_of
from devices.wire.sessions import OpenAlerts, open_from

log = logging.getLogger(__name__)

#: What an agent says of itself is kept for people: this much of it.
MAX_VOICE_ITEMS: Final = 20_000
MAX_VOICE_DEPTH: Final = 6
MAX_VOICE_TEXT: Final = 2000
MOST_DIGITS: Final = 20


@dataclass(frozen=True, slots=True)
class Samples:
    """A record of measured values."""

    stamp: Stamp
    sent_us: int | None
    batch: SampleBatch
    names: list[str]


@dataclass(frozen=True, slots=True)
class Alerts:
    """A record of alert events."""

    stamp: Stamp
    sent_us: int | None
    events: list[AlertEvent]


@dataclass(frozen=True, slots=True)
class Wrong:
    """A message that is no record; with a stamp if that much of it could be read."""

    reason: str
    stamp: Stamp | None = None


def read_record(agent: str, lane: Lane, payload: bytes) -> Samples | Alerts | Wrong:
    """Read what came on the topic of an agent's lane."""
    stamp = None
    try:
        message = decode(payload)
        stamp = stamp_of(message)
        return _record(message, stamp, agent, lane)
    except Garbled as error:
        return Wrong(str(error), stamp)
    except Exception as error:  # boundary: whatever one message does to us, the others go on
        log.exception("a message of %s could not be read", agent)
        return Wrong(f"reading it failed: {type(error).__name__} {error}", stamp)


def _record(message: Message, stamp: Stamp, agent: str, lane: Lane) -> Samples | Alerts:
    if stamp.agent != agent or stamp.lane is not lane:
        raise Garbled(f"{stamp.agent}/{stamp.lane} came on the topic of {agent}/{lane}")
    sent_us = time_in(message.header, "sent_us")
    if (message.kind is Kind.ALERTS) != (stamp.lane is Lane.ALERTS):
        raise Garbled(f"{message.kind} do not travel on the lane {stamp.lane}")
    if message.kind is Kind.ALERTS:
        return Alerts(stamp, sent_us, alerts_from(message))
    batch, names = samples_from(message)
    return Samples(stamp, sent_us, batch, names)


def read_voice(agent: str, word: str, payload: bytes) -> dict[str, Any] | Wrong:
    """Read what an agent says of itself (`hello`, `health`): values that JSON knows."""
    try:
        message = decode(payload)
        values = _Plain().mapping(message.header, 0)
    except Garbled as error:
        return Wrong(str(error))
    if message.kind != word or values.get("agent", agent) != agent:
        return Wrong(f"{message.kind} of another agent, or of another kind, came on {agent}/{word}")
    return values


def read_open(agent: str, payload: bytes) -> OpenAlerts | Wrong:
    """Read the list of an agent's open alerts."""
    try:
        told = open_from(decode(payload))
    except Garbled as error:
        return Wrong(str(error))
    return (
        told if told.stamp.agent == agent else Wrong(f"open alerts of {told.stamp.agent} came from {agent}")
    )


def boot_in(state: bytes) -> int | None:
    """The number of the process that a state topic names; None where it names none."""
    word = state.partition(b" ")[2]
    return int(word) if word.isdigit() and len(word) < MOST_DIGITS else None


def time_in(header: dict[str, Any], name: str) -> int | None:
    """A time that a header may hold."""
    value = header.get(name)
    return value if type(value) is int and 0 < value <= MAX_TIME_US else None


def body_bytes(payload: bytes) -> int:
    """How much memory a message will take when it is unpacked, by its own word, which `decode` holds it to."""
    if len(payload) < HEAD.size or len(payload) > MAX_MESSAGE_BYTES:
        return len(payload)
    return max(len(payload), min(int(HEAD.unpack_from(payload)[4]), MAX_BODY_BYTES))


class _Plain:
    """Copies values into what JSON can hold, within bounds."""

    def __init__(self) -> None:
        self._left = MAX_VOICE_ITEMS

    def mapping(self, values: dict[Any, Any], depth: int) -> dict[str, Any]:
        return {key[:MAX_VOICE_TEXT]: self._value(value, depth + 1) for key, value in values.items()}

    def _value(self, value: object, depth: int) -> Any:
        self._left -= 1
        if self._left < 0 or depth > MAX_VOICE_DEPTH:
            raise Garbled(f"more than {MAX_VOICE_ITEMS} values, or nested deeper than {MAX_VOICE_DEPTH}")
        match value:
            case None | bool() | int():
                return value
            case float():
                return value if abs(value) < float("inf") else None
            case str():
                return value[:MAX_VOICE_TEXT]
            case dict():
                return self.mapping(value, depth)
            case list():
                return [self._value(item, depth + 1) for item in value]
            case _:
                raise Garbled(f"a value of type {type(value).__name__}")
