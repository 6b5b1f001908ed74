"""The MQTT source: what field devices publish, taken at least once and acknowledged when it is kept."""

from __future__ import annotations

import asyncio
import logging
import random as random_numbers
from collections.abc import Callable
from typing import Any, Final

from devices.campus.site import Campus
from devices.model.errors import CampusError, Garbled, Refused
from devices.model.points import PointTable
from devices.model.samples import SampleBatch
from devices.wire.mqtt import Backoff, Broker, Incoming, Link, connect
from edge_agent.sources.mqtt.aside import Aside
from edge_agent.sources.mqtt.devices import DeviceReader, Devices, LinkCounts
from edge_agent.sources.mqtt.settings import MqttSettings
from edge_agent.sources.port import Clock, Sink

#: Messages read and not yet kept; then the broker has to wait.
MOST_WAITING: Final = 1000
JITTER: Final = 0.3

log = logging.getLogger(__name__)


class MqttSource:
    """Takes the messages of every device on the agent's MQTT links.

    A message is acknowledged to the broker after the sink has taken what it says; what cannot be used is kept
    aside with its reason and acknowledged as well, so that it cannot come again for ever.

    Args:
        campus: the site file.
        agent: whose links.
        settings: bounds.
        table: the agent's point table; rows of the samples refer to it.
        broker: where the field devices publish.
        clock: time.
        random: spreads the waits between attempts to connect.
    """

    def __init__(
        self,
        campus: Campus,
        agent: str,
        settings: MqttSettings,
        table: PointTable,
        broker: Broker,
        clock: Clock,
        random: Callable[[], float] = random_numbers.random,
    ) -> None:
        self._settings = settings
        self._broker = broker
        self._clock = clock
        self._client_id = settings.client_id or f"campus-{agent}-field"
        self._devices = Devices(campus, agent, table, settings)
        self._aside = Aside()
        self._backoff = Backoff(settings.reconnect_first_s, settings.reconnect_most_s, JITTER, random)
        self._state = "starting"
        self._trouble = ""
        self._connects = 0
        self._anothers = 0
        self._bad_topics = 0
        self._waiting: list[tuple[Incoming, SampleBatch]] = []
        self._arrived = asyncio.Event()
        self._taken = asyncio.Event()

    async def run(self, out: Sink) -> None:
        """Deliver for ever."""
        failures = 0
        while True:
            before = self._connects
            try:
                await self._connected(out)
            except CampusError as error:
                failures = failures + 1 if self._connects == before else 1
                self._report(error)
            await self._clock.sleep(self._backoff.wait_s(max(1, failures)))

    def health(self) -> dict[str, Any]:
        """State of the connection, counters of each link, and what was kept aside, newest first."""
        links = {
            name: {**counts.as_dict(), "kind": "mqtt", "state": self._state, "trouble": self._trouble}
            for name, counts in self._devices.counts.items()
        }
        return {
            "broker": str(self._broker),
            "state": self._state,
            "trouble": self._trouble,
            "reconnects": max(0, self._connects - 1),
            "waiting": len(self._waiting),
            "of_other_agents": self._anothers,
            "bad_topics": self._bad_topics,
            "errors": dict(self._aside.counts),
            "aside": self._aside.newest(),
            "links": links,
        }

    # --- the connection

    async def _connected(self, out: Sink) -> None:
        self._waiting.clear()  # the broker brings again what was not acknowledged
        async with connect(
            self._broker, self._client_id, clean_session=False, max_bytes=self._settings.max_bytes
        ) as link:
            await link.subscribe(self._devices.filters())
            self._connects += 1
            self._state = "up"
            if self._trouble:
                log.info("field broker %s is up again", self._broker)
                self._trouble = ""
            try:
                await self._both(link, out)
            finally:
                self._bad_topics += link.garbled

    async def _both(self, link: Link, out: Sink) -> None:
        """Read and keep at the same time, until one of them cannot."""
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._read(link), name="mqtt reading")
                group.create_task(self._keep(out), name="mqtt keeping")
        except ExceptionGroup as errors:
            raise errors.exceptions[0] from None

    def _report(self, error: CampusError) -> None:
        if not self._trouble:  # the first failure is told, repeats are counted
            log.warning("field broker %s is down: %s", self._broker, error)
        self._trouble = str(error)
        self._state = "refused" if isinstance(error, Refused) else "down"

    # --- reading and keeping

    async def _read(self, link: Link) -> None:
        async for message in link.messages():
            while len(self._waiting) >= MOST_WAITING:
                self._taken.clear()
                await self._taken.wait()
            self._waiting.append((message, self._judged(message)))
            self._arrived.set()

    async def _keep(self, out: Sink) -> None:
        while True:
            await self._arrived.wait()
            self._arrived.clear()
            taken, self._waiting = self._waiting, []
            self._taken.set()
            batch = SampleBatch.joined([batch for _, batch in taken])
            if len(batch):
                await out.samples(batch)
            for message, _ in taken:
                message.done()

    def _judged(self, message: Incoming) -> SampleBatch:
        """What a message says; nothing if it cannot be used."""
        now_us = self._clock.now_us()
        reader = self._devices.reader(message.topic)
        if reader is not None:
            return self._of_device(message, reader, now_us)
        if self._devices.is_anothers(message.topic):
            self._anothers += 1
            return SampleBatch.empty()
        link = self._devices.link_of(message.topic)
        if link is not None:
            self._devices.counts[link].unknown += 1
        self._set_aside(message, "unknown_topic", "no device publishes there", now_us)
        return SampleBatch.empty()

    def _of_device(self, message: Incoming, reader: DeviceReader, now_us: int) -> SampleBatch:
        counts = self._devices.counts[reader.link]
        if message.dropped_bytes:
            counts.oversized += 1
            why = f"{message.dropped_bytes} bytes, at most {self._settings.max_bytes} are read"
            self._set_aside(message, "oversized", why, now_us)
            return reader.nonsense(now_us)
        try:
            told = reader.read(message.payload, now_us)
        except Garbled as error:
            counts.garbled += 1
            self._set_aside(message, "garbled", str(error), now_us)
            return reader.nonsense(now_us)
        if told is None:
            counts.ignored += 1
            return SampleBatch.empty()
        if message.retain and not told.has_time:  # nobody knows how old it is
            counts.retained += 1
            return SampleBatch.empty()
        return _counted(counts, told.batch, now_us, clock_off=told.clock_off)

    def _set_aside(self, message: Incoming, reason: str, why: str, now_us: int) -> None:
        size = len(message.payload) or message.dropped_bytes
        self._aside.put(reason, why, message.topic, message.payload, size, now_us)


def _counted(counts: LinkCounts, batch: SampleBatch, now_us: int, *, clock_off: bool) -> SampleBatch:
    counts.answered += 1
    counts.samples += len(batch)
    counts.clock_off += clock_off
    counts.last_ok_us = now_us
    return batch
