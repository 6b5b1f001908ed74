"""The worker process by itself: what it answers, and that it never outlives whoever started it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest

from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH
from edge_agent.sources.capture.orders import LENGTH, Order, framed, unpacked
from edge_agent.sources.capture.packets import Codec, Packet
from edge_agent.sources.capture.worker import ROOM, Capture
from tests.edge_agent.sources.camera.pictures import declaring, jpeg
from tests.edge_agent.sources.capture.test_relay import host, said

SECRET = "s3cret-word"


@contextmanager
def running(**environment: str) -> Iterator[subprocess.Popen[bytes]]:
    command, pipe = [sys.executable, "-m", "edge_agent.sources.capture.worker"], subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=os.environ | environment) as process:
        yield process
        process.kill()


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    with running() as process:
        yield process


def tell(worker: subprocess.Popen[bytes], *message: Any) -> None:
    assert worker.stdin is not None
    worker.stdin.write(framed(list(message)))
    worker.stdin.flush()


def heard(worker: subprocess.Popen[bytes], kind: str) -> list[Any]:
    """The next message of a kind."""
    assert worker.stdout is not None
    while True:
        length = int.from_bytes(worker.stdout.read(LENGTH), "big")
        message = unpacked(worker.stdout.read(length))
        if message[0] == kind:
            return message[1:]


def test_good_pictures_are_decoded_and_bad_ones_told_in_order(worker: subprocess.Popen[bytes]) -> None:
    for number, data in enumerate((jpeg(), b"<html>", declaring(20_000, 10_000), jpeg(level=40))):
        tell(worker, "decode", number, 40e6, data)
    answers = [heard(worker, "decoded") for _ in range(4)]
    assert [(number, len(grey)) for number, grey, _, _ in answers] == [
        (0, FRAME_HEIGHT * FRAME_WIDTH), (1, 0), (2, 0), (3, FRAME_HEIGHT * FRAME_WIDTH)
    ]  # fmt: skip
    assert [why[:12] for *_, why in answers] == ["", "not a JPEG, ", "a picture of", ""]


def test_an_account_is_not_in_the_list_of_processes(worker: subprocess.Popen[bytes]) -> None:
    wanted = Order("rtsp", "/cam", "127.0.0.1", 9, signs="digest", username="viewer", password=SECRET)
    tell(worker, "open", 1, wanted.plain())
    key, _, why = heard(worker, "ended")
    assert key == 1
    process = Path(f"/proc/{worker.pid}")
    told = (process / "cmdline").read_bytes() + (process / "environ").read_bytes() + why.encode()
    assert SECRET.encode() not in told


def test_it_ends_when_its_input_ends_and_not_by_ctrl_c(worker: subprocess.Popen[bytes]) -> None:
    heard(worker, "alive")
    worker.send_signal(signal.SIGINT)
    heard(worker, "alive")
    heard(worker, "alive")
    assert worker.poll() is None
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(20) == 0


def test_it_ends_also_while_one_of_its_streams_hangs(worker: subprocess.Popen[bytes], tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    tell(worker, "open", 7, Order("file", str(tmp_path / "pipe"), timeout_s=0.01).plain())
    while not (told := heard(worker, "alive"))[0]:
        pass
    assert told[0] == [7]
    assert worker.stdin is not None
    worker.stdin.close()
    assert worker.wait(20) == 0


def test_a_proxy_of_the_machine_sees_nothing_of_a_stream() -> None:
    with (
        host(lambda question, _: said(question, "404 No")) as (proxy, seen),
        host(lambda question, _: said(question, "200 OK")) as (port, asked),
        running(http_proxy=f"http://127.0.0.1:{proxy}") as worker,
    ):
        tell(worker, "open", 1, Order("http", "/cam", "127.0.0.1", port).plain())
        heard(worker, "ended")
    assert seen == []
    assert [question.split()[1] for question in asked] == ["/cam", "/cam"]


def test_what_makes_packets_readable_is_told_even_if_there_was_no_room_for_it() -> None:
    """The agent was busy when a stream began: what came then is lost, and what comes later is worth something."""
    capture = Capture(BytesIO(), BytesIO())
    capture._tell(1, Codec("h264", b"", 640, 360, 11.1, 1))
    for _ in range(ROOM):
        capture._tell(1, Packet(1, 1, False, b""))
    capture._tell(2, Codec("hevc", b"", 640, 360, 11.1, 1))
    capture._tell(2, Packet(1, 1, True, b""))
    waiting = [capture._out.get_nowait() for _ in range(ROOM)]
    assert {message[1] for message in waiting} == {1}
    capture._tell(2, Packet(2, 2, False, b""))
    capture._tell(2, Packet(3, 3, False, b""))
    told = [capture._out.get_nowait()[:3] for _ in range(capture._out.qsize())]
    assert told == [["codec", 2, "hevc"], ["packet", 2, 2], ["packet", 2, 3]]
