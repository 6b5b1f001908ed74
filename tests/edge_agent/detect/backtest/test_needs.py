"""What judging a rule needs: no point less than it looks at, and no more than that."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devices.campus.loading import load_campus, with_rules
from devices.campus.rules import RuleFile
from devices.campus.site import Campus
from edge_agent.detect.backtest import needs
from tests.edge_agent.detect.small_campus import small_campus

DAY_S = 86_400


@pytest.fixture(scope="module")
def campus(tmp_path_factory: pytest.TempPathFactory) -> Campus:
    return small_campus(tmp_path_factory.mktemp("campus"))


def with_rule(campus: Campus, **changes: Any) -> Campus:
    words = {"zh": "规则", "en": "rule"}
    rule = {
        "id": "new",
        "kind": "when",
        **dict.fromkeys(("title", "message", "advice"), words),
        "family": "fire",
        "severity": "low",
        "select": {"kinds": ["pump"]},
        "when": [{"point": "pressure_mpa", "below": 0.2}],
        **changes,
    }
    return with_rules(campus, RuleFile.model_validate({"rules": [rule]}).rules)


def points(campus: Campus, name: str) -> set[str]:
    return needs.points_of(campus, needs.with_causes(campus, [name]).values())


def before_s(campus: Campus, name: str = "new") -> float:
    return needs.before_s(needs.with_causes(campus, [name]).values()) - needs.LEAST_BEFORE_S


def test_a_comparison_needs_its_points_and_those_of_its_limits_and_levels(campus: Campus) -> None:
    made = with_rule(
        campus,
        when=[
            {"any": [{"not": {"point": "demand", "equals": "on"}}, {"point": "pressure_mpa", "above": 0.3}]}
        ],
        levels=[
            {"severity": "high", "when": [{"point": "tank_level_m", "below": {"point": "pool_level_m"}}]}
        ],
    )
    assert points(made, "new") == {
        f"pump.{n}" for n in ("demand", "pressure_mpa", "tank_level_m", "pool_level_m")
    }


def test_a_set_point_needs_what_each_make_has_of_it(campus: Campus) -> None:
    found = points(campus, "setpoint")
    assert {"ac-1.on", "ac-1.mode", "ac-1.setpoint_c", "ac-4.running_mode"} <= found
    assert not {name for name in found if name.endswith("room_c")}


def test_silence_needs_all_voices_of_the_links_behind_which_it_is_judged(campus: Campus) -> None:
    found = points(campus, "silent")
    assert {name.partition(".")[0] for name in found} == {"ac-1", "ac-2", "ac-3", "ac-4", "pump"}
    assert len(found) == sum(
        len(campus.profile_of(campus.devices[name]).points)
        for name in ("ac-1", "ac-2", "ac-3", "ac-4", "pump")
    )


def test_speeding_hears_plate_cameras_which_tell_classes() -> None:
    demo = load_campus(Path(__file__).parents[4] / "config/demo/site.yaml")
    assert {"hq1-radar-in.direction", "hq1-plate-in.vehicle_class"} <= points(demo, "speeding")


def test_speeding_never_reads_what_was_made_of_its_own_readings(campus: Campus) -> None:
    found = points(campus, "speeding")
    assert "radar.speed_kmh" in found
    assert not {name for name in found if ".pass_" in name}


def test_a_rule_brings_those_that_hold_it_back(campus: Campus) -> None:
    made = with_rule(campus, held_back_by=[{"rule": "link-silent", "on": "link"}])
    assert list(needs.with_causes(made, ["new"])) == ["link-silent", "new"]
    assert list(needs.with_causes(made, ["low-pressure", "nobody"])) == ["low-pressure"]
    assert needs.with_causes(with_rule(campus, enabled=False), ["new"]) == {}


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({}, 60),
        ({"on_delay_s": 600, "off_delay_s": 60}, 720),
        ({"when": [{"point": "pressure_mpa", "rate": {"over_s": 900}, "below": -1}]}, 900),
        (
            {
                "when": [
                    {"point": "stabiliser_running", "count": {"becomes": "on", "within_s": 7200}, "above": 5}
                ]
            },
            7200,
        ),
        ({"when": [{"point": "pressure_mpa", "flat_s": 3600}]}, 3600),
        ({"when": [{"point": "pressure_mpa", "above": {"usual": {"days": 28}}}]}, 29 * DAY_S),
        ({"levels": [{"severity": "high", "on_delay_s": 1800}], "on_delay_s": 10}, 1870),
    ],
)
def test_what_lies_before_covers_delays_windows_and_usual_days(
    campus: Campus, changes: dict[str, Any], seconds: float
) -> None:
    assert before_s(with_rule(campus, **changes)) == seconds


def test_a_campus_is_narrowed_to_what_is_judged(campus: Campus) -> None:
    rules = needs.with_causes(campus, ["low-pressure"])
    small = needs.narrowed(campus, rules, {"pump"})
    assert (set(small.rules), set(small.devices)) == ({"low-pressure"}, {"pump"})
    assert len(campus.devices) > 1


def test_every_point_that_a_standard_rule_looks_at_is_read() -> None:
    site = Path(__file__).parents[4] / "config" / "demo" / "site.yaml"
    campus = load_campus(site)
    for name in campus.rules:
        judged = needs.with_causes(campus, [name]).values()
        found = needs.points_of(campus, judged)
        known = {point for agent in campus.agents for point in campus.points_of(agent).names}
        assert found <= known, name
        assert found, name


def test_a_stand_by_that_is_usual_is_warmed_up_as_a_limit_is(campus: Campus) -> None:
    stand_by = {"usual": {"days": 28, "like": "any"}}
    [rule] = RuleFile.model_validate(
        {
            "rules": [
                {
                    **campus.rules["low-pressure"].model_dump(mode="json", by_alias=True),
                    "severity": "low",
                    "only": {"hours": [{"start": "19:00", "end": "07:00"}]},
                    "when": [{"point": "power_w", "energy": {"stand_by": stand_by}, "above": 10}],
                }
            ]
        }
    ).rules
    assert needs.before_s([rule]) > 29 * DAY_S
