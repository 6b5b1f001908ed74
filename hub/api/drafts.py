"""Rules that somebody sends: read strictly, and every mistake told with its place and what was expected."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Any, Final

from pydantic import Field

from devices.campus.rule_documents import TOO_DEEP
from devices.campus.rules import Rule, RuleFile
from devices.model.errors import ConfigRefused, Problem
from devices.model.texts import Said, Text, both
from devices.profiles.strict import parse
from hub.api.answers import words
from hub.errors import Invalid

MOST_RULES: Final = 100
#: A rule is nested some ten deep; the reader of rules must not be led deeper.
DEEPEST: Final = 24
_MEANT: Final = re.compile(r"did you mean '([^']*)'")

Draft = Annotated[
    list[Any], Field(min_length=1, max_length=MOST_RULES, description="Rules, as in a rule file.")
]


def rules_of(values: Sequence[Any]) -> tuple[Rule, ...]:
    """Rules from plain values.

    Raises:
        Invalid: they are none; `details` say where and why.
    """
    if _depth_is_over(values):
        expected = Said(f"至多 {DEEPEST} 层", f"at most {DEEPEST} levels")
        raise unfit(ConfigRefused([Problem("draft", "rules", TOO_DEEP, expected)]))
    try:
        return parse({"rules": list(values)}, RuleFile, "draft").rules
    except ConfigRefused as refused:
        raise unfit(refused) from None


def unfit(refused: ConfigRefused) -> Invalid:
    """The refusal of rules as the interface tells it."""
    told = [(problem.path, both(problem.expected)) for problem in refused.problems[:3]]
    details = [
        {
            "path": problem.path,
            "found": words(both(problem.found)),
            "expected": words(both(problem.expected)),
            "suggestion": _meant(problem.expected),
        }
        for problem in refused.problems
    ]
    zh = "；".join(f"{path}：{text.zh}" for path, text in told)
    en = "; ".join(f"{path}: {text.en}" for path, text in told)
    return Invalid(Text(f"规则有误：{zh}", f"The rules are wrong: {en}"), details)


def _meant(expected: str) -> str | None:
    found = _MEANT.search(expected)
    return found and found[1]


def _depth_is_over(values: Any) -> bool:
    level = [values]
    for _ in range(DEEPEST):
        level = [
            inner
            for value in level
            if isinstance(value, dict | list)
            for inner in (value.values() if isinstance(value, dict) else value)
        ]
        if not level:
            return False
    return True
