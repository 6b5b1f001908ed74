"""The alerts that an agent holds open: kept with the states, in the transaction of the events themselves. Pure."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import replace
from typing import Final

from devices.model.alerts import AlertEvent, EventKind
from devices.model.errors import Garbled
from devices.wire.messages import Kind, Lane, Message, decode, encode
from devices.wire.records import Stamp, alerts_from, alerts_message
from devices.wire.sessions import MAX_IDS, OpenAlerts, that_fit

LOG: Final = logging.getLogger(__name__)
#: Names of the states; the alerts are spread over some, so that one event does not write them all.
PREFIX: Final = "open-"
TOTAL: Final = "open"
PARTS: Final = 64
#: Raises in a list, and their letters, at most.
MOST_RAISES: Final = 1000
MOST_LETTERS: Final = 1_000_000


class Holding:
    """The raise of every alert that has not cleared, as grave as it is now."""

    def __init__(self) -> None:
        self._parts: list[dict[str, AlertEvent]] = [{} for _ in range(PARTS)]
        self._changed: set[int] = set()

    def __len__(self) -> int:
        return sum(map(len, self._parts))

    def events(self) -> list[AlertEvent]:
        """All of them."""
        return [event for part in self._parts for event in part.values()]

    def take(self, events: Iterable[AlertEvent]) -> None:
        """Take in what was raised, changed and cleared."""
        for event in events:
            number = _part(event.id)
            part = self._parts[number]
            if event.kind is EventKind.RAISE:
                part[event.id] = event
            elif event.kind is EventKind.CHANGE and event.id in part:
                part[event.id] = replace(event, kind=EventKind.RAISE, time_us=part[event.id].time_us)
            elif event.kind is not EventKind.CLEAR or part.pop(event.id, None) is None:
                continue
            self._changed.add(number)

    def states(self) -> dict[str, bytes]:
        """The parts that differ from what is kept; `kept` must follow when they are."""
        if not self._changed:
            return {}
        found = {f"{PREFIX}{number:02d}": _packed(self._parts[number].values()) for number in self._changed}
        return found | {TOTAL: str(len(self)).encode()}

    def kept(self) -> None:
        """What `states` gave is on disk."""
        self._changed.clear()

    def begin(self, saved: Mapping[str, bytes], judged: Collection[str]) -> None:
        """Continue from saved states with the alerts of judged rules (`id:version`); without, write all anew.

        Raises:
            Garbled: a part is missing or cannot be read.
        """
        self._changed = set(range(PARTS))
        self._parts = [{} for _ in range(PARTS)]
        if TOTAL not in saved:
            return
        for event in read(data for name, data in saved.items() if name.startswith(PREFIX)):
            self._parts[_part(event.id)][event.id] = event
        if str(len(self)).encode() != saved[TOTAL]:
            raise Garbled(f"{len(self)} open alerts could be read, not {saved[TOTAL]!r}")
        self._changed.clear()
        for number, part in enumerate(self._parts):
            gone = [one for one, event in part.items() if f"{event.rule}:{event.rule_version}" not in judged]
            for one in gone:
                del part[one]
                self._changed.add(number)


def is_ours(name: str) -> bool:
    """Whether a saved state is a part of this."""
    return name == TOTAL or name.startswith(PREFIX)


def read(parts: Iterable[bytes]) -> list[AlertEvent]:
    """The alerts of saved parts.

    Raises:
        Garbled: a part cannot be read.
    """
    return [event for data in parts if data for event in alerts_from(decode(data))]


def open_alerts(agent: str, epoch: int, boot: int, seq: int, parts: Iterable[bytes]) -> OpenAlerts | None:
    """Saved parts as a list for the hub; None where it is too long, for half a list would clear the other half."""
    events = sorted(read(parts), key=lambda event: event.time_us)
    if len(events) > MAX_IDS:
        LOG.error("%d open alerts are too many to compare", len(events))
        return None
    return OpenAlerts(
        stamp=Stamp(agent, epoch, Lane.ALERTS, seq),
        boot=boot,
        ids=[event.id for event in events],
        events=that_fit(events, MOST_RAISES, MOST_LETTERS),
    )


def _packed(events: Iterable[AlertEvent]) -> bytes:
    found = list(events)
    return encode(Message(Kind.ALERTS, alerts_message(found).header)) if found else b""


def _part(number: str) -> int:
    return zlib.crc32(number.encode()) % PARTS
