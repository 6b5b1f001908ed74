from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.wire.evidence import (
    MOST_BYTES,
    MOST_FILES,
    Fetch,
    File,
    Piece,
    fetch_from,
    fetch_message,
    picture_of,
    piece_from,
    piece_message,
)
from devices.wire.messages import Kind, Message, decode, encode

HEX = "0123456789abcdef"
ALERTS, HASHES = st.text(HEX, min_size=24, max_size=24), st.text(HEX, min_size=64, max_size=64)
NAMES = st.sampled_from(["clip.mp4", "1-clean.jpg", "12-facts.jpg"])
FILES = st.builds(File, NAMES, st.integers(0, MOST_BYTES), HASHES)


@given(
    st.builds(
        Fetch,
        st.just("edge-1"),
        st.integers(0, 1 << 60),
        ALERTS,
        NAMES | st.just(""),
        st.integers(0, MOST_BYTES),
    )
)
def test_a_question_comes_out_as_it_went_in(fetch: Fetch) -> None:
    assert fetch_from(decode(encode(fetch_message(fetch))), "edge-1") == fetch


@given(
    st.builds(
        Piece,
        st.just("edge-1"),
        st.integers(0, 1 << 60),
        st.lists(FILES, max_size=5).map(tuple),
        st.binary(max_size=200),
        st.just(0) | st.integers(1, 1 << 60),
    )
)
def test_an_answer_comes_out_as_it_went_in(piece: Piece) -> None:
    assert piece_from(decode(encode(piece_message(piece))), "edge-1") == piece


@given(
    st.builds(
        Fetch,
        st.just("edge-1"),
        st.integers(0, 1 << 60),
        st.just(""),
        st.sampled_from(["", "newest-1700000000000000.jpg", "night-0.png"]),
        st.integers(0, MOST_BYTES),
        st.sampled_from(["hq1-cam-1", "a"]),
    )
)
def test_a_question_for_pictures_comes_out_as_it_went_in(fetch: Fetch) -> None:
    assert fetch_from(decode(encode(fetch_message(fetch))), "edge-1") == fetch


def test_pictures_have_their_time_in_their_names_and_nothing_else_is_one() -> None:
    assert picture_of("newest-1700000000000000.jpg") == ("newest", 1700000000000000)
    assert picture_of("day-5.png") == ("day", 5)
    wrong = ("clip.mp4", "newest-.jpg", "day-5.png/..", "dusk-5.png", "day--5.png", "day-1e3.png", "")
    assert [name for name in wrong if picture_of(name)] == []


QUESTION = {"agent": "edge-1", "number": 1, "alert": "a" * 24, "name": "clip.mp4", "offset": 0}


@pytest.mark.parametrize(
    "wrong",
    [
        {"agent": "edge-2"},
        {"alert": "../" + "a" * 21},
        {"name": "../clip.mp4"},
        {"name": "clip.sh"},
        {"offset": -1},
        {"offset": MOST_BYTES + 1},
        {"number": None},
        {"camera": "hq1-cam-1"},
        {"camera": "hq1-cam-1", "alert": ""},
        {"camera": "../hub", "alert": "", "name": ""},
        {"camera": 7, "alert": "", "name": ""},
        {"camera": "", "alert": "", "name": ""},
        {"name": "newest-5.jpg/.."},
    ],
)
def test_a_question_that_makes_no_sense_is_refused(wrong: dict[str, Any]) -> None:
    with pytest.raises(Garbled):
        fetch_from(Message(Kind.FETCH, QUESTION | wrong), "edge-1")


@pytest.mark.parametrize(
    ("header", "dtype"),
    [
        ({"agent": "edge-2"}, np.uint8),
        ({"files": [["clip.mp4", 5, "beef"]]}, np.uint8),
        ({"files": [["..", 5, "a" * 64]]}, np.uint8),
        ({"files": [["clip.mp4", 5, "a" * 64]] * (MOST_FILES + 1)}, np.uint8),
        ({}, np.float64),
    ],
)
def test_an_answer_that_makes_no_sense_is_refused(header: dict[str, Any], dtype: type) -> None:
    good = {"agent": "edge-1", "number": 1, "files": []}
    with pytest.raises(Garbled):
        piece_from(Message(Kind.PIECE, good | header, {"data": np.zeros(8, dtype)}), "edge-1")
