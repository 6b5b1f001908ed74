"""All rules on a small campus: what raises, when, in which words; cuts and restarts change nothing."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from devices.campus.site import Campus
from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.codes import AcMode, Direction, PumpPosition
from devices.model.errors import Garbled
from devices.model.frames import FRAME_HEIGHT, FRAME_WIDTH, FrameBatch
from devices.model.samples import Quality, SampleBatch
from edge_agent.detect import saving
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.small_campus import small_campus

Reading = tuple[float, str, float]  # seconds after the start, point, value
SUMMER = "2026-07-15 10:00"
AUTUMN = "2026-10-20 10:00"
WINTER = "2026-12-15 10:00"


def us(campus: Campus, text: str) -> int:
    return round(dt.datetime.fromisoformat(text).replace(tzinfo=campus.timezone).timestamp() * 1e6)


class Player:
    """Plays readings through a detection, one step a second or at the moments given."""

    def __init__(self, campus: Campus, start: str) -> None:
        self.campus = campus
        self.table = campus.points_of("edge")
        self.start_us = us(campus, start)
        self.detection = Detection(campus, "edge", self.table, self.start_us)
        self.derived: list[SampleBatch] = []

    def batch(self, readings: Iterable[Reading]) -> SampleBatch:
        rows = list(readings)
        return SampleBatch.of(
            [self.table.row[point] for _, point, _ in rows],
            [self.start_us + round(second * 1e6) for second, _, _ in rows],
            [value for _, _, value in rows],
            [Quality.NO_ANSWER if np.isnan(value) else Quality.GOOD for _, _, value in rows],
        )

    def play(self, readings: list[Reading], moments: Iterable[float]) -> list[AlertEvent]:
        events: list[AlertEvent] = []
        before = -1.0
        for moment in moments:
            part = [reading for reading in readings if before < reading[0] <= moment]
            outcome = self.detection.step(self.batch(part), self.start_us + round(moment * 1e6))
            events += outcome.events
            self.derived.append(outcome.derived)
            before = moment
        return events


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    return small_campus(tmp_path)


def alive(until: int, *but_not: str) -> list[Reading]:
    """Readings that keep every Modbus device from falling silent."""
    points = {"ac-1": "room_c", "ac-2": "room_c", "ac-3": "room_c", "ac-4": "room_c", "pump": "room_c"}
    return [(s, f"{d}.{p}", 20.0) for s in range(0, until, 10) for d, p in points.items() if d not in but_not]


def said(events: list[AlertEvent], *rules: str) -> list[tuple[str, str, str]]:
    return [(e.kind.value, e.rule, e.device) for e in events if not rules or e.rule in rules]


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


def picture(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (1, FRAME_HEIGHT, FRAME_WIDTH), np.uint8)


def test_a_frozen_camera_raises_and_a_new_picture_clears(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    events: list[AlertEvent] = []
    for number, seed in enumerate([1, 2, 2, 2, 2, 3]):
        time_us = player.start_us + number * 30_000_000
        frames = FrameBatch(np.zeros(1, np.int32), np.array([time_us]), picture(seed))
        events += player.detection.step(player.detection.frames(frames), time_us).events
    assert said(events, "camera-frozen") == [
        ("raise", "camera-frozen", "cam"),
        ("clear", "camera-frozen", "cam"),
    ]


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


def test_alerts_of_a_rule_that_changed_are_cleared_at_the_restart(campus: Campus, tmp_path: Path) -> None:
    player = Player(campus, SUMMER)
    raised = [
        e
        for e in player.play([*alive(60), (1, "pump.position", 2.0)], range(60))
        if e.rule == "pump-not-auto"
    ]
    (tmp_path / "new").mkdir()
    newer = small_campus(
        tmp_path / "new", **{"  - id: pump-not-auto\n": "  - id: pump-not-auto\n    version: 2\n"}
    )
    detection = Detection(newer, "edge", newer.points_of("edge"), player.start_us)
    orphans = detection.restore(player.detection.save_judged(), player.start_us + 60_000_000)
    assert [(e.kind, e.id) for e in orphans] == [(EventKind.CLEAR, raised[0].id)]


@pytest.mark.parametrize("data", [b"\xc1", b"\x93\x01", b"\x92\x63\x80", b"garbage" * 100])
def test_a_saved_state_that_cannot_be_read_is_refused(campus: Campus, data: bytes) -> None:
    player = Player(campus, SUMMER)
    with pytest.raises(Garbled):
        player.detection.restore({"judges": data}, player.start_us)


def test_a_value_that_changed_back_after_a_crash_is_seen_though_held_values_are_older(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    player.play([(0, "pump.position", float(PumpPosition.AUTO))], [1])
    old = player.detection.save_held()
    raised = player.play([(10, "pump.position", float(PumpPosition.MANUAL))], [11, 20])
    assert said(raised, "pump-not-auto") == [("raise", "pump-not-auto", "pump")]
    revived = Detection(campus, "edge", player.table, player.start_us + 30_000_000)
    revived.restore({**player.detection.save_judged(), **old}, player.start_us + 30_000_000)
    player.detection = revived
    cleared = player.play([(40, "pump.position", float(PumpPosition.AUTO))], [41])
    assert said(cleared, "pump-not-auto") == [("clear", "pump-not-auto", "pump")]


def test_a_message_that_comes_again_after_a_crash_changes_nothing(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    player.play([(0, "pump.position", float(PumpPosition.AUTO))], [1])
    old = player.detection.save_held()
    turned = [
        (10, "pump.position", float(PumpPosition.MANUAL)),
        (20, "pump.position", float(PumpPosition.AUTO)),
    ]
    assert len(said(player.play(turned, [21]), "pump-not-auto")) == 2
    revived = Detection(campus, "edge", player.table, player.start_us + 30_000_000)
    revived.restore({**player.detection.save_judged(), **old}, player.start_us + 30_000_000)
    again = revived.step(player.batch(turned), player.start_us + 31_000_000).events
    assert said(again, "pump-not-auto") == []


def test_state_that_an_older_agent_saved_goes_on(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    player.play([(0, "pump.position", float(PumpPosition.MANUAL))], [1, 20])
    judge = player.detection._judges["pump-not-auto"]
    names = ["latched", "since_us", "raised", "start_us"]
    columns = {name: getattr(judge.state, name) for name in names}
    old = {"judges": saving.part({"pump-not-auto:1": saving.packed(["pump"], columns)[:2]})}
    revived = Detection(campus, "edge", player.table, player.start_us + 30_000_000)
    assert revived.restore({**old, **player.detection.save_held()}, player.start_us + 30_000_000) == []
    player.detection = revived
    cleared = player.play([(40, "pump.position", float(PumpPosition.AUTO))], [41])
    assert said(cleared, "pump-not-auto") == [("clear", "pump-not-auto", "pump")]


def test_a_late_reading_never_clears_before_the_raise(campus: Campus) -> None:
    player = Player(campus, SUMMER)
    player.play([(0, "pump.position", float(PumpPosition.MANUAL))], [1, 10])
    late = player.batch([(3, "pump.position", float(PumpPosition.AUTO))])
    [cleared] = [
        e for e in player.detection.step(late, player.start_us + 11_000_000).events if e.device == "pump"
    ]
    assert (cleared.kind, cleared.time_us) == (EventKind.CLEAR, player.start_us + 5_000_000)


USUAL = """
  - id: unusual
    kind: when
    version: 1
    title: {zh: 异常, en: Unusual}
    message: {zh: "{value}", en: "{value} above {limit}"}
    advice: {zh: 查, en: Look}
    family: fire
    severity: low
    select: {kinds: [pump]}
    fresh_s: 3600
    when: [{point: pressure_mpa, above: {usual: {days: 9, least: 3, like: any, times: 2}}}]
"""


@pytest.mark.parametrize(
    ("change", "goes_on"), [(("times: 2", "times: 3"), True), (("days: 9", "days: 8"), False)]
)
def test_another_version_goes_on_with_what_is_usual_if_it_follows_the_same(
    tmp_path: Path,
    change: tuple[str, str],
    goes_on: bool,  # noqa: FBT001 - a column of the table
) -> None:
    campus = small_campus(tmp_path, **{"rules:\n": f"rules:{USUAL}"})
    player = Player(campus, SUMMER)
    night = [(600.0 * n, "pump.pressure_mpa", 1.0) for n in range(6 * 30)]
    assert said(player.play(night, range(0, 108_000, 600)), "unusual") == []
    saved = player.detection.save_judged() | player.detection.save_held()
    later = small_campus(
        tmp_path, **{"rules:\n": f"rules:{USUAL}", "version: 1": "version: 2", change[0]: change[1]}
    )
    revived = Detection(later, "edge", player.table, player.start_us + 108_000_000_000)
    revived.restore(saved, player.start_us + 108_000_000_000)
    player.detection = revived
    events = player.play([(108_600.0, "pump.pressure_mpa", 9.0)], [108_601])
    assert said(events, "unusual") == ([("raise", "unusual", "pump")] if goes_on else [])
