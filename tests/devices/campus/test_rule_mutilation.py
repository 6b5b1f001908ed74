"""Whatever is done to a rule, reading it ends with a campus or with a refusal that names a path; it never crashes."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
import yaml
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.campus.loading import with_rules
from devices.campus.rules import RuleFile
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused, Problem
from devices.profiles.strict import load as load_file
from devices.profiles.strict import parse, read_yaml
from tests.devices.campus.rule_campus import Fields, fields, load

ROOT = Path(__file__).parents[3]
CASES = read_yaml(Path(__file__).parent / "rule_mistakes.yaml")
SHIPPED = [
    rule for file in sorted((ROOT / "config" / "rules").glob("*.yaml")) for rule in read_yaml(file)["rules"]
]
RULES: list[Fields] = [*(fields(rule) for rule in CASES["good"]), *SHIPPED]
KEYS = sorted(
    {key for rule in RULES for node in [rule] for key in node} | {"all", "any", "not", "usual", "schedule"}
)
NUMBERS = st.sampled_from(
    [0, -1, 1, 0.5, 1e-300, 1e300, 2**70, -(2**70), float("inf"), float("nan"), 604_800]
)
WORDS = st.sampled_from(
    ["", "on", "auto", "pressure_mpa", "link", "r", "office", "24:00", "00:00", "\u0000", "x" * 300]
)
LEAVES = st.none() | st.booleans() | NUMBERS | WORDS | st.floats() | st.text(max_size=5)
ANYTHING = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS) | WORDS, inner, max_size=3)
    ),
    max_leaves=6,
)
FILE = "rules.yaml"
DEEP = 40
#: What stands in the place of a leaf of its kind, so that the shape stays good and the meaning is looked at.
ALIKE: dict[type, st.SearchStrategy[Any]] = {
    bool: st.booleans(),
    int: st.sampled_from([0, 1, 2, 5, 28, 300, 100_000]),
    float: st.sampled_from([-5.0, 0.0, 0.1, 0.35, 1.0, 60.0, 1e6]),
    str: st.sampled_from(
        [
            *(
                "on",
                "off",
                "auto",
                "manual",
                "medium",
                "critical",
                "device",
                "link",
                "same",
                "any",
                "hour",
                "day",
            ),
            *("pressure_mpa", "position", "running", "power_w", "room_c", "setpoint_c", "mode", "fault_code"),
            *(
                "office",
                "always-off",
                "never-off",
                "workdays",
                "days-off",
                "19:00",
                "07:00",
                "rule-0",
                "rule-1",
            ),
        ]
    ),
}


@cache
def campus() -> Campus:
    """No fixture: Hypothesis would show it whole beside each example."""
    with TemporaryDirectory() as folder:
        return load(Path(folder))


def places(node: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """The path of everything below `node`."""
    inside = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, below in inside:
        yield (*path, key)
        yield from places(below, (*path, key))


def at(node: Any, path: tuple[Any, ...]) -> Any:
    for key in path:
        node = node[key]
    return node


def one_of(draw: Callable[[st.SearchStrategy[int]], int], things: Sequence[Any]) -> Any:
    """One of many large things, without a strategy that would show them all in its name."""
    return things[draw(st.integers(0, len(things) - 1))]


def _mutilate(draw: st.DrawFn, act: str, rules: list[Fields], path: tuple[Any, ...]) -> None:
    parent, key = at(rules, path[:-1]), path[-1]
    match act:
        case "drop":
            del parent[key]
        case "alike":
            parent[key] = draw(ALIKE.get(type(parent[key]), st.none()))
        case "replace":
            parent[key] = draw(ANYTHING)
        case "rename" if isinstance(parent, dict):
            parent[draw(st.sampled_from(KEYS))] = parent.pop(key)
        case "move":
            parent[key] = copy.deepcopy(at(rules, one_of(draw, list(places(rules)))))
        case "nest":
            for _ in range(draw(st.sampled_from([1, 3, DEEP]))):
                parent[key] = {"all": [parent[key]]} if draw(st.booleans()) else {"not": parent[key]}
        case "double" if isinstance(parent, list):
            parent.insert(key, copy.deepcopy(parent[key]))


@st.composite
def mutilated(draw: st.DrawFn) -> list[Fields]:
    """A few rules, some of their parts taken out, replaced, renamed, doubled, nested or taken from another rule."""
    rules = [copy.deepcopy(one_of(draw, RULES)) for _ in range(draw(st.integers(1, 3)))]
    for number, rule in enumerate(rules):
        rule["id"] = f"rule-{number}"
    acts = draw(
        st.sampled_from([["alike"], ["drop", "replace", "rename", "move", "nest", "double", "alike"]])
    )
    for _ in range(draw(st.integers(1, 4))):
        if not (all_places := list(places(rules))):
            break
        path = one_of(draw, all_places)
        _mutilate(draw, draw(st.sampled_from(acts)), rules, path)
    return rules


def told_of(reading: Callable[[], Campus]) -> Sequence[Problem]:
    """What a refusal says; nothing else may come out of reading."""
    try:
        reading()
    except ConfigRefused as refused:
        return refused.problems or pytest.fail("refused without a problem")
    return ()


@pytest.mark.promise("P-rulefile-1")
@settings(max_examples=400, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(rules=mutilated())
def test_mutilated_rules_are_taken_or_refused_with_a_path(rules: list[Fields]) -> None:
    problems = told_of(lambda: with_rules(campus(), parse({"rules": rules}, RuleFile, FILE).rules, FILE))
    assert all(problem.path and problem.expected and problem.file == FILE for problem in problems)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(cut=st.data())
def test_mutilated_text_is_taken_or_refused_with_a_path(
    cut: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    text = yaml.safe_dump({"rules": [one_of(cut.draw, RULES)]}, width=60)
    begin = cut.draw(st.integers(0, len(text)))
    end = min(len(text), begin + cut.draw(st.integers(0, 12)))
    file = tmp_path_factory.getbasetemp() / "mutilated.yaml"
    file.write_text(text[:begin] + cut.draw(st.text(max_size=4)) + text[end:], "utf-8", errors="replace")
    problems = told_of(lambda: with_rules(campus(), load_file(file, RuleFile).rules, str(file)))
    assert all(problem.path and problem.expected for problem in problems)
