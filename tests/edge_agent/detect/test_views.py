"""What a calibrated camera says to the passes of radars: confirmed, single source, conflict."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from devices.model.alerts import EventKind
from devices.model.codes import Direction, SpeedCheck
from devices.model.errors import ConfigRefused
from edge_agent.detect.detection import Detection
from edge_agent.detect.views import compared
from tests.edge_agent.detect.test_speeding import ROAD, SITE, Reading, Street, campus_of, drive

CAMERAS = """
  - {id: cams, agent: edge, kind: rtsp, name: {zh: 录像机, en: Recorder}, host: 127.0.0.1}
devices:
  - {id: cam, profile: hikvision-stream, link: cams, area: gate, name: {zh: 道路摄像机, en: Road camera}}
"""
CALIBRATION = """
calibrations:
  - camera: cam
    picture: [640, 360]
    corners_px: [[100, 340], [540, 340], [400, 80], [240, 80]]
    lengths_m: [20, 20.1]
    widths_m: [7, 7]
    lanes:
      - {radar: first, from_m: 0, to_m: 3.5}
      - {radar: third, from_m: 3.5, to_m: 7, approaching: far}
"""
REST = "profile: ops243-radar, link: field, area: gate, topic: radar/9, name: {zh: 雷达9, en: Radar 9}}"
WATCHED = SITE.replace("devices:\n", CAMERAS.lstrip("\n"), 1) + CALIBRATION


def street_of(folder: Path, rule: str = "", site: str = WATCHED) -> Street:
    return Street(campus_of(folder, rule, site))


def saw(second: float, kmh: float, lane: int = 0, error: float = 0.8) -> list[Reading]:
    return [
        (second, "cam.vision_kmh", kmh),
        (second, "cam.vision_error_kmh", error),
        (second, "cam.vision_lane", float(lane)),
    ]


def shifts(second: float, *percent: float, every_s: float = 30.0) -> list[Reading]:
    return [(second + every_s * n, "cam.shift", value) for n, value in enumerate(percent)]


def check_of(street: Street, readings: list[Reading]) -> tuple[float, float]:
    """Verdict and speed of the only speeding event."""
    [event] = street.found(readings)
    return event.evidence["check"], event.evidence.get("vision_kmh", math.nan)


@pytest.mark.parametrize(
    ("radar", "vision", "error", "verdict"),
    [
        (30, 32.9, 1, SpeedCheck.CONFIRMED),
        (30, 33.5, 1, SpeedCheck.SINGLE_SOURCE),
        (30, 36.5, 1, SpeedCheck.CONFLICT),
        (100, 104.9, 1, SpeedCheck.CONFIRMED),
        (100, 91, 1, SpeedCheck.SINGLE_SOURCE),
        (100, 89, 1, SpeedCheck.CONFLICT),
        (30, 30, 4, SpeedCheck.SINGLE_SOURCE),
        (30, 40, 12, SpeedCheck.SINGLE_SOURCE),
        (30, 30, math.nan, SpeedCheck.SINGLE_SOURCE),
        (30, 60, math.nan, SpeedCheck.SINGLE_SOURCE),
    ],
)
def test_agreement_has_bounds_in_kmh_and_in_per_cent(
    radar: float, vision: float, error: float, verdict: SpeedCheck
) -> None:
    assert compared(radar, vision, error) is verdict


def test_a_confirmed_pass_says_so_in_its_alert_and_in_its_record(tmp_path: Path) -> None:
    street = street_of(tmp_path)
    samples, [event] = street.step([*drive(10, 24.0), *saw(9.5, 23.1)], 60)
    assert samples == [
        (10.5, "first.pass_kmh", 24.0),
        (10.5, "first.pass_check", 1.0),
        (10.5, "first.pass_vision_kmh", 23.1),
    ]
    assert event.evidence["check"] == SpeedCheck.CONFIRMED
    assert (event.evidence["vision_kmh"], event.evidence["vision_error_kmh"]) == (23.1, 0.8)


@pytest.mark.promise("P-speed-1")
def test_a_conflict_hides_no_alert_of_the_radar(tmp_path: Path) -> None:
    assert check_of(street_of(tmp_path), [*drive(10, 24.0), *saw(9.5, 12.0)]) == (SpeedCheck.CONFLICT, 12.0)


def test_a_radar_without_a_camera_says_nothing_of_checks(tmp_path: Path) -> None:
    street = street_of(tmp_path)
    samples, [event] = street.step(drive(10, 24.0, "second"), 60)
    assert [name for _, name, _ in samples] == ["second.pass_kmh"]
    assert "check" not in event.evidence


@pytest.mark.parametrize(
    "seen",
    [
        [],
        saw(9.5, -24.0),
        saw(6.9, 24.0),
        saw(14.0, 24.0),
        saw(9.5, 24.0, lane=1),
        saw(9.5, 24.0, lane=7),
        [(9.5, "cam.vision_kmh", 24.0)],
    ],
    ids=[
        "nothing seen",
        "other way",
        "long before",
        "long after",
        "other lane",
        "no such lane",
        "no lane told",
    ],
)
def test_what_is_of_another_vehicle_is_no_second_source(tmp_path: Path, seen: list[Reading]) -> None:
    verdict, kmh = check_of(street_of(tmp_path), [*drive(10, 24.0), *seen])
    assert verdict == SpeedCheck.SINGLE_SOURCE
    assert math.isnan(kmh)


def test_one_view_confirms_one_pass_and_the_nearest(tmp_path: Path) -> None:
    readings = [*drive(10, 24.0), *drive(14, 26.0), *saw(10.4, 24.0), *saw(13.2, 26.0)]
    first, second = street_of(tmp_path).found(readings)
    assert (first.evidence["vision_kmh"], second.evidence["vision_kmh"]) == (24.0, 26.0)
    first, second = street_of(tmp_path).found([*drive(10, 24.0), *drive(12.6, 26.0), *saw(11.8, 24.0)])
    assert (first.evidence["check"], second.evidence["check"]) == (
        SpeedCheck.CONFIRMED,
        SpeedCheck.SINGLE_SOURCE,
    )


def test_on_a_road_the_other_radar_is_checked_by_the_same_camera_facing_as_it_faces(tmp_path: Path) -> None:
    street = street_of(tmp_path, ROAD)
    assert (
        check_of(street, [*drive(10, 24.0, "second", Direction.RECEDING), *saw(10, 23.0)])[0]
        == SpeedCheck.CONFIRMED
    )


def test_a_moved_camera_confirms_nothing_any_more_until_it_is_calibrated_anew(tmp_path: Path) -> None:
    street = street_of(tmp_path)
    wobbles = shifts(0, 3.0, 0.0, 3.0, 3.0, 0.0)
    assert check_of(street, [*wobbles, *drive(10, 24.0), *saw(10, 24.0)])[0] == SpeedCheck.CONFIRMED
    moved = [*shifts(4900, 3.0, 3.0, 3.0, 0.0), *drive(5010, 24.0), *saw(5010, 24.0)]
    _, [event] = street.step(moved, 5060)
    assert event.evidence["check"] == SpeedCheck.SINGLE_SOURCE
    again = street.anew()
    again.restore(street.radars.columns())
    street.radars = again
    _, [event] = street.step([*drive(5100, 24.0), *saw(5100, 24.0)], 5160)
    assert event.evidence["check"] == SpeedCheck.SINGLE_SOURCE
    fresh = street_of(tmp_path, site=WATCHED.replace("[100, 340]", "[102, 340]"))
    fresh.radars.restore(street.radars.columns())
    street.radars = fresh.radars
    _, [event] = street.step([*drive(5200, 24.0), *saw(5200, 24.0)], 5260)
    assert event.evidence["check"] == SpeedCheck.CONFIRMED


def test_three_pictures_within_seconds_of_a_mast_that_shakes_void_nothing_for_ever(tmp_path: Path) -> None:
    street = street_of(tmp_path)
    shaking = shifts(0, 1.4, 1.2, 1.3, 1.2, 0.1, every_s=2.0)
    assert check_of(street, [*shaking, *drive(100, 24.0), *saw(100, 24.0)])[0] == SpeedCheck.CONFIRMED


def test_from_the_first_shifted_picture_on_a_camera_confirms_nothing_until_one_is_in_its_place(
    tmp_path: Path,
) -> None:
    street = street_of(tmp_path)
    _, [before] = street.step([*drive(5, 24.0), *saw(5, 24.0), *shifts(30, 3.0)], 20)
    assert before.evidence["check"] == SpeedCheck.CONFIRMED
    _, [doubted] = street.step([*drive(40, 24.0), *saw(40, 24.0)], 55)
    assert doubted.evidence["check"] == SpeedCheck.SINGLE_SOURCE
    _, [after] = street.step([*shifts(60, 0.2), *drive(70, 24.0), *saw(70, 24.0)], 90)
    assert after.evidence["check"] == SpeedCheck.CONFIRMED


def test_a_camera_tells_for_how_long_shifts_alone_have_voided_its_calibration(tmp_path: Path) -> None:
    samples, _ = street_of(tmp_path).step(shifts(0, 0.1, 1.2, 1.2, 1.2, 0.1), 130)
    assert samples == [
        (second, "cam.vision_void_s", void_s)
        for second, void_s in ((0.0, 0.0), (30.0, 0.0), (60.0, 0.0), (90.0, 60.0), (120.0, 90.0))
    ]


def test_a_moved_camera_stays_moved_when_another_radar_is_added(tmp_path: Path) -> None:
    street = street_of(tmp_path)
    before = Detection(street.campus, "edge", street.table, street.us(0))
    before.step(street.batch(shifts(0, 3.0, 3.0, 3.0)), street.us(70))
    saved = before.save_judged()
    second = "  - {id: second,"
    more = WATCHED.replace(second, f"{second.replace('second', 'new')} {REST}\n{second}", 1)
    street = street_of(tmp_path, site=more)
    after = Detection(street.campus, "edge", street.table, street.us(80))
    after.restore(saved, street.us(80))
    found = after.step(street.batch([*drive(100, 24.0), *saw(100, 24.0)]), street.us(160))
    [event] = [one for one in found.events if one.rule == "speeding"]
    assert event.evidence["check"] == SpeedCheck.SINGLE_SOURCE


@pytest.mark.parametrize(
    ("rule", "kind", "verdict"),
    [
        ("camera-turned", EventKind.RAISE, SpeedCheck.SINGLE_SOURCE),
        ("camera-moved", EventKind.RAISE, SpeedCheck.SINGLE_SOURCE),
        ("camera-dark", EventKind.RAISE, SpeedCheck.CONFIRMED),
        ("camera-turned", EventKind.CLEAR, SpeedCheck.CONFIRMED),
    ],
)
def test_an_alert_that_a_camera_looks_elsewhere_voids_what_it_measures(
    tmp_path: Path, rule: str, kind: EventKind, verdict: SpeedCheck
) -> None:
    street = street_of(tmp_path)
    [event] = street.found(drive(10, 24.0))
    street.radars.turned([replace(event, rule=rule, kind=kind, device="cam", start_us=street.us(4100))])
    _, [event] = street.step([*drive(5010, 24.0), *saw(5010, 24.0)], 5060)
    assert event.evidence["check"] == verdict


@settings(
    max_examples=25,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(seed=st.integers(0, 2**32), cuts=st.lists(st.floats(0, 90), max_size=6))
def test_cutting_the_stream_anywhere_finds_the_same(tmp_path: Path, seed: int, cuts: list[float]) -> None:
    random = np.random.default_rng(seed)
    readings: list[Reading] = []
    for second in np.sort(random.uniform(5, 70, 6)).round(1).tolist():
        readings += drive(second, float(random.uniform(18, 40)), str(random.choice(["first", "second"])))
        if random.uniform() < 0.7:
            readings += saw(
                second + float(random.uniform(-3, 3)), float(random.uniform(-40, 40)), int(random.integers(3))
            )
    readings += shifts(40, *random.choice([0.0, 3.0], 4).tolist())
    campus = campus_of(tmp_path, ROAD.replace("cameras: [eye]", "within_s: 2"), WATCHED)
    whole = Street(campus).step(readings, 200)
    street, samples, events, since = Street(campus), [], [], -1.0
    for until in [*sorted(cuts), 200.0]:
        part = [reading for reading in readings if since < reading[0] <= until]
        again = street.anew()
        again.restore(street.radars.columns())
        street.radars = again
        more, found = street.step(part, until)
        samples, events, since = samples + more, events + found, until
    assert sorted(samples) == sorted(whole[0])
    assert sorted(map(repr, events)) == sorted(map(repr, whole[1]))


@pytest.mark.parametrize(
    ("old", "new", "path"),
    [
        ("camera: cam", "camera: can", "calibrations.can.camera"),
        ("camera: cam", "camera: eye", "calibrations.eye.camera"),
        (
            "profile: hikvision-stream, link: cams",
            "profile: campus-stream, link: web",
            "calibrations.cam.camera",
        ),
        ("radar: third", "radar: eye", "calibrations.cam.lanes.1.radar"),
        ("radar: third", "radar: away", "calibrations.cam.lanes.1.radar"),
        ("radar: third", "radar: nobody", "calibrations.cam.lanes.1.radar"),
    ],
)
def test_a_calibration_that_does_not_fit_the_campus_is_refused(
    tmp_path: Path, old: str, new: str, path: str
) -> None:
    web = "  - {id: web, agent: edge, kind: http, name: {zh: 录像机, en: Recorder}, host: 127.0.0.1}\n"
    site = WATCHED.replace("links:\n", "links:\n" + web, 1).replace(old, new)
    with pytest.raises(ConfigRefused) as refused:
        campus_of(tmp_path, site=site)
    assert path in {problem.path for problem in refused.value.problems}
