"""All rules on a small campus: what raises, when, in which words; cuts and restarts change nothing."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.codes import AcMode, Direction, PumpPosition
from devices.model.samples import SampleBatch
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.player import AUTUMN, SUMMER, WINTER, Player, Reading, alive, said, us
from tests.edge_agent.detect.small_campus import small_campus


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    return small_campus(tmp_path)


def cooled(device: str, setpoint: float, second: float = 0.0, mode: AcMode = AcMode.COOL) -> list[Reading]:
    name = "real_setpoint_c" if device != "ac-4" else "setpoint_c"
    return [
        (second, f"{device}.on", 1.0),
        (second, f"{device}.mode", float(mode)),
        (second, f"{device}.{name}", setpoint),
    ]


def test_a_set_point_below_the_standard_raises_after_the_delay_and_clears(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    readings = [*alive(1000), *cooled("ac-1", 22.0), *cooled("ac-1", 26.0, 700.5)]
    events = player.play(readings, range(1000))
    raised, cleared = [e for e in events if e.rule == "setpoint"]
    assert (raised.kind, raised.time_us - player.start_us, raised.start_us) == (
        EventKind.RAISE,
        600_000_000,
        player.start_us,
    )
    assert (cleared.kind, cleared.time_us - player.start_us) == (EventKind.CLEAR, 760_500_000)
    assert raised.id == cleared.id
    assert (raised.value, raised.limit, raised.unit, raised.parent) == (22.0, 26.0, "C", "gw")
    assert raised.message.zh == "空调1(办公室)设定 22,标准 26"
    assert raised.message.en == "AC 1 (Office) set to 22, standard 26"
    assert raised.evidence["room_c"] == 20.0


@pytest.mark.parametrize(
    ("season", "mode", "setpoint", "raises"),
    [
        (SUMMER, AcMode.COOL, 25.7, True),  # more than the dead band below
        (SUMMER, AcMode.COOL, 25.9, False),
        (SUMMER, AcMode.COOL, 26.0, False),
        (SUMMER, AcMode.FAN, 18.0, False),
        (SUMMER, AcMode.DRY, 18.0, False),
        (SUMMER, AcMode.AUTO, 22.0, True),  # auto follows the season
        (SUMMER, AcMode.HEAT, 25.0, True),
        (WINTER, AcMode.HEAT, 20.0, False),
        (WINTER, AcMode.HEAT, 24.0, True),
        (WINTER, AcMode.AUTO, 24.0, True),
        (WINTER, AcMode.COOL, 22.0, True),
        (AUTUMN, AcMode.COOL, 16.0, False),  # neither season: never a violation
        (AUTUMN, AcMode.HEAT, 30.0, False),
    ],
)
def test_the_standard_follows_mode_and_season(
    campus: Campus, season: str, mode: AcMode, setpoint: float, *, raises: bool
) -> None:
    player = Player(campus, season)
    readings = [*alive(700), *cooled("ac-1", setpoint, mode=mode)]
    assert bool(said(player.play(readings, range(0, 700, 5)), "setpoint")) == raises


def test_auto_follows_what_the_unit_is_doing(campus: Campus) -> None:
    player = Player(campus, WINTER)
    readings = [
        *alive(700),
        *cooled("ac-4", 24.0, mode=AcMode.AUTO),
        (0.0, "ac-4.running_mode", float(AcMode.COOL)),
    ]
    event = next(e for e in player.play(readings, range(0, 700, 5)) if e.rule == "setpoint")
    assert (event.device, event.limit) == ("ac-4", 26.0)


def test_an_exemption_ends_with_its_day(campus: Campus) -> None:
    player = Player(campus, "2026-07-20 23:30")
    readings = [*alive(4000), *cooled("ac-3", 20.0)]
    events = [e for e in player.play(readings, range(0, 4000, 10)) if e.rule == "setpoint"]
    assert said(events) == [("raise", "setpoint", "ac-3")]
    assert events[0].time_us >= us(campus, "2026-07-21 00:00")


def test_a_unit_that_is_off_or_was_never_read_is_no_violation(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    readings = [*alive(700), (0, "ac-1.on", 0.0), (0, "ac-1.mode", 1.0), (0, "ac-1.real_setpoint_c", 18.0)]
    readings += [(0, "ac-2.on", 1.0), (0, "ac-2.real_setpoint_c", 18.0)]
    assert said(player.play(readings, range(0, 700, 5)), "setpoint") == []


def test_a_bad_reading_neither_raises_nor_clears(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    manual = float(PumpPosition.MANUAL)
    readings = [
        *alive(60),
        (1, "pump.position", manual),
        (20, "pump.position", np.nan),
        (40, "pump.position", np.nan),
    ]
    events = player.play(readings, range(60))
    assert said(events, "pump-not-auto") == [("raise", "pump-not-auto", "pump")]
    assert events[0].message.zh == "消防泵 在手动位"
    assert events[0].message.en == "Fire pump is in manual, wanted automatic"


def test_two_conditions_must_hold_together_for_the_whole_delay(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    readings = [*alive(400), (0, "pump.running", 0.0), (10, "pump.demand", 1.0), (100, "pump.running", 1.0)]
    readings += [(150, "pump.running", 0.0)]
    events = [e for e in player.play(readings, range(400)) if e.rule == "no-start"]
    assert [(e.time_us - player.start_us) // 10**6 for e in events] == [270]


def test_a_dead_band_keeps_a_value_on_the_edge_from_flapping(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    values = [0.30, 0.149, 0.151, 0.149, 0.17, 0.149, 0.181, 0.2]
    readings = [*alive(90), *((10.0 * n, "pump.pressure_mpa", v) for n, v in enumerate(values))]
    events = [e for e in player.play(readings, range(90)) if e.rule == "low-pressure"]
    assert [(e.kind.value, (e.time_us - player.start_us) // 10**6) for e in events] == [
        ("raise", 10),
        ("clear", 60),
    ]


def test_a_silent_device_raises_and_a_silent_link_speaks_for_all(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    readings = [
        *alive(200, "ac-2"),
        (0, "ac-2.room_c", 20.0),
        *((s, "pump.room_c", 1.0) for s in range(200, 400, 10)),
    ]
    events = player.play(readings, range(400))
    assert said(events, "silent") == [("raise", "silent", "ac-2")]
    assert said(events, "link-silent") == [("raise", "link-silent", "gw")]
    assert events[0].start_us == player.start_us
    assert events[0].message.en == "AC 2 silent for 60 s"


def speeder(second: float, kmh: float, direction: Direction) -> list[Reading]:
    curve = [0.6, 0.9, 1.0, 0.8]
    readings = [(second + 0.1 * n, "radar.speed_kmh", kmh * share) for n, share in enumerate(curve)]
    return readings + [(second + 0.1 * n, "radar.direction", float(direction)) for n in range(len(curve))]


def test_speeding_is_judged_by_hour_with_the_error_in_the_drivers_favour(campus: Campus) -> None:
    player = Player(campus, "2026-10-10 07:00")  # a Saturday that is worked
    passes = [(100, 18.0), (200, 18.5), (2000, 13.5), (3000, 40.0)]
    readings = [r for second, kmh in passes for r in speeder(second, kmh, Direction.APPROACHING)]
    events = [e for e in player.play(readings, range(0, 4000, 2)) if e.rule == "speeding"]
    assert [(e.kind, e.value, e.limit, e.severity) for e in events] == [
        (EventKind.MOMENT, 18.5, 15.0, Severity.MEDIUM),
        (EventKind.MOMENT, 13.5, 10.0, Severity.MEDIUM),
        (EventKind.MOMENT, 40.0, 10.0, Severity.HIGH),
    ]
    assert events[0].evidence["readings"] == 4.0
    assert events[0].message.zh == "大门 18 km/h,限速 15" or events[0].message.zh == "大门 19 km/h,限速 15"


def test_every_pass_becomes_a_sample_with_the_sign_of_its_direction(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    readings = speeder(10, 12.0, Direction.APPROACHING) + speeder(20, 9.0, Direction.RECEDING)
    player.play(readings, range(40))
    passes = SampleBatch.joined(player.derived)
    assert passes.value.tolist() == [12.0, -9.0]
    assert [player.table.names[row] for row in passes.point] == ["radar.pass_kmh"] * 2


STORY: list[Reading] = [
    *alive(900, "ac-2"),
    *cooled("ac-1", 22.0, 3.3),
    *cooled("ac-1", 26.5, 780.2),
    (5.5, "pump.position", 2.0),
    (30.2, "pump.position", 1.0),
    (31.0, "pump.position", 2.0),
    (400.0, "pump.position", 1.0),
    *speeder(50.0, 30.0, Direction.RECEDING),
    *speeder(500.0, 33.0, Direction.APPROACHING),
    (0, "pump.running", 0.0),
    (300, "pump.demand", 1.0),
    (600, "pump.pressure_mpa", 0.1),
]


def facts(events: Iterable[AlertEvent]) -> list[tuple[object, ...]]:
    return sorted((e.id, e.kind.value, e.time_us, e.start_us) for e in events)


@pytest.fixture(scope="module")
def shared_campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    return small_campus(tmp_path_factory.mktemp("story"))


@pytest.fixture(scope="module")
def told_by_the_second(shared_campus: Campus) -> list[tuple[object, ...]]:
    return facts(e for e in Player(shared_campus, SUMMER).play(STORY, range(901)) if e.rule != "silent")


@pytest.mark.promise("P-detect-1")
@settings(
    max_examples=200,
    phases=[Phase.explicit, Phase.generate],
    deadline=None,
)
@given(
    moments=st.lists(st.floats(0.1, 899.9), max_size=30), restarts=st.lists(st.integers(0, 30), max_size=4)
)
def test_any_cut_and_any_restart_tell_the_same_story(
    shared_campus: Campus,
    told_by_the_second: list[tuple[object, ...]],
    moments: list[float],
    restarts: list[int],
) -> None:
    campus = shared_campus
    player, events, before = Player(campus, SUMMER), [], -1.0
    for number, moment in enumerate([*sorted(set(moments)), 900.0]):
        part = [reading for reading in STORY if before < reading[0] <= moment]
        now_us = player.start_us + round(moment * 1e6)
        events += player.detection.step(player.batch(part), now_us).events
        before = moment
        if number in restarts:
            parts = player.detection.save_held() | player.detection.save_judged()
            player.detection = Detection(campus, "edge", player.table, now_us)
            assert player.detection.restore(parts, now_us) == []
    assert facts(e for e in events if e.rule != "silent") == told_by_the_second


@pytest.mark.promise("P-detect-3")
def test_a_clock_that_is_set_keeps_delays_true(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    assert said(player.play([*alive(310), *cooled("ac-1", 22.0)], range(300)), "setpoint") == []
    player.detection.shift(3_600_000_000)
    player.start_us += 3_600_000_000
    events = player.play([*alive(700), *cooled("ac-1", 22.0)], range(300, 700))
    assert [(e.time_us - player.start_us) // 10**6 for e in events if e.rule == "setpoint"] == [600]
