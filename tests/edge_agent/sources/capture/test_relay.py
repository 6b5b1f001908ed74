"""What goes to a host of streams, and what never does: the account in clear, and anything to another host."""

from __future__ import annotations

import base64
import contextlib
import hashlib
import itertools
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.codes import CameraLink
from edge_agent.sources.capture.failures import NoPicture
from edge_agent.sources.capture.knock import _resolved
from edge_agent.sources.capture.orders import Order
from edge_agent.sources.capture.relay import Inbox
from edge_agent.sources.capture.signing import Signer
from edge_agent.sources.capture.stream import Stream, hush
from tests.edge_agent.sources.camera.pictures import jpeg

SECRET = "s3cret@word"
DIGEST, BASIC = 'Digest realm="r", nonce="n"', 'Basic realm="r"'
Answer = Callable[[str, int], bytes]


@pytest.fixture(autouse=True)
def hushed() -> Iterator[None]:
    hush()
    yield
    av.logging.set_level(None)


@contextmanager
def host(answer: Answer) -> Iterator[tuple[int, list[str]]]:
    """A host that answers each question by its words and the number of its connection, and what it was asked."""
    asked: list[str] = []
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve(connection: socket.socket, number: int) -> None:
            with connection:
                data = b""
                while piece := connection.recv(4096):
                    data += piece
                    while b"\r\n\r\n" in data:
                        head, _, data = data.partition(b"\r\n\r\n")
                        asked.append(head.decode())
                        connection.sendall(answer(head.decode(), number))

        def accept() -> None:
            for number in itertools.count():
                try:
                    connection, _ = listener.accept()
                except OSError:
                    return
                threading.Thread(target=quiet, args=(serve, connection, number), daemon=True).start()

        thread = threading.Thread(target=accept, daemon=True)
        thread.start()
        yield listener.getsockname()[1], asked
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)


def quiet(serve: Callable[[socket.socket, int], None], connection: socket.socket, number: int) -> None:
    try:
        serve(connection, number)
    except OSError:
        return


def said(question: str, status: str, *lines: str) -> bytes:
    number = re.search(r"CSeq: \d+", question)
    protocol = "RTSP/1.0" if "RTSP/1.0" in question else "HTTP/1.1"
    own = [number[0]] if number else ["Content-Length: 0"]
    return "\r\n".join([f"{protocol} {status}", *own, *lines, "", ""]).encode()


def order(scheme: str, port: int, signs: str) -> Order:
    account = {"signs": signs, "username": "viewer", "password": SECRET}
    return Order(scheme, "/cam", "127.0.0.1", port, timeout_s=5.0, **account)  # type: ignore[arg-type]


def failure(wanted: Order) -> NoPicture:
    with pytest.raises(NoPicture) as raised:
        Stream(wanted, lambda _: None).run()
    return raised.value


@pytest.mark.promise("P-camera-3")
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_host_that_asks_for_basic_after_it_asked_for_digest_does_not_learn_the_password(
    scheme: str,
) -> None:
    def answer(question: str, number: int) -> bytes:
        return said(question, "401 No", f"WWW-Authenticate: {BASIC if number else DIGEST}")

    with host(answer) as (port, asked):
        told = failure(order(scheme, port, "digest"))
    assert (told.link, str(told)) == (
        CameraLink.UNAUTHORISED,
        "the host does not offer to sign in by digest",
    )
    assert len(asked) > 1
    assert "uthorization" not in "".join(asked)


@pytest.mark.promise("P-camera-3")
@pytest.mark.parametrize("scheme", ["rtsp", "http"])
def test_a_redirect_after_the_sign_in_leads_nowhere(scheme: str) -> None:
    with host(lambda question, _: said(question, "401 No", f"WWW-Authenticate: {BASIC}")) as (port, thief):

        def answer(question: str, _: int) -> bytes:
            if question.startswith("OPTIONS"):
                return said(question, "200 OK", "Public: DESCRIBE, SETUP, PLAY")
            if "uthorization" not in question:
                return said(question, "401 No", f"WWW-Authenticate: {BASIC}")
            return said(question, "302 Moved", f"Location: {scheme}://127.0.0.1:{port}/cam")

        with host(answer) as (own, asked):
            told = failure(order(scheme, own, "basic"))
    assert told.link is CameraLink.REFUSED
    assert "uthorization" in asked[-1]
    assert thief == []


def test_a_host_sees_its_own_address_one_sign_in_and_no_other_machine() -> None:
    def answer(question: str, _: int) -> bytes:
        if "Digest" not in question:
            return said(question, "401 No", f"WWW-Authenticate: {BASIC}\r\nWWW-Authenticate: {DIGEST}")
        body = jpeg()
        part = b"--x\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(body) + body + b"\r\n"
        return b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=x\r\n\r\n" + 20 * part

    told: list[Any] = []
    with host(answer) as (port, asked):
        stream = Stream(order("http", port, "digest"), lambda what: (told.append(what), stream.close()))
        stream.run()
    assert told
    assert f"Host: 127.0.0.1:{port}\r\n" in asked[-1] + "\r\n"
    assert asked[-1].count("Host:") == asked[-1].count("Authorization:") == 1
    assert 'uri="/cam"' in asked[-1]


PARTS = st.lists(
    st.one_of(
        st.binary(max_size=300).map(lambda data: b"$\x00" + len(data).to_bytes(2, "big") + data),
        st.binary(max_size=300).map(
            lambda body: b"RTSP/1.0 200 OK\r\nContent-Length: %d\r\n\r\n" % len(body) + body
        ),
        st.just(b"OPTIONS * RTSP/1.0\r\nCSeq: 3\r\n\r\n"),
    ),
    max_size=8,
)


@given(PARTS, st.lists(st.integers(1, 400), min_size=1))
def test_packets_and_messages_are_the_same_however_they_arrive(parts: list[bytes], steps: list[int]) -> None:
    data, at, found, inbox = b"".join(parts), 0, b"", Inbox()
    messages = []
    for step in itertools.cycle(steps):
        inbox.add(data[at : at + step])
        at += step
        for part in inbox.parts():
            found += part if isinstance(part, bytes) else part[0].encode("latin-1") + part[1]
            messages += [] if isinstance(part, bytes) else [part]
        if at >= len(data):
            break
    assert found == data
    assert len(messages) == sum(not part.startswith(b"$") for part in parts)


@given(st.binary(max_size=60_000))
def test_rubbish_is_refused_or_waits_and_nothing_else(data: bytes) -> None:
    inbox = Inbox()
    inbox.add(data)
    with contextlib.suppress(NoPicture):
        parts = list(inbox.parts())
        assert sum(len(part) if isinstance(part, bytes) else len(part[0]) for part in parts) <= len(data)
    assert len(inbox.rest()) <= len(data)


@pytest.mark.parametrize(
    ("algorithm", "response"),
    [
        ("MD5", "8ca523f5e9506fed4657c9700eebdbec"),
        ("SHA-256", "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"),
    ],
)
def test_an_answer_is_that_of_the_standard(algorithm: str, response: str) -> None:
    signer = Signer(
        "digest", "Mufasa", "Circle of Life", lambda: "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"
    )
    asked = (
        'WWW-Authenticate: Digest realm="http-auth@example.org", qop="auth, auth-int", '
        f'algorithm={algorithm}, nonce="7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v", opaque="FQhe/qaU"'
    )
    assert signer.line("GET", "/dir/index.html") == ""
    assert signer.hear(f"HTTP/1.1 401 No\r\n{asked}\r\n\r\n")
    line = signer.line("GET", "/dir/index.html")
    assert f'response="{response}"' in line
    assert "nc=00000001" in line
    assert "nc=00000002" in signer.line("GET", "/dir/index.html")


@pytest.mark.parametrize("letters", ["utf-8", "gbk"])
def test_names_in_chinese_are_signed_byte_by_byte_as_the_host_has_them(letters: str) -> None:
    """A realm is whatever the host's bytes are; ours go as UTF-8."""
    user, password, realm = "监控员".encode(), "口令".encode(), "网络摄像机".encode(letters)
    head = b'RTSP/1.0 401 No\r\nWWW-Authenticate: Digest realm="' + realm + b'", nonce="n"\r\n\r\n'
    signer = Signer("digest", user.decode(), password.decode())
    assert signer.hear(head.decode("latin-1"))
    line = signer.line("DESCRIBE", "rtsp://h/cam").encode("latin-1")
    mixed = lambda *words: hashlib.md5(b":".join(words)).hexdigest().encode()  # noqa: E731
    who, what = mixed(user, realm, password), mixed(b"DESCRIBE", b"rtsp://h/cam")
    assert b'response="' + mixed(who, b"n", what) + b'"' in line
    assert b'username="' + user + b'", realm="' + realm + b'"' in line
    basic = Signer("basic", user.decode(), password.decode())
    assert basic.hear('WWW-Authenticate: Basic realm="r"')
    assert base64.b64decode(basic.line("GET", "/").split()[-1]) == user + b":" + password


def test_a_word_of_the_host_that_comes_again_is_counted_on() -> None:
    signer, asked = (
        Signer("digest", "u", SECRET),
        'WWW-Authenticate: Digest realm="r", nonce="{}", qop="auth"',
    )
    counts = []
    for nonce in ("a", "a", "b"):
        signer.hear(asked.format(nonce))
        counts.append(re.findall(r"nc=(\d+)", signer.line("GET", "/") + signer.line("GET", "/")))
    assert counts == [["00000001", "00000002"], ["00000003", "00000004"], ["00000001", "00000002"]]


@pytest.mark.parametrize("asked", ["Digest nonsense", 'Digest realm="r"', 'Digest realm="r", nonce="n", algorithm=X',
                                   'Digest realm="r", nonce="n", qop="auth-int"', "Basic x", ""])  # fmt: skip
def test_a_challenge_without_sense_is_not_answered(asked: str) -> None:
    signer = Signer("digest", "u", SECRET)
    assert not signer.hear(f"RTSP/1.0 401 No\r\nWWW-Authenticate: {asked}\r\n\r\n")
    assert signer.line("DESCRIBE", "rtsp://h/") == ""


def test_a_name_that_is_looked_up_for_ever_is_a_host_that_is_down() -> None:
    done = threading.Event()
    with pytest.raises(NoPicture) as raised:
        _resolved("camera.invalid", 554, time.monotonic() + 0.1, lambda *_: [done.wait(30)])
    done.set()
    assert raised.value.link is CameraLink.HOST_DOWN


def sound_without_pictures(file: Path) -> bytes:
    """A second of video, and sound that goes on."""
    with av.open(str(file), "w", format="mpegts") as out:
        video, audio = out.add_stream("mpeg4", rate=10), out.add_stream("mp2", rate=48000)
        video.width, video.height, video.pix_fmt, audio.layout = 320, 180, "yuv420p", "stereo"
        for level in range(10):
            picture = np.full((180, 320, 3), level * 5, np.uint8)
            out.mux(video.encode(av.VideoFrame.from_ndarray(picture, format="rgb24")))
        out.mux(video.encode(None))
        for number in range(48000 * 6 // 1152):
            silence = np.zeros((1, 2304), np.int16)
            frame = av.AudioFrame.from_ndarray(silence, format="s16", layout="stereo")
            frame.sample_rate, frame.pts, frame.time_base = 48000, number * 1152, Fraction(1, 48000)
            out.mux(audio.encode(frame))
    return file.read_bytes()


def test_sound_that_goes_on_without_pictures_is_silence_and_no_hang(tmp_path: Path) -> None:
    data = sound_without_pictures(tmp_path / "sound.ts")

    def answer(_: str, number: int) -> bytes:
        return b"HTTP/1.1 200 OK\r\nContent-Type: video/mp2t\r\n\r\n" + (data if number else b"")

    with trickling(answer) as port:
        wanted = Order("http", "/cam", "127.0.0.1", port, timeout_s=1.0)
        stream = Stream(wanted, lambda _: None)
        with pytest.raises(NoPicture, match="other data came") as raised:
            stream.run()
    assert raised.value.link is CameraLink.SILENT


@contextmanager
def trickling(answer: Answer) -> Iterator[int]:
    """A host that gives the second who asks the beginning at once, and the rest little by little."""
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def serve() -> None:
            for number in range(2):
                connection, _ = listener.accept()
                with connection:
                    connection.recv(4096)
                    data = answer("", number)
                    for at in range(0, len(data), 1880):
                        connection.sendall(data[at : at + 1880])
                        time.sleep(0.05 if at > 30_000 else 0)

        thread = threading.Thread(target=quiet, args=(lambda *_: serve(), listener, 0), daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        thread.join(30)
