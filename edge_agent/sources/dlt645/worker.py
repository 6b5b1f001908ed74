"""One bus's worker: one connection, one question at a time, meters by earliest due time."""

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
from edge_agent.sources.modbus.allowance import Allowance
from edge_agent.sources.modbus.breaker import Breaker
from edge_agent.sources.modbus.question import NoAnswer
from edge_agent.sources.outlet import Outlet
from edge_agent.sources.port import Clock

#: Frames that one answer may take; no block of the standard is longer.
MOST_FRAMES: Final = 16
#: Garbled answers in a row after which a meter is left alone for a round: each costs the others a pause.
MOST_GARBLED: Final = 2
#: A probe is not worth sending with less time than this.
LEAST_PROBE_S: Final = 0.02
#: Longest phase shift at the start, so that buses do not ask in step.
SPREAD_S: Final = 1.0
FAULT_REST_S: Final = 5.0

log = logging.getLogger(__name__)


class BusWorker:
    """Reads all meters of one bus, each every `poll_s`, and says "no reading" for those that do not answer.

    A meter that does not answer in time is left alone for the rest of its round, then probed with waits that
    double. Probes use the time in which nothing else is due, and beyond it only a small share, so that silent
    meters do not slow the others.
    """

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
        self._clock = clock
        self._random = random
        self._meters = [
            Meter.of(plan, Breaker(settings.probe_first_s, settings.probe_most_s)) for plan in plans
        ]
        self._breaker = Breaker(settings.reconnect_first_s, settings.reconnect_most_s)
        self._allowance = Allowance(settings.probe_share, link.timeout_s)
        self._line: Line | None = None
        self._silent_in_row = 0
        self._heard_before = 0
        self._trouble = ""

    async def run(self, out: Outlet) -> None:
        """Read for ever."""
        start_s = self._clock.monotonic() + self._random() * min(self.link.poll_s, SPREAD_S)
        for meter in self._meters:
            meter.due_s = start_s
        try:
            while True:
                try:
                    await self._serve(out)
                except Exception:  # boundary: a fault of ours on one bus must not end the other buses
                    self.counters.faults += 1
                    log.exception("dlt645 link %s: a fault of ours; starting it anew", self.link.id)
                    self._hang_up()
                    await self._clock.sleep(FAULT_REST_S)
        finally:
            self._hang_up()

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        silent = [meter for meter in self._meters if not meter.breaker.closed]
        periods = [meter.period_s for meter in self._meters if meter.breaker.closed]
        return {
            **self.counters.as_dict(),
            "kind": self.link.kind,
            "state": self._state(),
            "trouble": self._trouble,
            "period_s": max(filter(math.isfinite, periods), default=None),
            "last_ok_us": max((meter.last_ok_us for meter in self._meters), default=0) or None,
            "silent": [meter.plan.address for meter in silent],
            "silent_devices": [meter.plan.device for meter in silent],
            "units": {
                meter.plan.address: {"backoff_s": meter.breaker.wait_s, "late": meter.breaker.late}
                for meter in silent
            },
            "requests": sum(len(meter.asking) for meter in self._meters),
            "addresses": {
                meter.plan.device: address_digits(meter.address)
                for meter in self._meters
                if meter.address is not None
            },
        }

    def _state(self) -> str:
        if self._line is not None and self._line.lost is None:
            return "up"
        return "starting" if self.counters.connects + self.counters.connect_failures == 0 else "down"

    # --- what to do next

    async def _serve(self, out: Outlet) -> None:
        while True:
            self._wake()
            now_s = self._clock.monotonic()
            meter = min(self._meters, key=lambda meter: meter.due_s)
            probe, slack_s = self._probe(now_s)
            if probe is not None:
                await out.put(await self._round(probe))
                self._allowance.spend(self._clock.monotonic() - now_s - slack_s)
            elif meter.due_s > now_s:
                await self._clock.sleep(min(meter.due_s, self._next_probe_s()) - now_s)
            else:
                self.counters.overruns += meter.begin(now_s, self.link.poll_s)
                if meter.breaker.closed:
                    await out.put(await self._round(meter))
                else:
                    await out.put(meter.missing(Quality.NO_ANSWER, self._clock.now_us()))

    def _wake(self) -> None:
        """A meter that answered after its time is alive: its breaker knows whether to ask it in its next round."""
        if self._line is None or not self._line.woken:
            return
        for meter in self._meters:
            if meter.address in self._line.woken:
                meter.breaker.answered_late(self._clock.monotonic())
        self._line.woken.clear()
        self._silent_in_row = 0

    def _probe(self, now_s: float) -> tuple[Meter | None, float]:
        """The silent meter to ask now, and how much of the bus's time until the next round nobody needs.

        Free time is used first; only a probe that found none for a whole period takes time from the others.
        """
        left_s = self._allowance.left_s(now_s)
        due = [meter for meter in self._meters if not meter.breaker.closed and meter.breaker.due(now_s)]
        if not due or (self._line is None and not self._breaker.due(now_s)):
            return None, 0.0
        meter = min(due, key=lambda meter: meter.breaker.retry_at_s)
        wanted_s = min((meter.due_s for meter in self._meters if meter.breaker.closed), default=math.inf)
        slack_s = max(0.0, wanted_s - now_s)
        starved = now_s - meter.breaker.retry_at_s > self.link.poll_s
        enough = slack_s >= self.link.timeout_s or (starved and left_s >= self.link.timeout_s)
        return (meter, slack_s) if enough else (None, 0.0)

    def _next_probe_s(self) -> float:
        waits = [meter.breaker.retry_at_s for meter in self._meters if not meter.breaker.closed]
        return max(min(waits, default=math.inf), self._clock.monotonic() + LEAST_PROBE_S)

    # --- asking

    async def _round(self, meter: Meter) -> SampleBatch:
        """Ask one meter for everything."""
        line = await self._connection()
        parts: list[SampleBatch] = []
        waiting = deque(meter.asking)
        meter.garbled = 0
        while waiting and line is not None and line.lost is None:
            asking = waiting.popleft()
            if asking.rests_until_s > self._clock.monotonic():
                parts.append(asking.decoder.missing(Quality.DEVICE_ERROR, self._clock.now_us()))
                continue
            part, go_on = await self._ask(line, meter, asking, waiting)
            parts.append(part)
            if not go_on:
                break
            await self._clock.sleep(self._settings.pause_s)
        now_us = self._clock.now_us()
        parts.extend(asking.decoder.missing(Quality.NO_ANSWER, now_us) for asking in waiting)
        return SampleBatch.joined(parts)

    async def _ask(
        self, line: Line, meter: Meter, asking: Asking, waiting: deque[Asking]
    ) -> tuple[SampleBatch, bool]:
        """One question and what it gave; False: leave this meter alone for now."""
        quality, go_on = Quality.NO_ANSWER, True
        try:
            data = await self._answer(line, meter, asking)
        except MeterRefused as refusal:
            self._alive(meter)
            if refusal.reasons & LASTING and self._learned(meter, asking, waiting):
                return SampleBatch.empty(), True
            quality = Quality.DEVICE_ERROR
        except Garbled:
            meter.garbled += 1
            quality, go_on = Quality.GARBLED, meter.garbled < MOST_GARBLED
        except NoAnswer as silence:
            quality, go_on = (Quality.GARBLED if silence.heard else Quality.NO_ANSWER), False
            self._silent(meter, line, heard=silence.heard)
        except Unreachable as error:
            self._down(str(error))
            go_on = False
        else:
            self._alive(meter)
            meter.last_ok_us = self._clock.now_us()
            try:
                return asking.decoder.batch(data, meter.last_ok_us), True
            except Garbled:
                self.counters.wrong_length += 1
                self.counters.garbled += 1
                if asking.item.count > 1 and self._learned(meter, asking, waiting):
                    return SampleBatch.empty(), True
                quality = Quality.GARBLED
        return asking.decoder.missing(quality, self._clock.now_us()), go_on

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

    def _alive(self, meter: Meter) -> None:
        """It answered, be it with a refusal."""
        meter.garbled = 0
        meter.breaker.answered()
        self._breaker.answered()
        self._silent_in_row = 0
        if self._trouble:
            log.info("dlt645 link %s answers again", self.link.id)
            self._trouble = ""

    def _silent(self, meter: Meter, line: Line, *, heard: bool) -> None:
        meter.silent(self._clock.monotonic())
        self._silent_in_row = 0 if heard else self._silent_in_row + 1
        if self._silent_in_row >= self._settings.give_up_after:
            # Perhaps the serial server has forgotten this connection; a new one costs little.
            self._silent_in_row = 0
            line.close("nobody answered")

    # --- the connection

    async def _connection(self) -> Line | None:
        """The open connection, a new one if it is time for an attempt, or None."""
        if self._line is not None and self._line.lost is not None:
            self._down(self._line.lost)
        now_s = self._clock.monotonic()
        if self._line is not None or not self._breaker.due(now_s):
            return self._line
        try:
            self._line = await connected(
                self.link, self._settings.connect_timeout_s, self._settings.gap_s, self.counters
            )
        except Unreachable as error:
            self._breaker.failed(self._clock.monotonic())
            self._report(str(error))
            return None
        self._silent_in_row = 0
        self._heard_before = self.counters.heard
        return self._line

    def _down(self, why: str) -> None:
        if self.counters.heard == self._heard_before:  # or one that hangs up would be called for ever
            self._breaker.failed(self._clock.monotonic())
        self._hang_up()
        self._report(why)

    def _report(self, why: str) -> None:
        if not self._trouble:  # the first failure is told, repeats are counted
            log.warning("dlt645 link %s is down: %s", self.link.id, why)
        self._trouble = why

    def _hang_up(self) -> None:
        if self._line is not None:
            self._line.close("closed here")
            self._line = None
