"""The registry that the fake hub answers with: invented, but of the size and shape of the real one."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from devices.model.codes import CODE_TEXTS, CODES
from devices.model.units import conversion
from devices.profiles.library import shipped

Json = dict[str, Any]

SITES = {
    "hq1": ("一号院", "Compound No. 1"),
    "hall": ("行政大院", "Administrative compound"),
    "shenyue": ("深悦大厦", "Shenyue building"),
    "beitou": ("北投大厦", "Beitou tower"),
}
#: id, site, Chinese, English, floors, rooms on a floor
BUILDINGS = [
    ("hq1-main", "hq1", "一号楼", "Main building", 6, 10),
    ("hq1-grounds", "hq1", "院区室外", "Grounds", 1, 6),
    ("hall-a", "hall", "行政楼 A 座", "Hall A", 8, 10),
    ("hall-b", "hall", "行政楼 B 座", "Hall B", 5, 8),
    ("shenyue-1", "shenyue", "深悦主楼", "Shenyue main", 4, 8),
    ("beitou-tower", "beitou", "北投塔楼", "Tower", 18, 8),
]
ROOMS = [
    ("office", "办公室", "Office"),
    ("office", "办公室", "Office"),
    ("meeting", "会议室", "Meeting room"),
    ("office", "办公室", "Office"),
    ("corridor", "走廊", "Corridor"),
    ("office", "办公室", "Office"),
    ("lobby", "电梯厅", "Lift lobby"),
    ("office", "办公室", "Office"),
    ("archive", "档案室", "Archive"),
    ("office", "办公室", "Office"),
]
KITCHENS = [
    ("canteen", "餐厅", "Dining hall"),
    ("kitchen", "洗消间", "Dish washing"),
    ("kitchen", "烹饪间", "Cooking"),
    ("kitchen", "粗加工间", "Preparation"),
]
OUTDOORS = [
    ("road", "大门车道", "Gate road"),
    ("gate", "东大门", "East gate"),
    ("parking", "地面停车场", "Parking"),
    ("pump_room", "消防泵房", "Pump room"),
    ("outdoors", "中心广场", "Square"),
    ("outdoors", "围墙北段", "North fence"),
]
CAMERAS, AC_UNITS, METERS, DOORS, RADARS = 854, 240, 42, 30, 3
DEPARTMENTS = ("综合科", "财务科", "后勤科", "信息中心", "督查室")


def text(zh: str, en: str) -> dict[str, str]:
    return {"zh": zh, "en": en}


@dataclass
class FakeCampus:
    """Everything by id, built once."""

    areas: list[Json] = field(default_factory=list)
    devices: list[Json] = field(default_factory=list)
    links: list[Json] = field(default_factory=list)
    site_of_area: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._areas()
        self._links()
        self._devices()

    @cached_property
    def device_by_id(self) -> dict[str, Json]:
        return {device["id"]: device for device in self.devices}

    @cached_property
    def area_by_id(self) -> dict[str, Json]:
        return {area["id"]: area for area in self.areas}

    def _areas(self) -> None:
        for building, site, _, _, floors, rooms in BUILDINGS:
            for floor in range(1, floors + 1):
                for number in range(1, rooms + 1):
                    kind, zh, en = self._room(building, floor, number)
                    label = f"{floor}{number:02d}"
                    self.areas.append(
                        {
                            "id": f"{building}-{label}",
                            "building": building,
                            "zone": f"zone-{site}",
                            "kind": kind,
                            "name": text(f"{label} {zh}", f"{label} {en}"),
                            "floor": floor,
                            "m2": 24.0 + number,
                            "department": DEPARTMENTS[(floor + number) % 5] if kind == "office" else "",
                            "people": 3 if kind == "office" else 0,
                        }
                    )
                    self.site_of_area[f"{building}-{label}"] = site

    def _room(self, building: str, floor: int, number: int) -> tuple[str, str, str]:
        if building == "hq1-grounds":
            return OUTDOORS[number - 1]
        if building == "shenyue-1" and floor <= 2:
            return KITCHENS[(number - 1) % 4]
        if building == "hall-a" and floor == 1 and number == 10:
            return OUTDOORS[3]
        return ROOMS[(number - 1) % len(ROOMS)]

    def _links(self) -> None:
        for site, (zh, en) in SITES.items():
            for kind, title, english, stale in (
                ("http", "录像机", "recorder", 90),
                ("mqtt", "现场总线", "field broker", 180),
                ("modbus-tcp", "空调网关", "air-conditioner gateway", 60),
                ("modbus-tcp", "电表网关", "meter gateway", 90),
            ):
                name = {"录像机": "nvr", "现场总线": "field", "空调网关": "ac", "电表网关": "meters"}[title]
                self.links.append(
                    {
                        "id": f"{site}-{name}",
                        "agent": f"{site}-edge",
                        "kind": kind,
                        "name": text(f"{zh}{title}", f"{en} {english}"),
                        "poll_s": 30 if kind == "http" else 10,
                        "stale_after_s": stale,
                    }
                )

    def _devices(self) -> None:
        rooms = [area for area in self.areas if area["kind"] in {"office", "meeting"}]
        step = len(rooms) / AC_UNITS
        for number in range(AC_UNITS):
            area = rooms[int(number * step)]
            profile = ("daikin-dta116a", "intesis-inmbs", "coolmasternet")[number % 3]
            self._add(f"ac-{number + 1:03d}", profile, "ac", area, text("空调", "AC"))
        for number, area in enumerate(itertools.islice(itertools.cycle(self.areas), CAMERAS)):
            self._add(f"cam-{number + 1:04d}", "campus-camera", "nvr", area, text("摄像机", "camera"))
        for number in range(METERS):
            area = self.areas[number * 8]
            profile = ("eastron-sdm630", "chint-dtsu666", "schneider-iem3155")[number % 3]
            self._add(f"meter-{number + 1:02d}", profile, "meters", area, text("总电表", "meter"))
        for number in range(DOORS):
            self._add(
                f"door-{number + 1:02d}",
                "campus-door",
                "field",
                self.areas[4 + number * 9],
                text("门", "door"),
            )
        road = self.area_by_id["hq1-grounds-101"]
        for number, lane in enumerate((("进院车道", "inbound lane"), ("出院车道", "outbound lane"))):
            self._add(f"radar-{number + 1}", "ops243-radar", "field", road, text(*lane), place=False)
        gate = self.area_by_id["hall-a-107"]
        self._add("radar-1", "hikvision-radar", "field", gate, text("环路测速", "ring road"), place=False)
        for area_id in ("hq1-grounds-104", "hall-a-110"):
            area = self.area_by_id[area_id]
            self._add(
                "pump-1",
                "campus-pump-panel",
                "meters",
                area,
                text("消防泵控制柜", "fire pump cabinet"),
                place=False,
            )

    def _add(
        self, name: str, profile: str, link: str, area: Json, title: Json, *, place: bool = True
    ) -> None:
        site = self.site_of_area[area["id"]]
        number = name.rsplit("-", maxsplit=1)[-1]
        words = {
            language: f"{area['name'][language]} {title[language]}{number if language == 'zh' else ' ' + number}"
            for language in ("zh", "en")
        }
        self.devices.append(
            {
                "id": f"{site}-{name}",
                "profile": profile,
                "kind": KIND_OF[profile],
                "link": f"{site}-{link}",
                "area": area["id"],
                "site": site,
                "name": words if place else title,
            }
        )

    def find(self, name: str) -> str:
        """A device's id, also for `site/kind/number`."""
        if "/" not in name:
            return name
        site, kind, number = name.split("/")
        return [d["id"] for d in self.devices if d["site"] == site and d["kind"] == kind][int(number)]

    def answer(self) -> Json:
        """What GET /api/campus says."""
        return {
            "head": {"id": "demo", "name": text("园区示范", "Demo campus"), "timezone": "Asia/Shanghai"},
            "sites": [{"id": i, "name": text(*n), "agent": f"{i}-edge"} for i, n in SITES.items()],
            "buildings": [
                {"id": i, "site": s, "name": text(zh, en), "floors": f, "m2": 900.0 * f}
                for i, s, zh, en, f, _ in BUILDINGS
            ],
            "zones": [
                {
                    "id": f"zone-{i}",
                    "name": text(f"{zh}责任区", f"{en} zone"),
                    "owner": text(f"{zh}保卫组", f"{en} security team"),
                    "phone": "0574-0000000",
                    "neighbours": [],
                }
                for i, (zh, en) in SITES.items()
            ],
            "areas": self.areas,
            "agents": [
                {"id": f"{i}-edge", "name": text(f"{zh}网关", f"{en} gateway")}
                for i, (zh, en) in SITES.items()
            ],
            "links": self.links,
            "devices": self.devices,
            "profiles": PROFILES,
            "codes": CODE_SETS,
            "rules": RULES,
            "standards": {"period": dict.fromkeys(SITES, "cooling")},
        }


def _profiles() -> Iterator[tuple[str, Json]]:
    for name, profile in shipped().items():
        yield (
            name,
            {
                "title": text(profile.title.zh, profile.title.en),
                "kind": str(profile.kind),
                "make": profile.make,
                "model": profile.model,
                "grade": profile.grade,
                "points": [
                    {
                        "name": point.name,
                        "title": text(point.title.zh, point.title.en),
                        "unit": conversion(point.unit).canonical,
                        "codes": point.codes,
                    }
                    for point in profile.points
                ],
            },
        )


PROFILES: Json = dict(_profiles())
KIND_OF = {name: profile["kind"] for name, profile in PROFILES.items()}
CODE_SETS: Json = {
    name: {
        str(int(code)): {
            "name": code.name.lower(),
            "zh": CODE_TEXTS[name][code].zh,
            "en": CODE_TEXTS[name][code].en,
        }
        for code in codes
    }
    for name, codes in CODES.items()
}


HERE = Path(__file__).parent
#: What each rule says of its device, and in which words.
SAYS: dict[str, Json] = yaml.safe_load((HERE / "fake_rules.yaml").read_text("utf-8"))
WORDS: dict[str, Json] = yaml.safe_load((HERE / "fake_words.yaml").read_text("utf-8"))
RULES: list[Json] = [
    {
        "id": name,
        "version": 1,
        **{key: says[key] for key in ("kind", "family", "severity")},
        **{key: WORDS[name][key] for key in ("title", "advice")},
        "on_delay_s": 60,
        "off_delay_s": 30,
    }
    for name, says in SAYS.items()
]
