from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
import yaml

from devices.campus.calibrations import Calibration
from devices.model.alerts import Family
from devices.model.samples import SampleBatch
from hub.accounts.roles import Role
from hub.alerts import store
from hub.api.ports import Ports
from tests.hub.alerts.events import START_US, cleared, raised
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


@pytest.mark.parametrize(
    ("made_on", "is_over", "told"),
    [
        (None, True, True),
        ("2026-06-30", True, True),
        ("2026-07-01", True, False),  # over on the day of the measuring: it may be why that was done
        ("2026-07-01", False, True),
        ("2026-07-02", True, False),
    ],
)
async def test_a_camera_that_moved_after_its_road_was_measured_is_told(
    ports: Ports, sign_in: SignIn, made_on: str | None, *, is_over: bool, told: bool
) -> None:
    one = Calibration.model_validate(GOOD | {"made_on": made_on})
    ports.book.campus = replace(ports.campus, calibrations={one.camera: one})
    about: dict[str, Any] = {"device": one.camera, "family": Family.CAMERA, "start_us": START_US}
    dark = raised(0, rule="camera-dark", **(about | {"start_us": START_US - 1}))
    events = [dark, raised(0, rule="camera-moved", **about)]
    events += [cleared(60, rule="camera-moved", **about)] if is_over else []
    await ports.db.write(lambda c: store.apply_events(c, events, "edge", None, START_US))
    [row] = (await (await sign_in(Role.VIEWER)).get("/api/calibrations")).json()["rows"]
    assert row["moved_us"] == (START_US if told else None)


@pytest.mark.parametrize(("void_s", "told"), [(0.0, None), (90.0, START_US - 90_000_000)])
async def test_a_calibration_that_the_gateway_does_not_count_is_told_without_any_alert(
    ports: Ports, sign_in: SignIn, void_s: float, told: int | None
) -> None:
    one = Calibration.model_validate(GOOD | {"made_on": "2026-07-02"})
    ports.book.campus = replace(ports.campus, calibrations={one.camera: one})
    ports.newest.update(SampleBatch.of([0], START_US, [void_s]), [f"{one.camera}.vision_void_s"])
    [row] = (await (await sign_in(Role.VIEWER)).get("/api/calibrations")).json()["rows"]
    assert row["moved_us"] == told


async def test_those_in_force_are_listed_with_what_there_is_to_calibrate(sign_in: SignIn) -> None:
    viewer = await sign_in(Role.VIEWER)
    answer = (await viewer.get("/api/calibrations")).json()
    assert answer["rows"] == []
    assert "hq1-radar-1" in {radar["id"] for radar in answer["radars"]}
    assert (await viewer.post("/api/calibrations/try", json=GOOD)).status_code == 403
