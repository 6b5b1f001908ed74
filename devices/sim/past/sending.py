"""Sending the past to a hub as a virtual agent: on the backlog lane, never faster than it is acknowledged."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Iterator
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, cast

from devices.model.errors import Garbled, Unreachable
from devices.sim.past.journal import Journal
from devices.sim.past.story import Hour
from devices.wire.messages import Kind, Lane, ack_topic, decode, encode, up_topic
from devices.wire.mqtt import Backoff, Broker, Incoming, Link, connect
from devices.wire.records import Stamp, ack_from, samples_message, stamped

#: Records under way at once; the hub's own live data must not wait behind them.
WINDOW: Final = 3
#: No acknowledgement for so long: connect again and send again.
PATIENCE_S: Final = 30.0


@dataclass(slots=True)
class Sender:
    """Sends the hours of a story that a journal does not have yet.

    agent: the id it sends as.
    broker: the hub's.
    names: point table of the story.
    tell: called with a line of progress now and then.
    """

    agent: str
    broker: Broker
    journal: Journal
    path: Path
    names: list[str]
    backoff: Backoff
    tell: Callable[[str], None]
    refused: int = 0

    async def send(self, hours: Iterable[Hour]) -> None:
        """Send everything, through as many connections as it takes; return when the hub has it all."""
        waiting: dict[int, bytes] = {}
        rest = self._records(hours)
        failures = 0
        while not self.journal.is_complete:
            try:
                client = f"campus-{self.agent}"
                async with connect(self.broker, client) as link:
                    await link.subscribe([ack_topic(self.agent)])
                    failures = 0
                    await self._converse(link, waiting, rest)
            except Unreachable as error:
                failures += 1
                self.tell(f"waiting for the hub: {error}")
                await asyncio.sleep(self.backoff.wait_s(failures))

    def _records(self, hours: Iterable[Hour]) -> Iterator[tuple[int, bytes]]:
        for hour in hours:
            if hour.number in self.journal.done:
                continue
            stamp = Stamp(self.agent, self.journal.epoch, Lane.BACKLOG, hour.number)
            # The time it was made ready is the story's end: a repeat is the same bytes.
            message = stamped(samples_message(hour.batch, self.names), stamp, self.journal.end_us)
            yield hour.number, encode(message)

    async def _converse(
        self, link: Link, waiting: dict[int, bytes], rest: Iterator[tuple[int, bytes]]
    ) -> None:
        """Keep the window full until everything is acknowledged.

        Raises:
            Unreachable: the connection ended, or the hub is silent for too long.
        """
        for payload in waiting.values():
            await link.send(up_topic(self.agent, Lane.BACKLOG), payload, 1)
        messages = cast("AsyncGenerator[Incoming]", link.messages())
        async with aclosing(messages) as answers:
            while not self.journal.is_complete:
                while len(waiting) < WINDOW and (record := next(rest, None)) is not None:
                    number, waiting[number] = record[0], record[1]
                    await link.send(up_topic(self.agent, Lane.BACKLOG), record[1], 1)
                try:
                    async with asyncio.timeout(PATIENCE_S):
                        incoming = await anext(answers)
                except TimeoutError:
                    raise Unreachable(f"no acknowledgement for {PATIENCE_S:g} s") from None
                self._note(incoming.payload, waiting)
                incoming.done()

    def _note(self, payload: bytes, waiting: dict[int, bytes]) -> None:
        try:
            message = decode(payload)
            ack = ack_from(message) if message.kind is Kind.ACK else None
        except Garbled as error:
            self.tell(f"an answer makes no sense: {error}")
            return
        if ack is None or ack.epoch != self.journal.epoch:
            return
        for _, number, why in ack.refused:
            self.refused += 1
            self.tell(f"the hub refuses hour {number}: {why}")
        ended = {number for lane, number in ack.done if lane is Lane.BACKLOG}
        ended |= {number for lane, number, _ in ack.refused if lane is Lane.BACKLOG}
        for number in ended & waiting.keys():
            del waiting[number]
            self.journal.done.add(number)
        self.journal.save(self.path)
        if self.journal.done and len(self.journal.done) % 24 == 0:
            self.tell(f"{len(self.journal.done)} of {self.journal.hours} hours are with the hub")
