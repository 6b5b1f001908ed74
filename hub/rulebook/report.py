"""What an agent says of the published rules: pure. It may say anything, so it is read with care."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from devices.wire.rule_sets import MAX_WORDS, MOST_WHY, RuleSet, is_mark
from hub.gateways.roster import Gateway
from hub.rulebook.shelf import Progress

#: The section of an agent's hello and health.
SECTION: Final = "rule_set"


@dataclass(frozen=True, slots=True)
class Report:
    """The newest word of an agent.

    running:  number and digest of what it runs; empty if it never said.
    refused:  of what it refused last.
    versions: of the rules that run.
    trial:    it has just taken the set up, and may still go back.
    """

    running: Mapping[str, Any]
    refused: Mapping[str, Any]
    versions: Mapping[str, int]
    trial: bool

    @property
    def number(self) -> int | None:
        """Number of the set that runs."""
        number = self.running.get("number")
        return number if type(number) is int else None

    def progress(self, rules: RuleSet) -> Progress:
        """How far the agent is with a set."""
        if is_mark(self.running, rules):
            return Progress.RUNNING
        return Progress.REFUSED if is_mark(self.refused, rules) else Progress.PENDING

    def problems(self) -> tuple[dict[str, Any], ...]:
        """Why it refused what it refused last; in English alone where it says no more."""
        told = self.refused.get("problems")
        rows = told[:MOST_WHY] if isinstance(told, list) else []
        return tuple(
            {"path": _word(row, "path"), "found": _both(row, "found"), "expected": _both(row, "expected")}
            for row in rows
            if isinstance(row, Mapping)
        )


def report(gateway: Gateway | None) -> Report:
    """Read what an agent last said, in its hello or in its health."""
    said: Mapping[str, Any] = {}
    if gateway is not None:
        newest_first = sorted(
            [(gateway.hello_us or 0, gateway.hello), (gateway.health_us or 0, gateway.health)],
            key=lambda word: -word[0],
        )
        said = next((part for _, word in newest_first if (part := _part(word, SECTION))), {})
    versions = {str(name): n for name, n in _part(said, "versions").items() if type(n) is int}
    return Report(said, _part(said, "refused"), versions, said.get("trial") is True)


def _word(row: Mapping[str, Any], name: str) -> str:
    return str(row.get(name, ""))[:MAX_WORDS]


def _both(row: Mapping[str, Any], name: str) -> dict[str, str]:
    english = _word(row, name)
    return {"zh": _word(row, f"{name}_zh") or english, "en": english}


def _part(values: Mapping[str, Any] | None, name: str) -> Mapping[str, Any]:
    part = values.get(name) if isinstance(values, Mapping) else None
    return part if isinstance(part, Mapping) else {}
