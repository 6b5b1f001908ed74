"""Rules are published while the campus runs, with real processes: kills in the middle, and back again."""

from __future__ import annotations

from typing import Any

import pytest

from tests.campus.stack import Stack

pytestmark = [pytest.mark.timeout(400), pytest.mark.needs("nats-server")]
RULE = "setpoint"


def live(stack: Stack) -> dict[str, Any]:
    rows = stack.get("/api/rules")["rules"]
    return next(row for row in rows if row["id"] == RULE)


def publish(stack: Stack, **keys: Any) -> int:
    """Publish a change of one rule and return the number of the set."""
    row, base = live(stack), stack.get("/api/rules")["set"]
    newest = max(version["version"] for version in stack.get(f"/api/rules/{RULE}")["versions"])
    body = {
        "base": base,
        "rules": [{**row["document"], "version": newest + 1, **keys}],
        "note": "a test",
        "warnings_acknowledged": ["not-backtested"],
    }
    return int(stack.post("/api/rules/publications", body)["number"])


def runs(stack: Stack, number: int) -> bool:
    answer = stack.get("/api/rules")
    (agent,) = answer["agents"]
    versions = {
        row["id"]: (row["version"], row["running"]["edge"]) for row in answer["rules"] if row["enabled"]
    }
    return (
        answer["set"] == number
        and (agent["set"], agent["state"]) == (number, "running")
        and all(is_live == running for is_live, running in versions.values())
    )


@pytest.mark.promise("P-rules-7")
def test_a_publication_outlives_the_agent_the_broker_and_the_hub_at_any_moment(stack: Stack) -> None:
    for moment, victim in enumerate(["edge", "edge", "broker", "hub"]):
        number = publish(stack, dead_band_c=0.3 + 0.1 * moment)
        stack.kill(victim)
        if victim != "broker":
            stack.start(victim)
        if victim == "hub":
            stack.until(stack.hub_answers, "the hub answers")
        stack.until(
            lambda number=number: runs(stack, number), f"set {number} runs after the {victim} died", 60
        )
    stack.kill("edge")
    stack.start("edge")
    stack.until(lambda: runs(stack, number), "the set runs after another kill")
    bare = stack.post("/api/rules/publications/0/again", {"base": number, "note": "as it was"})["number"]
    stack.until(lambda: runs(stack, bare), "the rules of the site file run again")


def test_a_new_rule_raises_and_taking_it_back_clears(stack: Stack) -> None:
    base = stack.get("/api/rules")["set"]
    warm = {
        "id": "warm",
        "kind": "when",
        "title": {"zh": "不冷", "en": "Not cold"},
        "message": {"zh": "{device} {value}", "en": "{device} {value}"},
        "advice": {"zh": "无", "en": "Nothing"},
        "family": "cooling",
        "severity": "low",
        "select": {"kinds": ["ac"]},
        "when": [{"point": "room_c", "above": 0}],
    }
    body = {"base": base, "rules": [warm], "note": "a test", "warnings_acknowledged": ["not-backtested"]}
    number = stack.post("/api/rules/publications", body)["number"]
    stack.until(lambda: runs(stack, number), "the new rule runs")
    (alert, *_) = stack.until(lambda: stack.alerts("warm"), "an alert of the new rule")
    assert alert["title"] == warm["title"]
    again = stack.post(f"/api/rules/publications/{base}/again", {"base": number, "note": "of no use"})
    stack.until(lambda: runs(stack, again["number"]), "the former set runs again")
    stack.until(lambda: all(row["cleared_us"] for row in stack.alerts("warm")), "its alerts are over")
