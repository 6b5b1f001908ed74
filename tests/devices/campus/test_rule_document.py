"""What `docs/rules.md` says is so: its rules load on a campus of their own, and every key and field is explained."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from pydantic import BaseModel

from devices.campus.calendars import Hours
from devices.campus.checks import selected
from devices.campus.conditions import (
    AllOf,
    AnyOf,
    Condition,
    Count,
    Energy,
    HourLimit,
    NotOf,
    OtherPoint,
    Rate,
    Schedule,
    Usual,
    UsualLimit,
)
from devices.campus.loading import load_campus
from devices.campus.rule_head import MESSAGE_FIELDS, Cause, Only, Select
from devices.campus.rules import Exemption, Level, RuleFile, SetpointRule, StaleRule, WhenRule
from devices.campus.site import Campus
from devices.model.alerts import Family, Severity
from devices.model.errors import ConfigRefused
from devices.profiles.profile import DeviceKind
from devices.profiles.strict import load

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "rules.md").read_text("utf-8")
BLOCKS = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
RULES = [block for block in BLOCKS if block.startswith("rules:")]
EXPLAINED = set(re.findall(r"`([^`\n]+)`", PAGE))
MODELS: list[type[BaseModel]] = [
    *(Select, Only, Cause, Level, Condition, Rate, Count, Energy, AllOf, AnyOf, NotOf),
    *(OtherPoint, Schedule, HourLimit, UsualLimit, Usual, Hours, Exemption),
    *(WhenRule, SetpointRule, StaleRule),
]
SITE = """
campus: {id: c, name: {zh: 园, en: C}}
agents: [{id: edge, name: {zh: 网, en: E}}]
sites: [{id: s, name: {zh: 院, en: S}, agent: edge}]
buildings: [{id: b, site: s, name: {zh: 楼, en: B}}]
zones: [{id: z, name: {zh: 区, en: Z}, owner: {zh: 班, en: Team}}]
areas:
- {id: room, building: b, zone: z, kind: office, name: {zh: 办公室, en: Office}}
- {id: servers, building: b, zone: z, kind: server_room, name: {zh: 机房, en: Server room}}
- {id: gate, building: b, zone: z, kind: gate, name: {zh: 门, en: Gate}}
links:
- {id: bus, agent: edge, kind: modbus-tcp, name: {zh: 总线, en: Bus}, host: 127.0.0.1}
- {id: field, agent: edge, kind: mqtt, name: {zh: 现场, en: Field}, prefix: field/s}
devices:
- {id: ac-room, profile: daikin-dta116a, link: bus, area: room, unit: 1, name: {zh: 空调, en: AC}}
- {id: ac-servers, profile: daikin-dta116a, link: bus, area: servers, unit: 2, name: {zh: 空调, en: AC}}
- {id: pump-main, profile: campus-pump-panel, link: bus, area: gate, unit: 3, name: {zh: 泵, en: Pump}}
- {id: pump-annex, profile: campus-pump-panel, link: bus, area: gate, unit: 4, name: {zh: 泵, en: Pump}}
- {id: meter, profile: eastron-sdm630, link: bus, area: room, unit: 5, name: {zh: 表, en: Meter}}
- {id: pipe, profile: pressure-7reg, link: bus, area: gate, unit: 6, name: {zh: 管, en: Pipe}}
- {id: door, profile: campus-door, link: field, area: gate, topic: door, name: {zh: 门, en: Door}}
calendars: [{id: office}]
seasons: [{cooling: {first: 06-01, last: 09-30}, heating: {first: 12-01, last: 03-15}}]
"""


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    """The campus with every rule of the page, each block a file of its own, and its exemptions."""
    names = [f"rules-{number}.yaml" for number in range(len(RULES))]
    for name, block in zip(names, RULES, strict=True):
        (tmp_path / name).write_text(block, "utf-8")
    [exemptions] = [block for block in BLOCKS if block.startswith("exemptions:")]
    file = tmp_path / "site.yaml"
    file.write_text(f"{SITE}rules: [{', '.join(names)}]\n{exemptions}", "utf-8")
    return load_campus(file)


def test_every_block_of_the_page_loads(campus: Campus) -> None:
    assert len(campus.rules) == sum(len(re.findall(r"^- id:", block, re.MULTILINE)) for block in RULES)
    assert len(campus.exemptions) == 2
    assert len(BLOCKS) == len(RULES) + 1


def test_there_is_an_example_of_each_kind(campus: Campus) -> None:
    assert {rule.kind for rule in campus.rules.values()} == {"when", "setpoint", "stale"}


def test_there_is_an_example_of_each_key(campus: Campus) -> None:
    written = "\n".join(BLOCKS)
    models = [Condition, Level, Only, Cause, Rate, Count, Energy, OtherPoint, Schedule, HourLimit, Hours]
    keys = {field.alias or name for model in models for name, field in model.model_fields.items()}
    keys |= {"all", "any", "not", "usual", "latch", "levels", "only", "held_back_by", "good_share", "fresh_s"}
    assert not {key for key in keys if not re.search(rf"\b{key}:", written)}


def test_each_example_finds_the_devices_that_its_words_speak_of(campus: Campus) -> None:
    found = {name: [d.id for d in selected(campus, rule)] for name, rule in campus.rules.items()}
    assert found["warm-server-room"] == ["ac-servers"]
    assert found["jockey-out-of-auto"] == ["pump-main"]
    assert found["setpoint-offices"] == ["ac-room"]
    assert found["unusual-power"] == ["meter"]
    assert all(found.values())


def test_links_are_given_less_time_than_devices_as_the_page_asks(campus: Campus) -> None:
    link, device = campus.rules["silent-link"], campus.rules["silent-equipment"]
    assert isinstance(link, StaleRule)
    assert isinstance(device, StaleRule)
    assert link.after_s < device.after_s


@pytest.mark.parametrize("model", MODELS, ids=lambda model: model.__name__)
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    keys = {field.alias or name for name, field in model.model_fields.items()}
    assert not keys - EXPLAINED - {"reason", "until", "rule", "limit"}


def test_every_word_that_a_key_takes_is_explained() -> None:
    fields = {f"{{{name}}}" for name in MESSAGE_FIELDS}
    words = {severity.name.lower() for severity in Severity} | set(Family) | set(DeviceKind)
    assert fields | words <= EXPLAINED


def test_a_refusal_reads_as_the_page_shows_it(tmp_path: Path) -> None:
    [shown] = re.findall(r"found '(\w+)' on (\S+), expected", PAGE)
    (tmp_path / "rules.yaml").write_text(RULES[0].replace("point: room_c", f"point: {shown[0]}"), "utf-8")
    (tmp_path / "site.yaml").write_text(f"{SITE}rules: [rules.yaml]\n", "utf-8")
    with pytest.raises(ConfigRefused, match=r"warm-server-room.when.0.point.*did you mean 'room_c'"):
        load_campus(tmp_path / "site.yaml")


def test_the_page_names_every_shipped_rule_beside_its_file() -> None:
    rows = re.findall(r"^\| `(\w+\.yaml)` \| (.*) \|$", PAGE, re.MULTILINE)
    named = {file: re.findall(r"`([^`]+)`", rules) for file, rules in rows}
    files = sorted((ROOT / "config" / "rules").glob("*.yaml"))
    assert named == {file.name: [rule.id for rule in load(file, RuleFile).rules] for file in files}


@pytest.mark.parametrize(("language", "column"), [("zh", 2), ("en", 3)])
def test_words_of_the_screen_are_those_of_the_console(language: str, column: int) -> None:
    words = (ROOT / "hub" / "console" / "static" / "i18n" / f"{language}.js").read_text("utf-8")
    table = PAGE.partition("## Words on the screen")[2]
    for first in ("`critical`", "`fire`", "`latch`"):
        [row] = [line for line in table.splitlines() if line.startswith(f"| {first}")]
        for word in re.split(r"[、,]", row.split("|")[column]):
            assert word.strip() in words, word
