"""Plans as the hub answers with them: places for everybody who may look, drawings that can do nothing."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.plans_loading import load_plans
from devices.campus.site import Campus
from hub.accounts.roles import Role
from hub.api.ports import Ports
from tests.hub.api.conftest import Client, SignIn

SITE = Path(__file__).parents[1] / "site" / "site.yaml"
PLANS = """
plans:
- {id: floor-1, building: hq1-main, drawing: plan.svg}
- {id: map, site: hq1, drawing: plan.svg}
positions: positions.csv
"""
DRAWING = '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 100 50"><text>一层</text></svg>'


@pytest.fixture
def campus(tmp_path: Path) -> Campus:
    for path in SITE.parent.iterdir():
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "site.yaml").write_text(SITE.read_text("utf-8") + PLANS, "utf-8")
    (tmp_path / "plan.svg").write_text(DRAWING, "utf-8")
    (tmp_path / "positions.csv").write_text(
        "plan,device,x,y,heading,angle\nmap,hq1-radar-1,1.5,2,90,70\nmap,hq1-ac-301,3,4,,\n", "utf-8"
    )
    return load_campus(tmp_path / "site.yaml")


@pytest.fixture
def ports(ports: Ports, tmp_path: Path, campus: Campus) -> Ports:
    return replace(ports, plans=load_plans(tmp_path / "site.yaml", campus))


async def test_plans_and_positions_come_in_one_answer(viewer: Client) -> None:
    answer = (await viewer.get("/api/plans")).json()
    assert answer["table"] == "positions.csv"
    assert answer["plans"][0] == {
        "id": "floor-1", "site": None, "building": "hq1-main", "floor": 1, "view_box": [0, 0, 100, 50],
    }  # fmt: skip
    assert answer["plans"][1]["site"] == "hq1"
    assert answer["plans"][1]["floor"] is None
    assert answer["positions"] == [
        {"plan": "map", "device": "hq1-radar-1", "x": 1.5, "y": 2, "heading": 90, "angle": 70},
        {"plan": "map", "device": "hq1-ac-301", "x": 3, "y": 4},
    ]


async def test_a_drawing_is_served_so_that_nothing_in_it_can_run(viewer: Client) -> None:
    answer = await viewer.get("/api/plans/map/drawing")
    assert answer.text == DRAWING
    assert answer.headers["content-type"] == "image/svg+xml; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "sandbox" in policy
    assert "script" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    again = await viewer.get("/api/plans/map/drawing", headers={"If-None-Match": answer.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


async def test_unknown_plans_are_not_found_and_strangers_see_none(viewer: Client, sign_in: SignIn) -> None:
    assert (await viewer.get("/api/plans/none/drawing")).status_code == 404
    stranger = await sign_in(None)
    assert (await stranger.get("/api/plans")).status_code == 401
    assert (await stranger.get("/api/plans/map/drawing")).status_code == 401
    assert (await (await sign_in(Role.ADMIN)).get("/api/plans")).status_code == 200
