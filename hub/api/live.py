"""The feed behind every open page: a bounded ring of numbered events that a page can resume from.

A page holds nothing here but its place in the ring, so a slow page costs nothing and simply falls out.
Values are not kept in the ring: an entry notes the version of the newest values, and a page is told what
changed between its place and now, however many entries that spans.
"""

from __future__ import annotations

import asyncio
import secrets
from collections import deque
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Final

from hub.api.answers import dumps
from hub.live.newest import Newest

SIZE: Final = 10_000
VALUES: Final = "values"
START: Final = "start"
#: Entries without words of their own.
SILENT: Final = frozenset({VALUES, START})


@dataclass(frozen=True, slots=True)
class Pace:
    """How pages are treated in time.

    ping_s: a page that hears nothing gets a sign of life so often, and its session is looked at.
    send_s: a page that takes nothing for so long is dropped; it comes back and resumes.
    """

    ping_s: float = 5.0
    send_s: float = 30.0


@dataclass(frozen=True, slots=True)
class Entry:
    """One event.

    data:    JSON, empty for silent entries.
    version: of the newest values at that moment.
    """

    number: int
    event: str
    data: bytes
    version: int


@dataclass(eq=False, slots=True)
class Reader:
    """An open page: whose it is, and how it is woken."""

    user: str
    session: str
    woken: asyncio.Event = field(default_factory=asyncio.Event)
    ended: bool = False

    def end(self) -> None:
        """Tell the page to go."""
        self.ended = True
        self.woken.set()


class Feed:
    """Numbered events of this run of the hub; `boot` tells runs apart."""

    def __init__(
        self, newest: Newest, *, boot: str | None = None, size: int = SIZE, pace: Pace | None = None
    ) -> None:
        self.newest = newest
        self.pace = pace or Pace()
        self.boot = boot or secrets.token_hex(6)
        self.number = 0
        self.dropped = 0  # pages that did not read
        # never empty, so that a place in the ring can always be told from one that has left it
        self._entries: deque[Entry] = deque([Entry(0, START, b"", newest.version)], maxlen=size)
        self._readers: set[Reader] = set()
        self._told = newest.version

    def __len__(self) -> int:
        """How many pages are open."""
        return len(self._readers)

    def add(self, event: str, data: Mapping[str, Any] | None = None) -> None:
        """Append an event and wake every page."""
        self.number += 1
        body = b"" if data is None else dumps(data)
        self._entries.append(Entry(self.number, event, body, self.newest.version))
        for reader in self._readers:
            reader.woken.set()

    def tell_values(self) -> None:
        """Note that values have changed, if they have; called once a second."""
        if self.newest.version != self._told:
            self._told = self.newest.version
            self.add(VALUES)

    def start_anew(self) -> None:
        """Something was lost on the way here: every page must read everything again."""
        self.boot = secrets.token_hex(6)
        self._entries.clear()
        self.add(START)

    def after(self, number: int) -> list[Entry] | None:
        """Events after `number`; None where some of them are no longer here."""
        first = number + 1 - self._entries[0].number
        if first < 1 or number > self.number:
            return None
        return [self._entries[place] for place in range(first, len(self._entries))]

    def version_at(self, number: int) -> int:
        """Version of the newest values when event `number`, which is still here, was told."""
        return self._entries[number - self._entries[0].number].version

    @contextmanager
    def reader(self, user: str, session: str) -> Iterator[Reader]:
        """An open page, for as long as the context lasts."""
        reader = Reader(user, session)
        self._readers.add(reader)
        try:
            yield reader
        finally:
            self._readers.discard(reader)

    def end(self, *, user: str | None = None, session: str | None = None) -> None:
        """End the pages of a person or of a session; of everybody if neither is given."""
        for reader in list(self._readers):
            if (user is None or reader.user == user) and (session is None or reader.session == session):
                reader.end()
