"""Each reason for setting a message aside is told in both languages, whatever part of the program gave it."""

from __future__ import annotations

import pytest

from hub.gateways.reasons import OTHER, why


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
