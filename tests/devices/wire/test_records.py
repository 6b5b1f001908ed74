from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.alerts import AlertEvent, EventKind, Family, Severity
from devices.model.errors import Garbled
from devices.model.samples import Quality, SampleBatch
from devices.model.texts import Text
from devices.wire.messages import Kind, Lane, Message, decode, encode
from devices.wire.records import (
    MAX_ALERTS,
    MAX_COUNT,
    MAX_SAMPLES,
    MAX_TEXT,
    MAX_TIME_US,
    Stamp,
    ack_from,
    ack_message,
    alerts_from,
    alerts_message,
    samples_from,
    samples_message,
    stamp_of,
    stamped,
)
from tests.devices.wire.examples import BATCH, EVENTS, MESSAGES, NAMES

TIMES = st.integers(0, MAX_TIME_US)
COUNTS = st.integers(0, MAX_COUNT)
NUMBERS = st.floats()
SHORT = st.text(max_size=20)
POINTS = tuple(f"dev-{number}.p{number}" for number in range(6))
ROWS = st.lists(
    st.tuples(
        st.integers(0, len(POINTS) - 1),
        TIMES,
        st.floats(allow_infinity=False),
        st.sampled_from([Quality.GOOD, Quality.UNCERTAIN]),
    )
    | st.tuples(
        st.integers(0, len(POINTS) - 1), TIMES, st.just(float("nan")), st.sampled_from(list(Quality))
    ),
    max_size=30,
)
SAMPLES_BATCHES = ROWS.map(lambda rows: SampleBatch.of(*(zip(*rows, strict=True) if rows else [[]] * 4)))
ALERTS = st.builds(
    AlertEvent,
    id=SHORT,
    kind=st.sampled_from(EventKind),
    rule=SHORT,
    rule_version=COUNTS,
    family=st.sampled_from(Family),
    severity=st.sampled_from(Severity),
    site=SHORT,
    device=SHORT,
    time_us=TIMES,
    start_us=TIMES,
    value=NUMBERS,
    limit=NUMBERS,
    unit=SHORT,
    message=st.builds(Text, SHORT, SHORT),
    evidence=st.dictionaries(SHORT, NUMBERS, max_size=4),
    parent=SHORT,
)
STAMPS = st.builds(Stamp, st.sampled_from(["hq1", "a"]), COUNTS, st.sampled_from(Lane), COUNTS)


def travelled(message: Message) -> Message:
    return decode(encode(message))


def row_texts(batch: SampleBatch, names: tuple[str, ...] | list[str]) -> list[str]:
    columns = (batch.time_us.tolist(), batch.value.tolist(), batch.quality.tolist())
    return [repr((names[row], *rest)) for row, *rest in zip(batch.point.tolist(), *columns, strict=True)]


@given(SAMPLES_BATCHES)
def test_samples_come_back_with_only_the_names_they_use(batch: SampleBatch) -> None:
    back, names = samples_from(travelled(samples_message(batch, POINTS)))
    assert row_texts(back, names) == row_texts(batch, POINTS)
    assert names == sorted({POINTS[row] for row in batch.point})


@given(st.lists(ALERTS, max_size=4))
def test_alerts_come_back(events: list[AlertEvent]) -> None:
    assert repr(alerts_from(travelled(alerts_message(events)))) == repr(events)


@given(STAMPS, TIMES)
def test_stamp_comes_back_and_leaves_the_rest_alone(stamp: Stamp, sent_us: int) -> None:
    message = travelled(stamped(samples_message(BATCH, NAMES), stamp, sent_us))
    assert stamp_of(message) == stamp
    assert message.header["sent_us"] == sent_us
    assert len(samples_from(message)[0]) == len(BATCH)


@given(
    COUNTS,
    st.lists(st.tuples(st.sampled_from(Lane), COUNTS), max_size=5),
    st.lists(st.tuples(st.sampled_from(Lane), COUNTS, SHORT), max_size=5),
    TIMES,
)
def test_acknowledgement_comes_back(
    epoch: int, done: list[tuple[Lane, int]], refused: list[tuple[Lane, int, str]], time_us: int
) -> None:
    ack = ack_from(travelled(ack_message(epoch, done, refused, time_us)))
    assert (ack.epoch, list(ack.done), list(ack.refused), ack.time_us) == (epoch, done, refused, time_us)


def test_reason_of_a_refusal_is_cut_to_what_a_reader_takes() -> None:
    ack = ack_from(ack_message(1, [], [(Lane.LIVE, 1, "x" * 9999)], 0))
    assert ack.refused == ((Lane.LIVE, 1, "x" * MAX_TEXT),)


# what is refused


def samples_with(**columns: Any) -> Message:
    good = samples_message(BATCH, NAMES)
    return Message(Kind.SAMPLES, good.header, {**good.columns, **columns})


WRONG_SAMPLES = {
    "no names": Message(Kind.SAMPLES, {}, samples_message(BATCH, NAMES).columns),
    "names that are a map": Message(Kind.SAMPLES, {"points": {}}, samples_message(BATCH, NAMES).columns),
    "a name that is a number": Message(
        Kind.SAMPLES, {"points": [1, 2, 3]}, samples_message(BATCH, NAMES).columns
    ),
    "a name without a device": Message(
        Kind.SAMPLES, {"points": ["a"] * 3}, samples_message(BATCH, NAMES).columns
    ),
    "a name of a megabyte": Message(
        Kind.SAMPLES, {"points": ["a" * 1_000_000] * 3}, samples_message(BATCH, NAMES).columns
    ),
    "fewer names than points": Message(
        Kind.SAMPLES, {"points": ["a.b"]}, samples_message(BATCH, NAMES).columns
    ),
    "a column less": Message(Kind.SAMPLES, {"points": ["a.b"]}, {"point": np.zeros(1, np.int32)}),
    "a negative point": samples_with(point=np.full(5, -1, np.int32)),
    "values as f4": samples_with(value=np.zeros(5, np.float32)),
    "times as f8": samples_with(time_us=np.zeros(5)),
    "a column that is shorter": samples_with(quality=np.zeros(4, np.uint8)),
    "a quality that nobody knows": samples_with(quality=np.full(5, max(Quality) + 1, np.uint8)),
    "a time before 1970": samples_with(time_us=np.full(5, -1, np.int64)),
    "a time after 9999": samples_with(time_us=np.full(5, MAX_TIME_US + 1, np.int64)),
    "another kind": Message(Kind.ALERTS, {"points": []}, {}),
}


@pytest.mark.parametrize("wrong", WRONG_SAMPLES)
def test_wrong_samples_are_garbled_in_few_words(wrong: str) -> None:
    with pytest.raises(Garbled) as caught:
        samples_from(WRONG_SAMPLES[wrong])
    assert len(str(caught.value)) < 400


def test_more_samples_than_a_message_may_hold_are_garbled() -> None:
    batch = SampleBatch.of(np.zeros(MAX_SAMPLES + 1, np.int32), 0, 0.0)
    with pytest.raises(Garbled, match="more than"):
        samples_from(samples_message(batch, NAMES))


def test_infinity_is_garbled_and_a_bad_reading_loses_its_number() -> None:
    sent = SampleBatch.of(
        [0, 0, 0, 0, 0],
        0,
        [np.inf, -np.inf, 7.0, np.nan, 8.0],
        [Quality.GOOD, Quality.GOOD, Quality.NO_ANSWER, Quality.GOOD, Quality.UNCERTAIN],
    )
    batch, _ = samples_from(samples_message(sent, NAMES))
    assert batch.quality.tolist() == [
        Quality.GARBLED,
        Quality.GARBLED,
        Quality.NO_ANSWER,
        0,
        Quality.UNCERTAIN,
    ]
    assert repr(batch.value.tolist()) == "[nan, nan, nan, nan, 8.0]"


GOOD_EVENT: dict[str, Any] = alerts_message(EVENTS).header["events"][0]
WRONG_FIELDS = [
    *((key, None) for key in GOOD_EVENT),
    *((key, ["a"]) for key in GOOD_EVENT),
    *((key, True) for key in GOOD_EVENT),
    *((key, "x" * (MAX_TEXT + 1)) for key in GOOD_EVENT),
    ("kind", "vanish"),
    ("family", "plumbing"),
    ("severity", 0),
    ("severity", 5),
    ("severity", 2.0),
    ("rule_version", -1),
    ("rule_version", 2**63),
    ("rule_version", "2"),
    ("time_us", -1),
    ("time_us", 1.5),
    ("time_us", MAX_TIME_US + 1),
    ("start_us", 2**64 - 1),
    ("value", "22.5"),
    ("limit", {}),
    ("latch", 1),
    ("latch", "yes"),
    ("evidence", {"room_c": "warm"}),
    ("evidence", {"room_c": None}),
    ("evidence", [["room_c", 1.0]]),
]


@pytest.mark.parametrize(("key", "value"), WRONG_FIELDS, ids=lambda part: str(part)[:12])
def test_event_with_a_wrong_field_is_garbled(key: str, value: object) -> None:
    with pytest.raises(Garbled, match="event cannot be read") as caught:
        alerts_from(Message(Kind.ALERTS, {"events": [{**GOOD_EVENT, key: value}]}))
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize("key", GOOD_EVENT)
def test_event_without_a_field_is_garbled_and_the_field_named(key: str) -> None:
    with pytest.raises(Garbled, match=key):
        alerts_from(Message(Kind.ALERTS, {"events": [{k: v for k, v in GOOD_EVENT.items() if k != key}]}))


def test_event_with_a_further_field_is_read() -> None:
    assert (
        alerts_from(Message(Kind.ALERTS, {"events": [{**GOOD_EVENT, "colour": "red"}]}))[0].rule == "cool-26"
    )


def test_every_field_of_an_event_travels() -> None:
    fields = {field.name for field in dataclasses.fields(AlertEvent)} - {"message"} | {"zh", "en"}
    latching = dataclasses.replace(EVENTS[0], latch=True)
    assert set(alerts_message([latching]).header["events"][0]) == fields


@pytest.mark.parametrize("events", [None, {}, "x", [1], [None], [GOOD_EVENT] * (MAX_ALERTS + 1)])
def test_alerts_that_are_no_list_of_events_are_garbled(events: object) -> None:
    with pytest.raises(Garbled):
        alerts_from(Message(Kind.ALERTS, {"events": events}))


STAMP = {"agent": "hq1", "epoch": 1, "lane": "live", "seq": 2}


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("agent", "HQ1"),
        ("agent", "hq1/#"),
        ("agent", ""),
        ("agent", 7),
        ("agent", "a" * 1_000_000),
        ("epoch", -1),
        ("epoch", 2**63),
        ("epoch", 1.0),
        ("epoch", True),
        ("lane", "express"),
        ("lane", ["live"]),
        ("lane", None),
        ("seq", -1),
        ("seq", "2"),
        ("seq", 2**63),
    ],
    ids=lambda part: str(part)[:12],
)
def test_wrong_stamp_is_garbled(key: str, value: object) -> None:
    assert stamp_of(Message(Kind.SAMPLES, STAMP)).seq == 2
    with pytest.raises(Garbled):
        stamp_of(Message(Kind.SAMPLES, {**STAMP, key: value}))
    with pytest.raises(Garbled):
        stamp_of(Message(Kind.SAMPLES, {k: v for k, v in STAMP.items() if k != key}))


ACK = MESSAGES["ack"].header


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epoch", "1"),
        ("time_us", -5),
        ("done", None),
        ("done", [["live"]]),
        ("done", [["fast", 1]]),
        ("done", [["live", "1"]]),
        ("refused", [["live", 1]]),
        ("refused", [["live", 1, 2]]),
        ("refused", [None]),
    ],
)
def test_wrong_acknowledgement_is_garbled(key: str, value: object) -> None:
    with pytest.raises(Garbled):
        ack_from(Message(Kind.ACK, {**ACK, key: value}))
    with pytest.raises(Garbled):
        ack_from(Message(Kind.ACK, {k: v for k, v in ACK.items() if k != key}))


def test_acknowledgement_of_another_kind_is_garbled() -> None:
    with pytest.raises(Garbled, match="kind"):
        ack_from(Message(Kind.HEALTH, ACK))
