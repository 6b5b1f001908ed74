"""The demo campus, a small one with one device of each kind, and moments in their own time zone."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import Awaitable, Callable
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus

ROOT = Path(__file__).parents[3]


@pytest.fixture(scope="session")
def demo() -> Campus:
    return load_campus(ROOT / "config/demo/site.yaml")


@pytest.fixture(scope="session")
def local_us() -> Callable[..., int]:
    """Microseconds of a date and hour in Ningbo."""

    def at(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> int:
        moment = dt.datetime(year, month, day, hour, minute, tzinfo=ZoneInfo("Asia/Shanghai"))
        return int(moment.timestamp() * 1_000_000)

    return at


SMALL = """\
campus: {id: small, name: {zh: 小园区, en: Small campus}}
agents: [{id: edge-1, name: {zh: 网关, en: Gateway}}]
sites: [{id: one, name: {zh: 一号, en: One}, agent: edge-1}]
buildings: [{id: house, site: one, name: {zh: 楼, en: House}, floors: 2}]
zones: [{id: all, name: {zh: 全部, en: All}, owner: {zh: 后勤, en: Logistics}}]
areas:
- {id: room-1, building: house, zone: all, kind: office, name: {zh: 办公室, en: Office}, m2: 30, people: 3}
- {id: room-2, building: house, zone: all, kind: meeting, name: {zh: 会议室, en: Meeting room}, m2: 60}
- {id: pumps, building: house, zone: all, kind: pump_room, name: {zh: 泵房, en: Pump room}, m2: 40}
- {id: road, building: house, zone: all, kind: road, name: {zh: 道路, en: Road}, m2: 400}
links:
- {id: acs, agent: edge-1, kind: modbus-tcp, name: {zh: 空调, en: AC}, host: 127.0.0.1, port: 15020}
- {id: meters, agent: edge-1, kind: modbus-tcp, name: {zh: 电表, en: Meters}, host: 127.0.0.1, port: 15021}
- {id: pumphouse, agent: edge-1, kind: modbus-tcp, name: {zh: 泵房, en: Pumps}, host: 127.0.0.1, port: 15022}
- {id: field, agent: edge-1, kind: mqtt, name: {zh: 现场, en: Field}, prefix: field/one}
- {id: nvr, agent: edge-1, kind: http, name: {zh: 录像机, en: Recorder}, host: 127.0.0.1, port: 18100, sessions: 2}
devices:
- {id: ac-1, profile: daikin-dta116a, link: acs, area: room-1, name: {zh: 空调1, en: AC 1}, unit: 1, index: 0}
- {id: ac-2, profile: daikin-dta116a, link: acs, area: room-2, name: {zh: 空调2, en: AC 2}, unit: 1, index: 1}
- {id: ac-3, profile: coolmasternet, link: acs, area: room-2, name: {zh: 空调3, en: AC 3}, unit: 2, index: 0}
- {id: meter-1, profile: eastron-sdm630, link: meters, area: room-1, name: {zh: 表, en: Meter}, unit: 1, tags: [main]}
- {id: meter-2, profile: schneider-iem3155, link: meters, area: room-1, name: {zh: 表2, en: Meter 2}, unit: 2}
- {id: pump-1, profile: campus-pump-panel, link: pumphouse, area: pumps, name: {zh: 泵, en: Pump}, unit: 1}
- {id: pressure-1, profile: pressure-7reg, link: pumphouse, area: pumps, name: {zh: 压, en: P}, unit: 2, tags: [roof]}
- {id: radar-1, profile: ops243-radar, link: field, area: road, name: {zh: 雷达, en: R}, topic: radar/1, tags: [out]}
- {id: radar-2, profile: hikvision-radar, link: field, area: road, name: {zh: 雷达, en: Radar}, topic: radar/2}
- {id: eye, profile: campus-plate-camera, link: field, area: road, name: {zh: 车牌, en: P}, topic: eye, tags: [out]}
- {id: door-1, profile: campus-door, link: field, area: room-1, name: {zh: 门, en: Door}, topic: door/1}
- {id: door-2, profile: campus-door, link: field, area: room-2, name: {zh: 门, en: Door}, topic: door/2}
- {id: cam-1, profile: campus-camera, link: nvr, area: room-1, name: {zh: 机位, en: C1}, parameters: {channel: 1}}
- {id: cam-2, profile: campus-camera, link: nvr, area: road, name: {zh: 机位, en: C2}, parameters: {channel: 2}}
rules: []
seasons: [{cooling: {first: 04-16, last: 10-31}, heating: {first: 11-01, last: 04-15}}]
"""


@pytest.fixture(scope="session")
def small_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A site file with one device of each kind."""
    path = tmp_path_factory.mktemp("small") / "site.yaml"
    path.write_text(SMALL, "utf-8")
    return path


@pytest.fixture(scope="session")
def small(small_file: Path) -> Campus:
    return load_campus(small_file)


@pytest.fixture(scope="session")
def any_port(small: Campus) -> dict[str, int]:
    """Ports of the small campus, so that nothing else on the machine is in the way."""
    return dict.fromkeys(small.links, 0)


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Wait until something is so, at most five seconds."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(5):
            while not condition():  # noqa: ASYNC110 - what is waited for has no event
                await asyncio.sleep(0.02)

    return wait
