"""The open alerts that an agent keeps: as a set of events says, through any restart."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.alerts import AlertEvent, EventKind, Severity
from devices.model.errors import Garbled
from edge_agent.uplink.holding import PARTS, PREFIX, TOTAL, Holding, read
from tests.devices.wire.examples import EVENTS

RAISED = replace(EVENTS[0], kind=EventKind.RAISE, evidence={})
JUDGED = {f"{RAISED.rule}:{RAISED.rule_version}"}
KINDS = st.sampled_from([EventKind.RAISE, EventKind.CLEAR, EventKind.CHANGE, EventKind.MOMENT])
STEPS = st.lists(st.tuples(st.integers(0, 9), KINDS, st.booleans()), max_size=60)


def event(number: int, kind: EventKind, time_us: int) -> AlertEvent:
    return replace(RAISED, id=f"{number:024x}", kind=kind, time_us=time_us)


@given(STEPS)
def test_after_any_restarts_the_parts_hold_the_raises_that_have_not_cleared(
    steps: list[tuple[int, EventKind, bool]],
) -> None:
    holding, saved, slow = Holding(), dict[str, bytes](), dict[str, int]()
    holding.begin({}, ())
    for time_us, (number, kind, restarts) in enumerate(steps):
        made = event(number, kind, time_us)
        holding.take([made])
        if kind is EventKind.RAISE:
            slow[made.id] = time_us
        elif kind is EventKind.CLEAR:
            slow.pop(made.id, None)
        saved |= holding.states()
        holding.kept()
        if restarts:
            holding = Holding()
            holding.begin(saved, JUDGED)
            assert not holding.states(), "what is on disk is not written again"
    parts = [data for name, data in saved.items() if name.startswith(PREFIX)]
    assert {one.id: one.time_us for one in read(parts)} == slow


def test_a_change_is_kept_as_the_raise_it_changes() -> None:
    holding = Holding()
    holding.take(
        [
            RAISED,
            replace(RAISED, kind=EventKind.CHANGE, severity=Severity.CRITICAL, time_us=RAISED.time_us + 9),
        ]
    )
    (kept,) = read(data for name, data in holding.states().items() if name.startswith(PREFIX))
    assert kept == replace(RAISED, severity=Severity.CRITICAL)


def test_what_was_not_kept_is_given_again_and_only_its_part() -> None:
    holding = Holding()
    holding.begin({}, ())
    assert len(holding.states()) == PARTS + 1
    holding.kept()
    holding.take([RAISED])
    assert len(holding.states()) == len(holding.states()) == 2


def test_a_part_that_is_missing_is_noticed() -> None:
    holding = Holding()
    holding.take([RAISED])
    with pytest.raises(Garbled):
        Holding().begin({TOTAL: holding.states()[TOTAL]}, JUDGED)


def test_what_no_rule_judges_any_more_is_forgotten() -> None:
    holding = Holding()
    holding.take([RAISED])
    saved = holding.states()
    again = Holding()
    again.begin(saved, {"another:1"})
    assert len(again) == 0
    assert again.states().keys() == saved.keys()
