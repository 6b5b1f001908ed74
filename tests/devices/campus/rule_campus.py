"""A campus with one device of each kind, and rules for it written in a line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from devices.campus.loading import load_campus, with_rules
from devices.campus.rules import Rule, RuleFile
from devices.campus.site import Campus
from devices.model.errors import ConfigRefused
from devices.profiles.strict import parse

SITE = """
campus: {id: town, name: {zh: 园, en: Town}}
agents: [{id: edge, name: {zh: 网, en: Gateway}}]
sites:
- {id: one, name: {zh: 一, en: One}, agent: edge, calendar: office}
- {id: two, name: {zh: 二, en: Two}, agent: edge}
buildings:
- {id: house, site: one, name: {zh: 楼, en: House}}
- {id: barn, site: two, name: {zh: 仓, en: Barn}}
zones: [{id: inside, name: {zh: 内, en: Inside}, owner: {zh: 甲, en: A}}]
areas:
- {id: room, building: house, zone: inside, kind: office, name: {zh: 室, en: Room}}
- {id: road, building: house, zone: inside, kind: road, name: {zh: 路, en: Road}}
- {id: shed, building: barn, zone: inside, kind: office, name: {zh: 棚, en: Shed}}
links:
- {id: bus, agent: edge, kind: modbus-tcp, name: {zh: 总线, en: Bus}, host: 10.0.0.1, poll_s: 10}
- {id: field, agent: edge, kind: mqtt, name: {zh: 现场, en: Field}, prefix: field/one}
- {id: nvr, agent: edge, kind: http, name: {zh: 录像, en: Recorder}, host: 10.0.0.2, poll_s: 30}
devices:
- {id: meter, profile: eastron-sdm630, link: bus, area: room, name: {zh: 表, en: Meter}, unit: 1}
- {id: ac, profile: daikin-dta116a, link: bus, area: room, name: {zh: 空调, en: AC}, unit: 2}
- {id: ac-shed, profile: intesis-inmbs, link: bus, area: shed, name: {zh: 空调, en: AC}, unit: 3}
- {id: pump, profile: campus-pump-panel, link: bus, area: room, name: {zh: 泵, en: Pump}, unit: 4}
- {id: pipe, profile: pressure-7reg, link: bus, area: room, name: {zh: 管, en: Pipe}, unit: 5}
- {id: radar, profile: ops243-radar, link: field, area: road, name: {zh: 雷达, en: Radar}, topic: radar}
- {id: door, profile: campus-door, link: field, area: road, name: {zh: 门, en: Door}, topic: door}
- {id: cam, profile: campus-camera, link: nvr, area: road, name: {zh: 机, en: Camera}}
seasons:
- {sites: [one], cooling: {first: 06-01, last: 09-30}, heating: {first: 12-01, last: 03-15}}
calendars:
- id: office
  holidays: [{name: {zh: 国庆节, en: National Day}, first: 2026-10-01, last: 2026-10-07}]
  make_up_workdays: [2026-09-20, 2026-10-10]
- {id: never-off, workdays: [mon, tue, wed, thu, fri, sat, sun]}
- {id: always-off, workdays: []}
"""
Fields = dict[str, Any]


def load(folder: Path) -> Campus:
    """The campus, without any rule."""
    file = folder / "site.yaml"
    file.write_text(SITE, "utf-8")
    return load_campus(file)


def fields(given: Fields) -> Fields:
    """A rule as a person would write it, with the words that every rule has put in."""
    words = {"zh": "字", "en": "Words"}
    head = {"id": "r", "kind": "when", "title": words, "message": words, "advice": words}
    return {**head, "family": "device", "severity": "medium", "select": {"kinds": ["pump"]}, **given}


def written(*given: Fields) -> tuple[Rule, ...]:
    """The rules, read as a file of theirs would be.

    Raises:
        ConfigRefused: their shape is wrong.
    """
    return parse({"rules": [fields(rule) for rule in given]}, RuleFile, "rules.yaml").rules


def told(campus: Campus, *given: Fields) -> dict[str, tuple[str, str]]:
    """What is said about some rules: path -> found, expected."""
    try:
        with_rules(campus, written(*given), "rules.yaml")
    except ConfigRefused as refused:
        return {problem.path: (problem.found, problem.expected) for problem in refused.problems}
    return {}
