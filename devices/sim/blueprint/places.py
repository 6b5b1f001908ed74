"""Sites, buildings, zones and areas of the demo campus."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from devices.campus.site import AreaKind
from devices.model.texts import Text
from devices.sim.blueprint.zones import OFFICES


@dataclass(frozen=True, slots=True)
class SitePlan:
    """A compound; its agent is `edge-<id>`."""

    id: str
    name: Text


@dataclass(frozen=True, slots=True)
class Room:
    """A room, or a piece of ground, before it has an id."""

    kind: AreaKind
    name: Text
    m2: float
    department: str = ""
    people: int = 0


@dataclass(frozen=True, slots=True)
class BuildingPlan:
    """A building: `rooms_per_floor` rooms with air conditioning on each floor, the special ones first.

    number: block of the room numbers on signs and in device ids, hq1-ac-1203 is room 3, floor 2.
    """

    id: str
    site: str
    zone: str
    name: Text
    short: Text
    floors: int
    m2: float
    number: int = 0
    rooms_per_floor: int = 0
    special: tuple[tuple[int, tuple[Room, ...]], ...] = ()
    other: tuple[tuple[int, Room], ...] = ()


@dataclass(frozen=True, slots=True)
class AreaPlan:
    """An area with its id; `cooled` areas have an air conditioner, `number` is the one on the door."""

    id: str
    building: BuildingPlan
    room: Room
    floor: int
    number: int = 0

    @property
    def cooled(self) -> bool:
        """Whether the room has an air conditioner of its own."""
        return self.number > 0


SITES: Final = (
    SitePlan("hq1", Text("一号院", "Compound No. 1")),
    SitePlan("hall", Text("行政大院", "Administrative compound")),
    SitePlan("shenyue", Text("深悦大楼", "Shenyue building")),
    SitePlan("beitou", Text("北投大厦", "Beitou tower")),
)

MEETING: Final = Room(AreaKind.MEETING, Text("会议室", "Meeting room"), 60)
LARGE_MEETING: Final = Room(AreaKind.MEETING, Text("大会议室", "Large meeting room"), 180)
SERVER: Final = Room(AreaKind.SERVER_ROOM, Text("信息机房", "Server room"), 55, "信息中心")
DUTY: Final = Room(AreaKind.DUTY_ROOM, Text("总值班室", "Duty room"), 40, "综合办公室", 4)
CONTROL: Final = Room(AreaKind.DUTY_ROOM, Text("消防控制室", "Fire control room"), 45, "安全保卫科", 4)
CLINIC: Final = Room(AreaKind.CLINIC, Text("医务室", "Clinic"), 50, "后勤服务科", 3)
ARCHIVE: Final = Room(AreaKind.ARCHIVE, Text("档案室", "Archive"), 90, "档案科", 2)
COUNTER: Final = Room(AreaKind.LOBBY, Text("办事大厅", "Service hall"), 260, "政务服务科", 18)
LOBBY: Final = Room(AreaKind.LOBBY, Text("门厅", "Entrance hall"), 150)
CORRIDOR: Final = Room(AreaKind.CORRIDOR, Text("走廊", "Corridor"), 110)
POWER: Final = Room(AreaKind.PLANT_ROOM, Text("配电房", "Switch room"), 60)
PUMPS: Final = Room(AreaKind.PUMP_ROOM, Text("消防泵房", "Fire pump room"), 80)


def _canteen(zh: str, en: str, m2: float) -> Room:
    return Room(AreaKind.CANTEEN, Text(zh, en), m2, "膳食服务中心")


def _kitchen(zh: str, en: str) -> Room:
    return Room(AreaKind.KITCHEN, Text(zh, en), 70, "膳食服务中心", 6)


def _ground(kind: AreaKind, zh: str, en: str, m2: float) -> tuple[int, Room]:
    return 1, Room(kind, Text(zh, en), m2)


BUILDINGS: Final = (
    BuildingPlan(
        "hq1-grounds",
        "hq1",
        "hq1-gate",
        Text("一号院场地", "Grounds of No. 1"),
        Text("", ""),
        1,
        21000,
        other=(
            _ground(AreaKind.GATE, "东大门", "East gate", 400),
            _ground(AreaKind.ROAD, "大门道路", "Gate road", 1800),
            _ground(AreaKind.ROAD, "环院道路", "Ring road", 3600),
            _ground(AreaKind.PARKING, "东停车场", "East car park", 3200),
            _ground(AreaKind.PARKING, "地下车库", "Underground garage", 5200),
            _ground(AreaKind.OUTDOORS, "院内绿地", "Lawn", 4200),
            _ground(AreaKind.OUTDOORS, "围墙周界", "Perimeter wall", 900),
        ),
    ),
    BuildingPlan(
        "hq1-main",
        "hq1",
        "hq1-office",
        Text("一号院主楼", "Main building"),
        Text("主楼", "Main"),
        6,
        9800,
        0,
        8,
        special=(
            (1, (COUNTER, DUTY, CLINIC)),
            (2, (MEETING,)),
            (3, (MEETING, ARCHIVE)),
            (4, (SERVER, MEETING)),
            (5, (MEETING,)),
            (6, (LARGE_MEETING,)),
        ),
        other=((1, LOBBY), (1, POWER)),
    ),
    BuildingPlan(
        "hq1-annex",
        "hq1",
        "hq1-fire",
        Text("一号院附楼", "Annex"),
        Text("附楼", "Annex"),
        4,
        4200,
        1,
        6,
        special=((1, (CONTROL,)), (2, (MEETING,)), (3, (MEETING,)), (4, (ARCHIVE,))),
        other=((1, LOBBY), (1, PUMPS)),
    ),
    BuildingPlan(
        "hall-grounds",
        "hall",
        "hall-gate",
        Text("行政大院场地", "Grounds of the compound"),
        Text("", ""),
        1,
        26000,
        other=(
            _ground(AreaKind.GATE, "南大门", "South gate", 500),
            _ground(AreaKind.ROAD, "中心大道", "Central drive", 2600),
            _ground(AreaKind.PARKING, "访客停车场", "Visitors' car park", 4100),
            _ground(AreaKind.PARKING, "公务车场", "Official vehicles' yard", 1900),
            _ground(AreaKind.OUTDOORS, "市民广场", "Square", 6800),
        ),
    ),
    BuildingPlan(
        "hall-a",
        "hall",
        "hall-office",
        Text("行政中心A楼", "Centre, block A"),
        Text("A楼", "A"),
        8,
        11200,
        0,
        5,
        special=(
            (1, (COUNTER, DUTY)),
            (2, (MEETING,)),
            (3, (MEETING,)),
            (4, (SERVER,)),
            (5, (MEETING,)),
            (6, (ARCHIVE,)),
            (7, (MEETING,)),
            (8, (MEETING,)),
        ),
        other=((1, LOBBY), (1, POWER)),
    ),
    BuildingPlan(
        "hall-b",
        "hall",
        "hall-office",
        Text("会议中心B楼", "Conference centre, block B"),
        Text("B楼", "B"),
        3,
        6400,
        1,
        8,
        special=(
            (1, (LARGE_MEETING, LARGE_MEETING, MEETING)),
            (2, (LARGE_MEETING, MEETING, MEETING)),
            (3, (MEETING, MEETING)),
        ),
        other=((1, LOBBY),),
    ),
    BuildingPlan(
        "shenyue-tower",
        "shenyue",
        "shenyue-canteen",
        Text("深悦大楼", "Shenyue building"),
        Text("深悦", "Shenyue"),
        4,
        7600,
        0,
        8,
        special=(
            (
                1,
                (
                    _canteen("一楼大餐厅", "Dining hall, floor 1", 620),
                    _canteen("一楼自助餐区", "Buffet, floor 1", 260),
                    _kitchen("热菜间", "Hot kitchen"),
                    _kitchen("切配间", "Cutting room"),
                    _kitchen("面点间", "Pastry room"),
                ),
            ),
            (
                2,
                (
                    _canteen("二楼餐厅", "Dining hall, floor 2", 420),
                    _canteen("接待餐厅", "Reception dining room", 120),
                    _kitchen("冷菜间", "Cold dishes"),
                    _kitchen("备餐间", "Serving room"),
                ),
            ),
            (3, (MEETING,)),
            (4, (MEETING,)),
        ),
        other=(
            (1, LOBBY),
            (1, Room(AreaKind.KITCHEN, Text("洗消间", "Washing room"), 45, "膳食服务中心", 4)),
            (1, Room(AreaKind.KITCHEN, Text("粗加工间", "Raw food room"), 50, "膳食服务中心", 4)),
            (1, Room(AreaKind.PLANT_ROOM, Text("冷库", "Cold store"), 40, "膳食服务中心")),
        ),
    ),
    BuildingPlan(
        "shenyue-grounds",
        "shenyue",
        "shenyue-office",
        Text("深悦大楼场地", "Grounds of Shenyue"),
        Text("", ""),
        1,
        3800,
        other=(
            _ground(AreaKind.PARKING, "后院停车场", "Rear car park", 1400),
            _ground(AreaKind.OUTDOORS, "卸货区", "Loading yard", 350),
        ),
    ),
    BuildingPlan(
        "beitou-tower",
        "beitou",
        "beitou-tower",
        Text("北投大厦", "Beitou tower"),
        Text("北投", "Beitou"),
        12,
        15600,
        0,
        6,
        special=(
            (1, (COUNTER, CONTROL)),
            (2, (MEETING,)),
            (3, (MEETING,)),
            (4, (MEETING,)),
            (5, (SERVER,)),
            (6, (MEETING,)),
            (7, (ARCHIVE,)),
            (8, (MEETING,)),
            (9, (MEETING,)),
            (10, (MEETING,)),
            (11, (MEETING,)),
            (12, (LARGE_MEETING,)),
        ),
        other=((1, LOBBY), (1, POWER)),
    ),
    BuildingPlan(
        "beitou-garage",
        "beitou",
        "beitou-fire",
        Text("北投地下车库", "Beitou garage"),
        Text("", ""),
        1,
        6200,
        other=(
            _ground(AreaKind.PARKING, "负一层车库", "Garage, level -1", 3100),
            _ground(AreaKind.PARKING, "负二层车库", "Garage, level -2", 3100),
            (1, PUMPS),
        ),
    ),
)


def areas() -> list[AreaPlan]:
    """Every area of the campus, building by building, floor by floor."""
    return [area for plan in BUILDINGS for area in _areas_of(plan)]


def _areas_of(plan: BuildingPlan) -> Iterator[AreaPlan]:
    special, departments = dict(plan.special), _departments(plan)
    for floor in range(1, plan.floors + 1):
        rooms = list(special.get(floor, ()))[: plan.rooms_per_floor]
        while len(rooms) < plan.rooms_per_floor:
            rooms.append(next(departments))
        for position, room in enumerate(rooms, 1):
            number = plan.number * 1000 + floor * 100 + position
            yield AreaPlan(f"{plan.id}-{floor * 100 + position}", plan, room, floor, number)
        if plan.rooms_per_floor:
            yield AreaPlan(f"{plan.id}-corridor-{floor}", plan, CORRIDOR, floor)
    kinds: dict[AreaKind, int] = {}
    for floor, room in plan.other:
        kinds[room.kind] = kinds.get(room.kind, 0) + 1
        noun = room.kind.value.replace("_", "-")
        yield AreaPlan(f"{plan.id}-{noun}-{kinds[room.kind]}", plan, room, floor)


def _departments(plan: BuildingPlan) -> Iterator[Room]:
    """Offices without end; every building starts with another department, larger rooms hold more people."""
    step = sum(plan.id.encode()) % len(OFFICES)
    while True:
        step += 1
        name = OFFICES[step % len(OFFICES)]
        people = 2 + step * 7 % 5
        yield Room(AreaKind.OFFICE, name, 14.0 + 6.0 * people, name.zh, people)


def label(area: AreaPlan) -> Text:
    """The name on the door: block, room number, what it is."""
    short, name = area.building.short, area.room.name
    if area.cooled:
        sign = area.floor * 100 + area.number % 100
        return Text(f"{short.zh}{sign} {name.zh}", f"{short.en} {sign} {name.en}")
    if area.room.kind is AreaKind.CORRIDOR:
        return Text(f"{short.zh}{area.floor}层{name.zh}", f"{short.en} floor {area.floor} corridor")
    return Text(f"{short.zh}{name.zh}", f"{short.en} {name.en}".strip())
