"""A rule that names what is not there, or that can never raise, is refused with path, found and expected."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused
from devices.profiles.strict import read_yaml
from tests.devices.campus.rule_campus import SITE, Fields, load, told

CASES = read_yaml(Path(__file__).parent / "rule_mistakes.yaml")
LOW = {"point": "pressure_mpa", "below": 0.3}


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    return load(tmp_path_factory.mktemp("campus"))


def of_rule(path: str) -> str:
    return f"rules.r.{path}" if path else "rules.r"


@pytest.mark.promise("P-rulefile-1")
@pytest.mark.parametrize("case", [*CASES["unknown"], *CASES["unfit"], *CASES["never"], *CASES["causes"]])
def test_mistake_is_told_with_the_path_as_it_was_written(campus: Campus, case: Fields) -> None:
    said = told(campus, *([case["beside"]] if "beside" in case else []), case["rule"])
    assert of_rule(case["path"]) in said, said
    found, expected = said[of_rule(case["path"])]
    assert case["found"] in found, said
    assert case["expected"] in expected, said


@pytest.mark.parametrize("case", [*CASES["unknown"], *CASES["never"]])
def test_one_mistake_gives_one_complaint(campus: Campus, case: Fields) -> None:
    assert len(told(campus, case["rule"])) == 1


@pytest.mark.parametrize("rule", CASES["good"])
def test_rule_that_makes_sense_is_taken(campus: Campus, rule: Fields) -> None:
    assert told(campus, rule) == {}


def test_circle_of_three_is_told_at_each_of_them(campus: Campus) -> None:
    around = {"a": "b", "b": "c", "c": "a"}
    rules = [
        {"id": name, "when": [LOW], "held_back_by": [{"rule": by, "on": "device"}]}
        for name, by in around.items()
    ]
    assert set(told(campus, *rules)) == {f"rules.{name}.held_back_by.0.rule" for name in around}


def test_rule_that_a_circle_holds_back_is_not_to_blame(campus: Campus) -> None:
    held = {"id": "held", "when": [LOW], "held_back_by": [{"rule": "a", "on": "device"}]}
    a, b = ({"id": n, "when": [LOW], "held_back_by": [{"rule": o, "on": "device"}]} for n, o in ("ab", "ba"))
    assert set(told(campus, held, a, b)) == {"rules.a.held_back_by.0.rule", "rules.b.held_back_by.0.rule"}


def test_mistake_in_a_rule_file_names_that_file(tmp_path: Path) -> None:
    words = "title: {zh: 字, en: W}, message: {zh: 字, en: W}, advice: {zh: 字, en: W}"
    rule = f"{{id: r, kind: when, {words}, family: fire, severity: low, select: {{kinds: [pump]}}, "
    (tmp_path / "fire.yaml").write_text(
        f"rules:\n- {rule} when: [{{not: {{point: runing, equals: on}}}}]}}\n", "utf-8"
    )
    (tmp_path / "site.yaml").write_text(f"{SITE}rules: [fire.yaml]\n", "utf-8")
    with pytest.raises(ConfigRefused) as refused:
        load_campus(tmp_path / "site.yaml")
    [problem] = refused.value.problems
    assert (problem.file, problem.path) == (str(tmp_path / "fire.yaml"), "rules.r.when.0.not.point")


def test_where_an_area_is_unknown_rules_are_not_blamed_for_it(tmp_path: Path) -> None:
    (tmp_path / "site.yaml").write_text(SITE.replace("area: shed", "area: shd"), "utf-8")
    with pytest.raises(ConfigRefused) as refused:
        load_campus(tmp_path / "site.yaml")
    assert [problem.path for problem in refused.value.problems] == ["devices.ac-shed.area"]
