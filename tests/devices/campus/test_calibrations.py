from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from devices.campus.calibrations import Calibration, survey
from devices.model.plane import flaws, plane_of

GOOD: dict[str, Any] = {
    "camera": "cam",
    "picture": (640, 360),
    "corners_px": ((100, 340), (540, 340), (400, 80), (240, 80)),
    "lengths_m": (20.0, 20.0),
    "widths_m": (7.0, 7.0),
    "lanes": ({"radar": "r", "from_m": 0, "to_m": 7},),
}


def seen(places: np.ndarray, height_m: float, tilt_deg: float, turn_deg: float) -> np.ndarray:
    """Pixels of places on the road in a pinhole camera of 500 pixels focal length, written on its own."""
    tilt, turn = np.radians(tilt_deg), np.radians(turn_deg)
    x = places[:, 0] * np.cos(turn) - places[:, 1] * np.sin(turn)
    y = places[:, 0] * np.sin(turn) + places[:, 1] * np.cos(turn)
    depth = y * np.cos(tilt) + height_m * np.sin(tilt)
    down = -y * np.sin(tilt) + height_m * np.cos(tilt)
    return np.stack([320 + 500 * x / depth, 180 + 500 * down / depth], axis=1)


@settings(deadline=None, max_examples=60)
@given(
    height_m=st.floats(3, 12),
    tilt_deg=st.floats(15, 60),
    turn_deg=st.floats(-40, 40),
    near_m=st.floats(6, 15),
    length_m=st.floats(5, 40),
    width_m=st.floats(3, 12),
    place=st.tuples(st.floats(0, 1), st.floats(0, 1)),
)
def test_places_in_any_camera_are_found_again(
    height_m: float,
    tilt_deg: float,
    turn_deg: float,
    near_m: float,
    length_m: float,
    width_m: float,
    place: tuple[float, float],
) -> None:
    foot = np.array([-width_m / 2, near_m])
    road = foot + np.array([(0, 0), (width_m, 0), (width_m, length_m), (0, length_m)])
    corners = seen(road, height_m, tilt_deg, turn_deg)
    assume(not list(flaws(corners - corners.min(axis=0), (2000, 2000))))
    plane = plane_of(corners, width_m, length_m)
    wanted = np.array([place]) * (width_m, length_m)
    pixel = seen(foot + wanted, height_m, tilt_deg, turn_deg)
    assert plane.metres(pixel)[0] == pytest.approx(wanted[0], abs=1e-6)
    assert plane.pixels(wanted)[0] == pytest.approx(pixel[0], abs=1e-6)
    assert plane.scaled(0.5, 2.0).metres(pixel * (0.5, 2.0))[0] == pytest.approx(wanted[0], abs=1e-6)


def test_what_is_above_the_horizon_is_nowhere() -> None:
    plane = plane_of(GOOD["corners_px"], 7.0, 20.0)
    assert np.isnan(plane.metres([(320, -100)])).all()
    assert np.isfinite(plane.metres([(320, 200)])).all()


def refused(**changes: Any) -> str:
    with pytest.raises(ValidationError) as found:
        Calibration.model_validate(GOOD | changes)
    return str(found.value)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"corners_px": ((100, 300), (200, 250), (300, 200), (240, 80))}, "nearly on one line"),
        ({"corners_px": ((100, 340), (400, 80), (540, 340), (240, 80))}, "sides cross or the order"),
        ({"corners_px": ((540, 340), (100, 340), (240, 80), (400, 80))}, "sides cross or the order"),
        ({"corners_px": ((400, 80), (240, 80), (100, 340), (540, 340))}, "near side is above"),
        ({"corners_px": ((161, 204), (587, 201), (596, 198), (233, 191))}, "pixels off"),
        ({"corners_px": ((100, 340), (140, 340), (135, 330), (105, 330))}, "too close together"),
        ({"corners_px": ((100, 340), (640.5, 340), (400, 80), (240, 80))}, "outside of the picture"),
        ({"corners_px": ((100, 340), (540, 340), (250, 250), (240, 80))}, "order is wrong"),
        ({"lengths_m": (20.0, 21.0)}, "along the road differ by 100 cm"),
        ({"widths_m": (7.0, 7.5)}, "across the road differ by 50 cm"),
        ({"lengths_m": (4.0, 4.0)}, "too short"),
        (
            {"checks": ({"from_px": (100, 340), "to_px": (240, 80), "metres": 21.5},)},
            "21.50 m by tape, 20.00 m",
        ),
        ({"lanes": ({"radar": "r", "from_m": 3, "to_m": 2},)}, "from_m below to_m"),
    ],
)
def test_what_cannot_be_measured_by_is_refused_with_the_reason(changes: dict[str, Any], words: str) -> None:
    assert words in refused(**changes)


def test_a_fifth_distance_that_fits_tells_how_well() -> None:
    diagonal = float(np.hypot(7, 20))
    given_m = diagonal - 0.12
    calibration = Calibration.model_validate(
        GOOD
        | {
            "lengths_m": (20.1, 19.9),
            "checks": ({"from_px": (100, 340), "to_px": (400, 80), "metres": given_m},),
        }
    )
    found = survey(calibration)
    assert found.residual_cm == pytest.approx(7.07, abs=0.01)
    assert found.checks_cm == pytest.approx((12.0,), abs=0.01)
    assert found.speed_share >= 0.12 / given_m
    assert found.speed_share > survey(Calibration.model_validate(GOOD)).speed_share


def test_rough_clicks_on_a_small_piece_of_road_make_a_speed_less_sure() -> None:
    small = GOOD | {"corners_px": ((250, 200), (390, 200), (370, 150), (270, 150))}
    shares = [survey(Calibration.model_validate(one)).speed_share for one in (GOOD, small)]
    assert shares[0] < 0.02 < shares[1]


def test_the_example_of_the_page_is_a_calibration() -> None:
    page = (Path(__file__).parents[3] / "docs/vision-speed.md").read_text("utf-8")
    [example] = re.findall(r"```yaml\n(.*?)```", page, re.DOTALL)
    [written] = yaml.safe_load(example)["calibrations"]
    written = {key: str(value) if key == "made_on" else value for key, value in written.items()}
    calibration = Calibration.model_validate_json(json.dumps(written))
    assert survey(calibration).speed_share < 0.03
    keys = set(Calibration.model_fields) - {"camera"}
    assert all(f"`{key}`" in page for key in keys)
