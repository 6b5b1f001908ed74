from __future__ import annotations

from typing import Any

import pytest
import yaml

from devices.campus.calibrations import Calibration
from hub.accounts.roles import Role
from tests.hub.api.conftest import SignIn

GOOD: dict[str, Any] = {
    "camera": "hq1-cam-0001",
    "picture": [640, 360],
    "corners_px": [[100, 340], [540, 340], [400, 80], [240, 80]],
    "lengths_m": [20.0, 20.1],
    "widths_m": [7, 7],
    "checks": [{"from_px": [100, 340], "to_px": [400, 80], "metres": 21.2}],
    "lanes": [{"radar": "hq1-radar-1", "from_m": 0, "to_m": 7}],
}


async def test_a_calibration_is_tried_and_comes_back_as_it_is_to_be_written(sign_in: SignIn) -> None:
    engineer = await sign_in(Role.ENGINEER)
    answer = (await engineer.post("/api/calibrations/try", json=GOOD)).json()
    assert answer["problems"] == []
    assert (answer["residual_cm"], answer["checks_cm"], answer["grid_m"]) == (3.5, [3.7], 1.0)
    assert 0 < answer["speed_percent"] < 2
    corners = {tuple(end) for line in answer["grid"] for end in line}
    assert {(100.0, 340.0), (540.0, 340.0), (400.0, 80.0), (240.0, 80.0)} <= corners
    assert len(answer["grid"]) == 22 + 8
    [written] = yaml.safe_load(answer["yaml"])["calibrations"]
    assert Calibration.model_validate(written) == Calibration.model_validate(GOOD)


async def test_what_cannot_be_used_is_told_in_both_languages(sign_in: SignIn) -> None:
    engineer = await sign_in(Role.ENGINEER)
    wrong = GOOD | {"lengths_m": [20.0, 24.0]}
    answer = (await engineer.post("/api/calibrations/try", json=wrong)).json()
    first, second = answer["problems"]
    assert "differ by 400 cm" in first["en"]
    assert "相差 400 厘米" in first["zh"]
    assert "look at both" in second["en"]
    assert "grid" not in answer


@pytest.mark.parametrize(
    "change", [{"picture": [0, 0]}, {"corners_px": [[1, 2]]}, {"lanes": []}, {"more": 1}]
)
async def test_what_is_no_calibration_is_refused(sign_in: SignIn, change: dict[str, Any]) -> None:
    engineer = await sign_in(Role.ENGINEER)
    assert (await engineer.post("/api/calibrations/try", json=GOOD | change)).status_code == 422


async def test_those_in_force_are_listed_with_what_there_is_to_calibrate(sign_in: SignIn) -> None:
    viewer = await sign_in(Role.VIEWER)
    answer = (await viewer.get("/api/calibrations")).json()
    assert answer["rows"] == []
    assert "hq1-radar-1" in {radar["id"] for radar in answer["radars"]}
    assert (await viewer.post("/api/calibrations/try", json=GOOD)).status_code == 403
