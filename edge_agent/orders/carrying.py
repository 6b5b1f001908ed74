"""The acts on a device: reading what it is, writing one value, and looking whether it took it."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Final, Protocol

from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from edge_agent.orders.allowed import Task
from edge_agent.orders.hand import Hand, words_of
from edge_agent.orders.words import Spot

#: Looks at a device that settles: a tenth of its time apart, but neither nervous nor sleepy.
SOONEST_S: Final = 0.2
LATEST_S: Final = 2.0


class Clock(Protocol):
    """Time as orders see it."""

    def now_us(self) -> int:
        """Wall time in UTC microseconds."""

    def monotonic(self) -> float:
        """Seconds that never step."""

    async def sleep(self, seconds: float) -> None:
        """Wait."""


class Stop(Refused):
    """Nothing more is done for an order; `code` is the reason for programs."""

    def __init__(self, code: str, text: str) -> None:
        super().__init__(text)
        self.code = code


def stopped(error: CampusError) -> Stop:
    """An error of a device as the end of an order."""
    if isinstance(error, Stop):
        return error
    if isinstance(error, Unreachable):
        return Stop("no-answer", str(error))
    return Stop("garbled" if isinstance(error, Garbled) else "refused", str(error))


def _says_yes(may_go: Callable[[], None]) -> bool:
    try:
        may_go()
    except Stop:
        return False
    return True


class Carrier:
    """Carries out the parts of an order on its device."""

    def __init__(self, hand: Hand, clock: Clock) -> None:
        self._hand = hand
        self._clock = clock

    async def value(self, task: Task, spot: Spot) -> float:
        """What a point is just now.

        Raises:
            CampusError: there is no good reading.
        """
        point = spot.point
        value = spot.value(await self._hand.read(task.device, point.table, spot.addr, point.registers))
        if math.isnan(value):
            raise Garbled(f"{point.name} has no good reading")
        return value

    async def looked(self, task: Task) -> float:
        """What the point is, where the mode and the limits of the device allow to change it.

        Raises:
            Stop: there is no fresh reading, the mode is another one, or the value crosses a limit.
        """
        try:
            mode = None if task.mode is None else await self.value(task, task.mode)
            bounds = [(spot, is_upper, await self.value(task, spot)) for spot, is_upper in task.bounds]
            before = await self.value(task, task.spot)
        except CampusError as error:
            raise Stop("stale", f"no fresh reading: {error}") from None
        if mode is not None and mode not in task.modes:
            raise Stop("mode", f"the device is in another mode than {', '.join(task.writable.modes)}")
        for spot, is_upper, bound in bounds:
            if (task.value > bound) if is_upper else (task.value < bound):
                side = "above" if is_upper else "below"
                raise Stop("crossed", f"{task.value:g} would be {side} {spot.point.name}, which is {bound:g}")
        return before

    async def write(
        self, task: Task, value: float, may_go: Callable[[], None], within_s: Callable[[], float]
    ) -> str:
        """Write a value, other bits of its words as they are; return what went wrong on the way, "" if nothing.

        `may_go` is asked last of all, also when the turn on the link has come; it raises where the write
        must not go out any more.

        Raises:
            CampusError: nothing was written.
        """
        request = task.request
        read: list[int] = []
        for table, addr, _ in request.copied:
            read += words_of(await self._hand.read(task.device, table, addr, 1))
        words = request.words(task.spot.raw(value), tuple(read))
        may_go()
        try:
            await self._hand.write(
                task.device,
                request.table,
                request.addr,
                words,
                several=request.several,
                within_s=within_s(),
                may_go=lambda: _says_yes(may_go),
            )
        except Refused:
            may_go()  # its turn came too late: that is the reason then
            raise
        except (Unreachable, Garbled) as error:
            return str(error)  # perhaps it was written: the reading after it tells
        return ""

    async def settled(self, task: Task, value: float) -> float | None:
        """Look until the device shows `value`, or its time to settle is over; the last good reading, if any."""
        settle_s = task.writable.settle_s
        end_s = self._clock.monotonic() + settle_s
        pause_s = min(max(SOONEST_S, settle_s / 10), LATEST_S)
        last = None
        while True:
            try:
                last = await self.value(task, task.back)
            except CampusError:
                pass  # asked again until the time is over
            else:
                if task.back.same(last, value):
                    return last
            if self._clock.monotonic() >= end_s:
                return last
            await self._clock.sleep(pause_s)
