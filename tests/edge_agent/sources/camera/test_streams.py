"""Streams through the source: read all the time or visited, workers that hang or die, and nobody else delayed."""

from __future__ import annotations

import itertools
import logging
import os
import signal
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest

from devices.campus.site import Campus
from devices.model.codes import CameraLink
from devices.model.errors import ConfigRefused, Refused
from edge_agent.evidence.ring import Ring
from edge_agent.sources.camera import CameraSettings, CameraSource
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.port import SystemClock
from tests.edge_agent.sources.camera.pictures import jpeg
from tests.edge_agent.sources.camera.watching import http_link, links, pictures, watching
from tests.edge_agent.sources.camera.web_host import Asked, Host, Reply, ok, serving, status
from tests.edge_agent.sources.capture.rtsp import FPS, GROUP, clip, playing
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device

LINK = {"name": "link", "codes": "camera_link"}
SECRET = "s3cret@word"
FIRST = jpeg(seed=1)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


def sheet(scheme: str, path: str) -> dict[str, Any]:
    points = [
        {"name": name, "unit": unit} for name, unit in (("kbps", "kbit/s"), ("gap_s", "s"), ("key_s", "s"))
    ]
    return {"kind": "stream", "scheme": scheme, "path": path, "points": [LINK, *points]}


def rtsp_campus(folder: Path, port: int, *, tags: tuple[str, ...] = (), **settings: Any) -> Campus:
    link = http_link(port, kind="rtsp", **{"poll_s": 0.5, **settings})
    return campus_of(
        folder, [link], [device("cam-1", "rtsp", "rec", tags=tags)], {"rtsp": sheet("rtsp", "/cam")}
    )


def account(scheme: str) -> CameraSettings:
    told = {"username": "viewer", "password": SECRET, "scheme": scheme}
    return CameraSettings.model_validate({"accounts": {"rec": told}, "host_rest_s": 0})


@pytest.mark.needs("gst-rtsp-server")
async def test_a_critical_camera_is_read_all_the_time_and_its_packets_are_handed_over(
    tmp_path: Path, video: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    caplog.set_level(logging.DEBUG)
    taken: list[tuple[Codec, Packet]] = []
    with playing(clips={"/cam": str(video)}, account=["digest", "viewer", SECRET]) as server:
        site = rtsp_campus(tmp_path, server.port, tags=("critical",))
        packets = lambda source: source.on_packets("cam-1", lambda *told: taken.append(told))  # noqa: E731
        async with watching(site, account("digest"), packets) as (sink, source):
            await sink.until(lambda: pictures(sink, 0) >= 3 and len(sink.of("cam-1.key_s")) >= 2, 20)
            told = f"{source.health()} {vars(source)} {source._hosts} {caplog.text} {capfd.readouterr()}"
            newest = source.newest("cam-1")
    assert set(links(sink, "cam-1")) == {CameraLink.ONLINE}
    assert sink.of("cam-1.key_s")[-1][0] == pytest.approx(GROUP / FPS, rel=0.05)
    assert sink.of("cam-1.fps")[-1][0] == pytest.approx(FPS, rel=0.1)
    assert {codec.epoch for codec, _ in taken} == {1}
    assert [packet.is_key for _, packet in taken[:6]] == [True, False, False, False, False, True]
    colour = sink.pictures[0].colour
    assert colour is not None
    assert colour[0] < 8
    assert newest is not None
    assert newest.jpeg.startswith(b"\xff\xd8")
    assert SECRET not in told
    assert "%40" not in told


@pytest.mark.needs("gst-rtsp-server")
async def test_another_camera_is_visited_for_one_picture_a_period(tmp_path: Path, video: Path) -> None:
    with playing(clips={"/cam": str(video)}, sessions=1) as server:
        async with watching(rtsp_campus(tmp_path, server.port)) as (sink, _):
            await sink.until(lambda: pictures(sink, 0) >= 2, 20)
    assert CameraLink.ONLINE in links(sink, "cam-1")
    assert sink.of("cam-1.key_s") == []


@pytest.mark.needs("gst-rtsp-server")
async def test_packets_of_two_connections_are_never_in_one_clip(tmp_path: Path) -> None:
    """The server plays a short clip and ends; the camera is opened again, and its stamps begin anew."""
    ring, taken = Ring(10**8, 10**9), []

    def take(codec: Codec, packet: Packet) -> None:
        ring.take(codec, packet)
        taken.append((codec.epoch, packet))

    short = clip(tmp_path / "short.mp4", 1.0)
    with playing(clips={"/cam": str(short)}) as server:
        site = rtsp_campus(tmp_path, server.port, tags=("critical",))
        async with watching(site, before=lambda source: source.on_packets("cam-1", take)) as (sink, _):
            await sink.until(lambda: len({epoch for epoch, _ in taken}) >= 2 and taken[-1][1].pts > 0, 50)
    epochs = [epoch for epoch, _ in taken]
    assert epochs == sorted(epochs)
    assert set(epochs) >= {1, 2}
    assert min(packet.pts for epoch, packet in taken if epoch == 2) < max(
        packet.pts for epoch, packet in taken if epoch == 1
    )
    times = [packet.time_us for _, packet in taken]
    cut = ring.cut(min(times), max(times), max(times))
    assert cut is not None
    assert len({epoch for epoch, packet in taken if packet in cut.packets}) == 1


def without_key_frames(file: Path) -> bytes:
    """A stream that has lost the picture that all others follow."""
    with av.open(str(file), "w", format="mpegts") as out:
        stream = out.add_stream("mpeg4", rate=10, options={"g": "600"})
        stream.width, stream.height, stream.pix_fmt = 320, 180, "yuv420p"
        for number in range(400):
            picture = np.full((180, 320, 3), number % 50, np.uint8)
            out.mux(
                [
                    p
                    for p in stream.encode(av.VideoFrame.from_ndarray(picture, format="rgb24"))
                    if not p.is_keyframe
                ]
            )
    return file.read_bytes()


@pytest.mark.parametrize("tags", [(), ("critical",)])
async def test_a_stream_without_key_frames_is_told_and_holds_no_session_for_long(
    tmp_path: Path, tags: tuple[str, ...]
) -> None:
    data = without_key_frames(tmp_path / "none.ts")

    def stream(_: Asked) -> Reply:
        yield b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + data[: len(data) // 2]
        for at in itertools.cycle(range(len(data) // 2, len(data) - 1880, 1880)):
            yield data[at : at + 1880]
            yield 0.02

    host = Host({"/stream/1.mjpeg": stream, "/snapshot/1.jpg": lambda _: ok(FIRST)})
    async with serving(host):
        devices = [
            device("cam-1", "campus-stream", "rec", tags=tags),
            device("still", "campus-camera", "rec"),
        ]
        link = http_link(host.port, poll_s=0.5, timeout_s=1.0, sessions=2 if tags else 1)
        async with watching(campus_of(tmp_path, [link], devices)) as (sink, _):
            await sink.until(lambda: bool(links(sink, "cam-1")), 40)
            stills = pictures(sink, 1)
            await sink.until(lambda: pictures(sink, 1) > stills, 40)
    assert links(sink, "cam-1")[0] is CameraLink.UNDECODABLE
    assert pictures(sink, 0) == 0


def picture_stream(_: Asked) -> Reply:
    """JPEGs one after the other, without end."""
    head = [b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=next\r\n\r\n"]
    for number in itertools.count():
        body = jpeg(seed=number % 5)
        part = f"--next\r\nContent-Type: image/jpeg\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        yield from (*head, part + body + b"\r\n", 0.05)
        head = []


async def test_jpegs_over_http_are_a_stream_too(tmp_path: Path) -> None:
    host = Host({"/stream/1.mjpeg": picture_stream})
    async with serving(host):
        devices = [device("cam-1", "campus-stream", "rec", tags=("critical",))]
        async with watching(campus_of(tmp_path, [http_link(host.port, poll_s=0.3)], devices)) as (sink, _):
            await sink.until(lambda: pictures(sink, 0) >= 3 and len(sink.of("cam-1.kbps")) >= 2, 20)
    assert set(links(sink, "cam-1")) == {CameraLink.ONLINE}
    assert 2 < sink.of("cam-1.fps")[-1][0] < 25


@pytest.mark.promise("P-camera-3")
async def test_a_stream_that_is_redirected_is_refused(tmp_path: Path) -> None:
    thief = Host({"/x": picture_stream})
    async with serving(thief):
        where = f"http://127.0.0.1:{thief.port}/x"
        host = Host({"/stream/1.mjpeg": lambda _: status(302, Location=where)})
        async with serving(host):
            devices = [device("cam-1", "campus-stream", "rec")]
            async with watching(campus_of(tmp_path, [http_link(host.port)], devices)) as (sink, _):
                await sink.until(lambda: bool(links(sink, "cam-1")))
    assert links(sink, "cam-1")[0] is CameraLink.REFUSED
    assert thief.asked == []


def files_campus(folder: Path, port: int, **files: Path) -> Campus:
    sheets = {name: sheet("file", str(path)) for name, path in files.items()}
    devices = [device(f"cam-{name}", name, "rec", tags=("critical",)) for name in files]
    stills = device("still", "campus-camera", "rec")
    link = http_link(
        port, poll_s=0.3, timeout_s=1.0, sessions=8
    )  # a stream hangs after three such, and a second
    return campus_of(folder, [link], [stills, *devices], sheets)


@pytest.mark.promise("P-camera-1")
async def test_a_stream_that_hangs_in_a_call_is_killed_with_its_worker_and_the_others_come_back(
    tmp_path: Path, video: Path
) -> None:
    """Opening a named pipe that nobody writes to blocks in the kernel, where no time-out of a library reaches."""
    os.mkfifo(tmp_path / "pipe")
    host = Host({"/snapshot/1.jpg": lambda _: ok(FIRST)})
    async with serving(host):
        site = files_campus(tmp_path, host.port, hanging=tmp_path / "pipe", good=video)
        async with watching(site, CameraSettings(host_rest_s=0, hang_s=10)) as (sink, source):
            await sink.until(lambda: bool(links(sink, "cam-hanging")), 30)
            before, stills = pictures(sink, 2), pictures(sink, 0)
            await sink.until(lambda: pictures(sink, 2) >= before + 3 and pictures(sink, 0) >= stills + 3, 30)
            health = source.health()
    assert set(links(sink, "cam-hanging")) == {CameraLink.SILENT}
    assert set(links(sink, "cam-good")) == {CameraLink.ONLINE}
    assert set(links(sink, "still")) == {CameraLink.ONLINE}
    assert health["workers"]["0"]["hung"] >= 1
    assert health["workers"]["0"]["restarts"] >= 1
    assert health["quarantined"] >= 1
    assert health["links"]["rec"]["troubles"] == {"cam-hanging": "hung in a call, its worker was killed"}


@pytest.mark.promise("P-camera-1")
@pytest.mark.parametrize("number", [signal.SIGSTOP, signal.SIGKILL])
async def test_pictures_come_again_after_their_worker_stood_still_or_died(
    tmp_path: Path, video: Path, number: signal.Signals
) -> None:
    host = Host({"/snapshot/1.jpg": lambda _: ok(FIRST)})
    async with serving(host):
        site = files_campus(tmp_path, host.port, good=video)
        async with watching(site, CameraSettings(host_rest_s=0, hang_s=2)) as (sink, source):
            await sink.until(lambda: pictures(sink, 0) >= 1 and pictures(sink, 1) >= 1, 20)
            os.kill(source.health()["workers"]["0"]["pid"], number)
            stills, streamed = pictures(sink, 0), pictures(sink, 1)
            await sink.until(
                lambda: pictures(sink, 0) >= stills + 3 and pictures(sink, 1) >= streamed + 3, 30
            )
            health = source.health()
    assert health["workers"]["0"]["restarts"] >= 1
    assert health["links"]["rec"]["faults"] == 0
    assert set(links(sink, "cam-good")) == {CameraLink.ONLINE}


async def test_a_fault_of_whoever_takes_packets_stays_with_its_camera(
    tmp_path: Path, video: Path, caplog: pytest.LogCaptureFixture
) -> None:
    faults = iter([RuntimeError("a fault")])

    def take(*_: object) -> None:
        for fault in faults:
            raise fault

    host = Host({"/snapshot/1.jpg": lambda _: ok(FIRST)})
    async with serving(host):
        site = files_campus(tmp_path, host.port, good=video)
        async with watching(site, before=lambda source: source.on_packets("cam-good", take)) as (
            sink,
            source,
        ):
            await sink.until(lambda: pictures(sink, 0) >= 2 and pictures(sink, 1) >= 2, 30)
            health = source.health()["links"]["rec"]
    assert health["faults"] == 1
    assert "a fault of ours" in caplog.text


async def test_a_suspect_is_looked_at_more_often_for_a_while_and_not_all_of_a_host_are(
    tmp_path: Path,
) -> None:
    host = Host({f"/snapshot/{n}.jpg": lambda _: ok(jpeg(seed=len(host.asked))) for n in range(1, 9)})
    settings = CameraSettings(host_rest_s=0, suspect_s=0.05, suspect_for_s=60)
    async with serving(host):
        cameras = [device(f"c-{n}", "campus-camera", "rec", parameters={"channel": n}) for n in range(1, 9)]
        async with watching(campus_of(tmp_path, [http_link(host.port, poll_s=600)], cameras), settings) as (
            sink,
            source,
        ):
            for row in range(8):
                source.look_again(row)
            await sink.until(lambda: pictures(sink, 0) >= 4 and pictures(sink, 1) >= 4, 20)
            assert source._hosts[0].suspects(0.0) == 2
            assert source._hosts[0].suspects(source._clock.monotonic() + 60) == 0
    assert pictures(sink, 5) == 0


async def test_a_suspect_stream_has_more_of_its_key_frames_decoded(tmp_path: Path, video: Path) -> None:
    site = campus_of(
        tmp_path,
        [http_link(80, poll_s=600)],
        [device("cam-1", "good", "rec", tags=("critical",))],
        {"good": sheet("file", str(video))},
    )
    async with watching(site, CameraSettings(suspect_s=0.1)) as (sink, source):
        await sink.until(lambda: pictures(sink, 0) >= 1, 20)
        source.look_again(0)
        await sink.until(lambda: pictures(sink, 0) >= 3, 20)
    times_us = np.concatenate([batch.time_us for batch in sink.pictures])
    assert np.diff(times_us).max() < 10e6


def test_more_streams_that_stay_than_sessions_are_refused(tmp_path: Path) -> None:
    site = rtsp_campus(tmp_path, 554, tags=("critical",))
    devices = [
        device(f"cam-{n}", "hikvision-stream", "rec", tags=("critical",), parameters={"channel": n})
        for n in (1, 2)
    ]
    folder = tmp_path / "two"
    folder.mkdir()
    crowded = campus_of(folder, [http_link(554, kind="rtsp", sessions=1)], devices)
    with pytest.raises(ConfigRefused, match=r"links\.rec\.sessions: found 1, and 2 streams"):
        source_of(crowded)
    with pytest.raises(Refused, match="cam-9 has no stream"):
        source_of(site).on_packets("cam-9", lambda *_: None)


def source_of(site: Campus) -> CameraSource:
    return CameraSource(site, AGENT, CameraSettings(), site.points_of(AGENT), SystemClock())
