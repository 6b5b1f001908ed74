"""What `docs/wire.md` says is so."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from devices.model.alerts import EventKind, Family, Severity, alert_id
from devices.model.samples import Quality
from devices.wire import messages, records
from devices.wire.evidence import evidence_topic
from devices.wire.messages import Kind, Lane, decode
from tests.devices.wire.examples import EVENTS, MESSAGES, golden

PAGE = (Path(__file__).parents[3] / "docs" / "wire.md").read_text("utf-8")
#: Cells of all tables, by their rows.
ROWS = [
    [cell.strip() for cell in re.split(r"(?<!\\)\|", line.strip()[1:-1])]
    for line in PAGE.splitlines()
    if line.startswith("|")
]


def in_backticks(text: str) -> set[str]:
    return {word.replace("\\|", "|") for word in re.findall(r"`([^`]+)`", text)}


def row(start: str) -> list[str]:
    (found,) = [cells for cells in ROWS if cells[0] == start]
    return found


def test_worked_example_is_the_golden_message() -> None:
    (block,) = re.findall(r"```hex\n(.*?)```", PAGE, re.DOTALL)
    pairs = [re.match(r"\s*((?:[0-9a-f]{2} {0,2})*)", line) for line in block.splitlines()]
    assert bytes.fromhex("".join(match.group(1) for match in pairs if match)) == golden("samples")


@pytest.mark.parametrize(
    ("what", "limit"),
    [
        ("message", messages.MAX_MESSAGE_BYTES),
        ("body, not compressed", messages.MAX_BODY_BYTES),
        ("header", messages.MAX_HEADER_BYTES),
        ("columns", messages.MAX_COLUMNS),
        ("samples in a message", records.MAX_SAMPLES),
        ("alert events in a message", records.MAX_ALERTS),
        ("a string of an event or an acknowledgement", records.MAX_TEXT),
        ("`epoch`, `seq`, `rule_version`", records.MAX_COUNT),
        ("a time", records.MAX_TIME_US),
    ],
)
def test_limit_is_the_one_in_force(what: str, limit: int) -> None:
    (cells,) = [cells for cells in ROWS if cells[0] == what and re.match(r"\d+", cells[1])]
    assert int(cells[1].split()[0]) == limit


def test_head_is_laid_out_as_in_the_table() -> None:
    heads = [cells for cells in ROWS if len(cells) == 4 and cells[0].isdigit() and cells[1].isdigit()]
    sizes = [(int(cells[0]), int(cells[1])) for cells in heads]
    assert [at for at, _ in sizes] == [sum(size for _, size in sizes[:n]) for n in range(len(sizes))]
    assert sum(sizes[-1]) == messages.HEAD.size


def test_every_kind_lane_and_topic_is_described() -> None:
    described = in_backticks(PAGE)
    assert set(Kind) | set(Lane) <= described
    topics = {cells[0].strip("`") for cells in ROWS if cells[0].startswith("`campus/")}
    assert {topic.replace("<agent>", "hq1") for topic in topics} == {
        *(messages.up_topic("hq1", lane) for lane in Lane),
        messages.hello_topic("hq1"),
        messages.health_topic("hq1"),
        messages.state_topic("hq1"),
        messages.ack_topic("hq1"),
        messages.rules_topic("hq1"),
        messages.open_topic("hq1"),
        messages.session_topic("hq1"),
        messages.orders_topic("hq1"),
        messages.outcomes_topic("hq1"),
        evidence_topic("hq1"),
    }


def test_every_column_type_is_described() -> None:
    described = set().union(*(in_backticks(cells[0]) for cells in ROWS))
    assert described >= messages.COLUMN_DTYPES


@pytest.mark.parametrize("name", ["samples", "alerts", "ack"])
def test_every_key_of_a_golden_message_is_described(name: str) -> None:
    described = set().union(*(in_backticks(cells[0]) for cells in ROWS))
    message = decode(golden(name))
    assert set(message.header) | set(message.columns) <= described | {"events"}
    for event in message.header.get("events", []):
        assert set(event) <= described


def test_every_quality_is_described() -> None:
    assert {cells[1] for cells in ROWS if len(cells) == 4 and cells[3] in {"NaN", "a number, or NaN"}} == {
        quality.name for quality in Quality
    }
    for quality in Quality:
        cells = next(cells for cells in ROWS if len(cells) == 4 and cells[1] == quality.name)
        assert int(cells[0]) == quality
        assert (cells[3] == "NaN") == (quality > Quality.UNCERTAIN)


def test_every_word_of_an_event_is_described() -> None:
    assert in_backticks(PAGE) >= set(EventKind) | set(Family)
    assert all(f"{severity.value} {severity.name.lower()}" in row("`severity`")[1] for severity in Severity)


def test_id_of_an_alert_is_computed_as_described() -> None:
    assert "`v1:<rule>:<rule_version>:<device>:<start_us>`" in row("`id`")[1]
    for event in EVENTS:
        assert event.id == alert_id(event.rule, event.rule_version, event.device, event.start_us)


def test_examples_of_every_described_record_exist() -> None:
    assert {"samples", "alerts", "ack"} <= {str(message.kind) for message in MESSAGES.values()}
