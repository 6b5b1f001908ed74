"""Alert events into the database: ahead of everything else, and told to the screens after the commit."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from devices.model.errors import Garbled, Refused
from hub.alerts.record import Record
from hub.alerts.store import Applied, apply_events
from hub.db import Database
from hub.ingest.inbox import Inbox, Parcel
from hub.ingest.reading import Alerts, Wrong
from hub.ingest.records import Desk, Outcome, read_parcel, tell

log = logging.getLogger(__name__)

STORE: Final = "alerts"


class AlertsWorker:
    """Empties the inbox of the lane `alerts`.

    Args:
        publish: hears of every alert that has changed, after the commit.
    """

    def __init__(
        self, inbox: Inbox, database: Database, desk: Desk, publish: Callable[[list[Record]], None]
    ) -> None:
        self._inbox = inbox
        self._database = database
        self._desk = desk
        self._publish = publish

    async def run(self) -> None:
        """Store what comes, for ever."""
        while True:
            parcels = await self._inbox.take()
            contents = [read_parcel(parcel) for parcel in parcels]
            verdicts = await asyncio.gather(
                *(self._apply(parcel, content) for parcel, content in zip(parcels, contents, strict=True))
            )
            outcome = Outcome()
            changed: dict[str, Record] = {}
            for parcel, content, verdict in zip(parcels, contents, verdicts, strict=True):
                if isinstance(verdict, Wrong) or not isinstance(content, Alerts):
                    assert isinstance(verdict, Wrong)
                    outcome.refuse(parcel, verdict.reason, verdict.stamp)
                    continue
                outcome.answers.done(parcel.agent, content.stamp)
                changed |= {record.id: record for record in verdict.changed}
                self._count(parcel, content, verdict)
            await tell(self._desk, self._inbox, parcels, outcome)
            if changed:
                self._publish(list(changed.values()))

    async def _apply(self, parcel: Parcel, content: object) -> Applied | Wrong:
        """Commit one message's events; messages that come together share a commit."""
        if isinstance(content, Wrong):
            return content
        assert isinstance(content, Alerts)
        try:
            return await self._desk.patience.until_done(STORE, lambda: self._commit(parcel, content))
        except Garbled as error:
            return Wrong(str(error), content.stamp)
        except Exception as error:  # boundary: whatever one message does to us, the others go on
            log.exception("alerts of %s could not be stored", parcel.agent)
            return Wrong(f"storing it failed: {type(error).__name__} {error}", content.stamp)

    async def _commit(self, parcel: Parcel, content: Alerts) -> Applied:
        now_us = self._desk.now_us()
        try:
            return await self._database.write(
                lambda connection: apply_events(
                    connection, content.events, parcel.agent, content.stamp, now_us
                )
            )
        except Refused as error:  # a constraint of the tables: it will say the same next time
            raise Garbled(str(error)) from error

    def _count(self, parcel: Parcel, content: Alerts, applied: Applied) -> None:
        received = self._desk.counts(parcel.agent).received
        repeated = bool(content.events) and applied.repeats == len(content.events)
        received.duplicates += repeated
        received.alerts += len(content.events) - applied.repeats
