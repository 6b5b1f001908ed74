"""Rules without a site file: what the hub alone can see, and what agents tell of counters without being asked."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.model.alerts import Family, Severity
from devices.model.texts import Text


@dataclass(frozen=True, slots=True)
class OwnRule:
    """A rule without a site file."""

    id: str
    version: int
    family: Family
    severity: Severity
    title: Text
    message: Text
    advice: Text


AGENT_SILENT: Final = OwnRule(
    id="hub-agent-silent",
    version=1,
    family=Family.DEVICE,
    severity=Severity.HIGH,
    title=Text("边缘网关失联", "Gateway silent"),
    message=Text(
        "{agent} 已 {seconds} 秒没有消息，其所有设备状态未知",
        "{agent} has not been heard for {seconds} s; the state of all its devices is unknown",
    ),
    advice=Text(
        "检查网关电源与网络\n到现场查看网关状态灯\n恢复前，该网关所辖设备须人工巡查",
        "Check the gateway's power and network\nLook at the lamps of the gateway on site\n"
        "Until it is back, walk the rounds of its devices",
    ),
)

AGENT_CLOCK: Final = OwnRule(
    id="hub-agent-clock",
    version=1,
    family=Family.DEVICE,
    severity=Severity.MEDIUM,
    title=Text("网关时钟偏差", "Gateway clock off"),
    message=Text(
        "{agent} 的时钟与中心相差 {seconds} 秒，其数据与告警的时间不可信",
        "The clock of {agent} is {seconds} s off the hub's; the times of its data and alerts are wrong",
    ),
    advice=Text(
        "检查网关的对时服务（NTP）\n检查中心自身的时钟\n偏差期间的时间先后以中心收到的时间为准",
        "Check the gateway's time service (NTP)\nCheck the hub's own clock\nMeanwhile, trust the times of arrival",
    ),
)

_ADVICE: Final = Text(
    "到现场核对电表显示\n如已换表，在站点文件的设备下登记旧表止码与新表起码\n核对当日用量",
    "Look at the meter's display\nIf it was replaced, note both readings with the device in the site file\n"
    "Check the consumption of that day",
)


def _counter(event: str, zh: str, en: str) -> OwnRule:
    title = Text(zh, en)
    return OwnRule(f"counter-{event}", 1, Family.ENERGY, Severity.LOW, title, title, _ADVICE)


COUNTERS: Final = (
    _counter("reset", "计数归零", "Counter began again"),
    _counter("replaced", "计数跳变，疑为换表", "Counter jumped, perhaps a new meter"),
    _counter("signed", "换表已登记", "New meter noted"),
)
OWN_RULES: Final = {rule.id: rule for rule in (AGENT_SILENT, AGENT_CLOCK, *COUNTERS)}

#: Where an entry of the site file's coverage names no first steps of its own.
UNCOVERED_ADVICE: Final = Text(
    "查看该区域各摄像机的状态与画面\n派人到现场值守，直到恢复有效视频\n通知维保单位修复摄像机",
    "Look at the state and picture of each camera of the area\nSend somebody there until it is watched again\n"
    "Call maintenance for the cameras",
)
