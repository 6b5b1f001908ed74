"""Devices that publish: doors and radars over MQTT, each message counted when the broker acknowledged it."""

from __future__ import annotations

import asyncio
import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

from devices.campus.site import Campus, Device, MqttLink
from devices.model.errors import Refused, Unreachable
from devices.sim.plant.doors import DoorMessage
from devices.sim.plant.plant import Happened
from devices.sim.plant.plates import PlateReading
from devices.sim.plant.traffic import RadarReading
from devices.sim.wires.faults import FaultBoard
from devices.sim.wires.ledger import Ledger
from devices.sim.wires.payloads import door_payload, plate_payload, radar_payload
from devices.wire.mqtt import Backoff, Broker, Link, Ticket, connect

#: Controllers and bridges have little memory: the oldest message is lost, and counted.
MOST_WAITING: Final = 20_000
GARBAGE: Final = b'{"door": \xff\xfe'


@dataclass(frozen=True, slots=True)
class Saying:
    """A message on its way; `readings` values are in it."""

    device: str
    topic: str
    payload: bytes
    readings: int


class Voices:
    """Turns what happened into messages, through the faults that are active."""

    def __init__(self, campus: Campus, board: FaultBoard, begun_us: int) -> None:
        self._campus = campus
        self._board = board
        self._begun_us = begun_us
        self._later: list[tuple[int, Saying]] = []
        self._stuck: dict[str, tuple[int, DoorMessage]] = {}
        self._last: dict[str, DoorMessage] = {}

    def sayings(self, happened: Happened, now_us: int) -> list[Saying]:
        """Messages that leave now; slow devices' are kept back."""
        said = [saying for message in happened.doors if (saying := self._door(message)) is not None]
        said += [saying for reading in happened.radar if (saying := self._radar(reading)) is not None]
        said += [saying for record in happened.plates if (saying := self._plate(record)) is not None]
        leaving = [saying for saying in said if not self._kept_back(saying, now_us)]
        due = [saying for time_us, saying in self._later if time_us <= now_us]
        self._later = [entry for entry in self._later if entry[0] > now_us]
        return [self._maybe_garbled(saying) for saying in [*due, *leaving]]

    def _door(self, message: DoorMessage) -> Saying | None:
        device = self._campus.devices[message.door]
        if self._is_silent(device):
            return None
        stuck = self._board.find("stuck", device.id)
        if stuck is None:
            self._last[device.id] = message
        else:
            last = self._last.setdefault(device.id, message)
            message = replace(last, time_us=message.time_us, event="report")
        clock_off = self._board.find("clock-off", device.id)
        payload = door_payload(message, 0.0 if clock_off is None else clock_off.value)
        return Saying(device.id, self._topic(device), payload, 1)

    def _radar(self, reading: RadarReading) -> Saying | None:
        device = self._campus.devices[reading.radar]
        if self._is_silent(device):
            return None
        profile = self._campus.profile_of(device)
        uptime_s = (reading.time_us - self._begun_us) / 1e6
        if (turned := self._board.find("turned-radar", device.id)) is not None:
            reading = replace(reading, kmh=reading.kmh * math.cos(math.radians(turned.value)))
        payload = radar_payload(reading, profile, device.parameters, uptime_s)
        return None if payload is None else Saying(device.id, self._topic(device), payload, 1)

    def _plate(self, record: PlateReading) -> Saying | None:
        device = self._campus.devices[record.camera]
        if self._is_silent(device):
            return None
        return Saying(device.id, self._topic(device), plate_payload(record), 1)

    def _topic(self, device: Device) -> str:
        link = self._campus.links[device.link]
        assert isinstance(link, MqttLink)
        return f"{link.prefix}/{device.topic}"

    def _is_silent(self, device: Device) -> bool:
        return any(self._board.find(kind, device.id, device.link) for kind in ("silent", "dead-link"))

    def _kept_back(self, saying: Saying, now_us: int) -> bool:
        slow = self._board.find("slow", saying.device, self._campus.devices[saying.device].link)
        if slow is not None:
            self._later.append((now_us + round(slow.value * 1e6), saying))
        return slow is not None

    def _maybe_garbled(self, saying: Saying) -> Saying:
        link = self._campus.devices[saying.device].link
        if self._board.find("garbled", saying.device, link) is None:
            return saying
        return replace(saying, payload=GARBAGE, readings=0)


class FieldPublisher:
    """Keeps one connection to the field broker and gives it every message at least once, in order.

    `run` for ever in a task; `say` from anywhere in the loop. Without a broker, messages wait.
    """

    def __init__(
        self,
        broker: Broker,
        ledger: Ledger,
        client_id: str,
        clock_us: Callable[[], int],
        backoff: Backoff,
    ) -> None:
        self._broker = broker
        self._ledger = ledger
        self._client_id = client_id
        self._clock_us = clock_us
        self._backoff = backoff
        self._waiting: deque[Saying] = deque()
        self._under_way: deque[tuple[Saying, Ticket]] = deque()
        self._news = asyncio.Event()
        self.connected = False
        self.problem = ""

    @property
    def waiting(self) -> int:
        """Messages that the broker has not acknowledged yet."""
        return len(self._waiting) + len(self._under_way)

    def say(self, saying: Saying) -> None:
        """Queue a message."""
        self._waiting.append(saying)
        self._ledger.device(saying.device).published += 1
        if len(self._waiting) > MOST_WAITING:
            self._ledger.device(self._waiting.popleft().device).lost += 1
        self._news.set()

    async def run(self) -> None:
        """Connect, publish, connect again."""
        failures = 0
        while True:
            try:
                async with connect(self._broker, self._client_id) as link:
                    self.connected, self.problem, failures = True, "", 0
                    await self._publish(link)
            except (Unreachable, Refused) as error:
                self.problem = str(error)
            finally:
                self.connected = False
                self._take_back()
            failures += 1
            await asyncio.sleep(self._backoff.wait_s(failures))

    async def _publish(self, link: Link) -> None:
        while True:
            while self._waiting:
                # It stays in front until it is under way, so a broken connection cannot lose it.
                saying = self._waiting[0]
                ticket = await link.send(saying.topic, saying.payload, 1)
                self._waiting.popleft()
                self._under_way.append((saying, ticket))
                await self._settle()
            await self._settle()
            self._news.clear()
            if not self._waiting:
                await self._wait_for_news()

    async def _settle(self) -> None:
        """Count what the broker has acknowledged."""
        while self._under_way and self._under_way[0][1].is_done:
            saying, ticket = self._under_way[0]
            await ticket.sent()
            self._under_way.popleft()
            count = self._ledger.device(saying.device)
            count.acked += 1
            count.readings += saying.readings
            count.last_us = self._clock_us()

    async def _wait_for_news(self) -> None:
        if not self._under_way:
            await self._news.wait()
            return
        _, ticket = self._under_way[0]
        await ticket.sent()

    def _take_back(self) -> None:
        """What was not acknowledged goes first again, in its old order."""
        self._waiting.extendleft(saying for saying, _ in reversed(self._under_way))
        self._under_way.clear()
