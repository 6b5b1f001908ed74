"""A fault of our own on one link or camera is counted and ends nothing; health is always plain JSON."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from devices.model.codes import CameraLink
from devices.model.points import PointTable
from devices.model.samples import Quality
from devices.wire.mqtt import Broker
from edge_agent.sources.camera import CameraSettings, CameraSource
from edge_agent.sources.dlt645 import Dlt645Settings, Dlt645Source
from edge_agent.sources.modbus import ModbusSettings, ModbusSource
from edge_agent.sources.mqtt import MqttSettings, MqttSource
from edge_agent.sources.port import Source, SystemClock
from edge_agent.sources.replay import ReplaySettings, ReplaySource
from tests.edge_agent.sources.camera.pictures import jpeg
from tests.edge_agent.sources.camera.web_host import Host, ok
from tests.edge_agent.sources.camera.web_host import serving as serving_web
from tests.edge_agent.sources.dlt645.meters import ADDRESS, Bus, on_tcp
from tests.edge_agent.sources.gathering_sink import GatheringSink
from tests.edge_agent.sources.modbus.misbehaving import Server, serving
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device, modbus_link

SHEET = {"kind": "modbus", "points": [{"name": "a", "table": "holding", "addr": 1}]}


class FailingClock(SystemClock):
    """Wall time fails once, as a fault anywhere in a worker would; waits are short."""

    failures = 1

    def now_us(self) -> int:
        if self.failures:
            self.failures -= 1
            raise RuntimeError("a fault")
        return super().now_us()

    async def sleep(self, seconds: float) -> None:
        await super().sleep(min(seconds, 0.05))


@contextlib.asynccontextmanager
async def running(source: Source, table: PointTable) -> AsyncIterator[GatheringSink]:
    sink = GatheringSink(table)
    task = asyncio.create_task(source.run(sink))
    try:
        yield sink
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task


async def test_a_modbus_link_goes_on_after_a_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with serving(Server()) as server:
        site = campus_of(
            tmp_path, [modbus_link(server.port, poll_s=0.05)], [device("m", "sheet")], {"sheet": SHEET}
        )
        table = site.points_of(AGENT)
        source = ModbusSource(site, AGENT, ModbusSettings(), table, FailingClock(), random=lambda: 0.0)
        async with running(source, table) as sink:
            readings = await sink.until_count("m.a", 1)
    assert readings[0] == (1.0, Quality.GOOD)
    assert source.health()["links"]["bus"]["faults"] == 1
    assert "a fault of ours" in caplog.text


async def test_a_meter_bus_goes_on_after_a_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with on_tcp(Bus({"02010100": ["2301"]})) as bus:
        link = {"id": "bus", "agent": AGENT, "kind": "dlt645-tcp", "name": NAME, "host": "127.0.0.1"}
        point = {"name": "a", "di": "02010100", "digits": (3, 1)}
        site = campus_of(
            tmp_path,
            [{**link, "port": bus.port, "poll_s": 0.05, "timeout_s": 5.0}],
            [device("m", "sheet", address=ADDRESS)],
            {"sheet": {"kind": "dlt645", "points": [point]}},
        )
        table = site.points_of(AGENT)
        source = Dlt645Source(site, AGENT, Dlt645Settings(), table, FailingClock(), random=lambda: 0.0)
        async with running(source, table) as sink:
            readings = await sink.until_count("m.a", 1)
    assert readings[0] == (230.1, Quality.GOOD)
    assert source.health()["links"]["bus"]["faults"] == 1
    assert "a fault of ours" in caplog.text


async def test_a_camera_goes_on_after_a_fault_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    host = Host({"/snapshot/1.jpg": lambda _: ok(jpeg())})
    async with serving_web(host):
        link = {
            "id": "rec",
            "agent": AGENT,
            "kind": "http",
            "name": NAME,
            "host": "127.0.0.1",
            "port": host.port,
        }
        site = campus_of(tmp_path, [{**link, "poll_s": 0.05}], [device("cam", "campus-camera", "rec")])
        table = site.points_of(AGENT)
        source = CameraSource(site, AGENT, CameraSettings(), table, FailingClock(), lambda: 0.0)
        async with running(source, table) as sink:
            readings = await sink.until_count("cam.link", 1)
    assert readings[0] == (CameraLink.ONLINE, Quality.GOOD)
    assert source.health()["links"]["rec"]["faults"] == 1
    assert "a fault of ours" in caplog.text


async def test_health_is_plain_json_before_anything_was_heard(tmp_path: Path) -> None:
    links = [
        modbus_link(1),
        {"id": "field", "agent": AGENT, "kind": "mqtt", "name": NAME, "prefix": "field"},
        {"id": "rec", "agent": AGENT, "kind": "http", "name": NAME, "host": "127.0.0.1"},
        {"id": "meters", "agent": AGENT, "kind": "dlt645-serial", "name": NAME, "path": "/dev/no-such-port"},
    ]
    devices = [
        device("m", "eastron-sdm630"),
        device("door", "campus-door", "field", topic="door"),
        device("cam", "campus-camera", "rec"),
        device("meter", "dlt645-single-phase", "meters", address="7"),
    ]
    site = campus_of(tmp_path, links, devices)
    table, clock = site.points_of(AGENT), SystemClock()
    sources: list[Source] = [
        ModbusSource(site, AGENT, ModbusSettings(), table, clock),
        MqttSource(site, AGENT, MqttSettings(), table, Broker("127.0.0.1", 1), clock),
        CameraSource(site, AGENT, CameraSettings(), table, clock),
        ReplaySource(ReplaySettings(), table, clock),
        Dlt645Source(site, AGENT, Dlt645Settings(), table, clock),
    ]
    for source in sources:
        health = source.health()
        assert json.loads(json.dumps(health, allow_nan=False)) == health
        assert [link["state"] for link in health["links"].values()] == ["starting"]


async def test_an_error_of_the_sink_ends_the_source(tmp_path: Path) -> None:
    class Failing(GatheringSink):
        async def samples(self, batch: object) -> None:
            raise LookupError(batch)

    async with serving(Server()) as server:
        site = campus_of(
            tmp_path, [modbus_link(server.port, poll_s=0.05)], [device("m", "sheet")], {"sheet": SHEET}
        )
        table = site.points_of(AGENT)
        source = ModbusSource(site, AGENT, ModbusSettings(), table, SystemClock())
        with pytest.raises(ExceptionGroup) as raised:
            await source.run(Failing(table))
    assert raised.value.subgroup(LookupError) is not None
