"""A campus small enough to hold in mind, with one device of each kind."""

from __future__ import annotations

from pathlib import Path

from devices.campus.loading import load_campus
from devices.campus.site import Campus

SITE = """
campus: {id: small, name: {zh: 小园区, en: Small campus}}
agents: [{id: edge, name: {zh: 网关, en: Gateway}}]
sites: [{id: hq, name: {zh: 院区, en: Compound}, agent: edge}]
buildings: [{id: main, site: hq, name: {zh: 主楼, en: Main}}]
zones: [{id: east, name: {zh: 东区, en: East}, owner: {zh: 东区班, en: East team}}]
areas:
  - {id: room, building: main, zone: east, kind: office, name: {zh: 办公室, en: Office}}
  - {id: servers, building: main, zone: east, kind: server_room, name: {zh: 机房, en: Server room}}
  - {id: gate, building: main, zone: east, kind: gate, name: {zh: 大门, en: Gate}}
  - {id: pumps, building: main, zone: east, kind: pump_room, name: {zh: 泵房, en: Pump room}}
links:
  - {id: gw, agent: edge, kind: modbus-tcp, name: {zh: 空调网关, en: AC gateway}, host: 127.0.0.1, port: 1502}
  - {id: panel, agent: edge, kind: modbus-tcp, name: {zh: 泵房网关, en: Pump gateway}, host: 127.0.0.1, port: 1503}
  - {id: field, agent: edge, kind: mqtt, name: {zh: 现场消息, en: Field}, prefix: field/hq}
  - {id: nvr, agent: edge, kind: http, name: {zh: 录像机, en: Recorder}, host: 127.0.0.1, port: 1804}
devices:
  - {id: ac-1, profile: intesis-inmbs, link: gw, area: room, unit: 1, name: {zh: 空调1, en: AC 1}}
  - {id: ac-2, profile: intesis-inmbs, link: gw, area: room, unit: 2, name: {zh: 空调2, en: AC 2}}
  - {id: ac-3, profile: intesis-inmbs, link: gw, area: servers, unit: 3, name: {zh: 空调3, en: AC 3}}
  - {id: ac-4, profile: daikin-dta116a, link: gw, area: room, unit: 4, name: {zh: 空调4, en: AC 4}}
  - {id: pump, profile: campus-pump-panel, link: panel, area: pumps, name: {zh: 消防泵, en: Fire pump}}
  - {id: radar, profile: ops243-radar, link: field, area: gate, topic: radar, name: {zh: 雷达, en: Radar}}
  - {id: door, profile: campus-door, link: field, area: gate, topic: door, name: {zh: 门, en: Door}}
  - {id: cam, profile: campus-camera, link: nvr, area: gate, name: {zh: 摄像机, en: Camera}}
seasons:
  - {cooling: {first: 06-01, last: 09-30}, heating: {first: 12-01, last: 03-15}}
calendars:
  - id: office
    holidays: [{name: {zh: 国庆, en: National Day}, first: 2026-10-01, last: 2026-10-07}]
    make_up_workdays: [2026-10-10]
exemptions:
  - {rule: setpoint, area: servers, until: 2026-07-20, reason: {zh: 机房, en: Server room}}
rules:
  - id: setpoint
    kind: setpoint
    title: {zh: 温度超标, en: Set point}
    message:
      zh: "{device}({area})设定 {value},标准 {limit}"
      en: "{device} ({area}) set to {value}, standard {limit}"
    advice: {zh: 调回, en: Set it back}
    family: cooling
    severity: medium
    select: {kinds: [ac]}
    on_delay_s: 600
    off_delay_s: 60
  - id: pump-not-auto
    kind: when
    title: {zh: 不在自动位, en: Not in automatic}
    message: {zh: "{device} 在{value}", en: "{device} is in {value}, wanted {limit}"}
    advice: {zh: 恢复自动, en: Back to automatic}
    family: fire
    severity: critical
    select: {kinds: [pump]}
    on_delay_s: 5
    when: [{point: position, differs: auto}]
  - id: no-start
    kind: when
    title: {zh: 未启动, en: Did not start}
    message: {zh: 未启动, en: did not start}
    advice: {zh: 手动启动, en: Start by hand}
    family: fire
    severity: critical
    select: {kinds: [pump]}
    on_delay_s: 120
    when: [{point: demand, equals: "on"}, {point: running, equals: "off"}]
  - id: low-pressure
    kind: when
    title: {zh: 压力低, en: Low pressure}
    message: {zh: "压力 {value} {unit}", en: "pressure {value} {unit}"}
    advice: {zh: 查漏, en: Look for leaks}
    family: fire
    severity: high
    select: {kinds: [pump]}
    when: [{point: pressure_mpa, below: 0.15, dead_band: 0.03}]
  - id: speeding
    kind: speeding
    title: {zh: 超速, en: Speeding}
    message: {zh: "{area} {value} km/h,限速 {limit}", en: "{area}: {value} km/h, limit {limit}"}
    advice: {zh: 提醒, en: Remind}
    family: traffic
    severity: low
    select: {kinds: [radar]}
    limit_kmh: 15
    error_kmh: 1
    margin_kmh: 2
    limits:
      - areas: [gate]
        hours: {start: "07:30", end: "09:00", days: workdays, calendar: office}
        limit_kmh: 10
  - id: camera-frozen
    kind: when
    title: {zh: 画面冻结, en: Frozen}
    message: {zh: 冻结, en: frozen}
    advice: {zh: 重启, en: Restart}
    family: camera
    severity: medium
    select: {kinds: [camera]}
    when: [{point: same_pictures, above: 2.5}]
  - id: silent
    kind: stale
    title: {zh: 设备无数据, en: Silent}
    message: {zh: "{device} {value} 秒无数据", en: "{device} silent for {value} s"}
    advice: {zh: 查线, en: Check the cable}
    family: device
    severity: medium
    select: {kinds: [ac, pump]}
    after_s: 60
  - id: link-silent
    kind: stale
    of: link
    title: {zh: 链路中断, en: Link down}
    message: {zh: "{device} 中断", en: "{device} is down"}
    advice: {zh: 查网关, en: Check the gateway}
    family: device
    severity: high
    select: {kinds: [ac, pump]}
    after_s: 45
"""


def small_campus(folder: Path, **changes: str) -> Campus:
    """Load the small campus; `changes` replace text in the site file, underscores in keys are literal."""
    text = SITE
    for old, new in changes.items():
        assert old in text, f"{old!r} is not in the site file"
        text = text.replace(old, new)
    file = folder / "site.yaml"
    file.write_text(text, "utf-8")
    return load_campus(file)
