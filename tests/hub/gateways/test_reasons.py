"""Each reason for setting a message aside is told in both languages, whatever part of the program gave it."""

from __future__ import annotations

import ast

import pytest

from hub.gateways.reasons import OTHER, why
from tests.house.project import ROOT, called, literal

#: Where messages of gateways are read and stored.
READERS = (
    "devices/wire/messages.py",
    "devices/wire/records.py",
    "devices/wire/sessions.py",
    "hub/alerts/store.py",
    *(str(path.relative_to(ROOT)) for path in sorted((ROOT / "hub/ingest").glob("*.py"))),
)
#: What gateways say of messages of the hub.
OF_THE_HUB = ("acknowledgement cannot be read: ", "not an answer of the hub to an agent")


def reasons(source: str) -> list[str]:
    """What a module says when it cannot take a message."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    said = [literal(call.args[0]) for call in calls if called(call) in {"Garbled", "Wrong"} and call.args]
    return [text for text in said if text.strip() and text not in OF_THE_HUB]


@pytest.mark.parametrize("module", READERS)
def test_every_reason_that_a_reader_gives_has_a_kind(module: str) -> None:
    assert [reason for reason in reasons((ROOT / module).read_text("utf-8")) if why(reason) is OTHER] == []


def test_the_reasons_of_a_reader_are_seen() -> None:
    assert reasons('raise Garbled(f"{n} moons")\nreturn Wrong("odd", stamp)\nraise Garbled(str(error))') == [
        " moons",
        "odd",
    ]


@pytest.mark.parametrize(
    ("reason", "zh"),
    [
        ("this agent is not enrolled", "网关未登记"),
        ("nothing of ours travels on this topic", "主题不在约定之内"),
        ("3 points that the site file does not give to a1: x.y", "点位不属于该网关"),
        ("a2/live came on the topic of a1/live", "以其他网关的名义发送"),
        ("alert 12 belongs to a2, not to a1", "以其他网关的名义发送"),
        ("storing it failed: ValueError boom", "处理时程序出错"),
        ("reading it failed: MemoryError", "处理时程序出错"),
        ("message of 10485760 bytes is larger than allowed", "消息过大"),
        ("more than 20000 values, or nested deeper than 6", "消息过大"),
        ("3 bytes are shorter than the head of 24", "消息损坏，或不是本系统的格式"),
        ("not a version 1 message: starts with 7b226122", "消息损坏，或不是本系统的格式"),
        ("checksum differs", "消息损坏，或不是本系统的格式"),
        ("body cannot be decompressed: x", "消息损坏，或不是本系统的格式"),
        ("header is not msgpack: x", "消息损坏，或不是本系统的格式"),
        ("column time_us stands twice", "消息损坏，或不是本系统的格式"),
        ("unknown kind 'x'", "内容不符合约定"),
        ("samples do not travel on the lane alerts", "内容不符合约定"),
        ("a sample has a time that no calendar has", "内容不符合约定"),
        ("event cannot be read: KeyError: 'id'", "内容不符合约定"),
        ("message without agent, epoch, lane and seq: KeyError: 'seq'", "内容不符合约定"),
        ("'A!' is not the id of an agent", "内容不符合约定"),
        ("a value of type bytes", "内容不符合约定"),
        ("not a list of open alerts", "内容不符合约定"),
        ("partial write: field type conflict", OTHER.zh),
    ],
)
def test_a_reason_is_told_by_its_kind(reason: str, zh: str) -> None:
    assert why(reason).zh == zh
    assert why(reason).en
