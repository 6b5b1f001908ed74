"""Simulated DL/T 645 meters on real sockets and pseudo-terminals: what they answer, and every way to go wrong."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Self

import pytest
from dlt645.protocol.protocol import DLT645Protocol

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.errors import Refused
from devices.sim.simulation import Options, Simulation, running
from devices.sim.wires.dlt645 import Asked
from edge_agent.sources.dlt645 import Dlt645Settings, Dlt645Source
from edge_agent.sources.port import SystemClock
from tests.devices.profiles.slow_dlt645 import from_frame
from tests.edge_agent.sources.gathering_sink import GatheringSink

Until = Callable[[Callable[[], bool]], Awaitable[None]]
SITE = """\
campus: {id: small, name: {zh: 小园区, en: Small campus}}
agents: [{id: edge-1, name: {zh: 网关, en: Gateway}}]
sites: [{id: one, name: {zh: 一号, en: One}, agent: edge-1}]
buildings: [{id: house, site: one, name: {zh: 楼, en: House}}]
zones: [{id: all, name: {zh: 全部, en: All}, owner: {zh: 后勤, en: Logistics}}]
areas: [{id: room, building: house, zone: all, kind: office, name: {zh: 办公室, en: Office}, m2: 30, people: 3}]
links:
- {id: server, agent: edge-1, kind: dlt645-tcp, name: {zh: 表, en: M}, host: 127.0.0.1, port: PORT, poll_s: 0.2}
- {id: port, agent: edge-1, kind: dlt645-serial, name: {zh: 表, en: M}, path: PATH, poll_s: 0.2, timeout_s: 1}
devices:
- id: m-1
  profile: dlt645-three-phase
  link: server
  area: room
  name: {zh: 表, en: M}
  address: "123456789012"
  tags: [main]
  parameters: {ct: 40, ratio: 40}
- {id: m-2, profile: dlt645-single-phase, link: server, area: room, name: {zh: 表, en: M}, address: "3"}
- {id: m-3, profile: dlt645-single-phase, link: port, area: room, name: {zh: 表, en: M}, address: AAAAAAAAAAAA}
rules: []
"""


def site_of(folder: Path, port: int = 4001) -> Campus:
    path = folder / "site.yaml"
    path.write_text(SITE.replace("PORT", str(port)).replace("PATH", str(folder / "port")), "utf-8")
    return load_campus(path)


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Simulation]:
    async with running(site_of(tmp_path), Options(ports={"server": 0})) as simulation:
        yield simulation


class Master:
    """Sends one request at a time and takes what comes, by the frames of another implementation."""

    def __init__(self, sim: Simulation) -> None:
        self.sim = sim
        self.raw = b""

    async def __aenter__(self) -> Self:
        port = self.sim.listeners["server"].port
        self.reader, self.writer = await asyncio.open_connection("127.0.0.1", port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self.writer.transport.abort()

    async def ask(self, address: str, control: int, data: bytes, wait_s: float = 20.0) -> str:
        """The answer as hex; empty if none came in time."""
        self.writer.write(DLT645Protocol.build_frame(bytes.fromhex(address)[::-1], control, data))
        held = b""
        try:
            async with asyncio.timeout(wait_s):
                while True:
                    held += await self.reader.read(1000)
                    self.raw, (rest, frame) = held, DLT645Protocol.deserialize_with_remaining(held)
                    if frame is not None:
                        assert rest == b""
                        return held.hex()
        except TimeoutError:
            return ""

    async def read(self, address: str, identifier: str, wait_s: float = 20.0) -> str:
        return await self.ask(address, 0x11, bytes.fromhex(identifier)[::-1], wait_s)


def put(sim: Simulation, target: str, kind: str, value: float | None = None) -> None:
    sim.board.put(target, kind, sim.clock_us(), value=value)


async def test_a_meter_shows_what_the_plant_draws(sim: Simulation) -> None:
    sheet = sim.campus.profiles["dlt645-three-phase"].sheet
    async with Master(sim) as master:
        values = from_frame(
            sheet, await master.read("123456789012", "0203FF00"), {"ratio": 40, "ct": 40, "pt": 1}
        )
        energy = from_frame(
            sheet, await master.read("123456789012", "0001FF00"), {"ratio": 40, "ct": 40, "pt": 1}
        )
    true = sim.plant.truth("m-1")
    assert values["power_w"] == pytest.approx(true["power_w"], rel=0.5, abs=5)
    assert sum(energy[f"energy_rate{n}_kwh"] or 0 for n in range(1, 5)) == pytest.approx(
        energy["energy_kwh"], abs=2
    )
    assert energy["energy_kwh"] == pytest.approx(true["energy_kwh"], abs=1)


async def test_meters_wake_the_bus_each_in_its_own_way_and_only_the_one_asked_answers(
    sim: Simulation,
) -> None:
    async with Master(sim) as master:
        assert (await master.read("123456789012", "02010100")).startswith("fefe68")
        assert (await master.read("000000000003", "02010100")).startswith("fefefe68")
        assert await master.read("000000000004", "02010100", 0.2) == ""
        assert await master.read("A" * 12, "02010100", 0.2) == ""  # two are on this bus
    assert sim.ledger.events["server: nobody answers 000000000004"] == 1


async def test_what_is_no_read_is_not_answered(sim: Simulation) -> None:
    async with Master(sim) as master:
        for control in (0x14, 0x15, 0x1A, 0x1C):
            assert await master.ask("000000000003", control, bytes(12), 0.1) == ""
        assert await master.read("000000000003", "02010100")
    assert sim.ledger.events["server: control code 1c is not for reading"] == 1


async def test_answers_are_counted_and_followed_by_the_next(sim: Simulation) -> None:
    async with Master(sim) as master:
        for _ in range(4):
            await master.read("000000000003", "0001FF00")
    counted = sim.ledger.ranges[Asked("server", "000000000003", "0001FF00")]
    assert (counted.answered, counted.followed) == (4, 3)
    assert sim.ledger.points()["m-2.energy_rate4_kwh"] == {"answered": 4, "followed": 3}
    assert "server/000000000003/0001FF00" in sim.ledger.as_json()["ranges"]


async def test_unknown_data_is_refused(sim: Simulation) -> None:
    async with Master(sim) as master:
        frame = bytes.fromhex(await master.read("000000000003", "0201FF00"))
    assert frame[-5:-2] == bytes([0xD1, 1, 0x02 + 0x33])


async def test_faults_do_what_they_are_called(sim: Simulation) -> None:
    async with Master(sim) as master:
        put(sim, "m-2", "silent")
        assert await master.read("000000000003", "02010100", 0.2) == ""
        assert await master.read("123456789012", "02010100")
        sim.board.clear("m-2")
        put(sim, "m-2", "exception", 0x41)
        assert bytes.fromhex(await master.read("000000000003", "02010100"))[-5:-2] == bytes([0xD1, 1, 0x74])
        sim.board.clear("m-2")
        put(sim, "m-2", "wrong-address")
        assert "680400000000006891" in await master.read("000000000003", "02010100")
        sim.board.clear("m-2")
        put(sim, "m-2", "slow", 0.3)
        begun = time.monotonic()
        assert await master.read("000000000003", "02010100")
        assert time.monotonic() - begun >= 0.29
        sim.board.clear("m-2")
        put(sim, "m-2", "stuck")
        sim.plant.meters.energy_kwh += 100
        first = await master.read("000000000003", "00010000")
        sim.plant.meters.energy_kwh += 100
        assert await master.read("000000000003", "00010000") == first
        sim.board.clear("m-2")
        assert await master.read("000000000003", "00010000") != first


async def test_garbled_answers_are_never_a_whole_good_frame(sim: Simulation) -> None:
    put(sim, "m-2", "garbled")
    for _ in range(4):
        async with Master(sim) as master:
            assert await master.read("000000000003", "02010100", 0.2) == ""
            assert master.raw


async def test_wrong_address_is_for_meters_only(sim: Simulation) -> None:
    with pytest.raises(Refused, match="it can be"):
        put(sim, "server", "wrong-address")


async def test_a_serial_line_stands_where_the_site_file_says_and_goes_with_the_simulator(
    tmp_path: Path,
) -> None:
    site = site_of(tmp_path)
    port = tmp_path / "port"
    port.symlink_to(tmp_path / "left-by-one-that-was-killed")
    async with running(site, Options(ports={"server": 0})):
        assert str(port.readlink()).startswith("/dev/")
    assert not port.is_symlink()
    port.write_text("a real device")
    with pytest.raises(ExceptionGroup) as refused:
        async with running(site, Options(ports={"server": 0})):
            pass
    assert refused.group_contains(Refused, match="there already")
    assert port.read_text() == "a real device"


async def test_the_agent_reads_what_the_plant_says_over_both_wires(tmp_path: Path) -> None:
    async with running(site_of(tmp_path), Options(ports={"server": 0})) as sim:
        site = site_of(tmp_path, sim.listeners["server"].port)
        table = site.points_of("edge-1")
        sink = GatheringSink(table)
        settings = Dlt645Settings(pause_s=0.0, gap_s=0.1, probe_first_s=0.1, probe_most_s=0.2)
        source = Dlt645Source(site, "edge-1", settings, table, SystemClock(), random=lambda: 0.0)
        async with asyncio.TaskGroup() as group:
            task = group.create_task(source.run(sink))
            for meter in ("m-1", "m-2", "m-3"):
                (value, quality), *_ = await sink.until_count(f"{meter}.energy_kwh", 2, 30)
                assert quality == 0
                assert value == pytest.approx(sim.plant.truth(meter)["energy_kwh"], abs=1)
            put(sim, "m-1", "garbled")
            count = len(sink.of("m-1.energy_kwh"))
            await sink.until_count("m-1.energy_kwh", count + 3, 30)
            good = {value for value, quality in sink.of("m-1.energy_kwh") if quality == 0}
            assert all(value == pytest.approx(sim.plant.truth("m-1")["energy_kwh"], abs=2) for value in good)
            put(sim, "port", "dead-link")
            await sink.until(lambda: sink.of("m-3.energy_kwh")[-1][1] == 2, 30)
            sim.board.clear("port")
            await sink.until(lambda: sink.of("m-3.energy_kwh")[-1][1] == 0, 30)
            health = source.health()["links"]
            assert health["server"]["garbled"] >= 1
            assert health["port"]["addresses"] == {"m-3": "000000000003"}
            task.cancel()
