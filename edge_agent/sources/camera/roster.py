"""Which cameras an agent has, behind which hosts, and where their pictures and streams are."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import httpx

from devices.campus.site import Campus, Device, HttpLink
from devices.model.errors import ConfigRefused, Problem
from devices.model.points import PointTable
from devices.profiles.profile import DeviceKind, SnapshotSheet
from devices.profiles.streams import StreamSheet
from edge_agent.sources.camera.fetch import Target, sign_in
from edge_agent.sources.camera.host import Camera, Host
from edge_agent.sources.camera.settings import Account, CameraSettings
from edge_agent.sources.camera.together import Building
from edge_agent.sources.camera.turns import Turns
from edge_agent.sources.capture.orders import Order

#: Points that this source knows by itself, the pictures aside.
POINTS: Final = (
    *("link", "fps", "kbps", "gap_s", "key_s", "clock_off_s"),
    *("recorded_share", "gaps_alike", "many_gaps", "offline_alike", "many_offline", "many_unreached"),
)
#: Tag of a device whose stream is read all the time, and which goes before others.
CRITICAL: Final = "critical"


def cameras_of(campus: Campus, agent: str) -> tuple[str, ...]:
    """Ids of an agent's cameras in file order; `FrameBatch.camera` counts in it, as the detectors do."""
    return tuple(
        device.id
        for device in campus.devices_of(agent)
        if campus.profile_of(device).kind is DeviceKind.CAMERA
    )


def hosts_of(campus: Campus, agent: str, table: PointTable, settings: CameraSettings) -> list[Host]:
    """Every host of an agent with its cameras.

    Raises:
        ConfigRefused: a password cannot be read, an account is for no link of this agent, or a host has fewer
            sessions than streams that are read all the time.
    """
    links = {link.id: link for link in campus.links_of(agent) if isinstance(link, HttpLink)}
    problems = [
        Problem("settings", f"sources.camera.{key}.{name}", repr(name), "an http or rtsp link of this agent")
        for key, names in (("accounts", settings.accounts), ("onvif", settings.onvif))
        for name in names
        if name not in links
    ]
    if problems:
        raise ConfigRefused(problems)
    hosts = {name: Host(link, [], Turns(link.sessions)) for name, link in links.items()}
    secrets = {name: account.secret() for name, account in settings.accounts.items()}
    for row, name in enumerate(cameras_of(campus, agent)):
        device = campus.devices[name]
        host, sheet = hosts.get(device.link), campus.profile_of(device).sheet
        if host is None or not isinstance(sheet, SnapshotSheet | StreamSheet):
            continue
        account, secret = settings.accounts.get(device.link), secrets.get(device.link, "")
        target = (
            _target(device, sheet, host.link, account, secret)
            if isinstance(sheet, SnapshotSheet)
            else _order(device, sheet, host.link, account, secret, settings.max_megapixels * 1e6)
        )
        rows = {point: found for point in POINTS if (found := table.row.get(f"{name}.{point}")) is not None}
        critical = CRITICAL in device.tags
        stays = isinstance(target, Order) and (critical or target.scheme == "file")
        recording = _path(device, sheet.recording, sheet.parameters)
        host.cameras.append(Camera(name, row, rows, target, critical, stays, recording))
    for host in hosts.values():
        check_sessions(host)
    with_cameras = [host for host in hosts.values() if host.cameras]
    _share_buildings(campus, with_cameras)
    return with_cameras


def _share_buildings(campus: Campus, hosts: list[Host]) -> None:
    """Cameras that are links of their own are told together with those of their building."""
    buildings: defaultdict[str, Building] = defaultdict(Building)
    for host in hosts:
        if len(host.cameras) == 1:
            [camera] = host.cameras
            host.building = buildings[campus.areas[campus.devices[camera.id].area].building]
            host.building.cameras.append(camera)


def check_sessions(host: Host) -> None:
    """Streams that stay must leave a session to the cameras that are visited.

    Raises:
        ConfigRefused: they do not.
    """
    staying = sum(camera.stays for camera in host.cameras)
    wanted = staying + (staying < len(host.cameras))
    if staying and wanted > host.link.sessions:
        found = f"{host.link.sessions}, and {staying} streams that are read all the time"
        raise ConfigRefused([Problem("site", f"links.{host.link.id}.sessions", found, f"at least {wanted}")])


def _target(
    device: Device, sheet: SnapshotSheet, link: HttpLink, account: Account | None, secret: str
) -> Target:
    path, _, query = _path(device, sheet.path, sheet.parameters).partition("?")
    url = httpx.URL(scheme="http", host=link.host, port=link.port, path=path, query=query.encode() or None)
    auth = None if account is None else sign_in(account.scheme, account.username, secret)
    return Target(url, link.timeout_s, sheet.max_bytes, auth)


def _order(
    device: Device,
    sheet: StreamSheet,
    link: HttpLink,
    account: Account | None,
    secret: str,
    max_pixels: float,
) -> Order:
    return Order(
        scheme=sheet.scheme,
        bare=_path(device, sheet.path, sheet.parameters),
        host=link.host,
        port=link.port,
        signs="" if account is None else account.scheme,
        username="" if account is None else account.username,
        password=secret,
        transport=link.transport,
        timeout_s=link.timeout_s,
        sample_s=link.poll_s,
        max_pixels=max_pixels,
    )


def _path(device: Device, path: str, defaults: Mapping[str, float | str]) -> str:
    """The path with its parameters; their letters were checked with the site file."""
    return path.format(**{name: _as_text(value) for name, value in {**defaults, **device.parameters}.items()})


def _as_text(value: float | str) -> str:
    """A parameter as it stands in a path: 101, not 101.0."""
    return f"{value:.15g}" if isinstance(value, int | float) else value
