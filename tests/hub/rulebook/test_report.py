"""What agents say of their rules: anything may come."""

from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from devices.wire.rule_sets import MAX_WORDS, MOST_WHY, NONE, RuleSet
from hub.gateways.roster import Gateway, Presence
from hub.rulebook.report import SECTION, report
from hub.rulebook.shelf import Progress

RULES = RuleSet(3, "[]")
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["number", "digest", "refused", "problems", "versions", "trial", "path"]), inner
        )
    ),
    max_leaves=12,
)


def gateway(hello: Any, health: Any = None, hello_us: int = 1, health_us: int = 2) -> Gateway:
    return Gateway("edge", Presence.ONLINE, 0, 0, hello, hello_us, health, health_us, None)


@given(JSON, JSON)
def test_whatever_an_agent_says_is_read_as_something(hello: Any, health: Any) -> None:
    said = report(gateway({SECTION: hello}, health))
    assert said.progress(RULES) is Progress.PENDING
    assert said.number is None or isinstance(said.number, int)
    assert all(type(version) is int for version in said.versions.values())
    assert all(set(problem) == {"path", "found", "expected"} for problem in said.problems())


def test_the_newest_word_counts() -> None:
    old, new = {SECTION: NONE.mark}, {SECTION: RULES.mark}
    assert report(gateway(old, new)).progress(RULES) is Progress.RUNNING
    assert report(gateway(old, new, hello_us=9)).progress(RULES) is Progress.PENDING
    assert report(gateway({}, new, hello_us=9)).progress(RULES) is Progress.RUNNING, (
        "an older agent says nothing"
    )
    assert report(None).number is None


def test_a_refusal_is_of_one_set_and_bounded() -> None:
    why = [{"path": "p" * 1000, "found": 1, "expected": None}] * 100
    said = report(gateway({SECTION: {**NONE.mark, "refused": {**RULES.mark, "problems": why}}}))
    assert said.progress(RULES) is Progress.REFUSED
    assert said.progress(RuleSet(3, "[ ]")) is Progress.PENDING, "the same number, another set"
    assert (len(said.problems()), len(said.problems()[0]["path"])) == (MOST_WHY, MAX_WORDS)


def test_a_refusal_is_told_in_both_languages_or_in_english_where_the_agent_is_older() -> None:
    why = {"path": "rules", "found": "no rule", "found_zh": "没有规则", "expected": "a rule"}
    said = report(gateway({SECTION: {**NONE.mark, "refused": {**RULES.mark, "problems": [why]}}}))
    assert said.problems() == (
        {
            "path": "rules",
            "found": {"zh": "没有规则", "en": "no rule"},
            "expected": {"zh": "a rule", "en": "a rule"},
        },
    )
