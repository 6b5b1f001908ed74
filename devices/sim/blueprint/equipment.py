"""Links and devices of the demo campus, cameras apart: where they stand and how they are reached."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from devices.campus.site import AreaKind
from devices.model.texts import Text
from devices.sim.blueprint.places import BUILDINGS, SITES, AreaPlan, BuildingPlan, label

HOST: Final = "127.0.0.1"
FIRST_PORT: Final = 15020


@dataclass(frozen=True, slots=True)
class LinkPlan:
    """One polled link of the demo; its port follows from its place in the list."""

    id: str
    site: str
    name: Text
    poll_s: float
    kind: str = "modbus-tcp"


@dataclass(frozen=True, slots=True)
class DevicePlan:
    """One line of devices.csv."""

    id: str
    profile: str
    link: str
    area: str
    name: Text
    unit: int = 1
    index: int = 0
    topic: str = ""
    address: str = ""
    parameters: dict[str, str] = field(default_factory=dict)
    tags: tuple[str, ...] = ()


#: Air-conditioner gateways: link, site, profile, how many units, name.
AC_GATEWAYS: Final = (
    ("hq1-ac-gw1", "hq1", "daikin-dta116a", 48, Text("一号院主楼空调网关", "AC gateway, main building")),
    ("hq1-ac-gw2", "hq1", "intesis-inmbs", 24, Text("一号院附楼空调网关", "AC gateway, annex")),
    ("hall-ac-gw1", "hall", "coolmasternet", 40, Text("A楼空调网关", "AC gateway, block A")),
    ("hall-ac-gw2", "hall", "intesis-inmbs", 24, Text("B楼空调网关", "AC gateway, block B")),
    ("shenyue-ac-gw1", "shenyue", "daikin-dta116a", 32, Text("深悦空调网关", "AC gateway, Shenyue")),
    (
        "beitou-ac-gw1",
        "beitou",
        "daikin-dta116a",
        32,
        Text("北投低区空调网关", "AC gateway, Beitou low floors"),
    ),
    (
        "beitou-ac-gw2",
        "beitou",
        "coolmasternet",
        24,
        Text("北投中区空调网关", "AC gateway, Beitou middle floors"),
    ),
    (
        "beitou-ac-gw3",
        "beitou",
        "lg-pmbusb00a",
        16,
        Text("北投高区空调网关", "AC gateway, Beitou high floors"),
    ),
)

#: Gateways that stand for all units with one Modbus unit id and an index; the others have a unit id each.
INDEXED: Final = frozenset({"daikin-dta116a", "coolmasternet", "lg-pmbusb00a"})

#: Meters that speak DL/T 645-2007, and the address of the first; they hang on a serial server.
DLT645: Final = "dlt645-three-phase"
FIRST_ADDRESS: Final = 202511220001

METER_LINKS: Final = (
    ("hq1-meters-1", "hq1", "eastron-sdm630", Text("一号院配电房电表", "Meters, No. 1 switch room")),
    ("hq1-meters-2", "hq1", DLT645, Text("一号院附楼电表", "Meters, No. 1 annex")),
    ("hall-meters-1", "hall", "chint-dtsu666", Text("A楼电表", "Meters, block A")),
    ("hall-meters-2", "hall", "schneider-iem3155", Text("B楼电表", "Meters, block B")),
    ("shenyue-meters-1", "shenyue", "chint-dtsu666", Text("深悦大楼电表", "Meters, Shenyue")),
    ("beitou-meters-1", "beitou", "schneider-iem3155", Text("北投大厦电表", "Meters, Beitou")),
)

PUMP_LINKS: Final = (
    ("hq1-pumps", "hq1", "hq1-annex-pump-room-1", Text("一号院消防泵房", "Fire pump room, No. 1")),
    ("beitou-pumps", "beitou", "beitou-garage-pump-room-1", Text("北投消防泵房", "Fire pump room, Beitou")),
)

#: What a meter counts in its building: tag, Chinese, English. Floors follow where a building has more meters.
METERED: Final = (
    ("main", "总表", "supply"),
    ("ac", "空调", "air conditioning"),
    ("lighting", "照明插座", "lighting and sockets"),
)

#: Meters in each building; three by METERED, the rest floor by floor from the first.
METERS: Final = (
    ("hq1-main", "hq1-meters-1", 8),
    ("hq1-annex", "hq1-meters-2", 5),
    ("hall-a", "hall-meters-1", 8),
    ("hall-b", "hall-meters-2", 5),
    ("shenyue-tower", "shenyue-meters-1", 6),
    ("beitou-tower", "beitou-meters-1", 10),
)

#: Doors of each site, chosen in this order of kinds.
DOORS: Final = (("hq1", 10), ("hall", 8), ("shenyue", 4), ("beitou", 8))
DOOR_KINDS: Final = (
    AreaKind.PUMP_ROOM,
    AreaKind.SERVER_ROOM,
    AreaKind.DUTY_ROOM,
    AreaKind.ARCHIVE,
    AreaKind.LOBBY,
    AreaKind.PLANT_ROOM,
    AreaKind.KITCHEN,
    AreaKind.CORRIDOR,
)


def polled_links() -> list[tuple[LinkPlan, int]]:
    """Every link to gateways and serial servers, with its port."""
    plans = [
        *(LinkPlan(link, site, name, 10) for link, site, _, _, name in AC_GATEWAYS),
        *(
            LinkPlan(link, site, name, 10, "dlt645-tcp" if profile == DLT645 else "modbus-tcp")
            for link, site, profile, name in METER_LINKS
        ),
        *(LinkPlan(link, site, name, 2) for link, site, _, name in PUMP_LINKS),
    ]
    return [(plan, FIRST_PORT + number) for number, plan in enumerate(plans)]


def devices(areas: list[AreaPlan]) -> list[DevicePlan]:
    """Every device but the cameras, in the order of the table."""
    return [
        *_air_conditioners(areas),
        *_meters(),
        *(device for link, site, room, name in PUMP_LINKS for device in _pump_room(link, site, room, name)),
        *_radars(),
        *_doors(areas),
    ]


def _air_conditioners(areas: list[AreaPlan]) -> Iterator[DevicePlan]:
    rooms = {site.id: [a for a in areas if a.building.site == site.id and a.cooled] for site in SITES}
    for link, site, profile, count, _ in AC_GATEWAYS:
        here, rooms[site] = rooms[site][:count], rooms[site][count:]
        for place, area in enumerate(here):
            name = label(area)
            yield DevicePlan(
                id=f"{site}-ac-{area.number:04d}",
                profile=profile,
                link=link,
                area=area.id,
                name=Text(f"{name.zh}空调", f"AC {name.en}"),
                unit=1 if profile in INDEXED else place + 1,
                index=place if profile in INDEXED else 0,
            )


def _meters() -> Iterator[DevicePlan]:
    plans = {plan.id: plan for plan in BUILDINGS}
    profile = {link: profile for link, _, profile, _ in METER_LINKS}
    for building, link, count in METERS:
        for place in range(count):
            yield _meter(plans[building], link, profile[link], place)


def _meter(plan: BuildingPlan, link: str, profile: str, place: int) -> DevicePlan:
    floor = place - len(METERED) + 1
    tag, zh, en = METERED[place] if floor < 1 else (f"floor-{floor}", f"{floor}层", f"floor {floor}")
    return DevicePlan(
        id=f"{plan.id}-meter-{tag}",
        profile=profile,
        link=link,
        area=f"{plan.id}-corridor-{max(floor, 1)}",
        name=Text(f"{plan.short.zh}{zh}电表", f"Meter {plan.short.en} {en}"),
        unit=1 if profile == DLT645 else place + 1,
        address=str(FIRST_ADDRESS + place) if profile == DLT645 else "",
        parameters={"ct": "20", "ratio": "20"} if profile == DLT645 and tag == "main" else {},
        tags=(tag,),
    )


def _pump_room(link: str, site: str, room: str, name: Text) -> Iterator[DevicePlan]:
    yield DevicePlan(
        f"{site}-pump-1", "campus-pump-panel", link, room, Text(f"{name.zh}控制柜", f"Cabinet, {name.en}"), 1
    )
    for unit, (noun, zh, en) in enumerate((("roof", "最不利点", "roof"), ("network", "管网", "network")), 2):
        words = Text(f"{name.zh}{zh}压力", f"Pressure {en}, {name.en}")
        yield DevicePlan(f"{site}-pressure-{noun}", "pressure-7reg", link, room, words, unit, tags=(noun,))


def _radars() -> Iterator[DevicePlan]:
    road = "hq1-grounds-road-1"
    for lane, zh, en in (("in", "进院车道", "lane in"), ("out", "出院车道", "lane out")):
        words = Text(f"一号院大门{zh}测速雷达", f"Radar, gate of No. 1, {en}")
        yield DevicePlan(
            f"hq1-radar-{lane}", "ops243-radar", "hq1-field", road, words, topic=f"radar/{lane}", tags=(lane,)
        )
    words = Text("一号院大门进院车道车牌识别摄像机", "Plate camera, gate of No. 1, lane in")
    yield DevicePlan(
        "hq1-plate-in", "campus-plate-camera", "hq1-field", road, words, topic="plate/in", tags=("in",)
    )
    words = Text("行政大院中心大道测速雷达", "Radar, central drive")
    yield DevicePlan(
        "hall-radar",
        "hikvision-radar",
        "hall-field",
        "hall-grounds-road-1",
        words,
        topic="radar/drive",
        tags=("both",),
    )


def _doors(areas: list[AreaPlan]) -> Iterator[DevicePlan]:
    for site, count in DOORS:
        here = [a for a in areas if a.building.site == site and a.room.kind in DOOR_KINDS]
        here.sort(key=lambda a: DOOR_KINDS.index(a.room.kind))
        for number, area in enumerate(here[:count], 1):
            name = label(area)
            yield DevicePlan(
                id=f"{site}-door-{number:02d}",
                profile="campus-door",
                link=f"{site}-field",
                area=area.id,
                name=Text(f"{name.zh}门禁", f"Door {name.en}"),
                topic=f"door/{number:02d}",
            )
