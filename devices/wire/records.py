"""The product's own values as messages, and back: sample batches, alert events, acknowledgements."""

from __future__ import annotations

import reprlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from devices.model.alerts import AlertEvent, EventKind, Family, Severity
from devices.model.errors import Garbled
from devices.model.points import is_id, split_point
from devices.model.samples import Quality, SampleBatch
from devices.model.texts import Text
from devices.wire.messages import Kind, Lane, Message

MAX_ALERTS: Final = 1000
MAX_SAMPLES: Final = 1_000_000
MAX_TEXT: Final = 2000
MAX_WHY: Final = 200
MAX_COUNT: Final = (1 << 63) - 1  # what every database can hold
MAX_TIME_US: Final = 253_402_300_799_999_999  # the end of the year 9999, where calendars end


@dataclass(frozen=True, slots=True)
class Stamp:
    """Where a record stands in an agent's history: unique for ever, so a repeat is recognised for ever.

    epoch: number of the outbox file, new when an agent starts with an empty disk; random 63 bits.
    seq:   counts up by one within (agent, epoch, lane).
    """

    agent: str
    epoch: int
    lane: Lane
    seq: int


def samples_message(batch: SampleBatch, names: Sequence[str]) -> Message:
    """Make a message of a batch; only the names it uses travel with it.

    Args:
        batch: rows whose `point` is an index into `names`.
        names: the sender's whole point table.
    """
    used, index = np.unique(batch.point, return_inverse=True)
    header = {"points": [names[row] for row in used]}
    columns: dict[str, npt.NDArray[Any]] = {
        "point": index.astype(np.int32),
        "time_us": batch.time_us,
        "value": batch.value,
        "quality": batch.quality,
    }
    return Message(Kind.SAMPLES, header, columns)


def samples_from(message: Message) -> tuple[SampleBatch, list[str]]:
    """Read a batch and the point names its rows refer to.

    Raises:
        Garbled: a column is missing, of another type, or points outside the names.
    """
    _expect(message, Kind.SAMPLES)
    names = message.header.get("points")
    if not isinstance(names, list):
        raise Garbled("samples without a list of points")
    try:
        for name in names:
            split_point(name)
        batch = SampleBatch(**{key: message.columns[key] for key in ("point", "time_us", "value", "quality")})
    except (KeyError, TypeError, ValueError) as error:
        raise Garbled(f"samples cannot be read: {_why(error)}") from None
    if len(batch) > MAX_SAMPLES:
        raise Garbled(f"{len(batch)} samples are more than {MAX_SAMPLES}")
    if len(batch) and not (batch.point.min() >= 0 and batch.point.max() < len(names)):
        raise Garbled("a sample refers to a point outside the list")
    if len(batch) and int(batch.quality.max()) > max(Quality):
        raise Garbled(f"unknown quality {int(batch.quality.max())}")
    if len(batch) and not (batch.time_us.min() >= 0 and batch.time_us.max() <= MAX_TIME_US):
        raise Garbled("a sample has a time that no calendar has")
    return _without_numbers_that_are_none(batch), names


def _without_numbers_that_are_none(batch: SampleBatch) -> SampleBatch:
    """Whatever a sender does: infinity is garbled, and a reading of bad quality carries no number."""
    endless = np.isinf(batch.value)
    quality = np.where(endless, np.uint8(Quality.GARBLED), batch.quality)
    bad = (quality > Quality.UNCERTAIN) & ~np.isnan(batch.value)
    if not bad.any():
        return batch
    return SampleBatch(batch.point, batch.time_us, np.where(bad, np.nan, batch.value), quality)


def alerts_message(events: Iterable[AlertEvent]) -> Message:
    """Make a message of alert events."""
    return Message(Kind.ALERTS, {"events": [_event_map(event) for event in events]})


def alerts_from(message: Message) -> list[AlertEvent]:
    """Read alert events.

    Raises:
        Garbled: an event lacks a field or has one of another type.
    """
    _expect(message, Kind.ALERTS)
    rows = message.header.get("events")
    if not isinstance(rows, list) or len(rows) > MAX_ALERTS:
        raise Garbled(f"alerts without a list of at most {MAX_ALERTS} events")
    return [_event_from(row) for row in rows]


def stamped(message: Message, stamp: Stamp, sent_us: int) -> Message:
    """Return the message with its place in the agent's history."""
    place = {
        "agent": stamp.agent,
        "epoch": stamp.epoch,
        "lane": str(stamp.lane),
        "seq": stamp.seq,
        "sent_us": sent_us,
    }
    return Message(message.kind, {**message.header, **place}, message.columns)


def stamp_of(message: Message) -> Stamp:
    """Read the place of a message in its agent's history.

    Raises:
        Garbled: it has none.
    """
    header = message.header
    try:
        agent = _short(header["agent"])
        stamp = Stamp(agent, _count(header["epoch"]), Lane(header["lane"]), _count(header["seq"]))
    except (KeyError, ValueError) as error:
        raise Garbled(f"message without agent, epoch, lane and seq: {_why(error)}") from None
    if not is_id(agent):
        raise Garbled(f"{agent[:MAX_WHY]!r} is not the id of an agent")
    return stamp


def ack_message(
    epoch: int, done: Iterable[tuple[Lane, int]], refused: Iterable[tuple[Lane, int, str]], time_us: int
) -> Message:
    """Tell an agent which records are committed, and which were set aside and why (never to be resent)."""
    header = {
        "epoch": epoch,
        "done": [[str(lane), seq] for lane, seq in done],
        "refused": [[str(lane), seq, reason[:MAX_TEXT]] for lane, seq, reason in refused],
        "time_us": time_us,
    }
    return Message(Kind.ACK, header)


@dataclass(frozen=True, slots=True)
class Ack:
    """What the hub has committed, and what it has set aside."""

    epoch: int
    done: tuple[tuple[Lane, int], ...]
    refused: tuple[tuple[Lane, int, str], ...]
    time_us: int


def ack_from(message: Message) -> Ack:
    """Read an acknowledgement.

    Raises:
        Garbled: it is not one.
    """
    _expect(message, Kind.ACK)
    header = message.header
    try:
        return Ack(
            epoch=_count(header["epoch"]),
            done=tuple((Lane(lane), _count(seq)) for lane, seq in header["done"]),
            refused=tuple((Lane(lane), _count(seq), _short(why)) for lane, seq, why in header["refused"]),
            time_us=_time(header["time_us"]),
        )
    except (KeyError, TypeError, ValueError) as error:
        raise Garbled(f"acknowledgement cannot be read: {_why(error)}") from None


def _event_map(event: AlertEvent) -> dict[str, Any]:
    latch = {"latch": True} if event.latch else {}
    return {
        "id": event.id,
        "kind": str(event.kind),
        "rule": event.rule,
        "rule_version": event.rule_version,
        "family": str(event.family),
        "severity": int(event.severity),
        "site": event.site,
        "device": event.device,
        "time_us": event.time_us,
        "start_us": event.start_us,
        "value": event.value,
        "limit": event.limit,
        "unit": event.unit,
        "zh": event.message.zh,
        "en": event.message.en,
        "evidence": event.evidence,
        "parent": event.parent,
        **latch,
    }


def _event_from(row: object) -> AlertEvent:
    if not isinstance(row, dict):
        raise Garbled(f"an event must be a map, got {type(row).__name__}")
    try:
        evidence = {_short(name): _number(value) for name, value in row["evidence"].items()}
        return AlertEvent(
            id=_short(row["id"]),
            kind=EventKind(row["kind"]),
            rule=_short(row["rule"]),
            rule_version=_count(row["rule_version"]),
            family=Family(row["family"]),
            severity=Severity(_count(row["severity"])),
            site=_short(row["site"]),
            device=_short(row["device"]),
            time_us=_time(row["time_us"]),
            start_us=_time(row["start_us"]),
            value=_number(row["value"]),
            limit=_number(row["limit"]),
            unit=_short(row["unit"]),
            message=Text(_short(row["zh"]), _short(row["en"])),
            evidence=evidence,
            parent=_short(row["parent"]),
            latch=_truth(row.get("latch", False)),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise Garbled(f"event cannot be read: {_why(error)}") from None


def _short(text: object) -> str:
    if not isinstance(text, str) or len(text) > MAX_TEXT:
        raise ValueError(f"expected a string of at most {MAX_TEXT} characters")
    return text


def _count(value: object) -> int:
    if type(value) is not int or not 0 <= value <= MAX_COUNT:
        raise ValueError(f"expected a whole number from 0 to {MAX_COUNT}, got {reprlib.repr(value)}")
    return value


def _truth(value: object) -> bool:
    if type(value) is not bool:
        raise ValueError(f"expected true or false, got {reprlib.repr(value)}")
    return value


def _number(value: object) -> float:
    if type(value) is not int and type(value) is not float:
        raise ValueError(f"expected a number, got {reprlib.repr(value)}")
    return float(value)


def _time(value: object) -> int:
    time_us = _count(value)
    if time_us > MAX_TIME_US:
        raise ValueError(f"expected UTC microseconds, got {time_us}")
    return time_us


def _why(error: Exception) -> str:
    return f"{type(error).__name__}: {error}"[:MAX_WHY]


def _expect(message: Message, kind: Kind) -> None:
    if message.kind is not kind:
        raise Garbled(f"a message of kind {message.kind}, expected {kind}")
