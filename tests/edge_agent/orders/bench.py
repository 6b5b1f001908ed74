"""A dispatcher at a bench: devices of plain registers; a disk, a hub and a clock that do what a test says."""

from __future__ import annotations

import asyncio
import struct
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

from devices.campus.loading import load_campus
from devices.campus.site import Campus, Device
from devices.model.errors import Refused, Unreachable
from devices.profiles.profile import Table
from devices.wire.orders import (
    Bundle,
    Freeze,
    Order,
    OrderKind,
    OrderState,
    Outcome,
    bundle_message,
)
from edge_agent.errors import NotStored
from edge_agent.orders.dispatch import Dispatcher, Reader
from edge_agent.orders.settings import OrderSettings
from tests.fake_clock import FakeClock

AGENT: Final = "edge"
ALLOWED: Final = OrderSettings(enabled=True, kinds=("ac",))
UNITS: Final = 8
SITE: Final = """\
campus: {id: bench, name: {zh: 台架, en: Bench}}
agents: [{id: edge, name: {zh: 网关, en: Gateway}}, {id: other, name: {zh: 网关二, en: Other}}]
sites: [{id: one, name: {zh: 一号, en: One}, agent: edge}]
buildings: [{id: house, site: one, name: {zh: 楼, en: House}}]
zones: [{id: all, name: {zh: 全部, en: All}, owner: {zh: 后勤, en: Logistics}}]
areas: [{id: room, building: house, zone: all, kind: office, name: {zh: 室, en: Room}}]
links:
- {id: gw, agent: edge, kind: modbus-tcp, name: {zh: 网关, en: Gateway}, host: 127.0.0.1, port: 15020}
- {id: far, agent: other, kind: modbus-tcp, name: {zh: 远, en: Far}, host: 127.0.0.1, port: 15021}
devices:
%s
- {id: hitachi, profile: hitachi-harc, link: gw, area: room, name: {zh: 日立, en: H}, unit: 100, index: 1}
- {id: daikin, profile: daikin-dta116a, link: gw, area: room, name: {zh: 大金, en: D}, unit: 101, index: 2}
- {id: lg, profile: lg-pmbusb00a, link: gw, area: room, name: {zh: 限, en: L}, unit: 104, index: 1}
- {id: far-ac, profile: intesis-inmbs, link: far, area: room, name: {zh: 远, en: F}, unit: 1}
- {id: pump, profile: campus-pump-panel, link: gw, area: room, name: {zh: 泵, en: Pump}, unit: 102}
- {id: meter, profile: eastron-sdm630, link: gw, area: room, name: {zh: 表, en: Meter}, unit: 103}
rules: []
"""
USUAL: Final = 26
SLOW_S: Final = 25.0


def bench_campus(folder: Path) -> Campus:
    units = [
        f"- {{id: ac-{n}, profile: intesis-inmbs, link: gw, area: room, name: {{zh: 调, en: AC}}, unit: {n}}}"
        for n in range(1, UNITS + 1)
    ]
    path = folder / "site.yaml"
    path.write_text(SITE % "\n".join(units), "utf-8")
    return load_campus(path)


class Units:
    """Devices as registers.

    words:   by device and address; holding and input alike.
    writes:  every write that reached a device: device, address, words, and when, in seconds.
    busy:    whether a write waits for its turn on the link.
    trouble: how a device behaves: dead, slow, refuses, ignores, lost (takes a write and answers nothing),
             dies (as lost, and is dead).
    """

    def __init__(self, clock: FakeClock) -> None:
        self.words: dict[str, dict[int, int]] = {}
        self.writes: list[tuple[str, int, tuple[int, ...], float]] = []
        self.trouble: dict[str, str] = {}
        self.busy = False
        self._clock = clock
        for number in range(1, UNITS + 1):
            self.words[f"ac-{number}"] = {0: 1, 1: 4, 4: USUAL, 8: 0}
        self.words["hitachi"] = {2041: 1, 2042: 0, 2044: 24, 2040: 0b1001}
        self.words["lg"] = {20: 0, 22: 240, 23: 280, 24: 160}  # cools; between 16 and 28 degrees
        self.words["daikin"] = {2012: 0x5301, 2013: 0x0202, 2014: 240}

    async def read(self, device: Device, table: Table, addr: int, count: int) -> bytes:
        del table
        await (self._clock.sleep(SLOW_S) if self.trouble.get(device.id) == "slow" else asyncio.sleep(0))
        if self.trouble.get(device.id) == "dead":
            raise Unreachable("no answer")
        return struct.pack(f">{count}H", *(self.words[device.id][addr + n] for n in range(count)))

    async def write(
        self,
        device: Device,
        table: Table,
        addr: int,
        words: tuple[int, ...],
        *,
        several: bool,
        within_s: float,
        may_go: Callable[[], bool],
    ) -> None:
        del table, several
        await (self._clock.sleep(SLOW_S) if self.busy else asyncio.sleep(0))
        if not may_go():
            raise Refused("not allowed any more")
        trouble = self.trouble.get(device.id)
        if trouble == "dead" or within_s <= 0:
            raise Unreachable("no answer")
        if trouble == "refuses":
            raise Refused("exception 3")
        self.writes.append((device.id, addr, words, self._clock.monotonic()))
        if trouble != "ignores":
            self.take(device.id, addr, words)
        if trouble == "dies":
            self.trouble[device.id] = "dead"
        if trouble in {"lost", "dies"}:
            raise Unreachable("no answer")

    def take(self, device: str, addr: int, words: tuple[int, ...]) -> None:
        """Let a device have what was written; where it shows it elsewhere, there."""
        shown = {"hitachi": {2038: 2044, 2035: 2041}, "daikin": {2006: 2012, 2007: 2013, 2008: 2014}}
        for number, word in enumerate(words):
            at = shown.get(device, {}).get(addr + number, addr + number)
            self.words[device][at] = word


class Disk:
    """What the agent keeps; takes nothing while `full`."""

    def __init__(self) -> None:
        self.states: dict[str, bytes] = {}
        self.full = False
        self.history: list[bytes] = []

    async def save_state(self, name: str, data: bytes) -> None:
        await asyncio.sleep(0)
        if self.full:
            raise NotStored("full")
        self.history.append(data)
        self.states[name] = data


class Hub:
    """How the connection is; the hub's clock is the agent's plus `clock_offset_s`."""

    def __init__(self) -> None:
        self.clock_offset_s: float | None = 0.0
        self.silent_s = 0.0


class Bench:
    """One agent's orders, that can be restarted.

    told: every outcome that was told to the hub, the oldest first.
    """

    def __init__(
        self,
        campus: Campus,
        settings: OrderSettings = ALLOWED,
        readers: Mapping[OrderKind, Reader] | None = None,
    ) -> None:
        self.campus = campus
        self.settings = settings
        self.clock = FakeClock()
        self.units, self.disk, self.hub = Units(self.clock), Disk(), Hub()
        self.told: list[Outcome] = []
        self.freeze = Freeze()
        self._readers = readers or {}

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Dispatcher]:
        """A process of the agent; what it did not keep is lost with it."""
        settings = self.settings
        self.dispatcher = Dispatcher(
            self.campus, AGENT, settings, self.units, self.disk, self.clock, self._readers
        )
        self.dispatcher.book.recall(self.disk.states.get("orders"))
        self.dispatcher.book.hub = self.hub
        task = asyncio.create_task(self.dispatcher.run())
        try:
            yield self.dispatcher
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    def order(self, number: int, device: str = "ac-1", life_s: float = 120, **args: Any) -> Order:
        """An order to write; `number` is its id."""
        values = {"point": "setpoint_c", "value": 25.0, "hold_s": None} | args
        return Order(f"{number:032x}", OrderKind.WRITE, device, values, self.hub_us() + round(life_s * 1e6))

    def hub_us(self) -> int:
        return self.clock.now_us() + round((self.hub.clock_offset_s or 0) * 1e6)

    async def send(self, *orders: Order, cancel: tuple[str, ...] = (), wait_s: float = 0.0) -> None:
        """Let the hub speak, and let time pass."""
        bundle = Bundle(AGENT, self.hub_us(), self.freeze, orders, cancel)
        self.dispatcher.hear(bundle_message(bundle))
        await self.clock.advance(wait_s)
        self.listen()

    async def wait(self, seconds: float) -> None:
        await self.clock.advance(seconds)
        self.listen()

    def listen(self) -> None:
        self.told += self.dispatcher.book.outbound
        self.dispatcher.book.outbound.clear()

    def last(self, number: int) -> Outcome:
        """The newest word about an order."""
        return next(one for one in reversed(self.told) if one.id == f"{number:032x}")

    def states(self, number: int) -> list[OrderState]:
        return [one.state for one in self.told if one.id == f"{number:032x}"]
