"""Published rules on their way to an agent: a numbered set of rule documents, known by its digest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devices.model.errors import Garbled
from devices.wire.messages import Kind, Message
from devices.wire.records import MAX_COUNT

#: Bytes of the documents of a set, as JSON in UTF-8; some 300 large rules.
MAX_BYTES: Final = 512 * 1024
#: An agent that refuses says so much of why.
MOST_WHY: Final = 20
MAX_WORDS: Final = 300


@dataclass(frozen=True, slots=True)
class RuleSet:
    """Rules that replace and extend those of the site file.

    number: counts up with each publication; 0 is the site file alone.
    text:   the rule documents as a JSON array.
    """

    number: int
    text: str

    @property
    def digest(self) -> str:
        """Tells sets apart, also where a hub begins to count anew."""
        return hashlib.sha256(f"{self.number}\n{self.text}".encode()).hexdigest()[:16]

    @property
    def mark(self) -> dict[str, Any]:
        """Number and digest, as an agent reports what it runs."""
        return {"number": self.number, "digest": self.digest}


NONE: Final = RuleSet(0, "[]")


def rules_message(agent: str, rules: RuleSet, time_us: int) -> Message:
    """Make the message that brings a set to an agent."""
    header = {"agent": agent, **rules.mark, "rules": rules.text, "time_us": time_us}
    return Message(Kind.RULES, header)


def rule_set_from(message: Message, agent: str) -> RuleSet:
    """Read the set that a message brings to `agent`.

    Raises:
        Garbled: it brings none, is for another agent, or is not whole.
    """
    match message.kind, message.header:
        case Kind.RULES, {
            "agent": str(whose),
            "number": int(number),
            "digest": str(digest),
            "rules": str(text),
        } if whose == agent and type(number) is int and 0 <= number <= MAX_COUNT:
            pass
        case _:
            raise Garbled(f"not a set of rules for {agent}")
    rules = RuleSet(number, text)
    if len(text.encode()) > MAX_BYTES:
        raise Garbled(f"a set of rules of more than {MAX_BYTES} bytes")
    if rules.digest != digest:
        raise Garbled(f"set {number} differs from its digest")
    return rules


def is_mark(value: object, rules: RuleSet) -> bool:
    """Whether what an agent says that it runs, or has refused, is this set."""
    return isinstance(value, Mapping) and {name: value.get(name) for name in rules.mark} == rules.mark
