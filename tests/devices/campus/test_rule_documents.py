"""Rules as JSON and back: the same rule, the same text, and the meaning of a version."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.campus.rule_documents import document, meaning, rules_of, text_of
from devices.campus.rules import Rule, RuleFile
from devices.model.errors import ConfigRefused
from devices.profiles.strict import load

FILES = sorted((Path(__file__).parents[3] / "config" / "rules").glob("*.yaml"))


def shipped() -> list[Rule]:
    return [rule for file in FILES for rule in load(file, RuleFile).rules]


def test_every_shipped_rule_is_the_same_after_its_way_through_json() -> None:
    rules = {rule.id: rule for rule in shipped()}
    assert {rule.id: rule for rule in rules_of(text_of(rules.values()))} == rules


def test_the_same_rules_give_the_same_text_in_any_order() -> None:
    rules = shipped()
    assert text_of(rules) == text_of(reversed(rules))


def test_a_document_is_what_a_person_would_write() -> None:
    rule = shipped()[0]
    written = document(rule)
    assert written["severity"] == rule.severity.name.lower()
    assert "enabled" not in written


def test_words_and_the_version_are_no_part_of_the_meaning() -> None:
    rule = shipped()[0]
    other = rule.model_copy(update={"version": 9, "title": rule.message, "advice": rule.message})
    assert meaning(other) == meaning(rule)
    assert meaning(rule.model_copy(update={"on_delay_s": 4321.0})) != meaning(rule)


@pytest.mark.parametrize("text", ["", "{", "{}", "null", '[{"kind": "when"}]', "[" * 100_000])
def test_what_is_no_array_of_rules_is_refused_with_its_problems(text: str) -> None:
    with pytest.raises(ConfigRefused):
        rules_of(text)
