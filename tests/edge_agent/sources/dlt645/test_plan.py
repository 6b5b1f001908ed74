"""Points to questions: blocks where the sheet names them, each point in exactly one, and what a round takes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from devices.campus.dlt645_links import Dlt645Link
from devices.campus.loading import load_campus
from devices.campus.site import Campus
from edge_agent.planning import page, planned
from edge_agent.sources.dlt645.forecast import described, takes_s
from edge_agent.sources.dlt645.plan import plan_link, singles
from tests.edge_agent.sources.small_campus import AGENT, NAME, campus_of, device

ROOT = Path(__file__).parents[4]


def campus(folder: Path, *devices: dict[str, Any], **link: Any) -> Campus:
    plain = {"id": "bus", "agent": AGENT, "kind": "dlt645-tcp", "name": NAME, "host": "h", "port": 1}
    return campus_of(folder, [{**plain, **link}], devices)


def bus(site: Campus, name: str = "bus") -> Dlt645Link:
    link = site.links[name]
    assert isinstance(link, Dlt645Link)
    return link


def test_a_three_phase_meter_takes_eight_questions_for_nineteen_points(tmp_path: Path) -> None:
    site = campus(tmp_path, device("m", "dlt645-three-phase", address="1", parameters={"ratio": 40}))
    table = site.points_of(AGENT)
    (plan,) = plan_link(site, bus(site), table)
    assert plan.address == "000000000001"
    assert [(item.identifier, item.count) for item in plan.items] == [
        *(("0201FF00", 3), ("0202FF00", 3), ("0203FF00", 4), ("0001FF00", 5)),
        *(("02040000", 1), ("02060000", 1), ("02800002", 1), ("00020000", 1)),
    ]
    names = [table.names[reading.row] for item in plan.items for _, reading in item.readings]
    assert sorted(names) == sorted(
        f"m.{point.name}" for point in site.profile_of(site.devices["m"]).sheet.points
    )
    ratios = {table.names[r.row]: r.multiplier for item in plan.items for _, r in item.readings}
    assert (ratios["m.power_w"], ratios["m.i_l1_a"]) == (40.0, 1.0)


def test_a_block_is_taken_apart_into_its_points_and_a_point_into_nothing(tmp_path: Path) -> None:
    site = campus(tmp_path, device("m", "dlt645-three-phase", address="1"))
    (plan,) = plan_link(site, bus(site), site.points_of(AGENT))
    energies = plan.items[3]
    assert energies.longer
    assert [item.identifier for item in singles(energies)] == [
        *("00010000", "00010100", "00010200", "00010300", "00010400")
    ]
    assert [item.optional for item in singles(energies)] == [False, True, True, True, True]
    assert singles(singles(energies)[0]) == ()


def test_meters_come_in_order_of_their_address(tmp_path: Path) -> None:
    site = campus(
        tmp_path,
        device("b", "dlt645-single-phase", address="20"),
        device("a", "dlt645-single-phase", address="3"),
    )
    plans = plan_link(site, bus(site), site.points_of(AGENT))
    assert [plan.device for plan in plans] == ["a", "b"]


def test_time_of_a_question_follows_from_its_bytes(tmp_path: Path) -> None:
    """16 bytes and 4 that wake the bus each way, 11 bits a byte with parity; plus delay and pause."""
    site = campus(tmp_path, device("m", "dlt645-single-phase", address="1"), baud=1200)
    (plan,) = plan_link(site, bus(site), site.points_of(AGENT))
    voltage = next(item for item in plan.items if item.identifier == "02010100")
    assert takes_s(voltage, bus(site), 0.0) == pytest.approx((20 + 20 + 2) * 11 / 1200 + 0.03)
    faster = bus(site).model_copy(update={"baud": 9600, "frame": "8N1"})
    assert takes_s(voltage, faster, 0.2) == pytest.approx((20 + 20 + 2) * 10 / 9600 + 0.2 + 0.03)


def test_a_bus_that_is_too_slow_for_its_period_is_told(tmp_path: Path) -> None:
    meters = [device(f"m{n}", "dlt645-three-phase", address=str(n)) for n in range(1, 9)]
    site = campus(tmp_path, *meters, poll_s=10, baud=1200)
    told = described(site, bus(site))
    assert (told["requests"], told["points"], len(told["meters"])) == (64, 152, 8)
    assert told["cycle_s"] > 10
    assert not told["keeps_period"]


def test_campus_edge_plan_shows_the_example_meters() -> None:
    text = page(planned(ROOT / "config/examples/meters.yaml", "edge-1", None, None, 1))
    assert "meter-bus (dlt645-tcp): 49 points of 3 meters in 23 requests" in text
    assert "meter AAAAAAAAAAAA: shop" in text
    assert "0203FF00" in text
    assert "TOO SLOW" not in text


def test_example_meters_load() -> None:
    site = load_campus(ROOT / "config/examples/meters.yaml")
    assert {link.kind for link in site.links.values()} == {"dlt645-tcp", "dlt645-serial"}
