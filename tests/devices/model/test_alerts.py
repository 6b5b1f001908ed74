from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.alerts import NEXT, Act, Severity, State, alert_id, step
from devices.model.errors import Refused, WrongMove

#: Every (state, act): where it leads, None where it is refused. Written out, so that a changed table is seen.
LIFE = {
    (State.RAISED, Act.RAISE): None,
    (State.RAISED, Act.ACK): State.ACKED,
    (State.RAISED, Act.CLEAR): State.CLEARED,
    (State.ACKED, Act.RAISE): None,
    (State.ACKED, Act.ACK): None,
    (State.ACKED, Act.CLEAR): State.CLOSED,
    (State.CLEARED, Act.RAISE): State.RAISED,
    (State.CLEARED, Act.ACK): State.CLOSED,
    (State.CLEARED, Act.CLEAR): None,
    (State.CLOSED, Act.RAISE): None,
    (State.CLOSED, Act.ACK): None,
    (State.CLOSED, Act.CLEAR): None,
    (State.LATCHED, Act.RAISE): None,
    (State.LATCHED, Act.ACK): None,
    (State.LATCHED, Act.CLEAR): None,
    **{(state, Act.RESET): None for state in State},
}
#: What is different for an alert that latches.
LATCHING = LIFE | {
    (State.ACKED, Act.CLEAR): State.LATCHED,
    (State.CLEARED, Act.ACK): State.LATCHED,
    (State.CLEARED, Act.RESET): State.CLOSED,
    (State.LATCHED, Act.RESET): State.CLOSED,
}


NAMES = st.text("ab1-", min_size=1, max_size=4)  # ids have no colon
PARTS = st.tuples(NAMES, st.integers(1, 20), NAMES, st.integers(0, 2**50))


def test_every_pair_of_state_and_act_is_judged() -> None:
    assert set(LIFE) == set(itertools.product(State, Act))


@pytest.mark.parametrize("latch", [False, True])
@pytest.mark.parametrize(("state", "act"), LIFE)
def test_act_leads_where_the_life_says_or_is_refused_by_name(state: State, act: Act, *, latch: bool) -> None:
    expected = (LATCHING if latch else LIFE)[state, act]
    if expected is not None:
        assert step(state, act, latch=latch) is expected
        return
    with pytest.raises(WrongMove, match=rf"cannot {act} an alert that is {state}") as caught:
        step(state, act, latch=latch)
    assert isinstance(caught.value, Refused)


def test_closed_is_the_only_end_and_is_reached_from_everywhere() -> None:
    assert {state for state in State if not any(key[0] is state for key in NEXT)} == {State.CLOSED}
    reached = {State.CLOSED}
    for _ in State:
        reached |= {before for (before, _), after in NEXT.items() if after in reached}
    assert reached == set(State)


def test_an_alert_that_latches_is_closed_by_a_reset_alone() -> None:
    for state, act in LATCHING:
        if LATCHING[state, act] is State.CLOSED:
            assert act is Act.RESET


def test_an_alert_is_acknowledged_in_every_way_to_its_end() -> None:
    """Closed needs both: a person and the return to normal; in either order."""
    for acts in itertools.product(Act, repeat=4):
        state, done = State.RAISED, set()
        for act in acts:
            try:
                state = step(state, act)
            except WrongMove:
                continue
            done.add(act)
            if state is State.CLOSED:
                assert {Act.ACK, Act.CLEAR} <= done


def test_severities_are_ordered_by_gravity() -> None:
    assert Severity.LOW < Severity.MEDIUM < Severity.HIGH < Severity.CRITICAL


def test_alert_id_is_the_same_for_ever() -> None:
    # printf 'v1:fast:1:hq1-radar-1:1763800000000000' | sha256sum, its first 24 digits
    assert alert_id("fast", 1, "hq1-radar-1", 1_763_800_000_000_000) == "b7f6a3a91526ce9a4436c7b3"


@given(PARTS, PARTS)
def test_alert_ids_are_equal_only_for_equal_parts(
    a: tuple[str, int, str, int], b: tuple[str, int, str, int]
) -> None:
    assert (alert_id(*a) == alert_id(*b)) == (a == b)
    assert len(alert_id(*a)) == 24
    assert set(alert_id(*a)) <= set("0123456789abcdef")
