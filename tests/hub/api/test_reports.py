"""The speed, cooling and cameras pages over the wire."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from devices.campus.coverage import Coverage
from devices.campus.loading import with_rules
from devices.campus.speed_rules import SpeedLimit
from devices.model.alerts import AlertEvent, Family
from devices.model.codes import AcMode, CameraLink, SpeedCheck, VehicleClass
from devices.model.samples import SampleBatch
from devices.profiles.profile import Words
from hub.alerts import store
from hub.api.ports import Ports
from hub.api.speed import judged, passes_between
from hub.series.port import Entry
from tests.fake_clock import START_US
from tests.hub.alerts.events import moment, raised
from tests.hub.api.conftest import Client

S = 1_000_000
H = 3600 * S
RADARS = ["hq1-radar-1.pass_kmh", "hq1-radar-2.pass_kmh"]


async def passed(ports: Ports, *passes: tuple[int, int, float]) -> None:
    batch = SampleBatch.of(*zip(*passes, strict=True))
    await ports.series.write([Entry(batch, RADARS)])


def overtaking(from_s: float, to_s: float, kmh: float) -> AlertEvent:
    """An alert about a vehicle that was in sight of a radar from one second to another."""
    start_us, end_us = (START_US + round(second * S) for second in (from_s, to_s))
    return moment(device="hq1-radar-1", start_us=start_us, time_us=end_us, family=Family.TRAFFIC, value=kmh)


async def test_speeds_of_both_directions_count_with_the_limit_of_their_hour(
    viewer: Client, ports: Ports
) -> None:
    night = START_US + 15 * H  # 23:00 on the campus: 20 km/h
    await passed(
        ports,
        (0, START_US, 28.0),
        (1, START_US + S, -34.0),
        (0, START_US + 2 * S, 40.0),
        (0, night, 24.0),
        (0, START_US + 3 * S, float("nan")),
    )
    pass_alert = overtaking(0, 3, 40.0)
    await ports.db.write(lambda c: store.apply_events(c, [pass_alert], "edge-hq1", None, START_US))
    answer = (await viewer.get(f"/api/speed?from_us={START_US}&to_us={START_US + 24 * H}")).json()
    assert answer["devices"] == ["hq1-radar-1", "hq1-radar-2"]
    assert (answer["passes"], answer["limit_kmh"], answer["max"]) == (4, 30.0, 40.0)
    assert answer["over_share"] == 0.75
    hours = {row["hour"]: (row["passes"], row["over"]) for row in answer["by_hour"] if row["passes"]}
    assert hours == {8: (3, 2), 23: (1, 1)}
    assert [(row["day"], row["passes"]) for row in answer["by_day"]] == [("2026-07-01", 4)]
    first, second, *_ = answer["worst"]
    assert (first["value"], first["limit"], first["id"], first["seq"]) == (40.0, 30.0, pass_alert.id, 1)
    assert (second["value"], second["device"], second["id"]) == (34.0, "hq1-radar-2", "")
    slow = {one["value"]: one["id"] for one in answer["worst"]}
    assert slow[28.0] == "", "it passed while the alert's vehicle was in sight"


async def test_each_of_two_vehicles_that_pass_together_links_to_its_own_alert(
    viewer: Client, ports: Ports
) -> None:
    await passed(ports, (0, START_US + S, 44.1), (0, START_US + 2 * S, -51.7))
    both = [overtaking(0, 3, 51.7), overtaking(0.5, 2.5, 44.1)]
    await ports.db.write(lambda c: store.apply_events(c, both, "edge-hq1", None, START_US))
    answer = (await viewer.get(f"/api/speed?from_us={START_US}&to_us={START_US + H}")).json()
    assert [(one["value"], one["id"]) for one in answer["worst"]] == [(51.7, both[0].id), (44.1, both[1].id)]


@pytest.mark.parametrize("kmh", [1e15, -2000.0, float("inf")])
async def test_a_speed_that_no_vehicle_has_is_left_out(viewer: Client, ports: Ports, kmh: float) -> None:
    await passed(ports, (0, START_US, 28.0), (0, START_US + S, kmh))
    answer = (await viewer.get(f"/api/speed?from_us={START_US}&to_us={START_US + H}")).json()
    assert (answer["passes"], answer["max"], len(answer["histogram"]["counts"])) == (1, 28.0, 6)


async def test_lanes_have_their_own_figures_and_say_how_much_of_the_time_was_heard(
    viewer: Client, ports: Ports
) -> None:
    names = [*RADARS, "hq1-radar-1.pass_class", "hq1-ac-301.on"]
    from_us = ports.now_us() - 4 * H
    rows = [
        (0, from_us, 28.0),
        (0, from_us + S, -34.0),
        (2, from_us + S, float(VehicleClass.TRUCK)),
        (1, from_us + 2 * S, 40.0),
        (3, from_us + 2 * H, 1.0),
    ]
    await ports.series.write([Entry(SampleBatch.of(*zip(*rows, strict=True)), names)])
    answer = (await viewer.get(f"/api/speed?from_us={from_us}&to_us={from_us + 24 * H}")).json()
    lanes = {(row["device"], row["direction"]): row for row in answer["lanes"]}
    assert {lane: (row["passes"], row["p85"], row["coverage"]) for lane, row in lanes.items()} == {
        ("hq1-radar-1", "approaching"): (1, 28.0, 0.5),
        ("hq1-radar-1", "receding"): (1, 34.0, 0.5),
        ("hq1-radar-2", "approaching"): (1, 40.0, 0.5),
    }
    assert (answer["std"], answer["p15"], answer["coverage"]) == (6.0, 28.0, 0.5)  # two hours of four


async def test_a_limit_for_a_class_counts_where_the_class_was_told(ports: Ports) -> None:
    rule = ports.campus.rules["speeding"]
    trucks = SpeedLimit(classes=("truck",), limit_kmh=60)
    campus = with_rules(ports.campus, [rule.model_copy(update={"limits": (trucks,)})])
    truck, car = float(VehicleClass.TRUCK), float(VehicleClass.CAR)
    samples = SampleBatch.of(
        [0, 1, 0, 0, 2, 3, 2],
        [START_US, START_US, START_US + S, START_US + 2 * S, START_US, START_US, START_US + 2 * S],
        [40.0, 41.0, 42.0, -43.0, truck, car, truck],
    )
    found, _ = judged(campus, ["hq1-radar-1", "hq1-radar-2"], samples)
    assert found.limit.tolist() == [60.0, 30.0, 30.0, 60.0]
    assert found.away.tolist() == [False, False, False, True]


async def test_each_lane_says_what_cameras_said_to_its_speeds(viewer: Client, ports: Ports) -> None:
    names = [f"hq1-radar-1.{name}" for name in ("pass_kmh", "pass_check", "pass_vision_kmh")]
    rows = []
    for number in range(40):
        at_us = START_US + number * S
        rows += [(0, at_us, 20.0), (1, at_us, float(SpeedCheck.CONFIRMED)), (2, at_us, 21.0)]
    rows += [(0, START_US + 50 * S, 30.0), (1, START_US + 50 * S, float(SpeedCheck.SINGLE_SOURCE))]
    rows += [(0, START_US + 51 * S, -30.0)]
    await ports.series.write([Entry(SampleBatch.of(*zip(*rows, strict=True)), names)])
    answer = (await viewer.get(f"/api/speed?from_us={START_US}&to_us={START_US + H}")).json()
    near, away = answer["lanes"]
    assert near["vision"]["counts"] == {"single_source": 1, "confirmed": 40, "conflict": 0}
    assert near["vision"]["shares"]["confirmed"] == pytest.approx(40 / 41)
    assert near["vision"]["ratio"] == {"n": 40, "low": 1.05, "median": 1.05, "high": 1.05, "angle": True}
    nothing = {"single_source": None, "confirmed": None, "conflict": None}
    assert (away["vision"]["checked"], away["vision"]["shares"], away["vision"]["ratio"]) == (
        0,
        nothing,
        None,
    )


async def test_a_span_without_time_has_no_coverage(viewer: Client, ports: Ports) -> None:
    future_us = ports.now_us() + H
    answer = (await viewer.get(f"/api/speed?from_us={future_us}&to_us={future_us + H}")).json()
    assert answer["coverage"] is None


async def test_one_radar_or_site_is_looked_at_alone(viewer: Client, ports: Ports) -> None:
    await passed(ports, (0, START_US, 28.0), (1, START_US + S, 34.0))
    range_ = f"from_us={START_US}&to_us={START_US + H}"
    one = (await viewer.get(f"/api/speed?{range_}&device=hq1-radar-2")).json()
    assert (one["devices"], one["passes"], one["max"]) == (["hq1-radar-2"], 1, 34.0)
    none = (await viewer.get(f"/api/speed?{range_}&site=hall")).json()
    assert (none["devices"], none["passes"], none["worst"], none["limit_kmh"]) == ([], 0, [], None)
    empty = (await viewer.get("/api/speed?from_us=0&to_us=1&device=hq1-radar-1")).json()
    assert (empty["passes"], empty["limit_kmh"]) == (0, 30.0)
    assert (await viewer.get(f"/api/speed?{range_}&device=hq1-ac-301")).json()["devices"] == []
    assert (await viewer.get("/api/speed?from_us=5&to_us=5")).status_code == 422


async def test_passes_are_read_page_by_page_without_losing_or_doubling_any(ports: Ports) -> None:
    rows = [(row % 2, START_US + row // 4 * S, float(row)) for row in range(4, 41)]
    unique = {(radar, time_us): (radar, time_us, value) for radar, time_us, value in rows}
    await passed(ports, *unique.values())
    whole = await passes_between(ports, RADARS, START_US, START_US + H)
    for page in (3, 5, 50):
        parts = await passes_between(ports, RADARS, START_US, START_US + H, page)
        assert parts.time_us.tolist() == whole.time_us.tolist()
        assert parts.value.tolist() == whole.value.tolist()
    assert len(whole) == len(unique)


def heard(ports: Ports, device: str, at_us: int, **values: float) -> None:
    names = [f"{device}.{name}" for name in values]
    ports.newest.update(SampleBatch.of(range(len(names)), at_us, list(values.values())), names)


async def test_rooms_outside_the_standard_are_named_with_their_alert(viewer: Client, ports: Ports) -> None:
    now_us = ports.now_us()
    heard(ports, "hq1-ac-301", now_us, on=1, mode=AcMode.COOL, setpoint_c=22.0, room_c=23.5)
    heard(ports, "hq1-ac-302", now_us, on=1, mode=AcMode.COOL, setpoint_c=18.0, room_c=20.0)
    alert = raised(
        -60, device="hq1-ac-301", family=Family.COOLING, rule="ac-setpoint", start_us=now_us - 60 * S
    )
    await ports.db.write(lambda c: store.apply_events(c, [alert], "edge-hq1", None, now_us))
    answer = (await viewer.get("/api/cooling")).json()
    assert answer["period"] == {"hq1": "cooling", "hall": "cooling"}
    assert answer["standard"] == {"cooling_min_c": 26.0, "heating_max_c": 20.0}
    rows = {row["device"]: row for row in answer["rows"]}
    warm = rows["hq1-ac-301"]
    assert (warm["outside"], warm["excess_c"], warm["alert"]) == (True, 4.0, alert.id)
    assert (warm["since_us"], warm["on"], warm["mode"], warm["setpoint_c"]) == (
        now_us - 60 * S,
        True,
        1,
        22.0,
    )
    server_room = rows["hq1-ac-302"]
    assert (server_room["outside"], server_room["exempt"]) == (False, {"zh": "机房", "en": "Server room"})
    silent = rows["hall-ac-1"]
    assert (silent["on"], silent["outside"], silent["time_us"], silent["known"]) == (None, False, None, False)
    assert answer["summary"] == [
        {"building": "hq1-main", "units": 2, "running": 2, "outside": 1, "unknown": 0},
        {"building": "hall-a", "units": 1, "running": 0, "outside": 0, "unknown": 1},
    ]
    assert [row["device"] for row in (await viewer.get("/api/cooling?site=hall")).json()["rows"]] == [
        "hall-ac-1"
    ]


async def test_an_old_reading_accuses_nobody(viewer: Client, ports: Ports) -> None:
    old_us = ports.now_us() - 40 * S
    heard(ports, "hq1-ac-301", old_us, on=1, mode=AcMode.COOL, setpoint_c=22.0)
    row = (await viewer.get("/api/cooling")).json()["rows"][0]
    assert (row["outside"], row["known"], row["on"]) == (False, False, None)
    assert (row["setpoint_c"], row["time_us"]) == (22.0, old_us), (
        "what was read last is still shown, with its time"
    )


async def test_cameras_are_counted_with_those_that_say_nothing(viewer: Client, ports: Ports) -> None:
    now_us = ports.now_us()
    heard(ports, "hall-cam-1", now_us, link=CameraLink.ONLINE, mean_level=118, std_level=46, same_pictures=0)
    heard(ports, "hall-cam-2", now_us, link=CameraLink.ONLINE, mean_level=3, std_level=1, same_pictures=0)
    heard(ports, "hall-cam-3", now_us, link=CameraLink.HOST_DOWN, mean_level=np.nan)
    alert = raised(0, device="hall-cam-3", family=Family.CAMERA, start_us=now_us - 60 * S)
    await ports.db.write(lambda c: store.apply_events(c, [alert], "edge-hall", None, now_us))
    answer = (await viewer.get("/api/cameras")).json()
    rows = {row["device"]: row for row in answer["rows"]}
    assert {name: row["state"] for name, row in rows.items()} == {
        "hall-cam-1": "online",
        "hall-cam-2": "dark",
        "hall-cam-3": "offline",
        "hall-cam-4": "unknown",
    }
    assert rows["hall-cam-3"]["since_us"] == now_us - 60 * S
    assert (rows["hall-cam-3"]["mean_level"], rows["hall-cam-1"]["mean_level"]) == (None, 118.0)
    assert answer["rates"]["overall"] == {
        "points": 4,
        "online": 2,
        "good": 1,
        "unknown": 1,
        "online_rate": 0.5,
        "good_rate": 0.25,
    }
    assert answer["rates"]["by_area_kind"]["kitchen"]["online_rate"] == 1.0
    assert "分母" in answer["definition"]["zh"]
    assert (await viewer.get("/api/cameras?site=hq1")).json()["rates"]["overall"]["online_rate"] is None


async def test_each_area_that_must_be_watched_is_told_with_its_cameras(viewer: Client, ports: Ports) -> None:
    entry = Coverage(id="watch", title=Words(zh="无视频", en="Unwatched"), areas=("hall-kitchen", "hq1-road"))
    ports.book.campus = replace(ports.campus, coverage={entry.id: entry})
    now_us = ports.now_us()
    heard(ports, "hall-cam-1", now_us, link=CameraLink.ONLINE, mean_level=118, std_level=46, same_pictures=0)
    alert = raised(0, rule="watch", device="hq1-road", family=Family.CAMERA, start_us=now_us - 60 * S)
    await ports.db.write(lambda c: store.apply_events(c, [alert], store.HUB, None, now_us))
    answer = (await viewer.get("/api/coverage")).json()
    assert answer["entries"] == [{"id": "watch", "title": {"zh": "无视频", "en": "Unwatched"}, "least": 1}]
    road, kitchen = answer["rows"]
    assert (road["standing"], road["cameras"], road["alert"]) == ("uncovered", [], alert.id)
    assert (kitchen["standing"], kitchen["good"], kitchen["unknown"], kitchen["alert"]) == (
        "covered",
        1,
        1,
        None,
    )
    assert [camera["state"] for camera in kitchen["cameras"]] == ["online", "unknown"]


async def test_a_months_rates_keep_what_is_unknown_in_the_denominator(viewer: Client, ports: Ports) -> None:
    # the campus's July began 8 hours ago, and nothing was heard but for the last hour of one camera
    link = SampleBatch.of([0] * 6, [START_US - H + n * 600 * S for n in range(6)], [0.0] * 6)
    await ports.series.write([Entry(link, ["hall-cam-1.link"])])
    # five hours of another were told, each at its end, one of them half recorded; the last hour does not count yet
    told = SampleBatch.of([0] * 5, [START_US - n * H for n in range(1, 6)], [100, 50, 100, 100, 100])
    await ports.series.write([Entry(told, ["hall-cam-2.recorded_share"])])
    answer = (await viewer.get("/api/cameras/rates")).json()
    assert (answer["month"], answer["to_us"] - answer["from_us"], answer["snapshots"]) == (
        "2026-07",
        8 * H,
        0,
    )
    overall, kitchen = answer["overall"], answer["by_area_kind"]["kitchen"]
    assert (overall["points"], kitchen["points"]) == (4, 2)
    assert np.isclose(overall["time"]["online"], 1 / 8 / 4)
    assert np.isclose(overall["time"]["unknown"], 1 - 1 / 8 / 4)
    assert np.isclose(kitchen["time"]["good"], 1 / 8 / 2)
    assert kitchen["snapshot"]["online"] is None
    assert np.isclose(overall["recording"]["time"], 4.5 / 7 / 4)
    assert np.isclose(overall["recording"]["unknown"], 1 - 5 / 7 / 4)
    assert (overall["recording"]["days"], answer["recorded_days"], answer["last_day"]) == (None, 0, None)
    assert "分母" in answer["definitions"]["unknown"]["zh"]
    for month in ("2026-13", "9999-12", "0001-01"):
        assert (await viewer.get(f"/api/cameras/rates?month={month}")).status_code == 422
    assert (await viewer.get("/api/cameras/rates?month=2026-08")).json()["overall"] is None


def test_the_clock_of_these_tests_stands_in_the_cooling_season() -> None:
    assert dt.datetime.fromtimestamp(START_US / 1e6, dt.UTC).isoformat() == "2026-07-01T00:00:00+00:00"
