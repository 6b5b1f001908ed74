"""Batches of samples into the series store, many in one transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from devices.model.errors import Garbled
from hub.ingest.inbox import Inbox, Parcel
from hub.ingest.reading import Samples, Wrong
from hub.ingest.records import Desk, Outcome, read_parcel, tell
from hub.ingest.scope import Scope, without
from hub.live.newest import Newest
from hub.series.port import Entry, SeriesStore

#: So many strange points are named in a reason.
NAMED = 5


class SamplesWorker:
    """Empties the inbox of the lanes `live` and `backlog`."""

    def __init__(self, inbox: Inbox, series: SeriesStore, newest: Newest, scope: Scope, desk: Desk) -> None:
        self._inbox = inbox
        self._series = series
        self._newest = newest
        self._desk = desk
        self.scope = scope

    async def run(self) -> None:
        """Store what comes, for ever."""
        while True:
            parcels = await self._inbox.take()
            contents = await asyncio.to_thread(lambda some: [read_parcel(one) for one in some], parcels)
            outcome = Outcome()
            good = [
                (parcel, samples)
                for parcel, content in zip(parcels, contents, strict=True)
                if (samples := self._judged(parcel, content, outcome)) is not None
            ]
            verdicts = await self._write([Entry(one.batch, one.names, one.stamp) for _, one in good])
            for (parcel, samples), verdict in zip(good, verdicts, strict=True):
                self._note(parcel, samples, verdict, outcome)
            await tell(self._desk, self._inbox, parcels, outcome)
            for (_, samples), verdict in zip(good, verdicts, strict=True):
                if verdict is True:
                    self._newest.update(samples.batch, samples.names)

    def _judged(self, parcel: Parcel, content: object, outcome: Outcome) -> Samples | None:
        """The samples that may be stored; everything else is set aside."""
        if isinstance(content, Wrong):
            outcome.refuse(parcel, content.reason, content.stamp)
            return None
        assert isinstance(content, Samples)
        strangers = self.scope.strangers(parcel.agent, content.names)
        if not strangers:
            return content
        some = ", ".join(sorted(strangers)[:NAMED]) + (" ..." if len(strangers) > NAMED else "")
        reason = f"{len(strangers)} points that the site file does not give to {parcel.agent}: {some}"
        kept = without(content.batch, content.names, strangers)
        if not len(kept):
            outcome.refuse(parcel, reason, content.stamp)
            return None
        outcome.set_aside(parcel, reason)
        return Samples(content.stamp, content.sent_us, kept, content.names)

    async def _write(self, entries: Sequence[Entry]) -> list[bool | Garbled]:
        """Store all, until that works; an entry that can never be stored is found and left out."""
        if not entries:
            return []
        try:
            new = await self._desk.patience.until_done("series", lambda: self._series.write(entries))
            return list(new)
        except Garbled as error:
            if len(entries) == 1:
                return [error]
        return [verdict for entry in entries for verdict in await self._write([entry])]

    def _note(self, parcel: Parcel, samples: Samples, verdict: bool | Garbled, outcome: Outcome) -> None:  # noqa: FBT001 - one of three outcomes
        if isinstance(verdict, Garbled):
            outcome.refuse(parcel, str(verdict), samples.stamp)
            return
        outcome.answers.done(parcel.agent, samples.stamp)
        counts = self._desk.counts(parcel.agent)
        if not verdict:
            counts.received.duplicates += 1
            return
        counts.received.samples += len(samples.batch)
        counts.rate.add(len(samples.batch), self._desk.now_us())
        if samples.sent_us is not None and not parcel.message.duplicate:
            counts.clock.saw(samples.sent_us, parcel.received_us)
