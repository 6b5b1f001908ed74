"""The planner: each point exactly once, never a forbidden register, within the limits of the data sheet."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from devices.campus.modbus_links import ModbusTcpLink
from devices.campus.site import Campus
from devices.profiles.profile import Table
from edge_agent.sources.modbus.plan import Limits, Reading, Span, plan_link, spans, split
from tests.edge_agent.sources.modbus.register_points import readings
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

LIMITS = st.builds(
    Limits,
    most=st.integers(4, 125),
    gap=st.integers(0, 40),
    forbidden=st.lists(
        st.tuples(st.integers(0, 1300), st.integers(0, 20)).map(lambda r: (r[0], r[0] + r[1])), max_size=4
    ).map(tuple),
)


def rows(found: tuple[Span, ...]) -> list[int]:
    return sorted(reading.row for span in found for reading in span.readings)


def allowed(of: list[Reading], limits: Limits) -> list[Reading]:
    """Points that lie in a forbidden range never reach `spans`: such a data sheet is refused."""
    return [reading for reading in of if not limits.forbids(reading.addr, reading.end - 1)]


@given(readings(most=25), LIMITS)
@settings(max_examples=150, deadline=None)
def test_every_point_lies_in_exactly_one_request_within_all_limits(of: list[Reading], limits: Limits) -> None:
    of = allowed(of, limits)
    found = spans(of, limits)
    assert rows(found) == sorted(reading.row for reading in of)
    for span in found:
        assert span.count <= limits.most
        assert not limits.forbids(span.addr, span.addr + span.count - 1)
        assert span.addr == min(reading.addr for reading in span.readings)
        assert span.addr + span.count == max(reading.end for reading in span.readings)
        assert 0 <= span.wasted <= limits.gap * (len(span.readings) - 1)


@given(readings(most=25), LIMITS)
@settings(max_examples=100, deadline=None)
def test_no_two_neighbouring_requests_could_have_been_one(of: list[Reading], limits: Limits) -> None:
    found = spans(allowed(of, limits), limits)
    for one, two in pairwise(found):
        gap = two.addr - (one.addr + one.count)
        first_end = min(reading.end for reading in two.readings if reading.addr == two.addr)
        joined = max(first_end, one.addr + one.count) - one.addr
        assert gap > limits.gap or joined > limits.most or limits.forbids(one.addr + one.count, two.addr - 1)


@given(readings(most=20))
@settings(max_examples=100, deadline=None)
def test_cutting_again_and_again_ends_with_single_values_and_loses_none(of: list[Reading]) -> None:
    whole = spans(of, Limits(2000, 100, ()))
    pieces = list(whole)
    for _ in range(60):
        cut = [part for piece in pieces for part in split(piece)]
        if len(cut) == len(pieces):
            break
        pieces = cut
    assert rows(tuple(pieces)) == rows(whole)
    assert all(len({reading.addr for reading in piece.readings}) == 1 for piece in pieces)
    assert all(split(piece) == (piece,) for piece in pieces)


def link_of(campus: Campus) -> ModbusTcpLink:
    link = campus.links["bus"]
    assert isinstance(link, ModbusTcpLink)
    return link


def test_indoor_units_behind_one_gateway_share_requests(tmp_path: Path) -> None:
    devices = [device(f"ac-{n}", "daikin-dta116a", unit=1, index=n) for n in range(20)]
    campus = campus_of(tmp_path, [modbus_link(502)], devices)
    table = campus.points_of(AGENT)
    (unit,) = plan_link(campus, link_of(campus), table)
    assert rows(unit.spans) == list(range(len(table)))
    assert [(span.table, span.addr, span.count) for span in unit.spans] == [
        (Table.INPUT, 2000, 59),
        (Table.INPUT, 2060, 59),
        (Table.INPUT, 3600, 40),
    ]


def test_units_are_planned_apart_and_in_order(tmp_path: Path) -> None:
    devices = [device(f"m-{n}", "eastron-sdm630", unit=n) for n in (9, 3)]
    campus = campus_of(tmp_path, [modbus_link(502)], devices)
    plans = plan_link(campus, link_of(campus), campus.points_of(AGENT))
    assert [(plan.unit, plan.devices) for plan in plans] == [(3, ("m-3",)), (9, ("m-9",))]
    assert [(span.addr, span.count) for span in plans[0].spans] == [(0, 18), (52, 24)]


def test_optional_points_have_requests_of_their_own_after_the_others(tmp_path: Path) -> None:
    campus = campus_of(tmp_path, [modbus_link(502)], [device("ac", "intesis-inmbs")])
    (unit,) = plan_link(campus, link_of(campus), campus.points_of(AGENT))
    assert [(span.addr, span.count, span.optional) for span in unit.spans] == [(0, 12, False), (22, 2, True)]


def test_no_request_reaches_over_a_forbidden_range_between_two_devices(tmp_path: Path) -> None:
    sheet = {
        "kind": "modbus",
        "max_index": 9,
        "max_gap": 20,
        "forbidden": [[15, 15]],
        "points": [{"name": "a", "table": "holding", "addr": 0, "stride": 10}],
    }
    devices = [device(f"d{n}", "sheet", index=n) for n in (0, 1, 2, 3)]
    campus = campus_of(tmp_path, [modbus_link(502)], devices, {"sheet": sheet})
    (unit,) = plan_link(campus, link_of(campus), campus.points_of(AGENT))
    assert [(span.addr, span.count) for span in unit.spans] == [(0, 11), (20, 11)]


def test_a_device_parameter_rules_over_the_sheets_default(tmp_path: Path) -> None:
    devices = [device("old", "intesis-inmbs", parameters={"temperature_scale": 0.1})]
    campus = campus_of(tmp_path, [modbus_link(502)], devices)
    (unit,) = plan_link(campus, link_of(campus), campus.points_of(AGENT))
    by_name = {reading.point.name: reading for span in unit.spans for reading in span.readings}
    assert by_name["room_c"].multiplier == 0.1
    assert by_name["on"].multiplier == 1.0
