"""The committed demo site is what the generator writes, whole, and accepted by the strict loader."""

from __future__ import annotations

from collections import Counter
from fnmatch import fnmatch
from pathlib import Path

import pytest

from devices.campus.dlt645_links import Dlt645TcpLink
from devices.campus.loading import load_campus
from devices.campus.modbus_links import ModbusTcpLink
from devices.campus.plans_loading import load_plans
from devices.campus.site import AreaKind, Campus, HttpLink
from devices.profiles.profile import DeviceKind
from devices.sim.blueprint.cameras import shares
from devices.sim.demo_site import demo_files, write_demo_site

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("pattern", ["site.yaml", "*s.csv", "plans/*.svg"])
def test_committed_files_equal_what_the_generator_writes(pattern: str) -> None:
    written = {name: text for name, text in demo_files().items() if fnmatch(name, pattern)}
    folder = ROOT / "config/demo"
    assert written == {
        str(path.relative_to(folder)): path.read_text("utf-8") for path in folder.glob(pattern)
    }


def test_generator_writes_its_files_into_a_new_folder(tmp_path: Path) -> None:
    written = write_demo_site(tmp_path / "deep" / "demo")
    texts = demo_files().values()
    assert all(path.read_text("utf-8") == text for path, text in zip(written, texts, strict=True))


def test_every_device_of_the_demo_has_its_place_in_a_plan(demo: Campus) -> None:
    plans = load_plans(ROOT / "config/demo/site.yaml", demo)
    placed = [one for drawn in plans.values() for one in drawn.positions]
    assert {one.device for one in placed} == set(demo.devices)
    assert len({(one.plan, one.x, one.y) for one in placed}) == len(placed)
    looking = {one.device for one in placed if one.heading is not None}
    cameras = [one for one in demo.devices.values() if demo.profile_of(one).kind is DeviceKind.CAMERA]
    assert looking == {one.id for one in cameras}


def test_demo_has_the_equipment_of_the_campus_report(demo: Campus) -> None:
    kinds = Counter(demo.profile_of(device).kind for device in demo.devices.values())
    assert kinds == {
        DeviceKind.CAMERA: 854,
        DeviceKind.AC: 240,
        DeviceKind.METER: 42,
        DeviceKind.PUMP: 2,
        DeviceKind.PRESSURE: 4,
        DeviceKind.RADAR: 3,
        DeviceKind.PLATE: 1,
        DeviceKind.DOOR: 30,
    }


def test_units_stand_behind_eight_gateways_six_meter_links_and_two_pump_rooms(demo: Campus) -> None:
    def links(kind: DeviceKind) -> set[str]:
        return {d.link for d in demo.devices.values() if demo.profile_of(d).kind is kind}

    assert (len(links(DeviceKind.AC)), len(links(DeviceKind.METER)), len(links(DeviceKind.PUMP))) == (8, 6, 2)
    makes = {d.profile for d in demo.devices.values() if demo.profile_of(d).kind is DeviceKind.METER}
    assert len(makes) == 4


def test_every_listening_port_is_used_once(demo: Campus) -> None:
    ports = [
        link.port
        for link in demo.links.values()
        if isinstance(link, ModbusTcpLink | Dlt645TcpLink | HttpLink)
    ]
    assert len(ports) == len(set(ports)) == 16 + 29 + 3


def test_recorders_serve_sixteen_to_thirty_two_cameras_on_channels_of_their_own(demo: Campus) -> None:
    cameras = [d for d in demo.devices.values() if demo.profile_of(d).kind is DeviceKind.CAMERA]
    behind = Counter(camera.link for camera in cameras if demo.links[camera.link].kind == "http")
    assert set(behind.values()) <= set(range(4, 33))
    assert len({(camera.link, camera.parameters["channel"]) for camera in cameras}) == 854


def test_kitchens_are_full_of_cameras_and_offices_have_none(demo: Campus) -> None:
    watched = Counter(d.area for d in demo.devices.values() if demo.profile_of(d).kind is DeviceKind.CAMERA)
    kitchens = [area.id for area in demo.areas.values() if area.kind is AreaKind.KITCHEN]
    assert kitchens
    assert min(watched[area] for area in kitchens) >= 3
    assert not any(demo.areas[area].kind is AreaKind.OFFICE for area in watched)


@pytest.mark.parametrize("example", ["one-meter.yaml", "meters.yaml"])
def test_example_site_loads(example: str) -> None:
    assert load_campus(ROOT / "config/examples" / example).devices


def test_shares_add_up_and_follow_the_wishes() -> None:
    parts = shares([12, 6, 3, 1], 50)
    assert sum(parts) == 50
    assert parts == sorted(parts, reverse=True)
    assert shares([1], 7) == [7]
