from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from devices.wire.messages import (
    COLUMN_DTYPES,
    MAX_BODY_BYTES,
    MAX_COLUMNS,
    MAX_HEADER_BYTES,
    Kind,
    Lane,
    Message,
    ack_topic,
    decode,
    encode,
    health_topic,
    hello_topic,
    state_topic,
    up_topic,
)
from tests.devices.wire.examples import equal
from tests.devices.wire.plain_reader import read

PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
HEADERS = st.dictionaries(
    st.text(max_size=12).filter(lambda key: key not in {"kind", "columns"}), PLAIN, max_size=6
)
COLUMNS = st.dictionaries(
    st.text(max_size=12),
    st.sampled_from(sorted(COLUMN_DTYPES)).flatmap(lambda dtype: hnp.arrays(dtype, st.integers(0, 20))),
    max_size=6,
)


@given(st.sampled_from(Kind), HEADERS, COLUMNS)
def test_any_message_comes_back_equal(
    kind: Kind, header: dict[str, Any], columns: dict[str, npt.NDArray[Any]]
) -> None:
    message = Message(kind, header, columns)
    assert equal(decode(encode(message)), message)


@given(HEADERS, COLUMNS)
def test_the_plain_reader_agrees(header: dict[str, Any], columns: dict[str, npt.NDArray[Any]]) -> None:
    read_header, read_columns = read(encode(Message(Kind.HEALTH, header, columns)))
    assert equal(read_header, {"kind": "health", **header})
    assert equal(read_columns, {name: column.tolist() for name, column in columns.items()})


@pytest.mark.parametrize("dtype", [">f8", ">i4", "=i8", "<f4"])
def test_other_byte_orders_are_turned(dtype: str) -> None:
    column = np.array([1, 2, 3], dtype)
    read_back = decode(encode(Message(Kind.HEALTH, {}, {"x": column}))).columns["x"]
    assert read_back.dtype.str == f"<{dtype[1:]}"
    assert read_back.tolist() == [1, 2, 3]


def test_columns_that_are_views_are_sent_as_they_look() -> None:
    column = np.arange(20, dtype=np.int32)[::-3]
    assert decode(encode(Message(Kind.HEALTH, {}, {"x": column}))).columns["x"].tolist() == column.tolist()


def test_a_message_without_columns_has_none() -> None:
    assert decode(encode(Message(Kind.RULES, {"a": 1}))).columns == {}


def test_columns_that_were_read_cannot_be_written_to() -> None:
    column = decode(encode(Message(Kind.HEALTH, {}, {"x": np.zeros(3)}))).columns["x"]
    with pytest.raises(ValueError, match="read-only"):
        column[0] = 1


@pytest.mark.parametrize(
    ("column", "says"),
    [
        (np.zeros((2, 2)), "1-D"),
        (np.zeros(2, np.float16), "dtype <f2"),
        (np.zeros(2, np.bool_), "dtype"),
        (np.zeros(2, np.uint16), "dtype"),
        (np.array(["a"]), "dtype"),
        (np.array([None]), "dtype"),
        (np.zeros(2, "datetime64[us]"), "dtype"),
        (np.float64(1.0), "1-D"),
    ],
)
def test_column_that_nobody_could_read_is_refused_by_name(column: npt.NDArray[Any], says: str) -> None:
    with pytest.raises(ValueError, match=f"column x .*{says}"):
        encode(Message(Kind.HEALTH, {}, {"x": column}))


@pytest.mark.parametrize("key", ["kind", "columns"])
def test_header_keys_of_the_wire_cannot_be_overwritten(key: str) -> None:
    with pytest.raises(ValueError, match=key):
        encode(Message(Kind.HEALTH, {key: "x"}))


def test_too_many_columns_are_refused() -> None:
    columns = {f"c{number}": np.zeros(1) for number in range(MAX_COLUMNS + 1)}
    with pytest.raises(ValueError, match="columns"):
        encode(Message(Kind.HEALTH, {}, columns))


def test_body_beyond_its_bound_is_refused_before_it_is_compressed() -> None:
    with pytest.raises(ValueError, match="larger"):
        encode(Message(Kind.HEALTH, {}, {"x": np.zeros(MAX_BODY_BYTES // 8)}))


def test_header_beyond_its_bound_is_refused() -> None:
    with pytest.raises(ValueError, match="larger"):
        encode(Message(Kind.HEALTH, {"x": "a" * MAX_HEADER_BYTES}))


def test_message_that_does_not_compress_below_its_bound_is_refused() -> None:
    noise = np.random.default_rng(1).integers(0, 256, 6_000_000).astype(np.uint8)
    with pytest.raises(ValueError, match="packed"):
        encode(Message(Kind.HEALTH, {}, {"x": noise}))


def test_topics_are_the_documented_ones() -> None:
    assert [up_topic("hq1", lane) for lane in Lane] == [
        "campus/v1/hq1/up/alerts",
        "campus/v1/hq1/up/live",
        "campus/v1/hq1/up/backlog",
    ]
    assert hello_topic("hq1") == "campus/v1/hq1/up/hello"
    assert health_topic("hq1") == "campus/v1/hq1/up/health"
    assert state_topic("hq1") == "campus/v1/hq1/state"
    assert ack_topic("hq1") == "campus/v1/hq1/down/ack"
