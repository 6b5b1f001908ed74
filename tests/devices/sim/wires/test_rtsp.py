"""The simulator's RTSP hosts, read by the agent's own capture and by GStreamer."""

from __future__ import annotations

import asyncio
import itertools
import subprocess
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.model.codes import CameraLink
from devices.sim.simulation import Options, Simulation, running
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.packets import Codec, Packet, Sight
from edge_agent.sources.capture.stream import hush
from tests.devices.sim.conftest import SMALL
from tests.edge_agent.sources.capture.test_stream import of, order, read

STREAMS = """\
- {id: streams, agent: edge-1, kind: rtsp, name: {zh: 流, en: S}, host: 127.0.0.1, sessions: 2}
devices:
- {id: film, profile: hikvision-stream, link: streams, area: road, name: {zh: 甲, en: A}}
- {id: other, profile: hikvision-stream, link: streams, area: road, name: {zh: 乙, en: B}, parameters: {channel: 202}}
"""
PATH = "/Streaming/Channels/102"
ACCOUNT = ("viewer", "s3cret@word")
SIGNED = "viewer:s3cret%40word@"
DEBIAN_PYTHON = "/usr/bin/python3"
READER = """
import sys, gi
gi.require_version("Gst", "1.0")
from gi.repository import Gst
Gst.init(None)
line = f"rtspsrc location={sys.argv[1]} protocols=tcp ! rtph264depay ! fakesink num-buffers=12"
bus = (pipeline := Gst.parse_launch(line)).get_bus()
pipeline.set_state(Gst.State.PLAYING)
ended = bus.timed_pop_filtered(40 * Gst.SECOND, Gst.MessageType.EOS | Gst.MessageType.ERROR)
pipeline.set_state(Gst.State.NULL)
sys.exit(0 if ended and ended.type == Gst.MessageType.EOS else 1)
"""


@pytest.fixture(params=[("", "")])
async def sim(tmp_path: Path, request: pytest.FixtureRequest) -> AsyncIterator[Simulation]:
    hush()
    (tmp_path / "site.yaml").write_text(SMALL.replace("devices:\n", STREAMS, 1), "utf-8")
    campus = load_campus(tmp_path / "site.yaml")
    options = Options(ports=dict.fromkeys(campus.links, 0), account=request.param)
    async with running(campus, options) as simulation:
        yield simulation


def port(sim: Simulation) -> int:
    return sim.listeners["streams"].port


async def failure(sim: Simulation, **more: object) -> CameraLink:
    with pytest.raises(NoPicture) as raised:
        await asyncio.to_thread(read, order(port(sim), PATH, **more), lambda _: False)
    return raised.value.link


async def test_a_stream_has_its_stamps_its_key_frames_and_its_picture(sim: Simulation) -> None:
    told = await asyncio.to_thread(read, order(port(sim), PATH), lambda told: len(of(told, Packet)) >= 13)
    codec, packets = of(told, Codec)[0], of(told, Packet)
    assert (codec.name, codec.width, codec.height) == ("h264", 640, 360)
    keys = [number for number, packet in enumerate(packets) if packet.is_key]
    assert keys[0] == 0
    assert len(keys) >= 2
    assert all(one.pts < other.pts for one, other in itertools.pairwise(packets))
    assert of(told, Sight)[0].seen.grey.std() > 10


async def test_those_who_watch_one_camera_share_its_encoder_which_rests_when_they_go(
    sim: Simulation, until: Callable[[Callable[[], bool]], Awaitable[None]]
) -> None:
    broadcast = sim.stream_hosts[0].broadcasts["film"]
    reading = [
        asyncio.to_thread(read, order(port(sim), PATH), lambda told: len(of(told, Packet)) >= 8)
        for _ in range(2)
    ]
    told = await asyncio.gather(*reading)
    seen = max(len(of(one, Packet)) for one in told)
    await until(lambda: sim.listeners["streams"].connections == 0)
    assert 8 <= broadcast.encoded < 2 * seen + 8
    rests = broadcast.encoded
    await asyncio.sleep(0.3)
    assert broadcast.encoded == rests


@pytest.mark.parametrize("sim", [ACCOUNT], indirect=True)
async def test_the_right_account_opens_a_stream_and_the_wrong_one_does_not(sim: Simulation) -> None:
    account = {"username": ACCOUNT[0], "signs": "digest"}
    right = order(port(sim), PATH, password=ACCOUNT[1], **account)
    assert of(await asyncio.to_thread(read, right, lambda told: bool(of(told, Sight))), Sight)
    assert await failure(sim, password="other", **account) is CameraLink.UNAUTHORISED
    assert await failure(sim) is CameraLink.UNAUTHORISED


@pytest.mark.parametrize(
    ("kind", "link"),
    [
        ("silent", CameraLink.SILENT),
        ("stall", CameraLink.SILENT),
        ("session-limit", CameraLink.SESSION_LIMIT),
        ("unauthorised", CameraLink.UNAUTHORISED),
        ("offline", CameraLink.REFUSED),
        ("cut", CameraLink.SILENT),
    ],
)
async def test_each_fault_of_a_stream_has_its_state(sim: Simulation, kind: str, link: CameraLink) -> None:
    sim.board.put("film", kind, sim.clock_us())
    assert await failure(sim, timeout_s=1.0, sample_s=0.2) is link


async def test_a_stream_that_loses_its_key_frames_is_told_though_packets_come(sim: Simulation) -> None:
    def lose() -> None:
        sim.board.put("film", "no-keys", sim.clock_us())

    wanted = order(port(sim), PATH, timeout_s=1.0, sample_s=0.2)
    with pytest.raises(NoPicture, match="no key frame") as raised:
        await asyncio.to_thread(read, wanted, lambda told: bool(of(told, Sight)), lose)
    assert raised.value.link is CameraLink.UNDECODABLE


async def test_more_watchers_than_sessions_are_turned_away_and_a_path_of_nobody_too(sim: Simulation) -> None:
    held = [await asyncio.open_connection("127.0.0.1", port(sim)) for _ in range(2)]
    for reader, writer in held:
        words = [
            "SETUP * RTSP/1.0".replace("*", f"rtsp://h{PATH}/trackID=0"),
            "CSeq: 2",
            "Transport: RTP/AVP/TCP",
        ]
        writer.write("\r\n".join([*words, "", ""]).encode())
        assert b" 200 OK" in await reader.readuntil(b"\r\n\r\n")
    assert await failure(sim) is CameraLink.SESSION_LIMIT
    with pytest.raises(NoPicture) as raised:
        await asyncio.to_thread(read, order(port(sim), "/nobody"), lambda _: False)
    assert raised.value.link is CameraLink.NOT_A_PICTURE
    for _, writer in held:
        writer.close()


@pytest.mark.needs("gst-rtsp-server")
@pytest.mark.parametrize("sim", [ACCOUNT], indirect=True)
async def test_another_hand_reads_the_stream(sim: Simulation) -> None:
    address = f"rtsp://{SIGNED}127.0.0.1:{port(sim)}{PATH}"
    reader = await asyncio.create_subprocess_exec(
        DEBIAN_PYTHON, "-c", READER, address, stdout=subprocess.DEVNULL, stderr=sys.stderr
    )
    assert await reader.wait() == 0
