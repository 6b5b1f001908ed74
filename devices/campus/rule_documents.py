"""Rules as plain JSON values and back, as people publish them and agents get them."""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any, Final

from devices.campus.rules import Rule, RuleFile
from devices.model.alerts import Severity
from devices.model.errors import ConfigRefused, Problem
from devices.model.texts import Said
from devices.profiles.strict import parse

#: What people read and nothing is judged by.
WORDS: Final = ("title", "message", "advice")
TOO_DEEP: Final = Said("嵌套过深的值", "values nested too deep")


def document(rule: Rule) -> dict[str, Any]:
    """A rule as it would be written by hand: what is at its default is left out, severities are words."""
    written: dict[str, Any] = with_words(rule.model_dump(mode="json", by_alias=True, exclude_defaults=True))
    return written


def meaning(rule: Rule) -> dict[str, Any]:
    """What a version of a rule stands for: all but its words and the version itself."""
    return {key: value for key, value in document(rule).items() if key not in {*WORDS, "version"}}


def text_of(rules: Iterable[Rule]) -> str:
    """Rules as one JSON text; the same rules give the same text."""
    documents = [document(rule) for rule in sorted(rules, key=lambda rule: rule.id)]
    return json.dumps(documents, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def rules_of(text: str) -> tuple[Rule, ...]:
    """Rules of a JSON text.

    Raises:
        ConfigRefused: with every problem.
    """
    try:
        values = json.loads(text)
    except (ValueError, RecursionError) as error:
        found = Said(f"不是 JSON：{error}", str(error))
        raise ConfigRefused(
            [Problem("rules", "-", found, Said("规则的 JSON 数组", "a JSON array of rules"))]
        ) from None
    try:
        return parse({"rules": values}, RuleFile, "rules").rules
    except RecursionError:
        raise ConfigRefused([Problem("rules", "-", TOO_DEEP, Said("规则", "rules"))]) from None


def with_words(value: Any) -> Any:
    """Plain values with the words of severities in place of their numbers."""
    if isinstance(value, list):
        return [with_words(entry) for entry in value]
    if isinstance(value, dict):
        return {
            key: Severity(entry).name.lower() if key == "severity" else with_words(entry)
            for key, entry in value.items()
        }
    return value
