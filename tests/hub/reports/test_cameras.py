"""States of cameras against a twin that looks at one after the other; rates that no silence improves."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from devices.campus.loading import load_campus
from devices.model.codes import CameraLink
from hub.reports.cameras import Limits, Looks, State, now, picture_rules, rates, rates_by, states

NAN = math.nan
LEVEL = st.sampled_from([0.0, 7.9, 8.0, 15.9, 16.0, 118.0, NAN])
CAMERA = st.tuples(
    st.sampled_from([*map(float, CameraLink), NAN]),
    LEVEL,
    LEVEL,
    st.sampled_from([0.0, 2.0, 3.0, NAN]),
    st.sampled_from([0.0, 95.0, 95.1, math.inf]),
)


OWN_STATE = {"UNAUTHORISED", "NOT_A_PICTURE", "SESSION_LIMIT", "SILENT", "UNDECODABLE", "CACHED"}


def twin(link: float, mean: float, std: float, same: float, age_s: float) -> State:
    if math.isnan(link) or age_s > 95:
        return State.UNKNOWN
    said = CameraLink(int(link))
    if said is not CameraLink.ONLINE:
        return State[said.name] if said.name in OWN_STATE else State.OFFLINE
    if mean < 16 and std < 8:
        return State.DARK
    return State.FROZEN if same > 2.5 else State.ONLINE


@settings(deadline=None)
@given(st.lists(CAMERA, max_size=20))
def test_cameras_together_are_judged_as_one_by_one(
    cameras: list[tuple[float, float, float, float, float]],
) -> None:
    columns = [np.array(column, np.float64) for column in zip(*cameras, strict=True)] or [np.empty(0)] * 5
    found = states(Looks(*columns), Limits(), np.full(len(cameras), 95.0))
    assert [State(value) for value in found.tolist()] == [twin(*camera) for camera in cameras]


def test_a_camera_of_which_nothing_is_known_stays_in_the_denominator() -> None:
    found = np.array([State.ONLINE, State.DARK, State.OFFLINE, State.UNKNOWN], np.int64)
    assert rates(found) == {
        "points": 4,
        "online": 2,
        "good": 1,
        "unknown": 1,
        "online_rate": 0.5,
        "good_rate": 0.25,
    }
    assert rates_by(found, ["a", "a", "b", "b"])["b"]["online_rate"] == 0.0
    assert rates(found[:0])["online_rate"] is None


def test_an_open_alert_about_its_picture_makes_a_camera_online_but_not_good() -> None:
    small = load_campus(Path(__file__).parents[1] / "site" / "site.yaml")
    readings = {
        "hall-cam-1.link": (0, 0.0, 0),
        "hall-cam-2.link": (0, 0.0, 0),
        "hall-cam-3.link": (0, 1.0, 0),
    }
    names, troubled = ["hall-cam-1", "hall-cam-2", "hall-cam-3"], {"hall-cam-2", "hall-cam-3"}
    found = now(small, names, readings.get, troubled, 1_000_000)
    assert [State(state) for state in found] == [State.ONLINE, State.PICTURE, State.OFFLINE]
    assert (rates(found)["online"], rates(found)["good"]) == (2, 1)


def test_rules_about_the_link_or_about_many_cameras_say_nothing_of_one_picture() -> None:
    judging = picture_rules(load_campus(Path(__file__).parents[3] / "config" / "demo" / "site.yaml"))
    assert {"camera-dark", "camera-frozen"} <= judging
    others = {"camera-offline", "camera-unsteady", "camera-many", "camera-clock-wrong", "pump-not-auto"}
    assert judging.isdisjoint(others | {"camera-recording-gap", "camera-recorder-gaps"})


def test_limits_are_those_of_the_campus_s_own_rules() -> None:
    assert Limits.of(load_campus(Path(__file__).parents[1] / "site" / "site.yaml")) == Limits()
    demo = load_campus(Path(__file__).parents[3] / "config" / "demo" / "site.yaml")
    assert Limits.of(demo) == Limits(mean_level=16, std_level=8, same_pictures=1.5)
