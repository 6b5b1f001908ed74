"""A bus's worker: what it asks its meters, and what it learns from their refusals."""

from __future__ import annotations

import logging
import math
from collections import deque
from collections.abc import Callable, Sequence
from typing import Any, Final

from devices.campus.dlt645_links import ADDRESS_DIGITS, Dlt645Link
from devices.model.errors import Garbled, Unreachable
from devices.model.samples import Quality, SampleBatch
from edge_agent.sources.dlt645.counters import Counters
from edge_agent.sources.dlt645.frames import Frame, address_digits
from edge_agent.sources.dlt645.line import Line, MeterRefused, Question, connected
from edge_agent.sources.dlt645.meter import LASTING, Asking, Meter
from edge_agent.sources.dlt645.plan import IDENTIFIER_BYTES, MeterPlan
from edge_agent.sources.dlt645.settings import Dlt645Settings
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.connection import Connection
from edge_agent.sources.polling.refusals import NoAnswer
from edge_agent.sources.polling.worker import Worker
from edge_agent.sources.port import Clock

#: Frames that one answer may take; no block of the standard is longer.
MOST_FRAMES: Final = 16
#: Garbled answers in a row after which a meter is left alone for a round: each costs the others a pause.
MOST_GARBLED: Final = 2

log = logging.getLogger(__name__)


class BusConnection(Connection[Line]):
    """The connection to a bus of meters."""

    def __init__(self, link: Dlt645Link, settings: Dlt645Settings, counters: Counters, clock: Clock) -> None:
        super().__init__(link, settings, counters, clock)
        self._opening = link, settings.connect_timeout_s, settings.gap_s, counters

    async def _open(self) -> Line:
        return await connected(*self._opening)


class BusWorker(Worker[Meter, Asking, Line]):
    """Reads all meters of one bus."""

    def __init__(
        self,
        link: Dlt645Link,
        plans: Sequence[MeterPlan],
        settings: Dlt645Settings,
        clock: Clock,
        random: Callable[[], float],
    ) -> None:
        self.link = link
        self.counters = Counters()
        self._settings = settings
        meters = [Meter.of(plan, Breaker(settings.probe_first_s, settings.probe_most_s)) for plan in plans]
        connection = BusConnection(link, settings, self.counters, clock)
        super().__init__(link, meters, connection, self.counters, settings, clock, random)

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        addresses = {
            meter.devices[0]: address_digits(meter.address)
            for meter in self._units
            if meter.address is not None
        }
        return {**super().health(), "addresses": addresses}

    def _least_probe_s(self) -> float:
        """A meter may always take its whole time."""
        return math.inf

    async def _ask(
        self, line: Line, unit: Meter, request: Asking, timeout_s: float, waiting: deque[Asking]
    ) -> tuple[SampleBatch, bool]:
        """One question and what it gave; False: leave this meter alone for now."""
        quality, go_on = Quality.NO_ANSWER, True
        try:
            data = await self._connection.asked(
                line, unit.breaker, timeout_s, lambda: self._answer(line, unit, request)
            )
        except MeterRefused as refusal:
            unit.garbled = 0
            if refusal.reasons & LASTING and self._learned(unit, request, waiting):
                return SampleBatch.empty(), True
            quality = Quality.DEVICE_ERROR
        except Garbled:
            unit.garbled += 1
            quality, go_on = Quality.GARBLED, unit.garbled < MOST_GARBLED
        except NoAnswer as silence:
            unit.forget()
            quality, go_on = (Quality.GARBLED if silence.heard else Quality.NO_ANSWER), False
        except Unreachable:
            go_on = False
        else:
            unit.garbled = 0
            unit.last_ok_us = self._clock.now_us()
            try:
                return request.decoder.batch(data, unit.last_ok_us), True
            except Garbled:
                self.counters.wrong_length += 1
                self.counters.garbled += 1
                if request.item.count > 1 and self._learned(unit, request, waiting):
                    return SampleBatch.empty(), True
                quality = Quality.GARBLED
        return request.decoder.missing(quality, self._clock.now_us()), go_on

    async def _answer(self, line: Line, meter: Meter, asking: Asking) -> bytes:
        """All data of one answer, behind the data identifier, from as many frames as it takes."""
        if meter.address is None:
            meter.address = self._named(await line.ask(Question.who(), self.link.timeout_s))
            log.info("dlt645 link %s: its only meter is %s", self.link.id, address_digits(meter.address))
        question = Question.data(meter.address, asking.item.identifier)
        frame = await line.ask(question, self.link.timeout_s)
        data = frame.data[IDENTIFIER_BYTES:]
        for number in range(1, MOST_FRAMES):
            if not frame.more:
                return data
            self.counters.followed += 1
            await self._clock.sleep(self._settings.pause_s)
            frame = await line.ask(question.following(number), self.link.timeout_s)
            data += frame.data[IDENTIFIER_BYTES:-1]
        self.counters.garbled += 1
        raise Garbled(f"an answer of more than {MOST_FRAMES} frames")

    def _named(self, frame: Frame) -> bytes:
        """The address that an only meter says it has.

        Raises:
            Garbled: it is none.
        """
        address = frame.data
        if len(address) * 2 != ADDRESS_DIGITS or not address_digits(address).isdecimal():
            self.counters.garbled += 1
            raise Garbled(f"{address.hex()} is no address")
        return address

    def _learned(self, meter: Meter, asking: Asking, waiting: deque[Asking]) -> bool:
        """The meter does not give this; whether something else is asked for instead, in this very round."""
        pieces = meter.not_given(asking, self._clock.monotonic())
        self.counters.splits += bool(pieces)
        waiting.extendleft(reversed(pieces))
        return bool(pieces)
