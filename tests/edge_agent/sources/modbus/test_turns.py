"""What is read together and what goes first: pure, with times as numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from edge_agent.sources.modbus.plan import plan_link
from edge_agent.sources.modbus.unit import Unit, turns_of
from edge_agent.sources.polling.breaker import Breaker
from edge_agent.sources.polling.turn import Turn
from tests.edge_agent.sources.small_campus import AGENT, campus_of, device, modbus_link

POINTS = [{"name": f"p{n}", "table": "holding", "addr": 100 * n} for n in range(3)]


def units(folder: Path) -> list[Unit]:
    devices = [device(f"m{unit}", "sheet", unit=unit) for unit in (1, 2)]
    campus = campus_of(folder, [modbus_link(502)], devices, {"sheet": {"kind": "modbus", "points": POINTS}})
    plans = plan_link(campus, campus.links["bus"], campus.points_of(AGENT))
    return [Unit.of(plan, Breaker(1.0, 1.0)) for plan in plans]


def asked(turn: Turn[Unit]) -> tuple[int, bool, list[int]]:
    return turn.unit.plan.unit, turn.is_urgent, [request.span.addr for request in turn.requests]


def test_requests_with_a_point_that_rules_read_are_a_turn_of_their_own(tmp_path: Path) -> None:
    reads = np.array([False, True, False, False, False, False])
    turns = turns_of(units(tmp_path), reads, (), 5.0)
    assert [asked(turn) for turn in turns] == [
        (1, True, [100]),
        (1, False, [0, 200]),
        (2, False, [0, 100, 200]),
    ]
    assert {turn.due_s for turn in turns} == {5.0}


def test_other_rules_sort_anew_and_what_was_due_stays_due(tmp_path: Path) -> None:
    both = units(tmp_path)
    before = turns_of(both, None, (), 5.0)
    before[0].due_s, before[1].due_s = 7.0, 8.0
    after = turns_of(both, np.array([False] * 5 + [True]), before, 99.0)
    assert [(*asked(turn)[:2], turn.due_s) for turn in after] == [
        (1, False, 7.0),
        (2, True, 8.0),
        (2, False, 8.0),
    ]
    assert after[0] is before[0]
    assert [asked(turn) for turn in turns_of(both, None, after, 99.0)] == [asked(turn) for turn in before]


def test_urgent_goes_before_earlier_but_not_before_what_has_waited_too_long(tmp_path: Path) -> None:
    one, two = units(tmp_path)
    urgent, rest = Turn(one, is_urgent=True, due_s=10.0), Turn(two, is_urgent=False, due_s=9.0)
    assert min((urgent, rest), key=lambda turn: turn.rank(10.0, 5.0)) is urgent
    assert min((urgent, rest), key=lambda turn: turn.rank(14.5, 5.0)) is rest


def test_a_round_that_begins_late_counts_those_that_were_missed(tmp_path: Path) -> None:
    turn = Turn(units(tmp_path)[0], is_urgent=False, due_s=10.0)
    assert turn.begin(10.2, 1.0) == 0
    assert turn.due_s == 11.0
    assert turn.begin(13.5, 1.0) == 2
    assert turn.due_s == 14.0
    assert turn.period_s == 13.5 - 10.2


def test_a_request_cut_meanwhile_by_another_round_is_not_cut_again(tmp_path: Path) -> None:
    columns = [{"name": f"p{n}", "table": "holding", "addr": n} for n in range(3)]
    campus = campus_of(
        tmp_path,
        [modbus_link(502)],
        [device("m1", "sheet", unit=1)],
        {"sheet": {"kind": "modbus", "points": columns}},
    )
    unit = Unit.of(plan_link(campus, campus.links["bus"], campus.points_of(AGENT))[0], Breaker(1.0, 1.0))
    whole = unit.requests[0]
    pieces = unit.refused(whole, 2, 0.0)
    assert len(pieces) > 1
    assert unit.refused(whole, 2, 0.0) == []
    assert unit.requests == pieces
