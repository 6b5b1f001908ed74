"""A still picture made small enough for a thin line, by the worker process."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator

import cv2
import numpy as np
import pytest

from devices.model.errors import Garbled
from edge_agent.sources.capture.picture import SHOWN_BYTES, SHOWN_WIDE, shrunk
from tests.edge_agent.sources.capture.test_worker import heard, tell


def encoded(height: int, width: int, noise: float = 0.0) -> bytes:
    rows = np.linspace(0, 200, height)[:, None, None].repeat(width, 1).repeat(3, 2)
    noisy = np.clip(rows + np.random.default_rng(1).normal(0, noise + 1e-9, rows.shape), 0, 255)
    return cv2.imencode(".jpg", noisy.astype(np.uint8), [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()


def size_of(jpeg: bytes) -> tuple[int, int]:
    height, width = cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR).shape[:2]
    return width, height


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ((1080, 1920), (960, 540)),
        ((1520, 2688), (960, 542)),
        ((600, 800), (800, 600)),
        ((1000, 1000), (960, 960)),
    ],
)
def test_a_wide_picture_keeps_its_shape_and_a_narrow_one_its_size(
    before: tuple[int, int], after: tuple[int, int]
) -> None:
    assert size_of(shrunk(encoded(*before), 40e6)) == after


def test_even_a_night_full_of_noise_stays_small() -> None:
    jpeg = encoded(1080, 1920, noise=60.0)
    assert len(jpeg) > 10 * SHOWN_BYTES
    small = shrunk(jpeg, 40e6)
    assert len(small) <= 2 * SHOWN_BYTES
    assert size_of(small)[0] == SHOWN_WIDE


@pytest.mark.parametrize("data", [b"<html>", encoded(1080, 1920)[:-4000]])
def test_what_is_no_whole_picture_is_refused(data: bytes) -> None:
    with pytest.raises(Garbled):
        shrunk(data, 40e6)


@pytest.fixture
def worker() -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", "edge_agent.sources.capture.worker"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        yield process
        process.kill()


def test_a_worker_answers_with_the_picture_or_says_that_it_is_none(worker: subprocess.Popen[bytes]) -> None:
    tell(worker, "shrink", 4, 40e6, encoded(1080, 1920))
    number, jpeg = heard(worker, "shrunk")
    assert (number, size_of(jpeg)[0]) == (4, SHOWN_WIDE)
    tell(worker, "shrink", 5, 40e6, b"<html>")
    number, grey, _, why = heard(worker, "decoded")
    assert (number, grey, why[:10]) == (5, b"", "not a JPEG")
