"""Messages written once and kept for ever: what was sent yesterday is read the same way tomorrow."""

from __future__ import annotations

import struct
from typing import Any

import pytest
import zstandard

from devices.model.alerts import EventKind, Severity
from devices.model.samples import Quality
from devices.wire.messages import Kind, Lane, Message, decode, encode
from devices.wire.records import Stamp, ack_from, alerts_from, samples_from, stamp_of
from devices.wire.rule_sets import rule_set_from
from tests.devices.wire.examples import (
    BATCH,
    EPOCH,
    EVENTS,
    MESSAGES,
    NAMES,
    NOW_US,
    RULES,
    built,
    equal,
    golden,
)
from tests.devices.wire.plain_reader import read

FILES = [*MESSAGES, *(f"{name}-zstd" for name in MESSAGES)]


def header_of(message: Message) -> dict[str, Any]:
    return {"kind": str(message.kind), **message.header}


@pytest.mark.parametrize("name", FILES)
def test_golden_bytes_are_read_as_the_value_they_were_made_of(name: str) -> None:
    assert equal(decode(golden(name)), MESSAGES[name.removesuffix("-zstd")])


@pytest.mark.parametrize("name", MESSAGES)
def test_value_is_written_as_the_golden_bytes_but_for_compression(name: str) -> None:
    written, kept = encode(decode(golden(name))), golden(name)
    assert written[:3] == b"CW\x01"
    assert written[3] == 1
    assert written[4:12] == kept[4:12]
    assert written[16:24] == bytes(8)
    assert zstandard.ZstdDecompressor().decompress(written[24:]) == kept[24:]


@pytest.mark.parametrize("name", FILES)
def test_reader_written_from_the_document_alone_reads_the_same(name: str) -> None:
    header, columns = read(golden(name))
    message = MESSAGES[name.removesuffix("-zstd")]
    assert equal(header, header_of(message))
    assert equal(columns, {key: column.tolist() for key, column in message.columns.items()})


def test_samples_are_those_that_were_measured() -> None:
    message = decode(golden("samples"))
    assert stamp_of(message) == Stamp("hq1", EPOCH, Lane.LIVE, 42)
    batch, names = samples_from(message)
    assert names == ["hq1-ac-0301.setpoint_c", "hq1-meter-1.energy_kwh", "hq1-pump-1.pressure_mpa"]
    assert [names[row] for row in batch.point] == [NAMES[row] for row in BATCH.point]
    assert batch.time_us.tolist() == BATCH.time_us.tolist()
    assert equal(batch.value, BATCH.value)
    assert batch.quality.tolist() == [0, 0, Quality.UNCERTAIN, Quality.NO_ANSWER, Quality.SENTINEL]


def test_alerts_are_those_that_were_raised() -> None:
    events = alerts_from(decode(golden("alerts")))
    assert repr(events) == repr(list(EVENTS))  # repr, because evidence may be NaN


def test_a_change_that_latches_says_so_and_an_event_without_the_word_does_not_latch() -> None:
    (change,) = alerts_from(decode(golden("change")))
    assert (change.kind, change.severity, change.latch) == (EventKind.CHANGE, Severity.CRITICAL, True)
    assert not any(event.latch for event in alerts_from(decode(golden("alerts"))))


def test_a_set_of_rules_is_the_one_that_was_published() -> None:
    assert rule_set_from(decode(golden("rules")), "hq1") == RULES


def test_acknowledgement_names_what_is_done_and_what_is_set_aside() -> None:
    ack = ack_from(decode(golden("ack")))
    assert (ack.epoch, ack.time_us) == (EPOCH, NOW_US + 3_100_000)
    assert ack.done == ((Lane.LIVE, 42), (Lane.ALERTS, 7))
    assert ack.refused == ((Lane.BACKLOG, 3, "unknown kind 'x'"),)


def test_keys_and_columns_of_a_later_writer_are_read_over() -> None:
    """A newer agent may say more; an older hub reads what it knows."""
    header = {"kind": "ack", "columns": [["new", "|u1", 1]], "epoch": 1, "done": [], "refused": []}
    message = decode(built({**header, "time_us": 5, "new": {"a": [1]}}, b"\x07" + bytes(7)))
    assert ack_from(message).time_us == 5
    assert message.kind is Kind.ACK


def test_the_head_stands_where_the_document_says() -> None:
    data = golden("samples")
    assert struct.unpack_from("<2sBBIIIQ", data)[:3] == (b"CW", 1, 0)
    assert data[24 + 210 :][:6] == bytes(6)  # header of 210 bytes, padded to 216
