"""`campus-edge cameras`: which ONVIF devices answer on this network, and where one of them has its pictures."""

from __future__ import annotations

import argparse
import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from devices.model.errors import CampusError
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.onvif.client import Device, Profile
from edge_agent.sources.camera.onvif.discovery import Found, discover
from edge_agent.sources.camera.onvif.recorders import recordings
from edge_agent.sources.camera.onvif.search import Recording
from edge_agent.sources.camera.settings import Account

TIMEOUT_S = 5.0


def add(commands: Any) -> argparse.ArgumentParser:
    """Add the command to the program's own."""
    parser: argparse.ArgumentParser = commands.add_parser(
        "cameras", help="list the ONVIF cameras of this network, or where one has its pictures"
    )
    parser.add_argument("--seconds", type=float, default=3.0, help="how long to wait for answers (default 3)")
    parser.add_argument(
        "--host", help="ask this device for its clock, still pictures, streams and recordings instead"
    )
    parser.add_argument("--port", type=int, default=80, help="its ONVIF port (default 80)")
    parser.add_argument("--user", help="name of an account there; it signs by digest")
    parser.add_argument("--password-file", type=Path, metavar="FILE", help="file that holds its password")
    return parser


def run(options: argparse.Namespace) -> str:
    """What the command prints.

    Raises:
        CampusError: the device does not answer, or refuses.
    """
    if options.host is None:
        return asyncio.run(who_answers(options.seconds))
    account = None
    if options.user is not None:
        file = options.password_file
        account = (
            options.user,
            Account(username=options.user, password_file=file.absolute()).secret() if file else "",
        )
    return asyncio.run(one_device(options.host, options.port, account, lambda: time.time_ns() // 1000))


async def who_answers(seconds: float, group: tuple[str, int] | None = None) -> str:
    """Ask the network, and give a table of what answers."""
    found = await (discover(seconds) if group is None else discover(seconds, group))
    return "\n".join(_table(found)) + "\n"


async def one_device(host: str, port: int, account: tuple[str, str] | None, now_us: Callable[[], int]) -> str:
    """Ask one device for its clock and its streams.

    Raises:
        Unreachable, Refused, Garbled: it does not tell even its clock.
    """
    async with client() as http:
        device = Device(http, host, port, account, TIMEOUT_S, now_us)
        off_s = await device.clock_off_s()
        lines = [f"{host}:{port}   clock {off_s:+.0f} s against this machine"]
        try:
            lines += _streams(await device.profiles())
        except CampusError as error:
            lines.append(f"  its streams are not told: {error}")
        try:
            lines += _recordings(await recordings(device))
        except CampusError as error:
            lines.append(f"  its recordings are not told: {error}")
    return "\n".join(lines) + "\n"


def _table(found: Sequence[Found]) -> Iterator[str]:
    yield f"{'answers from':<18}{'name':<24}{'hardware':<24}says it is at"
    for one in found:
        yield f"{one.sender:<18}{one.name[:23]:<24}{one.hardware[:23]:<24}{one.address}"
    yield f"{len(found)} devices. Streams and still pictures of one: campus-edge cameras --host ADDRESS --user NAME"


def _streams(profiles: Sequence[Profile]) -> Iterator[str]:
    for one in profiles:
        yield f"  {one.token:<16}{one.name[:31]:<32}"
        yield f"    still picture  {one.snapshot or 'none'}"
        yield f"    stream         {one.stream or 'none'}"


def _recordings(found: Sequence[Recording]) -> Iterator[str]:
    for one in found:
        yield f"  recording {one.token} of {', '.join(sorted(one.names - {one.token})) or 'nobody knows what'}"
