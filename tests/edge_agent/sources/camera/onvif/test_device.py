"""ONVIF against the simulated recorder and against hosts that misbehave; discovery over real datagrams."""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from devices.campus.loading import load_campus
from devices.model.errors import CampusError, Garbled, Refused, Unreachable
from devices.sim.simulation import Options, Simulation, running
from edge_agent.sources.camera import CameraSettings
from edge_agent.sources.camera.fetch import client
from edge_agent.sources.camera.onvif.client import Device
from edge_agent.sources.camera.onvif.command import one_device, who_answers
from edge_agent.sources.camera.onvif.discovery import discover
from edge_agent.sources.camera.onvif.xml import parsed, text_of
from edge_agent.sources.port import SystemClock
from tests.devices.sim.conftest import SMALL
from tests.edge_agent.sources.camera.onvif.test_words import clock
from tests.edge_agent.sources.camera.pictures import jpeg
from tests.edge_agent.sources.camera.watching import http_link, pictures, watching
from tests.edge_agent.sources.camera.web_host import Asked, Host, Reply, ok, serving, status
from tests.edge_agent.sources.small_campus import campus_of, device

PATH = "/onvif/device_service"
SECRET = "s3cret-word"


@pytest.fixture
async def sim(tmp_path: Path) -> AsyncIterator[Simulation]:
    (tmp_path / "site.yaml").write_text(SMALL, "utf-8")
    campus = load_campus(tmp_path / "site.yaml")
    async with running(campus, Options(ports=dict.fromkeys(campus.links, 0))) as simulation:
        yield simulation


async def test_a_recorder_tells_its_clock_its_streams_and_what_happened_to_them(sim: Simulation) -> None:
    sim.board.put("nvr", "clock-off", sim.clock_us(), value=-120.0)
    port = sim.listeners["nvr"].port
    async with client() as http:
        recorder = Device(http, "127.0.0.1", port, ("viewer", SECRET), 5.0, sim.clock_us)
        assert await recorder.clock_off_s() == pytest.approx(-120, abs=1)
        found = await recorder.profiles()
        assert [(one.token, one.snapshot) for one in found] == [
            (f"cam-{n}", f"http://127.0.0.1:{port}/snapshot/{n}.jpg") for n in (1, 2)
        ]
        place = await recorder.subscribe()
        sim.board.put("cam-2", "cover", sim.clock_us())
        [notice] = await recorder.pull(place)
    assert (notice.source, notice.is_on) == ("cam-2", True)


BAD = {
    "no XML": (lambda _: ok(b"<html>"), Garbled),
    "endless": (lambda _: ok(b"<a>" + b" " * 300_000), Garbled),
    "an entity": (lambda _: ok(b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>'), Garbled),
    "without an account": (lambda _: status(401), Refused),
    "a fault": (
        lambda _: ok(b"<E><Fault><Code><Value>ter:NotAuthorized</Value></Code></Fault></E>"),
        Refused,
    ),
    "redirected": (lambda _: status(302, Location="http://192.0.2.1/"), CampusError),
    "silent": (lambda _: [9.0], Unreachable),
    "hangs up": (lambda _: [None], Unreachable),
}


@pytest.mark.parametrize(("reply", "error"), BAD.values(), ids=BAD)
async def test_each_bad_answer_is_an_error_of_ours(reply: Any, error: type[Exception]) -> None:
    host = Host({PATH: reply})
    async with serving(host), client() as http:
        bad = Device(http, "127.0.0.1", host.port, ("viewer", SECRET), 0.5, SystemClock().now_us)
        with pytest.raises(error) as raised:
            await bad.clock_off_s()
    assert SECRET not in str(raised.value)


@pytest.mark.parametrize("challenge", ["Digest nonsense", 'Digest realm="r", nonce="n", qop="auth-int"'])
async def test_a_challenge_without_sense_is_a_refusal(challenge: str) -> None:
    told = iter([ok(clock()), status(401, WWW_Authenticate=challenge)])
    host = Host({PATH: lambda _: next(told)})
    async with serving(host), client() as http:
        bad = Device(http, "127.0.0.1", host.port, ("viewer", SECRET), 5.0, SystemClock().now_us)
        with pytest.raises(Refused, match="a challenge"):
            await bad.subscribe()


async def test_what_a_device_says_beside_its_challenge_is_not_read() -> None:
    """Packed, a hundred kilobytes are as many megabytes, and it may go on so."""
    sent = [0]

    def swelling(asked: Asked) -> Reply:
        if b"GetSystemDateAndTime" in asked.body:
            yield from ok(clock())
            return
        if "authorization" in asked.headers:
            yield from ok(b"<E/>")
            return
        challenge = b'WWW-Authenticate: Digest realm="r", nonce="n", qop="auth"'
        yield b"HTTP/1.1 401 No\r\nContent-Encoding: gzip\r\n" + challenge + b"\r\n\r\n"
        packer = zlib.compressobj(wbits=31)
        while sent[0] < 300:
            sent[0] += 1
            yield packer.compress(bytes(1 << 20)) + packer.flush(zlib.Z_SYNC_FLUSH)
            yield 0.001

    host = Host({PATH: swelling})
    async with serving(host), client() as http:
        device_ = Device(http, "127.0.0.1", host.port, ("viewer", SECRET), 20.0, SystemClock().now_us)
        with pytest.raises(Refused, match="no service Media"):
            await device_.profiles()
    assert sent[0] < 100


async def test_what_a_device_says_of_other_hosts_is_asked_at_the_device(sim: Simulation) -> None:
    thief = Host()

    async with serving(thief):
        where = f"http://127.0.0.1:{thief.port}/steal"
        told = iter(
            [clock(), f"<E><Capabilities><Media><XAddr>{where}</XAddr></Media></Capabilities></E>".encode()]
        )
        host = Host({PATH: lambda _: ok(next(told))})
        async with serving(host), client() as http:
            liar = Device(http, "127.0.0.1", host.port, ("viewer", SECRET), 2.0, SystemClock().now_us)
            with pytest.raises(CampusError):
                await liar.profiles()
    assert [asked.path for asked in host.asked] == [PATH, PATH, "/steal"]
    assert thief.asked == []


async def test_a_tampering_report_has_the_camera_looked_at_again(tmp_path: Path, sim: Simulation) -> None:
    host = Host({"/snapshot/1.jpg": lambda _: ok(jpeg(seed=len(host.asked)))})
    settings = CameraSettings(onvif={"rec": sim.listeners["nvr"].port}, suspect_s=0.05)
    async with serving(host):
        site = campus_of(
            tmp_path, [http_link(host.port, poll_s=600)], [device("cam-1", "campus-camera", "rec")]
        )
        async with watching(site, settings) as (sink, source):
            await sink.until(lambda: pictures(sink, 0) == 1 and bool(sink.of("cam-1.clock_off_s")), 20)
            sim.board.put("cam-1", "turn", sim.clock_us())
            await sink.until(lambda: pictures(sink, 0) >= 4, 20)
            counts = source.health()["links"]["rec"]
    assert counts["tampers"] == 1
    assert counts["onvif_failures"] == 0


class Responder(asyncio.DatagramProtocol):
    """Answers a probe three times over, with a stranger's answer and with bytes that make no sense."""

    def connection_made(self, transport: Any) -> None:
        self.transport = transport

    def datagram_received(self, data: bytes, sender: tuple[str, int]) -> None:
        number = text_of(parsed(data), "MessageID")
        odd = "<ProbeMatch><Scopes>onvif://[/name/x</Scopes><XAddrs>http://192.0.2.8/</XAddrs></ProbeMatch>"
        match = "<ProbeMatch><Scopes/><XAddrs>http://192.0.2.9/onvif/device_service</XAddrs></ProbeMatch>"
        for related in (number, number, "uuid:of-another"):
            self.transport.sendto(f"<E><RelatesTo>{related}</RelatesTo>{odd}{match}</E>".encode(), sender)
        self.transport.sendto(b"\xff" * 60_000, sender)


async def test_discovery_lists_each_device_once() -> None:
    loop = asyncio.get_running_loop()
    transport, _ = await loop.create_datagram_endpoint(Responder, local_addr=("127.0.0.1", 0))
    try:
        found = await discover(1.0, transport.get_extra_info("sockname"))
        told = await who_answers(0.5, transport.get_extra_info("sockname"))
    finally:
        transport.close()
    assert [(one.sender, one.address) for one in found] == [
        ("127.0.0.1", "http://192.0.2.8/"),
        ("127.0.0.1", "http://192.0.2.9/onvif/device_service"),
    ]
    assert "127.0.0.1" in told
    assert told.splitlines()[-1].startswith("2 devices.")


async def test_the_listing_of_one_device_names_its_clock_and_its_pictures(sim: Simulation) -> None:
    port = sim.listeners["nvr"].port
    told = await one_device("127.0.0.1", port, None, sim.clock_us)
    assert told.splitlines()[0] == f"127.0.0.1:{port}   clock +0 s against this machine"
    assert f"still picture  http://127.0.0.1:{port}/snapshot/2.jpg" in told
