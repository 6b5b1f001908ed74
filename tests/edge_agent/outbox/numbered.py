"""Messages with a number, so that a test can tell what became of each."""

from __future__ import annotations

import random
from collections.abc import Iterable

from devices.wire.messages import Kind, Lane, Message, decode
from edge_agent.outbox import Stored

KINDS = {Lane.ALERTS: Kind.ALERTS, Lane.LIVE: Kind.SAMPLES, Lane.BACKLOG: Kind.SAMPLES}


def numbered(number: int, lane: Lane = Lane.LIVE, size: int = 0) -> Message:
    """A message that carries its number, and so many bytes that do not compress."""
    return Message(KINDS[lane], {"number": number, "filler": random.Random(number).randbytes(size)})


def number_of(data: bytes) -> int:
    """The number, after everything about the message was checked."""
    header = decode(data).header
    assert header["filler"] == random.Random(header["number"]).randbytes(len(header["filler"]))
    return int(header["number"])


def numbers_of(records: Iterable[Stored]) -> list[int]:
    return [number_of(record.data) for record in records]
