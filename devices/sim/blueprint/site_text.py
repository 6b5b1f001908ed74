"""The parts of the demo's site file that are written by hand: comments, calendar, seasons, exemptions."""

from __future__ import annotations

from typing import Final

HEAD: Final = """\
# yaml-language-server: $schema=../../docs/site.schema.json
# The demo campus of Campuswatch. All names, people and telephone numbers are invented.
# Written by `campus-sim site --out config/demo`, and a test holds it to that: change a copy, not this file.
# Areas and devices are in areas.csv and devices.csv beside it, rules in the files named under `rules`.

campus:
  id: demo
  name: {zh: 园区卫士演示园区, en: Campuswatch demo campus}
  timezone: Asia/Shanghai
"""

RULES: Final = """\
rules:
- ../rules/fire.yaml
- ../rules/cooling.yaml
- ../rules/energy.yaml
- ../rules/access.yaml
- ../rules/camera.yaml
- ../rules/silence.yaml
- speeding.yaml
"""

CALENDAR: Final = """\
# Days off and make-up workdays of 2026: notice of the General Office of the State Council of 2025-11-04.
# The notice for the next year comes out late in the year; until then a later date follows its weekday.
calendars:
- id: office
  workdays: [mon, tue, wed, thu, fri]
  start: "08:30"
  end: "17:30"
  holidays:
  - {name: {zh: 元旦, en: New Year}, first: 2026-01-01, last: 2026-01-03}
  - {name: {zh: 春节, en: Spring Festival}, first: 2026-02-15, last: 2026-02-23}
  - {name: {zh: 清明节, en: Qingming}, first: 2026-04-04, last: 2026-04-06}
  - {name: {zh: 劳动节, en: Labour Day}, first: 2026-05-01, last: 2026-05-05}
  - {name: {zh: 端午节, en: Dragon Boat Festival}, first: 2026-06-19, last: 2026-06-21}
  - {name: {zh: 中秋节, en: Mid-Autumn Festival}, first: 2026-09-25, last: 2026-09-27}
  - {name: {zh: 国庆节, en: National Day}, first: 2026-10-01, last: 2026-10-07}
  make_up_workdays: [2026-01-04, 2026-02-14, 2026-02-28, 2026-05-09, 2026-09-20, 2026-10-10]
"""

SEASONS: Final = """\
# Ningbo has no legal heating or cooling season; offices there cool from about June to September and heat from
# December to mid-March, and a reading between the seasons is never a violation. The demo's two seasons leave
# no gap, so that it can show a set-point alert on any day of the year.
seasons:
- cooling: {first: 04-16, last: 10-31}
  heating: {first: 11-01, last: 04-15}
"""

EXEMPTIONS: Final = """\
exemptions:
- rule: setpoint
  area: hq1-main-401
  reason: {zh: 机房设备散热, en: heat of the equipment}
  until: "2028-12-31"
- rule: setpoint
  area: hall-a-401
  reason: {zh: 机房设备散热, en: heat of the equipment}
  until: "2028-12-31"
- rule: setpoint
  area: beitou-tower-501
  reason: {zh: 机房设备散热, en: heat of the equipment}
  until: "2028-12-31"
- rule: setpoint
  area: hq1-main-103
  reason: {zh: 医务室按诊疗需要, en: the clinic follows its treatments}
  until: "2028-06-30"
- rule: setpoint
  area: hq1-main-102
  reason: {zh: 总值班室24小时值守, en: the duty room is staffed day and night}
  until: "2027-12-31"
"""

COVERAGE: Final = """\
# Every wash, cook and preparation area of the canteen, both main gates and both pump rooms.
coverage:
- id: kitchen-watch
  title: {zh: 后厨操作区视频覆盖不足, en: Kitchen area not watched}
  area_kinds: [kitchen]
  least: 2
  severity: high
- id: gate-watch
  title: {zh: 大门视频覆盖不足, en: Gate not watched}
  area_kinds: [gate]
  least: 3
  severity: medium
- id: pump-room-watch
  title: {zh: 消防泵房无有效视频, en: Fire pump room not watched}
  area_kinds: [pump_room]
  least: 1
  severity: medium
"""
