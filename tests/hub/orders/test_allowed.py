"""What may be ordered: a limit of the set point is not looser than the rules want of the device."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest

from devices.campus.loading import load_campus
from devices.campus.rules import Exemption
from devices.campus.site import Campus
from devices.profiles.profile import Words
from hub.api.ordered import writable_shown
from hub.orders.allowed import range_of, writable_of, wrong

DEMO = Path(__file__).parents[3] / "config" / "demo" / "site.yaml"
DAY = dt.date(2026, 7, 1)


@pytest.fixture(scope="module")
def campus() -> Campus:
    return load_campus(DEMO)


def unit(campus: Campus) -> str:
    return next(one.id for one in campus.devices.values() if one.profile == "lg-pmbusb00a")


def ranges(campus: Campus, day: dt.date = DAY) -> dict[str, tuple[float, float] | None]:
    device = campus.devices[unit(campus)]
    return {one.point: range_of(campus, device, one, day) for one, _ in writable_of(campus, device)}


def test_a_limit_is_no_looser_than_the_rule_of_set_points(campus: Campus) -> None:
    found = ranges(campus)
    assert found["setpoint_low_c"] == (26, 30)
    assert found["setpoint_high_c"] == (16, 20)
    assert found["setpoint_c"] == (16, 30)
    device = campus.devices[unit(campus)]
    loose = wrong(campus, device, "setpoint_low_c", 25.0, 3600.0, DAY)
    assert loose is not None
    assert (loose.field, loose.expected) == ("value", "26 to 30")
    assert wrong(campus, device, "setpoint_low_c", 26.0, 3600.0, DAY) is None


def test_an_exempt_room_may_have_any_limit_until_its_exemption_ends(campus: Campus) -> None:
    why = Words(zh="机房", en="servers")
    exemption = Exemption(rule="setpoint", device=unit(campus), reason=why, until="2026-07-01")
    exempt = replace(campus, exemptions=(exemption,))
    assert ranges(exempt)["setpoint_low_c"] == (16, 30)
    assert ranges(exempt, DAY + dt.timedelta(days=1))["setpoint_low_c"] == (26, 30)


def test_without_such_a_rule_the_sheet_alone_counts(campus: Campus) -> None:
    without = replace(campus, rules={name: rule for name, rule in campus.rules.items() if name != "setpoint"})
    assert ranges(without)["setpoint_low_c"] == (16, 30)


def test_a_limit_is_shown_with_the_other_one_as_it_stands_in_the_device(campus: Campus) -> None:
    device = campus.devices[unit(campus)]
    known = {"setpoint_low_c": [1, 16.0, 0], "setpoint_high_c": [1, 28.0, 0]}
    shown = {
        one.point: writable_shown(one, point, range_of(campus, device, one, DAY), known)
        for one, point in writable_of(campus, device)
    }
    low, high = shown["setpoint_low_c"], shown["setpoint_high_c"]
    assert (low["range"], low["not_above"], low["not_below"], low["value"]) == ([26, 30], 28.0, None, 16.0)
    assert (high["range"], high["not_above"], high["not_below"]) == ([16, 20], None, 16.0)
    assert (shown["setpoint_c"]["not_above"], shown["on"]["range"]) == (None, None)
