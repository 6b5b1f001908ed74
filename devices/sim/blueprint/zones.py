"""Who is responsible for which part of the demo campus, and the departments that sit in its offices."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from devices.model.texts import Text


@dataclass(frozen=True, slots=True)
class ZonePlan:
    """Who is responsible for a part of a site, and who helps."""

    id: str
    name: Text
    owner: Text
    phone: str
    neighbours: tuple[str, ...]


ZONES: Final = (
    ZonePlan(
        "hq1-gate",
        Text("一号院大门与道路", "Gate and roads, No. 1"),
        Text("安保一队", "Guard team 1"),
        "8101",
        ("hq1-office", "hq1-fire"),
    ),
    ZonePlan(
        "hq1-office",
        Text("一号院办公楼", "Offices, No. 1"),
        Text("后勤服务科", "Logistics section"),
        "8102",
        ("hq1-gate", "hq1-fire"),
    ),
    ZonePlan(
        "hq1-fire",
        Text("一号院消防", "Fire safety, No. 1"),
        Text("微型消防站", "Micro fire station"),
        "8119",
        ("hq1-gate", "hq1-office"),
    ),
    ZonePlan(
        "hall-gate",
        Text("行政大院场地", "Grounds, administrative compound"),
        Text("安保二队", "Guard team 2"),
        "8201",
        ("hall-office",),
    ),
    ZonePlan(
        "hall-office",
        Text("行政大院办公楼", "Offices, administrative compound"),
        Text("综合办公室", "General office"),
        "8202",
        ("hall-gate",),
    ),
    ZonePlan(
        "shenyue-canteen",
        Text("深悦食堂", "Shenyue canteen"),
        Text("膳食服务中心", "Catering centre"),
        "8301",
        ("shenyue-office",),
    ),
    ZonePlan(
        "shenyue-office",
        Text("深悦办公区", "Shenyue offices"),
        Text("物业服务部", "Property service"),
        "8302",
        ("shenyue-canteen",),
    ),
    ZonePlan(
        "beitou-tower",
        Text("北投大厦办公区", "Beitou offices"),
        Text("大厦物业", "Tower property service"),
        "8401",
        ("beitou-fire",),
    ),
    ZonePlan(
        "beitou-fire",
        Text("北投大厦消防", "Fire safety, Beitou"),
        Text("消防控制室", "Fire control room"),
        "8419",
        ("beitou-tower",),
    ),
)

OFFICES: Final = (
    Text("综合办公室", "General office"),
    Text("财务科", "Finance"),
    Text("人事科", "Personnel"),
    Text("安全保卫科", "Security"),
    Text("后勤服务科", "Logistics"),
    Text("资产管理科", "Assets"),
    Text("节能管理科", "Energy saving"),
    Text("公务用车服务科", "Official vehicles"),
    Text("政策法规科", "Regulations"),
    Text("规划建设科", "Planning"),
    Text("民政服务科", "Civil affairs"),
    Text("教育服务科", "Education"),
    Text("卫生健康科", "Health"),
    Text("文化旅游科", "Culture and tourism"),
    Text("经济发展科", "Economy"),
    Text("投资服务科", "Investment"),
    Text("项目管理科", "Projects"),
    Text("审计科", "Audit"),
    Text("信访接待室", "Reception of petitions"),
    Text("工会", "Trade union"),
)
