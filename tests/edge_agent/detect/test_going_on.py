"""Going on after a restart: from saved state, after a crash, with another version of a rule or of the agent."""

from __future__ import annotations

from pathlib import Path

import pytest

from devices.campus.site import Campus
from devices.model.alerts import EventKind
from devices.model.codes import PumpPosition
from devices.model.errors import Garbled
from edge_agent.detect import saving
from edge_agent.detect.detection import Detection
from tests.edge_agent.detect.player import SUMMER, Player, alive, said
from tests.edge_agent.detect.small_campus import small_campus


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    return small_campus(tmp_path)


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


YEAR_S = 365 * 86_400


@pytest.mark.parametrize("behind_s", [2 * 86_400, YEAR_S, 55 * YEAR_S], ids=["a weekend", "a year", "1970"])
@pytest.mark.parametrize("set_right", [True, False], ids=["then set right", "and stays so"])
def test_a_clock_behind_what_was_saved_blinds_nobody(campus: Campus, behind_s: int, set_right: bool) -> None:  # noqa: FBT001 - a column of the table
    player = Player(campus, SUMMER)
    player.play([*alive(60), (1, "pump.position", float(PumpPosition.AUTO))], range(60))
    saved = player.detection.save_judged() | player.detection.save_held()
    player.start_us -= behind_s * 1_000_000
    player.detection = Detection(campus, "edge", player.table, player.start_us + 120_000_000)
    player.detection.restore(saved, player.start_us + 120_000_000)
    player.play([(121, "pump.position", float(PumpPosition.AUTO))], [121, 130])
    if set_right:
        player.detection.shift(behind_s * 1_000_000)
        player.start_us += behind_s * 1_000_000
    turned = [(s, "pump.position", float(PumpPosition.MANUAL)) for s in range(131, 161, 10)]
    assert said(player.play(turned, range(131, 161)), "pump-not-auto") == [("raise", "pump-not-auto", "pump")]


def test_a_rule_whose_past_is_cut_otherwise_under_the_same_version_learns_anew(tmp_path: Path) -> None:
    player = Player(small_campus(tmp_path, **{"rules:\n": f"rules:{USUAL}"}), SUMMER)
    player.play([(600.0 * n, "pump.pressure_mpa", 1.0) for n in range(60)], range(0, 36_000, 600))
    saved = player.detection.save_judged() | player.detection.save_held()
    for change in ("days: 9", "days: 4"), ("least: 3", "per: day"):
        edited = small_campus(tmp_path, **{"rules:\n": f"rules:{USUAL}", change[0]: change[1]})
        revived = Detection(edited, "edge", player.table, player.start_us + 36_000_000_000)
        assert revived.restore(saved, player.start_us + 36_000_000_000) == []
        assert revived.step(player.batch([]), player.start_us + 36_001_000_000).events == []


def test_a_clock_that_was_set_puts_nothing_false_into_what_is_usual(tmp_path: Path) -> None:
    rule = USUAL.replace("pressure_mpa", "pump1_a")
    player = Player(small_campus(tmp_path, **{"rules:\n": f"rules:{rule}"}), SUMMER)
    steady = [(600.0 * n, "pump.pump1_a", 1200.0) for n in range(24)]
    player.play(steady[:3], [0, 600, 1200])
    player.detection.shift(3_000_000)
    player.start_us += 3_000_000
    player.play(steady[3:], range(1800, 14_400, 600))
    past = player.detection._judges["unusual"].columns()["c0/limit/past"]
    assert {float(value) for value in past.ravel() if value == value} == {1200.0}  # noqa: PLR0124 - NaN differs


def test_a_rule_replaced_twice_before_it_judged_anything_sees_what_is_held(
    campus: Campus, tmp_path: Path
) -> None:
    (tmp_path / "newer").mkdir()
    newer = small_campus(
        tmp_path / "newer", **{"  - id: pump-not-auto\n": "  - id: pump-not-auto\n    version: 2\n"}
    )
    player = Player(campus, SUMMER)
    player.play([(0, "pump.position", float(PumpPosition.AUTO))], [1])
    player.play([(5, "pump.position", float(PumpPosition.MANUAL))], [6])  # not yet for long enough
    for moment, site in enumerate([newer, newer]):  # published, and again in the same breath; or killed in it
        now_us = player.start_us + 7_000_000 + moment
        detection = Detection(site, "edge", player.table, now_us)
        detection.restore({**player.detection.save_judged(), **player.detection.save_held()}, now_us)
        player.detection = detection
    raised = player.play([], [60])
    assert said(raised, "pump-not-auto") == [("raise", "pump-not-auto", "pump")]
