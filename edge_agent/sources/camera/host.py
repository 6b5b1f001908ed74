"""One host of cameras: its sessions, its cameras, and what came of asking."""

from __future__ import annotations

import asyncio
import math
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import httpx

from devices.campus.site import Campus, Device, HttpLink
from devices.model.codes import CameraLink
from devices.model.errors import ConfigRefused, Problem
from devices.model.points import PointTable
from devices.profiles.profile import DeviceKind, SnapshotSheet
from edge_agent.sources.camera.fetch import NoPicture, Target, sign_in
from edge_agent.sources.camera.settings import Account

#: Counters by outcome, with the names that all sources use where they mean the same.
COUNTED: Final = {
    CameraLink.ONLINE: "answered",
    CameraLink.HOST_DOWN: "host_down",
    CameraLink.PORT_CLOSED: "port_closed",
    CameraLink.TIMED_OUT: "timeouts",
    CameraLink.UNAUTHORISED: "unauthorised",
    CameraLink.REFUSED: "refused",
    CameraLink.NOT_A_PICTURE: "garbled",
}
#: Cameras whose trouble health tells by name.
MOST_TOLD: Final = 50
UNREACHED: Final = frozenset({CameraLink.HOST_DOWN, CameraLink.PORT_CLOSED})


@dataclass(slots=True)
class Camera:
    """One camera. row: in the order of `cameras_of`; link_row: of its point `link` in the agent's table."""

    id: str
    row: int
    link_row: int
    target: Target
    link: CameraLink | None = None
    why: str = ""


@dataclass(slots=True)
class Host:
    """A link, its cameras and its counters.

    rests_until_s: the host was not reached; until then its cameras share `rest`, the reason.
    """

    link: HttpLink
    cameras: list[Camera]
    sessions: asyncio.Semaphore
    counts: Counter[str] = field(default_factory=Counter)
    rests_until_s: float = -math.inf
    rest: NoPicture | None = None
    last_ok_us: int = 0
    period_s: float = math.nan

    def health(self) -> dict[str, Any]:
        """Counters and state as plain values."""
        known = [camera for camera in self.cameras if camera.link is not None]
        troubled = [camera for camera in known if camera.link is not CameraLink.ONLINE]
        return {
            "kind": self.link.kind,
            "state": self._state(len(known), len(troubled)),
            "trouble": troubled[0].why if troubled else "",
            **{name: self.counts[name] for name in (*COUNTED.values(), "spared", "overruns", "faults")},
            "period_s": self.period_s if math.isfinite(self.period_s) else None,
            "last_ok_us": self.last_ok_us or None,
            "cameras": len(self.cameras),
            "online": len(known) - len(troubled),
            "troubles": {camera.id: camera.why for camera in troubled[:MOST_TOLD]},
        }

    def _state(self, known: int, troubled: int) -> str:
        if not known:
            return "starting"
        return "down" if troubled == known else "up"


def cameras_of(campus: Campus, agent: str) -> tuple[str, ...]:
    """Ids of an agent's cameras in file order; `FrameBatch.camera` counts in it, as the detectors do."""
    return tuple(
        device.id
        for device in campus.devices_of(agent)
        if campus.profile_of(device).kind is DeviceKind.CAMERA
    )


def hosts_of(campus: Campus, agent: str, table: PointTable, accounts: Mapping[str, Account]) -> list[Host]:
    """Every host of an agent with its cameras.

    Raises:
        ConfigRefused: a password cannot be read, or an account is for no link of this agent.
    """
    hosts = {
        link.id: Host(link, [], asyncio.Semaphore(link.sessions))
        for link in campus.links_of(agent)
        if isinstance(link, HttpLink)
    }
    problems = [
        Problem("settings", f"sources.camera.accounts.{name}", repr(name), "an http link of this agent")
        for name in accounts
        if name not in hosts
    ]
    if problems:
        raise ConfigRefused(problems)
    signed = {
        name: sign_in(account.scheme, account.username, account.secret())
        for name, account in accounts.items()
    }
    for row, name in enumerate(cameras_of(campus, agent)):
        device = campus.devices[name]
        sheet, host = campus.profile_of(device).sheet, hosts.get(device.link)
        if isinstance(sheet, SnapshotSheet) and host is not None:
            target = _target(device, sheet, host.link, signed.get(device.link))
            host.cameras.append(Camera(name, row, table.row[f"{name}.link"], target))
    return [host for host in hosts.values() if host.cameras]


def _target(
    device: Device, sheet: SnapshotSheet, link: HttpLink, account: Callable[[], httpx.Auth] | None
) -> Target:
    parameters = {**sheet.parameters, **device.parameters}
    filled = {name: _as_text(value) for name, value in parameters.items()}  # their letters were checked
    path, _, query = sheet.path.format(**filled).partition("?")
    url = httpx.URL(scheme="http", host=link.host, port=link.port, path=path, query=query.encode() or None)
    return Target(url, link.timeout_s, sheet.max_bytes, account)


def _as_text(value: float | str) -> str:
    """A parameter as it stands in a path: 101, not 101.0."""
    return f"{value:.15g}" if isinstance(value, int | float) else value
