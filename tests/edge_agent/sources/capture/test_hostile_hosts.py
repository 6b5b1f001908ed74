"""Hosts that try to send FFmpeg elsewhere, or to fill its memory, and other programs at the relay's port."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

import av.logging
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.knock import STATUS_LINE
from edge_agent.sources.capture.relay import MOST_WAITING, Relay, _check
from edge_agent.sources.capture.stream import hush
from tests.edge_agent.sources.capture.test_relay import BASIC, failure, host, order, said


@pytest.fixture(autouse=True)
def hushed() -> Iterator[None]:
    hush()
    yield
    av.logging.set_level(None)


MOVED = "302 Moved\r\nCSeq: {cseq}\r\nLocation: rtsp://127.0.0.1:{thief}/cam\r\n\r\n"
HIDDEN = "RTSP/1.0 302 Moved\r\nCSeq: 2\r\nLocation: rtsp://127.0.0.1:{thief}/cam\r\n\r\n"
#: Answers in which FFmpeg sees a redirect, and who looks for one as it is mostly written does not.
SMUGGLED = {
    "two spaces before the status": "RTSP/1.0  " + MOVED,
    "another version": "RTSP/2.0 " + MOVED,
    "lines that end otherwise": "RTSP/1.0 200 OK\nCSeq: {cseq}\n\n" + HIDDEN.replace("\r", "") + "\r\n\r\n",
    "two lengths": "RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\nContent-Length: {size}\r\nContent-Length: 0\r\n\r\n"
    + HIDDEN,
}


@pytest.mark.promise("P-camera-3")
@pytest.mark.parametrize("smuggled", SMUGGLED.values(), ids=SMUGGLED)
def test_a_redirect_that_hides_from_us_leads_nowhere(smuggled: str) -> None:
    with host(lambda question, _: said(question, "404 No")) as (thief_port, thief):

        def answer(question: str, number: int) -> bytes:
            is_hidden = "200 OK" in smuggled
            if number == 0 or (question.startswith("OPTIONS") and not is_hidden):
                return said(question, "200 OK")
            size = len(HIDDEN.format(thief=thief_port))
            cseq = question.partition("CSeq: ")[2].partition("\r\n")[0]
            return smuggled.format(thief=thief_port, cseq=cseq, size=size).encode()

        with host(answer) as (own, _):
            told = failure(order("rtsp", own, ""))
    assert thief == []
    assert (told.link, str(told)) == (CameraLink.NOT_A_PICTURE, "an answer that is no RTSP")


@pytest.mark.promise("P-camera-3")
@pytest.mark.parametrize(
    ("kind", "listing"),
    [
        (
            "application/vnd.apple.mpegurl",
            "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{}\n#EXT-X-ENDLIST\n",
        ),
        ("text/plain", "ffconcat version 1.0\nfile {}\n"),
    ],
)
def test_a_list_of_what_is_to_be_fetched_elsewhere_is_no_stream(kind: str, listing: str) -> None:
    with host(lambda question, _: said(question, "404 No")) as (thief_port, thief):
        body = listing.format(f"http://127.0.0.1:{thief_port}/part.ts").encode()
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        with host(lambda *_: head + body) as (own, _):
            told = failure(order("http", own, ""))
    assert thief == []
    assert told.link is CameraLink.UNDECODABLE


SDP = (
    "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=x\r\nc=IN IP4 0.0.0.0\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\na=control:one\r\n"
)


def test_datagrams_go_to_the_host_and_not_to_where_it_says() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as own, contextlib.ExitStack() as held:
        own.bind(("127.0.0.1", 0))
        own.settimeout(20)
        port = own.getsockname()[1]
        thief = held.enter_context(socket.socket(socket.AF_INET, socket.SOCK_DGRAM))
        thief.bind(("127.0.0.2", port))
        thief.setblocking(False)

        def answer(question: str, _: int) -> bytes:
            if question.startswith("DESCRIBE"):
                lines = ("Content-Type: application/sdp", f"Content-Length: {len(SDP)}")
                return said(question, "200 OK", *lines) + SDP.encode()
            if question.startswith("SETUP"):
                ours = question.partition("client_port=")[2].partition("\r\n")[0]
                way = f"Transport: RTP/AVP;unicast;client_port={ours};source=127.0.0.2;server_port={port}-{port + 1}"
                return said(question, "200 OK", "Session: 1", way)
            return said(question, "200 OK")

        with host(answer) as (tcp, _):
            told = failure(replace(order("rtsp", tcp, ""), transport="udp", timeout_s=1.0))
        assert own.recv(99), "it opens the way through routers"
        with pytest.raises(BlockingIOError):
            thief.recv(99)
    assert told.link is CameraLink.SILENT


GOOD = [
    "RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Length: 7\r\nX: a: b\r\n\r\n",
    "RTSP/1.0 401 Unauthorized\r\n\r\n",
    "OPTIONS rtsp://h/ RTSP/1.0\r\nCSeq: 1\r\n\r\n",
    "RTSP/1.0 200 OK\r\nContent-Length: 7\r\ncontent-length: 7\r\n\r\n",
]
ODD = st.sampled_from(["\n", "\r", "\0", "\n$", "\r\n$\0\0\2", "\r\n ", " ", "RTSP/1.0 302 X\r\n"])


@given(st.sampled_from(GOOD), st.integers(0, 60), ODD)
@example(GOOD[0], 8, " ")
def test_a_head_passes_only_if_ffmpeg_reads_the_same_lines_and_status(head: str, at: int, odd: str) -> None:
    _check(head)
    at = min(at, len(head) - 4)
    changed = head[:at] + odd + head[at:]
    with contextlib.suppress(NoPicture):
        _check(changed)
        lines = changed.split("\n")  # as FFmpeg cuts: at each of these, whatever stands before
        assert lines.index("\r") == len(lines) - 2
        assert not any(line.startswith(("$", " ")) for line in lines)
        ours = STATUS_LINE.match(changed)
        assert not changed.startswith("RTSP/") or (ours is not None and ours[1] == changed.split()[1])


@contextmanager
def flooding(head: bytes, piece: bytes, most: int) -> Iterator[tuple[int, list[int]]]:
    """A host that answers the second who asks without an end, and how much of it got away."""
    sent = [0]
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for number in range(2):
                connection, _ = listener.accept()
                with connection, contextlib.suppress(OSError):
                    connection.recv(4096)
                    connection.sendall(head)
                    while number and sent[0] < most:
                        connection.sendall(piece)
                        sent[0] += len(piece)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1], sent
        thread.join(20)


HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n"
PART = HEAD + b"--x\r\nContent-Type: image/jpeg\r\n"
MEBIBYTE = 1 << 20


@pytest.mark.parametrize(
    ("head", "piece"),
    [
        (PART + b"\r\n", bytes(MEBIBYTE)),
        (PART + b"Content-Length: 1500000000\r\n\r\n", bytes(MEBIBYTE)),
        (PART, b"X-More: aaaaaaa\r\n" * 60_000),
    ],
    ids=["without a length", "of a great length", "a head without an end"],
)
def test_a_picture_without_an_end_is_cut_off(head: bytes, piece: bytes) -> None:
    with flooding(head, piece, 8 * MOST_WAITING) as (port, sent):
        told = failure(order("http", port, ""))
    assert (told.link, str(told)) == (CameraLink.UNDECODABLE, "no picture in 32 MiB")
    assert sent[0] < 2 * MOST_WAITING


def asks(question: str, _: int) -> bytes:
    if "uthorization" not in question:
        return said(question, "401 No", f"WWW-Authenticate: {BASIC}")
    return said(question, "200 OK")


def connected_to(relay: Relay) -> socket.socket:
    port = relay.url.split(":")[2].partition("/")[0]
    return socket.create_connection(("127.0.0.1", int(port)), 20)


@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_another_program_of_this_machine_cannot_use_the_account_and_does_not_keep_ffmpeg_out(
    scheme: str,
) -> None:
    protocol = f"{'RTSP' if scheme == 'rtsp' else 'HTTP'}/1.0"
    with host(asks) as (port, asked), Relay(order(scheme, port, "basic")) as relay:
        with connected_to(relay) as other, contextlib.suppress(ConnectionResetError):
            other.sendall(f"PUT /reboot {protocol}\r\n\r\n".encode())
            assert other.recv(99) == b""
        with connected_to(relay) as ours:
            path = relay.url if scheme == "rtsp" else "/" + relay.url.split("/", 3)[3]
            ours.sendall(f"GET {path} {protocol}\r\nCSeq: 1\r\n\r\n".encode())
            assert b"200 OK" in ours.recv(99)
    assert not any("reboot" in one for one in asked)
    assert [one.split()[1].removeprefix(f"rtsp://127.0.0.1:{port}") for one in asked] == ["/cam", "/cam"]


def test_who_hangs_up_sees_the_end_at_once_and_the_host_hears_the_farewell() -> None:
    with (
        host(lambda question, _: said(question, "200 OK")) as (port, asked),
        Relay(order("rtsp", port, "")) as relay,
        connected_to(relay) as ours,
    ):
        ours.sendall(f"OPTIONS {relay.url} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        assert b"200 OK" in ours.recv(99)
        relay.hang_up()
        assert ours.recv(99) == b""
        ours.sendall(f"TEARDOWN {relay.url} RTSP/1.0\r\nCSeq: 2\r\n\r\n".encode())
        until_s = time.monotonic() + 20
        while len(asked) < 2 and time.monotonic() < until_s:
            time.sleep(0.02)
    assert [one.split()[0] for one in asked] == ["OPTIONS", "TEARDOWN"]


def test_a_relay_that_nobody_came_to_is_gone_with_its_port() -> None:
    with Relay(order("rtsp", 9, "")) as relay:
        pass
    assert not relay._thread.is_alive()
    with pytest.raises(ConnectionRefusedError):
        connected_to(relay)
