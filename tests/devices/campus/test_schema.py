"""The published JSON schemas are those of the models, take what is shipped and refuse what has the wrong shape."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from devices.campus import schema
from devices.campus.rules import RuleFile
from devices.model.errors import ConfigRefused
from devices.profiles.strict import parse, read_yaml
from tests.devices.campus.rule_campus import Fields, fields

ROOT = Path(__file__).parents[3]
CASES = read_yaml(Path(__file__).parent / "rule_mistakes.yaml")
CONFIG = sorted((ROOT / "config").rglob("*.yaml"))
RULE_FILES = [file for file in CONFIG if list(read_yaml(file)) == ["rules"]]
SITE_FILES = [file for file in CONFIG if "campus" in read_yaml(file)]
#: The one of ten lines stands in the README, where no path leads to a schema.
LONG_SITE_FILES = [file for file in SITE_FILES if file.name != "one-meter.yaml"]
LOW = {"point": "pressure_mpa", "below": 0.3}
WRONG_SHAPES: list[Fields] = [
    {"when": [LOW], "colour": "red"},
    {"when": [LOW], "kind": "whenever"},
    {"when": [LOW], "severity": "grim"},
    {"when": [LOW], "family": "water"},
    {"when": [LOW], "version": 0},
    {"when": [LOW], "id": "Low Pressure"},
    {"when": [LOW], "title": {"zh": "低"}},
    {"when": [LOW], "select": {"kinds": ["valve"]}},
    {"when": [LOW], "on_delay_s": -1},
    {"when": [LOW], "on_delay_s": 700_000},
    {"when": [LOW], "good_share": 1.5},
    {"when": [LOW], "only": {"seasons": ["summer"]}},
    {"when": [LOW], "only": {"hours": [{"days": "workdays"}]}},
    {"when": [LOW], "only": {"hours": [{"start": "25:00"}]}},
    {"when": [LOW], "held_back_by": [{"rule": "a", "on": "site"}]},
    {"when": [LOW], "levels": [{"severity": "worse"}]},
    {"when": [LOW], "latch": "maybe"},
    {"when": []},
    {"when": LOW},
    {},
    {"when": [{"below": 0.3}]},
    {"when": [{"point": "pressure_mpa"}]},
    {"when": [{"point": "pressure_mpa", "pressure": 1}]},
    {"when": [{**LOW, "above": 0.5}]},
    {"when": [{**LOW, "flat_s": 60}]},
    {"when": [{**LOW, "bit": 1, "rate": {"over_s": 60}}]},
    {"when": [{"point": "position", "equals": "auto", "dead_band": 1}]},
    {"when": [{"point": "position", "one_of": ["auto"]}]},
    {"when": [{"point": "power_w", "energy": {"stand_by": 5}, "above": {"point": "power_w"}}]},
    {"when": [{"point": "pressure_mpa", "below": {"schedule": []}}]},
    {"when": [{"point": "pressure_mpa", "below": {"usual": {"days": 100}}}]},
    {"when": [{"point": "pressure_mpa", "below": {"usual": {"like": "similar"}}}]},
    {"when": [{"point": "pressure_mpa", "below": {"points": "tank_level_m"}}]},
    {"when": [{"point": "running", "count": {"becomes": "on"}, "above": 3}]},
    {"when": [{"point": "pressure_mpa", "rate": {"over_s": 60, "per": "week"}, "above": 3}]},
    {"when": [{"any": []}]},
    {"when": [{"not": [LOW]}]},
    {"when": [{"all": [LOW], "any": [LOW]}]},
    {"kind": "stale", "of": "site"},
    {"kind": "speeding", "limit_kmh": 0},
    {"kind": "setpoint", "cooling_min": 26},
]


def complaints(name: str, values: Any) -> list[str]:
    return [error.message for error in Draft202012Validator(schema.schema(name)).iter_errors(values)]


@pytest.mark.parametrize("name", schema.FILES)
def test_published_schema_is_that_of_the_models(name: str) -> None:
    _, file = schema.FILES[name]
    now = schema.text(name)
    assert (ROOT / file).read_text("utf-8") == now, f"write it anew: campus-edge schema {name} > {file}"


@pytest.mark.parametrize("name", schema.FILES)
def test_schema_is_a_schema(name: str) -> None:
    Draft202012Validator.check_schema(schema.schema(name))


def test_there_are_files_to_look_at() -> None:
    assert RULE_FILES
    assert SITE_FILES


@pytest.mark.parametrize("file", RULE_FILES, ids=lambda file: file.name)
def test_shipped_rules_are_as_the_schema_says(file: Path) -> None:
    assert complaints("rules", read_yaml(file)) == []


@pytest.mark.parametrize("file", SITE_FILES, ids=lambda file: file.name)
def test_shipped_site_files_are_as_the_schema_says(file: Path) -> None:
    assert complaints("site", read_yaml(file)) == []


@pytest.mark.parametrize("file", [*RULE_FILES, *LONG_SITE_FILES], ids=lambda file: file.name)
def test_shipped_file_tells_editors_its_schema(file: Path) -> None:
    first, *_ = file.read_text("utf-8").splitlines()
    [path] = re.findall(r"^# yaml-language-server: \$schema=(\S+)$", first)
    name = "rules" if file in RULE_FILES else "site"
    assert (file.parent / path).resolve() == ROOT / schema.FILES[name][1]


@pytest.mark.parametrize("rule", [*CASES["good"], *(case["rule"] for case in CASES["never"])])
def test_rule_of_good_shape_is_taken_by_both(rule: Fields) -> None:
    values = {"rules": [fields(rule)]}
    assert complaints("rules", values) == []
    assert parse(values, RuleFile, "rules.yaml")


@pytest.mark.parametrize("rule", WRONG_SHAPES)
def test_wrong_shape_is_refused_by_both(rule: Fields) -> None:
    values = {"rules": [fields(rule)]}
    assert complaints("rules", values)
    with pytest.raises(ConfigRefused):
        parse(values, RuleFile, "rules.yaml")


def test_every_part_of_a_rule_is_described() -> None:
    definitions = schema.schema("rules")["$defs"]
    assert all("description" in definitions[name] for name in definitions if name != "Severity")


def test_program_prints_what_is_published() -> None:
    for name, (_, file) in schema.FILES.items():
        done = subprocess.run(
            [sys.executable, "-m", "edge_agent", "schema", name], capture_output=True, check=True
        )
        assert done.stdout.decode() == (ROOT / file).read_text("utf-8")
