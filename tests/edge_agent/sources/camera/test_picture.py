"""A JPEG is judged before it is decoded, and decoded to what the detectors see."""

from __future__ import annotations

import contextlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH
from edge_agent.sources.camera.newest import Newest, Picture
from edge_agent.sources.capture.jpeg import check, size_of
from edge_agent.sources.capture.picture import seen_of
from tests.edge_agent.sources.camera.pictures import declaring, encoded, jpeg

MOST = 40e6


@pytest.mark.parametrize("progressive", [False, True])
@given(width=st.integers(1, 400), height=st.integers(1, 400))
@settings(max_examples=30, deadline=None)
def test_the_size_is_read_from_the_header(width: int, height: int, *, progressive: bool) -> None:
    assert size_of(jpeg(width, height, progressive=progressive)) == (width, height)


def test_the_size_is_read_behind_other_segments_and_fill_bytes() -> None:
    data = jpeg(33, 44)
    thumbnail = b"\xff\xe1" + (2 + len(data)).to_bytes(2, "big") + data
    assert size_of(data[:2] + thumbnail + b"\xff\xff\xff" + data[2:]) == (33, 44)


@given(st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_any_bytes_behind_a_start_are_a_size_or_garbled(data: bytes) -> None:
    with contextlib.suppress(Garbled):
        size_of(b"\xff\xd8" + data)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "not a JPEG"),
        (b"<html>no</html>", "not a JPEG, it starts with 3c68746d6c3e6e6f"),
        (b"\xff\xd8", "without a frame header"),
        (b"\xff\xd8this is no picture" + bytes(200), "without a frame header"),
        (jpeg()[:-2], "without an end"),
        (jpeg()[: len(jpeg()) // 2], "without an end"),
        (declaring(20_000, 10_000), "20000x10000, at most 40 megapixels"),
        (declaring(65_535, 65_535), "65535x65535"),
        (declaring(0, 64), "0x64"),
    ],
    ids=lambda value: repr(value[:24]),
)
def test_what_is_no_bearable_picture_is_garbled_before_it_is_decoded(data: bytes, words: str) -> None:
    with pytest.raises(Garbled, match=words):
        check(data, MOST)
    with pytest.raises(Garbled, match=words):
        seen_of(data, MOST)


def test_a_header_without_a_picture_behind_it_is_garbled() -> None:
    data = jpeg(640, 360)
    scan = data.index(b"\xff\xda")
    with pytest.raises(Garbled):
        seen_of(data[:scan] + b"\xff\xd9", MOST)


@pytest.mark.parametrize(
    "size", [(160, 90), (320, 180), (640, 360), (704, 576), (1280, 720), (1920, 1080), (2560, 1440)]
)
def test_every_size_becomes_the_same_small_grey_picture(size: tuple[int, int]) -> None:
    grey = seen_of(jpeg(*size), MOST).grey
    assert (grey.shape, grey.dtype) == ((FRAME_HEIGHT, FRAME_WIDTH), np.uint8)
    assert abs(float(grey[:, : FRAME_WIDTH // 2 - 2].mean()) - 180) < 4
    assert abs(float(grey[:, FRAME_WIDTH // 2 + 2 :].mean()) - 120) < 4


def test_the_same_bytes_give_the_same_picture_and_others_another() -> None:
    assert (seen_of(jpeg(seed=1), MOST).grey == seen_of(jpeg(seed=1), MOST).grey).all()
    assert (seen_of(jpeg(seed=1), MOST).grey != seen_of(jpeg(seed=2), MOST).grey).any()


def test_colours_become_luma() -> None:
    green = np.zeros((180, 320, 3), np.uint8)
    green[..., 1] = 255
    assert abs(float(seen_of(encoded(green), MOST).grey.mean()) - 150) < 3


def test_the_newest_pictures_are_kept_within_their_bytes_and_the_oldest_go() -> None:
    newest = Newest(100)
    for number, camera in enumerate("abcd"):
        newest.put(camera, Picture(number, bytes(30)))
    assert newest.get("a") is None
    assert newest.get("b") == (1, bytes(30))
    newest.put("b", Picture(9, bytes(40)))
    newest.put("e", Picture(10, bytes(30)))
    assert [camera for camera in "abcde" if newest.get(camera)] == ["d", "b", "e"] or newest.get("c") is None
    assert newest.bytes == 100
    newest.put("huge", Picture(11, bytes(101)))
    assert newest.bytes == 0
