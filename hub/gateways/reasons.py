"""Why a message was set aside, in a few words of both languages; the exact reason stands beside, in English: pure."""

from __future__ import annotations

import re
from typing import Final

from devices.model.texts import Text

#: The first that is found in the exact reason counts.
KINDS: Final = tuple(
    (re.compile(pattern), Text(zh, en))
    for pattern, zh, en in (
        ("not enrolled", "网关未登记", "Gateway not enrolled"),
        ("travels on this topic", "主题不在约定之内", "Nothing of ours travels on this topic"),
        ("that the site file does not give", "点位不属于该网关", "Points of another gateway, or of none"),
        ("came on|came from|belongs to", "以其他网关的名义发送", "In the name of another gateway"),
        ("ing it failed", "处理时程序出错", "A fault of the hub"),
        (r"larger than|nested deeper|are more than", "消息过大", "Too large"),
        (
            "shorter than|not a version|out of bounds|checksum|body |header|column",
            "消息损坏，或不是本系统的格式",
            "Damaged, or not in our format",
        ),
        (
            "kind|travel|sample|quality|event|alerts|calendar|without|is not the id|a value of|not a list",
            "内容不符合约定",
            "Contents that make no sense",
        ),
    )
)
OTHER: Final = Text("数据库无法接受", "The store cannot take it")


def why(reason: str) -> Text:
    """The kind of an exact reason."""
    return next((text for pattern, text in KINDS if pattern.search(reason)), OTHER)
