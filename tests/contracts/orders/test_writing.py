"""Orders over real sockets, beside the polling, to simulated gateways that obey, refuse, lie and hang."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass, replace

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.profiles.library import SHEETS
from devices.profiles.strict import read_yaml
from devices.sim.simulation import Options, Simulation, running
from devices.wire.orders import Bundle, Freeze, Order, OrderKind, OrderState, Outcome, bundle_message
from edge_agent.orders.dispatch import Dispatcher
from edge_agent.orders.hand import ModbusHand
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.port import SystemClock
from tests.edge_agent.orders.bench import AGENT, ALLOWED, Disk, Hub
from tests.edge_agent.sources.gathering_sink import GatheringSink

SITE = """\
campus: {id: wire, name: {zh: 线, en: Wire}}
agents: [{id: edge, name: {zh: 网关, en: Gateway}}]
sites: [{id: one, name: {zh: 一号, en: One}, agent: edge}]
buildings: [{id: house, site: one, name: {zh: 楼, en: House}}]
zones: [{id: all, name: {zh: 全部, en: All}, owner: {zh: 后勤, en: Logistics}}]
areas: [{id: room, building: house, zone: all, kind: office, name: {zh: 室, en: Room}, m2: 30}]
links:
- {id: gw, agent: edge, kind: modbus-tcp, name: {zh: 网关, en: Gateway}, host: 127.0.0.1, port: 15020, timeout_s: 2}
devices:
- {id: daikin-0, profile: daikin-dta116a, link: gw, area: room, name: {zh: 大金, en: D0}, unit: 1, index: 0}
- {id: daikin-1, profile: daikin-dta116a, link: gw, area: room, name: {zh: 大金, en: D1}, unit: 1, index: 1}
- {id: intesis, profile: intesis-inmbs, link: gw, area: room, name: {zh: 英, en: I}, unit: 2}
- {id: hitachi, profile: hitachi-harc, link: gw, area: room, name: {zh: 日立, en: H}, unit: 3, index: 5}
- {id: cool, profile: coolmasternet, link: gw, area: room, name: {zh: 酷, en: C}, unit: 4}
- {id: own, profile: own-gateway, link: gw, area: room, name: {zh: 自, en: Own}, unit: 5}
rules: []
profiles: [own-gateway.yaml]
"""
#: A sheet like another one, of a gateway that takes a coil, and one register only with function 16.
OWN_WRITE = [
    {"point": "setpoint_c", "addr": 18, "stride": 16, "several": True, "range": [16, 30]},
    {"point": "on", "table": "coil", "addr": 16, "stride": 16, "members": ["off", "on"]},
]
NOON_US = 1_795_406_400_000_000
MAKES = ["daikin-0", "daikin-1", "intesis", "hitachi", "cool", "own"]


@dataclass
class Wire:
    """A simulated campus, an agent's orders and its polling."""

    sim: Simulation
    dispatcher: Dispatcher
    clock: SystemClock

    def truth(self, device: str, point: str = "setpoint_c") -> float:
        return self.sim.plant.truth(device)[point]

    def put(self, device: str, kind: str, value: float | None = None) -> None:
        self.sim.board.put(device, kind, self.sim.clock_us(), value=value)

    async def order(
        self, device: str, value: float = 25.0, point: str = "setpoint_c", **more: float
    ) -> Outcome:
        """Give an order and wait for its end."""
        args = {"point": point, "value": value, "hold_s": more.get("hold_s")}
        name = f"{len(self.dispatcher.book.memory.entries):032x}"
        order = Order(name, OrderKind.WRITE, device, args, self.clock.now_us() + 60_000_000)
        self.dispatcher.hear(bundle_message(Bundle(AGENT, self.clock.now_us(), Freeze(), (order,))))
        return await self.end(name, OrderState.TAKEN)

    async def cancel(self, name: str) -> Outcome:
        """Take a held order back and wait until it is given back."""
        self.dispatcher.hear(bundle_message(Bundle(AGENT, self.clock.now_us(), Freeze(), (), (name,))))
        return await self.end(name, OrderState.VERIFIED)

    async def end(self, name: str, *waiting: OrderState) -> Outcome:
        """Wait until an order is in another state than these."""
        async with asyncio.timeout(30):
            while True:
                await self.dispatcher.book.said.wait()
                self.dispatcher.book.said.clear()
                entry = self.dispatcher.book.memory.entries[name]
                if entry.state not in waiting:
                    return entry.outcome


def hasty(campus: Campus, port: int) -> Campus:
    """The campus on the simulator's port, with devices that settle fast."""
    profiles = {
        name: sheet.model_copy(
            update={"write": tuple(one.model_copy(update={"settle_s": 1.5}) for one in sheet.write)}
        )
        for name, sheet in campus.profiles.items()
    }
    link = campus.links["gw"].model_copy(update={"port": port})
    return replace(campus, links={"gw": link}, profiles=profiles)


@pytest.fixture
async def wire(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Wire]:
    path = tmp_path_factory.mktemp("wire") / "site.yaml"
    path.write_text(SITE, "utf-8")
    own = {**read_yaml(SHEETS / "coolmasternet.yaml"), "profile": "own-gateway", "write": OWN_WRITE}
    (path.parent / "own-gateway.yaml").write_text(json.dumps(own), "utf-8")
    site, clock = load_campus(path), SystemClock()
    started_s = clock.monotonic()
    noon = lambda: NOON_US + round((clock.monotonic() - started_s) * 1e6)  # noqa: E731 - no new day begins
    async with running(site, Options(ports={"gw": 0}), noon) as sim:
        campus = hasty(site, sim.listeners["gw"].port)
        for device in MAKES:
            sim.plant.rooms.set_by_hand(device, 22)
        sim.plant.step_rooms(1)
        table = campus.points_of(AGENT)
        source = ModbusSource(campus, AGENT, ModbusSettings(), table, clock, random=lambda: 0.0)
        dispatcher = Dispatcher(campus, AGENT, ALLOWED, ModbusHand(source), Disk(), clock, {})
        dispatcher.book.hub = Hub()
        async with asyncio.TaskGroup() as group:
            tasks = [
                group.create_task(source.run(GatheringSink(table))),
                group.create_task(dispatcher.run()),
            ]
            yield Wire(sim, dispatcher, clock)
            for task in tasks:
                task.cancel()


@pytest.mark.promise("P-orders-2")
@pytest.mark.parametrize("device", MAKES)
async def test_every_make_takes_a_set_point_and_keeps_the_rest(wire: Wire, device: str) -> None:
    before = {name: dict(wire.sim.plant.truth(name)) for name in MAKES}
    outcome = await wire.order(device)
    assert (outcome.state, outcome.before, outcome.after) == (OrderState.VERIFIED, 22.0, 25.0), outcome
    assert wire.truth(device) == 25.0
    for name in MAKES:
        now = wire.sim.plant.truth(name)
        assert [now[point] for point in ("on", "mode", "remote_locked")] == [
            before[name][point] for point in ("on", "mode", "remote_locked")
        ]
        assert name == device or now["setpoint_c"] == before[name]["setpoint_c"]
    off = await wire.order(device, 0.0, "on")
    assert (off.state, wire.truth(device, "on"), wire.truth(device)) == (OrderState.VERIFIED, 0.0, 25.0)


@pytest.mark.promise("P-orders-10")
@pytest.mark.parametrize(
    ("device", "point"), [("intesis", "remote_locked"), ("hitachi", "temperature_locked")]
)
async def test_a_lock_is_closed_and_opened_again(wire: Wire, device: str, point: str) -> None:
    locked = await wire.order(device, 1.0, point, hold_s=600)
    assert (locked.state, wire.truth(device, point)) == (OrderState.VERIFIED, 1.0)
    opened = await wire.cancel(locked.id)
    assert (opened.state, opened.code, wire.truth(device, point)) == (OrderState.RELEASED, "cancelled", 0.0)


@pytest.mark.parametrize(
    ("kind", "value", "code"),
    [
        ("ignores-writes", None, "not-verified"),
        ("silent", None, "stale"),
        ("exception", 4.0, "stale"),
        ("garbled", None, "stale"),
    ],
)
async def test_a_gateway_that_does_not_obey_is_a_failure_and_changes_nothing(
    wire: Wire, kind: str, value: float | None, code: str
) -> None:
    wire.put("intesis", kind, value)
    outcome = await wire.order("intesis")
    assert (outcome.state, outcome.code) == (OrderState.FAILED, code)
    assert wire.truth("intesis") == 22.0
    assert (await wire.order("hitachi")).state is OrderState.VERIFIED  # its neighbour is not held up


async def test_a_unit_that_went_back_by_itself_is_not_fought(wire: Wire) -> None:
    outcome = await wire.order("intesis", hold_s=600)
    assert outcome.state is OrderState.VERIFIED
    wire.sim.plant.rooms.tell("intesis", "setpoint_c", 21)
    released = await wire.cancel(outcome.id)
    assert (released.state, released.code, released.after) == (OrderState.RELEASED, "left-alone", 21.0)
