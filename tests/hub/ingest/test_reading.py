from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.wire.messages import HEAD, MAX_BODY_BYTES, Kind, Lane, Message, encode
from devices.wire.records import Stamp
from hub.ingest.reading import Alerts, Samples, Wrong, body_bytes, read_record, read_voice
from hub.ingest.topics import Address, address
from tests.hub.ingest.campus import EPOCH, A, alerts, event, record, samples

GOOD = record(samples(), Lane.LIVE, 3)


def test_a_good_record_is_read_whole() -> None:
    found = read_record(A, Lane.LIVE, GOOD)
    assert isinstance(found, Samples)
    assert found.stamp == Stamp(A, EPOCH, Lane.LIVE, 3)
    assert len(found.batch) == 20
    assert isinstance(read_record(A, Lane.ALERTS, record(alerts(event()), Lane.ALERTS, 1)), Alerts)


@given(st.binary(max_size=200))
def test_no_bytes_whatever_raise_an_error(payload: bytes) -> None:
    assert isinstance(read_record(A, Lane.LIVE, payload), Wrong)
    assert isinstance(read_voice(A, "hello", payload), Wrong)
    assert len(payload) <= body_bytes(payload) <= MAX_BODY_BYTES


@settings(max_examples=300)
@given(st.data())
def test_no_damage_to_a_record_raises_an_error_or_is_taken_for_another_record(data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(GOOD) - 1))
    byte = data.draw(st.integers(0, 255))
    damaged = bytes([*GOOD[:place], byte, *GOOD[place + 1 :]])
    found = read_record(A, Lane.LIVE, damaged)
    harmless = damaged == GOOD or HEAD.size - 8 <= place < HEAD.size  # the reserved bytes of the head
    assert isinstance(found, Samples) == harmless


plain = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(1 << 63), (1 << 64) - 1)
    | st.floats()
    | st.text()
    | st.binary(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=5), inner, max_size=4),
    max_leaves=20,
)
headers = st.dictionaries(
    st.sampled_from(["agent", "epoch", "lane", "seq", "sent_us", "points", "events", "x"]), plain
)


@settings(max_examples=300, deadline=None)
@given(st.sampled_from(Kind), headers)
def test_no_header_whatever_raises_an_error(kind: Kind, header: dict[str, object]) -> None:
    payload = encode(Message(kind, header))
    assert isinstance(read_record(A, Lane.LIVE, payload), Wrong | Samples)
    read_voice(A, str(kind), payload)


def test_what_an_agent_says_of_itself_is_bounded() -> None:
    wide = encode(Message(Kind.HEALTH, {"agent": A, "list": list(range(30_000))}))
    assert isinstance(read_voice(A, "health", wide), Wrong)
    raw = encode(Message(Kind.HEALTH, {"agent": A, "raw": b"bytes"}))
    assert isinstance(read_voice(A, "health", raw), Wrong)
    long = encode(Message(Kind.HEALTH, {"agent": A, "text": "x" * 5000}))
    values = read_voice(A, "health", long)
    assert not isinstance(values, Wrong)
    assert len(values["text"]) == 2000


@pytest.mark.parametrize(
    ("topic", "expected"),
    [
        ("campus/v1/edge-1/up/live", Address("edge-1", "live")),
        ("campus/v1/edge-1/up/hello", Address("edge-1", "hello")),
        ("campus/v1/edge-1/state", Address("edge-1", "state")),
        ("campus/v1/edge-1/up/state", Address("edge-1", "")),
        ("campus/v1/edge-1/up/", Address("edge-1", "")),
        ("campus/v1/edge-1/up/live/more", Address("edge-1", "")),
        ("campus/v1/edge-1/down/ack", Address("edge-1", "")),
        ("campus/v1/edge-1", Address("edge-1", "")),
        ("campus/v1/Edge_1/up/live", Address("", "")),
        ("campus/v1//up/live", Address("", "")),
        ("campus/v2/edge-1/up/live", Address("", "")),
        ("x/campus/v1/edge-1/up/live", Address("", "")),
        ("", Address("", "")),
    ],
)
def test_a_topic_tells_who_speaks_and_of_what(topic: str, expected: Address) -> None:
    assert address(topic) == expected


def test_the_lane_of_a_topic_is_known() -> None:
    assert address("campus/v1/e/up/backlog").lane is Lane.BACKLOG
    assert address("campus/v1/e/up/hello").lane is None
