"""The ingest as a whole: one connection to the broker, and behind it a worker for each kind of message."""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping
from typing import Any, Final

from devices.campus.site import Campus
from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from devices.wire.messages import Kind, Lane
from devices.wire.mqtt import Backoff, Broker, Incoming, Link, connect
from hub.db import Database
from hub.ingest.alerts import AlertsWorker
from hub.ingest.answers import Postman
from hub.ingest.aside import Aside, Quarantine
from hub.ingest.attendance import Attendance, Change
from hub.ingest.counts import AgentCounts
from hub.ingest.inbox import Bounds, Inbox, Parcel, Put
from hub.ingest.patience import Patience
from hub.ingest.records import Desk
from hub.ingest.samples import SamplesWorker
from hub.ingest.scope import Scope
from hub.ingest.status import AgentStatus, IngestStatus
from hub.ingest.topics import HEARD, VOICES, address
from hub.ingest.voices import VoicesWorker
from hub.live.bus import ALERT, GATEWAY, Bus
from hub.live.newest import Newest
from hub.series.port import SeriesStore

log = logging.getLogger(__name__)

CLIENT_ID: Final = "hub"
US_PER_S: Final = 1_000_000
#: Agents send their health several times in this time, and pings to the broker besides.
SILENT_AFTER_S: Final = 30.0


def wall_us() -> int:
    """UTC microseconds."""
    return time.time_ns() // 1000


async def _nothing(*_: object) -> None:
    """Nobody asked to be told."""
    return


class Ingest:
    """Everything that comes from agents, from the wire into the stores.

    Args:
        broker: where it is; the hub signs in as itself.
        campus: whose points are whose.
        agents: those who are enrolled; looked at for each message, so a live collection may be given.
        on_presence, on_hello: awaited after an agent came, went or introduced itself, once that is stored.
        silent_after_s: an agent that says nothing for so long is taken for gone.

    Attributes:
        on_outcomes: takes what an agent says of orders; raises Garbled where it makes no sense.
        on_piece: the same of pieces of evidence.
    """

    def __init__(
        self,
        broker: Broker,
        *,
        campus: Campus,
        series: SeriesStore,
        database: Database,
        newest: Newest,
        bus: Bus,
        agents: Collection[str],
        on_presence: Callable[[Change], Awaitable[None]] = _nothing,
        on_hello: Callable[[str, Mapping[str, Any]], Awaitable[None]] = _nothing,
        bounds: Bounds | None = None,
        silent_after_s: float = SILENT_AFTER_S,
        now_us: Callable[[], int] = wall_us,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
        chance: Callable[[], float] = random.random,
    ) -> None:
        bounds = bounds or Bounds()
        self.on_outcomes: Callable[[str, bytes], None] = lambda _agent, _payload: None
        self.on_piece: Callable[[str, bytes], None] = lambda _agent, _payload: None
        self._broker = broker
        self._agents = agents
        self._now_us = now_us
        self._sleep = sleep
        self._backoff = Backoff(0.2, 10.0, 0.5, chance)
        self._counts: defaultdict[str, AgentCounts] = defaultdict(AgentCounts)
        self._unknown = 0
        self._failures = 0  # to connect, in a row
        self._strangers: asyncio.Queue[Aside] = asyncio.Queue(maxsize=bounds.messages)
        self._patience = Patience(sleep, chance)
        self._postman = Postman()
        self._quarantine = Quarantine(database)
        desk = Desk(self._postman, self._quarantine, self._patience, self._counts.__getitem__, now_us)
        self._desk = desk
        self._attendance = Attendance(silent_after_s)
        self._alerts_inbox = Inbox([Lane.ALERTS], bounds)
        self._samples_inbox = Inbox([Lane.LIVE, Lane.BACKLOG], bounds)
        self._alerts = AlertsWorker(
            self._alerts_inbox, database, desk, lambda changed: bus.publish(ALERT, changed)
        )
        self._samples = SamplesWorker(self._samples_inbox, series, newest, Scope.of(campus), desk)
        self._voices = VoicesWorker(
            database,
            desk,
            self._attendance,
            series,
            digest=campus.digest,
            publish=lambda agent: bus.publish(GATEWAY, agent),
            publish_alerts=lambda changed: bus.publish(ALERT, changed),
            on_presence=on_presence,
            on_hello=on_hello,
        )

    async def run(self) -> None:
        """Work until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._alerts.run(), name="ingest-alerts")
            tasks.create_task(self._samples.run(), name="ingest-samples")
            tasks.create_task(self._voices.run(), name="ingest-voices")
            tasks.create_task(
                self._voices.watch(self._sleep, lambda: self.connected), name="ingest-attendance"
            )
            tasks.create_task(self._set_strangers_aside(), name="ingest-strangers")
            tasks.create_task(self._stay_connected(), name="ingest-link")

    @property
    def connected(self) -> bool:
        """Whether there is a connection to the broker."""
        return self._postman.link is not None

    async def tell(self, topic: str, payload: bytes) -> None:
        """Send to an agent over the connection that hears them; what is lost is the caller's to repeat."""
        await self._postman.tell(topic, payload)

    def status(self) -> IngestStatus:
        """How it is just now."""
        now_us = self._now_us()
        inboxes = (self._alerts_inbox, self._samples_inbox)
        oldest_us = min((oldest for box in inboxes if (oldest := box.oldest_us) is not None), default=now_us)
        return IngestStatus(
            connected=self.connected,
            lag_s=max(0, now_us - oldest_us) / US_PER_S,
            queue=sum(map(len, inboxes)),
            queue_bytes=sum(box.bytes for box in inboxes),
            stalled=dict(self._patience.stalled),
            quarantined=self._quarantine.count,
            unknown=self._unknown,
            agents={agent: self._agent_status(agent, now_us) for agent in self._counts},
        )

    def clock_offsets(self) -> dict[str, float | None]:
        """Seconds that each agent's clock is ahead; None where nothing recent says."""
        now_us = self._now_us()
        return {agent: counts.clock.seconds(now_us) for agent, counts in self._counts.items()}

    def _agent_status(self, agent: str, now_us: int) -> AgentStatus:
        counts = self._counts[agent]
        return AgentStatus(
            counts.received,
            counts.rate.per_second(now_us),
            counts.clock.seconds(now_us),
            self._voices.digest_ok.get(agent),
            self._voices.sessions.rivals.get(agent),
        )

    async def _stay_connected(self) -> None:
        while True:
            try:
                async with connect(self._broker, CLIENT_ID, clean_session=False) as link:
                    await self._listen(link)
            except (Unreachable, Refused) as error:
                self._note_failure(error)
            finally:
                self._postman.link = None
            await self._sleep(self._backoff.wait_s(self._failures))

    def _note_failure(self, error: CampusError) -> None:
        """First failure loud, repeats quiet; a refusal needs a person."""
        self._failures += 1
        loud = logging.ERROR if isinstance(error, Refused) else logging.WARNING
        log.log(loud if self._failures == 1 else logging.DEBUG, "no connection to the broker: %s", error)
        self._patience.stalled["broker"] = str(error)

    async def _listen(self, link: Link) -> None:
        """Take in what comes until the connection ends, which raises."""
        await link.subscribe(HEARD)
        self._failures = 0
        self._attendance.listening_again(self._now_us())
        self._voices.sessions.listening_again(self._now_us())
        self._postman.link = link
        self._patience.stalled.pop("broker", None)
        async for message in link.messages():
            self._sort(message)

    def _sort(self, message: Incoming) -> None:
        """Give a message to the one who works on it."""
        where = address(message.topic)
        if where.agent not in self._agents:
            self._unknown += 1
            self._put_stranger(message, where.agent, "this agent is not enrolled")
            return
        now_us = self._now_us()
        if where.word in VOICES:
            self._voices.put(where.agent, where.word, message)
            if where.word != "state":
                self._voices.changed(self._attendance.heard(where.agent, now_us))
            return
        if where.word in {Kind.OUTCOMES, Kind.PIECE}:
            take = self.on_outcomes if where.word == Kind.OUTCOMES else self.on_piece
            self._hand_on(message, where.agent, now_us, take)
            return
        if where.lane is None:
            self._unknown += 1
            self._put_stranger(message, where.agent, "nothing of ours travels on this topic")
            return
        self._voices.changed(self._attendance.heard(where.agent, now_us))
        self._put_record(Parcel(where.agent, where.lane, message, now_us))

    def _hand_on(
        self, message: Incoming, agent: str, now_us: int, take: Callable[[str, bytes], None]
    ) -> None:
        """What became of orders, and evidence: not kept here, since what is lost is asked for again."""
        self._voices.changed(self._attendance.heard(agent, now_us))
        try:
            take(agent, message.payload)
        except Garbled as error:
            self._put_stranger(message, agent, str(error))
            return
        message.done()

    def _put_record(self, parcel: Parcel) -> None:
        inbox = self._alerts_inbox if parcel.lane is Lane.ALERTS else self._samples_inbox
        received = self._counts[parcel.agent].received
        received.messages += 1
        match inbox.put(parcel):
            case Put.SHED:
                received.shed += 1
            case Put.REPEATED:
                received.duplicates += 1
            case Put.QUEUED:
                pass

    def _put_stranger(self, message: Incoming, agent: str, reason: str) -> None:
        message.done()
        if not self._strangers.full():
            self._strangers.put_nowait(Aside(agent, message.topic, reason, message.payload))

    async def _set_strangers_aside(self) -> None:
        while True:
            asides = [await self._strangers.get()]
            while not self._strangers.empty():
                asides.append(self._strangers.get_nowait())
            await self._keep(asides)

    async def _keep(self, asides: list[Aside]) -> None:
        await self._patience.until_done("quarantine", lambda: self._quarantine.keep(asides, self._now_us()))
