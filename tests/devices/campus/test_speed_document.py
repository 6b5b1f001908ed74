"""What `docs/speed.md` says is so: its rule loads on a campus of its own, and every key and default is as told."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from pydantic import BaseModel

from devices.campus.loading import load_campus
from devices.campus.site import Campus
from devices.campus.speed_rules import (
    Instrument,
    RadarInstrument,
    Road,
    SpeedingRule,
    SpeedLevel,
    SpeedLimit,
)
from devices.model.codes import VehicleClass
from edge_agent.detect.passes import confidence

PAGE = (Path(__file__).parents[3] / "docs" / "speed.md").read_text("utf-8")
[RULE] = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
EXPLAINED = set(re.findall(r"`([^`\n]+)`", PAGE))
#: What every rule has is explained in docs/rules.md.
ELSEWHERE = {"id", "version", "kind", "title", "message", "advice", "family", "select", "enabled"}
SITE = """
campus: {id: c, name: {zh: 园, en: C}}
agents: [{id: edge, name: {zh: 网, en: E}}]
sites: [{id: s, name: {zh: 院, en: S}, agent: edge}]
buildings: [{id: b, site: s, name: {zh: 楼, en: B}}]
zones: [{id: yard, name: {zh: 院子, en: Yard}, owner: {zh: 班, en: Team}}]
areas: [{id: gate, building: b, zone: yard, kind: gate, name: {zh: 门, en: Gate}}]
links: [{id: field, agent: edge, kind: mqtt, name: {zh: 现场, en: Field}, prefix: field/s}]
devices:
- {id: radar-in, profile: ops243-radar, link: field, area: gate, topic: "1", name: {zh: 雷达, en: Radar}}
- {id: radar-back, profile: ops243-radar, link: field, area: gate, topic: "2", name: {zh: 雷达, en: Radar}}
- {id: radar-drive, profile: hikvision-radar, link: field, area: gate, topic: "3", name: {zh: 雷达, en: Radar}}
- {id: plates-in, profile: campus-plate-camera, link: field, area: gate, topic: "4", name: {zh: 车牌, en: Plates}}
calendars: [{id: office}]
rules: [rules.yaml]
"""


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    folder = tmp_path_factory.mktemp("page")
    (folder / "rules.yaml").write_text(RULE, "utf-8")
    (folder / "site.yaml").write_text(SITE, "utf-8")
    return load_campus(folder / "site.yaml")


def test_the_rule_of_the_page_loads_and_says_what_its_comments_say(campus: Campus) -> None:
    rule = campus.rules["speeding-gate"]
    assert isinstance(rule, SpeedingRule)
    assert rule.instrument_of("radar-in").instrument == "certified"
    assert rule.instrument_of("radar-drive").angle_deg == 18
    assert rule.instrument_of("radar-back") is rule


@pytest.mark.parametrize("model", [SpeedingRule, SpeedLimit, SpeedLevel, RadarInstrument, Road])
def test_every_key_is_explained(model: type[BaseModel]) -> None:
    assert set(model.model_fields) - ELSEWHERE <= EXPLAINED


def test_every_class_of_vehicle_is_named() -> None:
    assert {member.name.lower() for member in VehicleClass} <= EXPLAINED


@pytest.mark.parametrize("model", [Instrument, Road])
def test_the_defaults_of_the_tables_are_those_of_the_models(model: type[BaseModel]) -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| (\d+) \|$", PAGE, re.MULTILINE))
    told = {name: float(rows[name]) for name in model.model_fields if name in rows}
    assert told
    assert told == {name: model.model_fields[name].default for name in told}


def test_the_defaults_among_the_steps_are_those_of_the_rule() -> None:
    told = {name: float(value) for name, value in re.findall(r"`(\w+)` \(([\d.]+)\)", PAGE)}
    assert told.keys() == {"low_kmh", "pass_gap_s", "merge_gap_s", "merge_kmh", "split_kmh", "min_readings"}
    assert told == {name: SpeedingRule.model_fields[name].default for name in told}


def test_confidence_is_what_the_page_says() -> None:
    readings, lasted_us = np.array([2, 8, 8, 4, 8]), np.array([9, 0.875, 9, 9, 0.375]) * 1e6
    peak, median = np.full(5, 20.0), np.array([20.0, 20.0, 10.0, 15.0, 20.0])
    found = confidence(readings, lasted_us.astype(np.int64), peak, median)
    assert found.tolist() == [0.25, 1.0, 0.0, 0.25, 0.5]
