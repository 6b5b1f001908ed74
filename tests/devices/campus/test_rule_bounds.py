"""What would break an agent only when it raises is refused before."""

from __future__ import annotations

from typing import Any

import pytest

from devices.campus.rules import RuleFile
from devices.model.errors import ConfigRefused
from devices.profiles.strict import parse

RULE: dict[str, Any] = {
    "id": "full",
    "kind": "when",
    "title": {"zh": "满", "en": "Full"},
    "message": {"zh": "{value}", "en": "{value}"},
    "advice": {"zh": "看", "en": "Look"},
    "family": "energy",
    "severity": "low",
    "select": {"kinds": ["meter"]},
    "when": [{"point": "power_w", "above": 1}],
}


@pytest.mark.parametrize(
    ("changed", "expected"),
    [
        ({"message": {"zh": "{value:.1f}", "en": "x"}}, "plain fields only"),
        ({"message": {"zh": "x", "en": "{value:>99999999}"}}, "plain fields only"),
        ({"message": {"zh": "x", "en": "{hold!r}"}}, "plain fields only"),
        ({"version": 2**63}, "2000000000"),
        ({"when": [{"point": "power_w", "energy": {"stand_by": 1}, "above": 300_000}]}, "100,000"),
    ],
)
def test_a_rule_that_could_not_be_told_is_refused(changed: dict[str, Any], expected: str) -> None:
    parse({"rules": [RULE]}, RuleFile, "rules.yaml")
    with pytest.raises(ConfigRefused, match=expected):
        parse({"rules": [RULE | changed]}, RuleFile, "rules.yaml")
