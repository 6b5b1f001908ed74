"""One stream against a real RTSP server and against hosts that misbehave: what is told, and why it ended."""

from __future__ import annotations

import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import av.logging
import numpy as np
import pytest

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.packets import Codec, Counts, Packet, Sight
from edge_agent.sources.capture.stream import Stream, Told, hush
from tests.edge_agent.sources.capture.rtsp import FPS, GROUP, SIZE, clip, playing

SECRET = "s3cret@word"
needs_server = pytest.mark.needs("gst-rtsp-server")


@pytest.fixture(scope="module", autouse=True)
def hushed() -> Iterator[None]:
    hush()
    yield
    av.logging.set_level(None)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return clip(tmp_path_factory.mktemp("clips") / "clip.mp4")


def order(port: int, path: str = "/cam", **more: object) -> Order:
    settings = {"timeout_s": 3.0, "sample_s": 0.6, "packets": True, **more}
    return Order(  # type: ignore[arg-type]
        scheme="rtsp",
        host="127.0.0.1",
        port=port,
        bare=path,
        **settings,
    )


def read(
    wanted: Order, enough: Callable[[list[Told]], bool], then: Callable[[], object] | None = None
) -> list[Told]:
    """Everything that is told until it is enough; `then` is done at that moment instead of closing, if given."""
    told: list[Told] = []
    done = threading.Event()
    stream: Stream

    def tell(what: Told) -> None:
        told.append(what)
        if not done.is_set() and enough(told):
            done.set()
            (then or stream.close)()

    stream = Stream(wanted, tell)
    stream.run()
    return told


def failure(wanted: Order) -> NoPicture:
    with pytest.raises(NoPicture) as raised:
        read(wanted, lambda _: False)
    return raised.value


def of(told: list[Told], kind: type) -> list:
    return [what for what in told if isinstance(what, kind)]


@needs_server
@pytest.mark.parametrize("transport", ["tcp", "udp"])
def test_a_stream_gives_its_codec_packets_key_frames_and_counts(video: Path, transport: str) -> None:
    with playing(clips={"/cam": str(video)}) as server:
        told = read(order(server.port, transport=transport), lambda told: len(of(told, Counts)) >= 2)
    codec, packets = of(told, Codec)[0], of(told, Packet)
    assert (codec.name, codec.width, codec.height) == ("h264", *SIZE)
    assert [packet.is_key for packet in packets[: 2 * GROUP]] == [
        number % GROUP == 0 for number in range(2 * GROUP)
    ]
    steps_us = np.diff([packet.time_us for packet in packets])
    assert np.median(steps_us) == pytest.approx(1e6 / FPS, rel=0.02)
    ticks_us = np.diff([packet.pts for packet in packets]) * codec.tick_us
    assert ticks_us == pytest.approx(np.full(len(ticks_us), 1e6 / FPS), rel=1e-6)
    sight = of(told, Sight)[0]
    assert sight.seen.grey[:, :155].mean() == pytest.approx(180, abs=6)
    assert sight.seen.grey[:, 165:].mean() == pytest.approx(120, abs=6)
    assert sight.jpeg.startswith(b"\xff\xd8")
    counts = of(told, Counts)[-1]
    assert counts.fps == pytest.approx(FPS, rel=0.05)
    assert counts.key_s == pytest.approx(GROUP / FPS, rel=0.02)
    assert counts.kbps > 10


@needs_server
def test_a_stream_that_stops_midway_is_silent_though_connected(video: Path) -> None:
    with (
        playing(clips={"/cam": str(video)}) as server,
        pytest.raises(NoPicture, match="the stream stopped") as raised,
    ):
        read(
            order(server.port, timeout_s=1.0),
            lambda told: bool(of(told, Sight)),
            lambda: server.process.send_signal(signal.SIGSTOP),
        )
    assert raised.value.link is CameraLink.SILENT


@needs_server
def test_a_server_that_dies_midway_ends_the_stream(video: Path) -> None:
    with playing(clips={"/cam": str(video)}) as server, pytest.raises(NoPicture) as raised:
        read(order(server.port), lambda told: bool(of(told, Sight)), server.process.kill)
    assert raised.value.link in {CameraLink.SILENT, CameraLink.REFUSED}


@needs_server
def test_no_such_path_is_no_picture(video: Path) -> None:
    with playing(clips={"/cam": str(video)}) as server:
        assert failure(order(server.port, "/nobody")).link is CameraLink.NOT_A_PICTURE


@needs_server
@pytest.mark.parametrize("scheme", ["digest", "basic"])
def test_the_right_account_opens_a_stream_and_the_wrong_one_does_not(video: Path, scheme: str) -> None:
    with playing(clips={"/cam": str(video)}, account=[scheme, "viewer", SECRET]) as server:
        account = {"username": "viewer", "password": SECRET}
        right = order(server.port, signs=scheme, **account)
        told = read(right, lambda told: bool(of(told, Sight)))
        wrong = failure(order(server.port, username="viewer", password="other-word", signs=scheme))
        none = failure(order(server.port))
        other = failure(order(server.port, signs="digest" if scheme == "basic" else "basic", **account))
    assert of(told, Sight)
    assert {wrong.link, none.link, other.link} == {CameraLink.UNAUTHORISED}
    assert "other-word" not in f"{wrong!r} {right!r}"
    assert SECRET not in f"{other!r} {right!r}"


@needs_server
def test_a_server_at_its_session_limit_says_so(video: Path) -> None:
    with playing(clips={"/cam": str(video)}, sessions=1) as server:
        second: list[NoPicture] = []

        def another() -> None:
            second.append(failure(order(server.port)))

        first = read(
            order(server.port),
            lambda told: bool(of(told, Sight)) and (another() is None),
        )
    assert of(first, Sight)
    assert second[0].link is CameraLink.SESSION_LIMIT


def test_a_file_plays_at_its_own_pace_and_a_damaged_one_is_told(tmp_path: Path) -> None:
    file = clip(tmp_path / "short.mp4", seconds=1)
    wanted = Order("file", str(file), sample_s=0.2, packets=True)
    told = read(wanted, lambda told: len(of(told, Codec)) == 3)
    packets = of(told, Packet)
    assert len(packets) == 2 * FPS
    assert [codec.epoch for codec in of(told, Codec)] == [1, 2, 3]
    assert packets[FPS - 1].time_us - packets[0].time_us == pytest.approx(0.9e6, rel=0.3)
    damaged = tmp_path / "damaged.mp4"
    damaged.write_bytes(file.read_bytes()[:200])
    assert failure(Order("file", str(damaged))).link is CameraLink.UNDECODABLE
    assert failure(Order("file", str(tmp_path / "none"))).link is CameraLink.NOT_A_PICTURE


def test_a_picture_larger_than_bearable_is_not_decoded(tmp_path: Path) -> None:
    file = clip(tmp_path / "clip.mp4", seconds=3)
    large = failure(Order("file", str(file), sample_s=0.01, max_pixels=1e5, pace=False))
    assert large.link is CameraLink.UNDECODABLE


@contextmanager
def answering(*answers: bytes | None) -> Iterator[int]:
    """A port where each connection gets the next answer, and None waits until the other side has had enough."""
    with ExitStack() as held:
        listener = held.enter_context(socket.create_server(("127.0.0.1", 0)))

        def serve() -> None:
            for answer in answers:
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    if answer is None:
                        connection.recv(4096)
                    else:
                        connection.sendall(answer)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(10)


def said(status: str, *lines: str) -> bytes:
    return "\r\n".join([f"RTSP/1.0 {status}", "CSeq: 1", *lines, "", ""]).encode()


@pytest.mark.parametrize(
    ("answer", "link"),
    [
        (None, CameraLink.SILENT),
        (b"", CameraLink.REFUSED),
        (b"SSH-2.0-OpenSSH_9\r\n\r\n", CameraLink.NOT_A_PICTURE),
        (said("453 Not Enough Bandwidth"), CameraLink.SESSION_LIMIT),
        (said("503 Service Unavailable"), CameraLink.SESSION_LIMIT),
        (said("500 Oops"), CameraLink.REFUSED),
        (said("403 Forbidden"), CameraLink.REFUSED),
        (said("404 Not Found"), CameraLink.NOT_A_PICTURE),
        (said("302 Moved", "Location: rtsp://192.0.2.1/cam"), CameraLink.REFUSED),
        (said("401 Unauthorized", 'WWW-Authenticate: Basic realm="r"'), CameraLink.UNAUTHORISED),
        (said("200 OK", "Endless: " + "a" * 20_000), CameraLink.NOT_A_PICTURE),
    ],
    ids=lambda value: value.name if isinstance(value, CameraLink) else repr(value)[:30],
)
def test_each_answer_to_the_first_question_has_its_state(answer: bytes | None, link: CameraLink) -> None:
    with answering(answer) as port:
        told = failure(order(port, timeout_s=0.5, signs="digest", username="viewer", password=SECRET))
    assert told.link is link
    assert SECRET not in str(told)


def test_nobody_at_the_port_is_told(free_port: Callable[[], int]) -> None:
    assert failure(order(free_port())).link is CameraLink.PORT_CLOSED
