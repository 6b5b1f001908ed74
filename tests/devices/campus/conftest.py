"""A site file that fits, for tests that break it in one place."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.model.errors import ConfigRefused, Problem

SITE = """\
campus: {id: town, name: {zh: 园, en: Town}, timezone: Asia/Shanghai}
agents: [{id: edge-1, name: {zh: 网, en: Gateway}}]
sites:
- {id: one, name: {zh: 一, en: One}, agent: edge-1, calendar: office}
- {id: two, name: {zh: 二, en: Two}, agent: edge-1}
buildings:
- {id: house, site: one, name: {zh: 楼, en: House}}
- {id: barn, site: two, name: {zh: 仓, en: Barn}}
zones:
- {id: inside, name: {zh: 内, en: Inside}, owner: {zh: 甲, en: A}, neighbours: [outside]}
- {id: outside, name: {zh: 外, en: Outside}, owner: {zh: 乙, en: B}, neighbours: [inside]}
areas:
- {id: room, building: house, zone: inside, kind: office, name: {zh: 室, en: Room}}
- {id: road, building: barn, zone: outside, kind: road, name: {zh: 路, en: Road}}
links:
- {id: bus, agent: edge-1, kind: modbus-tcp, name: {zh: 总线, en: Bus}, host: 10.0.0.1}
- {id: field, agent: edge-1, kind: mqtt, name: {zh: 现场, en: Field}, prefix: field/one}
- {id: nvr, agent: edge-1, kind: http, name: {zh: 录像, en: Recorder}, host: 10.0.0.2}
devices:
- {id: meter, profile: eastron-sdm630, link: bus, area: room, name: {zh: 表, en: Meter}, unit: 1}
- {id: ac-0, profile: daikin-dta116a, link: bus, area: room, name: {zh: 空调, en: AC}, unit: 2, index: 0}
- {id: ac-1, profile: daikin-dta116a, link: bus, area: room, name: {zh: 空调, en: AC}, unit: 2, index: 1}
- {id: radar, profile: ops243-radar, link: field, area: road, name: {zh: 雷达, en: Radar}, topic: radar}
- {id: cam, profile: campus-camera, link: nvr, area: road, name: {zh: 机, en: Camera}, parameters: {channel: 1}}
rules:
- id: hot
  kind: when
  title: {zh: 热, en: Hot}
  message: {zh: "{device} {value}", en: "{device} {value}"}
  advice: {zh: 开窗, en: Open a window}
  family: cooling
  severity: low
  select: {kinds: [ac]}
  when: [{point: room_c, above: 35}]
- id: speed
  kind: speeding
  title: {zh: 快, en: Fast}
  message: {zh: 快, en: Fast}
  advice: {zh: 慢, en: Slow}
  family: traffic
  severity: low
  select: {kinds: [radar]}
  limit_kmh: 15
  limits:
  - {areas: [road], hours: {start: "07:30", end: "09:00", days: workdays, calendar: office}, limit_kmh: 10}
- id: setpoint
  kind: setpoint
  title: {zh: 温, en: Set point}
  message: {zh: 温, en: Set point}
  advice: {zh: 改, en: Change it}
  family: cooling
  severity: low
  select: {kinds: [ac]}
seasons:
- {cooling: {first: 06-01, last: 09-30}, heating: {first: 12-01, last: 03-15}}
- {sites: [two], cooling: {first: 05-01, last: 10-31}, heating: {first: 11-15, last: 03-31}}
calendars:
- id: office
  holidays: [{name: {zh: 国庆节, en: National Day}, first: 2026-10-01, last: 2026-10-07}]
  make_up_workdays: [2026-09-20, 2026-10-10]
exemptions:
- {rule: setpoint, device: ac-1, reason: {zh: 机房, en: Servers}, until: 2026-12-31}
- {rule: hot, area: room, reason: {zh: 试, en: Trial}, until: 2026-06-30}
"""


@pytest.fixture
def site(tmp_path: Path) -> Callable[..., Path]:
    """Write the site file with replacements (old text, new text); each old text must be there."""

    def write(*changes: tuple[str, str]) -> Path:
        text = SITE
        for old, new in changes:
            assert old in text, f"{old!r} is not in the site file"
            text = text.replace(old, new, 1)
        path = tmp_path / "site.yaml"
        path.write_text(text, "utf-8")
        return path

    return write


@pytest.fixture
def problems() -> Callable[[Path], list[Problem]]:
    """What is said about a site file; an empty list is a site file that fits."""

    def read(path: Path) -> list[Problem]:
        try:
            load_campus(path)
        except ConfigRefused as refused:
            return list(refused.problems)
        return []

    return read
