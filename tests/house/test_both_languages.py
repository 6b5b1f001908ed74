"""What the checks of rules say stands on the console, so each sentence of theirs exists in Chinese and English."""

from __future__ import annotations

import ast
import re

import pytest

from tests.house.project import ROOT, called, literal

#: Modules whose problems a page of the console can show.
SHOWN = (
    "devices/campus/action_checks.py",
    "devices/campus/calendars.py",
    "devices/campus/calibrations.py",
    "devices/campus/condition_checks.py",
    "devices/campus/conditions.py",
    "devices/campus/contradictions.py",
    "devices/campus/rule_checks.py",
    "devices/campus/rule_documents.py",
    "devices/campus/rule_head.py",
    "devices/campus/rules.py",
    "devices/campus/speed_checks.py",
    "devices/campus/speed_rules.py",
    "edge_agent/rulebook.py",
    "hub/api/drafts.py",
    "hub/backtest/jobs.py",
    "hub/orders/allowed.py",
    "hub/orders/desk.py",
    "hub/rulebook/draft.py",
    "hub/rulebook/rulebook.py",
)
HAN = re.compile(r"[\u4e00-\u9fff]")
WORDS = re.compile(r"[A-Za-z]{2}")
#: Who is not read on the console: the schema, the log, and patterns.
ELSEWHERE = {"Field", "compile", "error", "warning", "info", "exception", "StringConstraints"}
LANGUAGES = 2


def one_sided(source: str) -> list[str]:
    """Sentences with one language: outside of a pair, in a pair without Chinese, or said to be alike."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            node.value.value = None  # a docstring
    return _one_sided(tree)


def _one_sided(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Call) and called(node) in ELSEWHERE:
        return []
    if isinstance(node, ast.Call) and called(node) in {"Said", "Text"}:
        said = [literal(arg) for arg in node.args]
        is_pair = len(said) == LANGUAGES and (HAN.search(said[0]) or not WORDS.search(said[1]))
        return [] if is_pair else [" / ".join(said)]
    if isinstance(node, ast.Call) and called(node) in {"ValueError", "Problem", "same"}:
        told = node.args[2:] if called(node) == "Problem" else node.args
        return [text for arg in told for text in _bare(arg) or _one_sided(arg)]
    if isinstance(node, ast.Constant | ast.JoinedStr):
        return [text for text in _bare(node) if " " in text.strip()]
    return _below(node)


def _bare(node: ast.expr) -> list[str]:
    """The words of a string; `'link'` is a value as it was found."""
    text = literal(node) if isinstance(node, ast.Constant | ast.JoinedStr) else ""
    return [text] if WORDS.search(text) and text != "'link'" else []


def _below(node: ast.AST) -> list[str]:
    return [text for child in ast.iter_child_nodes(node) for text in _one_sided(child)]


@pytest.mark.parametrize("module", SHOWN)
def test_every_sentence_of_a_check_is_told_in_both_languages(module: str) -> None:
    assert one_sided((ROOT / module).read_text("utf-8")) == []


@pytest.mark.parametrize(
    ("source", "count"),
    [
        ("yield 'path', Said('空', 'nothing'), Said(f'至多 {n}', f'at most {n}')", 0),
        ("Said(f'{low} 至 {high}', f'{low} to {high}')", 0),
        ("same(repr(name)); same(f'{value:g}')", 0),
        ('def f():\n    """A docstring of some words."""', 0),
        ("expected = 'a rule of its own'", 1),
        ("found = f'unit {n} of it'", 1),
        ("raise ValueError('nothing')", 1),
        ("Problem(file, 'path', 'nothing', same(str(n)))", 1),
        ("Said('nothing', 'nothing')", 1),
        ("same('nothing new')", 1),
    ],
)
def test_a_sentence_in_one_language_is_seen(source: str, count: int) -> None:
    assert len(one_sided(source)) == count
