"""The life of an order as the hub sees it: the agent has the last word, in any order of its words."""

from __future__ import annotations

from dataclasses import replace
from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.wire.orders import TOLD, OrderKind, OrderState, Outcome
from hub.orders.record import (
    GRACE_US,
    HOLDING_US,
    NO_WORD,
    SETTLING_US,
    US_PER_S,
    Record,
    cancelled,
    overdue,
    sent,
    told,
)

ID = "0" * 32
NOW = 1_000_000_000_000
MADE = Record(
    ID, OrderKind.WRITE, "edge", "ac-1", {"point": "setpoint_c"}, "ann", "", NOW, NOW + 60 * US_PER_S
)
HELD = replace(MADE, args={"point": "setpoint_c", "hold_s": 600})
STATES = sorted(TOLD)


def word(state: OrderState, code: str = "") -> Outcome:
    return Outcome(ID, state, NOW, code, before=26.0, after=25.0)


def after(record: Record, *words: Outcome) -> Record:
    for one in words:
        record = told(record, one, NOW) or record
    return record


@pytest.mark.promise("P-orders-11")
@pytest.mark.parametrize("end", ["verified", "failed", "expired", "cancelled"])
def test_in_whatever_order_the_words_of_an_agent_come_the_last_counts(end: str) -> None:
    words = [word(OrderState.TAKEN), word(OrderState.TAKEN), word(OrderState(end))]
    for order in permutations(words):
        ended = after(sent(MADE, NOW), *order)
        assert (ended.state, ended.open, ended.assumed) == (OrderState(end), False, False)


def test_a_held_value_is_held_until_it_is_given_back() -> None:
    holding = after(sent(HELD, NOW), word(OrderState.VERIFIED), word(OrderState.TAKEN))
    assert (holding.state, holding.open, holding.holding) == (OrderState.VERIFIED, True, True)
    assert holding.until_us == NOW + 600 * US_PER_S
    assert holding.until_us is not None
    assert overdue(holding, holding.until_us + HOLDING_US - 1) is None
    lost = overdue(holding, holding.until_us + HOLDING_US)
    assert lost is not None
    assert (lost.state, lost.code, lost.open, lost.assumed) == (OrderState.FAILED, NO_WORD, False, True)
    assert after(lost, word(OrderState.RELEASED, "over")).state is OrderState.RELEASED
    released = after(holding, word(OrderState.RELEASED, "over"))
    assert (released.state, released.open, released.holding) == (OrderState.RELEASED, False, False)
    assert after(released, word(OrderState.VERIFIED), word(OrderState.FAILED)) == released


def test_what_was_so_already_holds_nothing() -> None:
    ended = after(sent(HELD, NOW), word(OrderState.VERIFIED, "already"))
    assert (ended.open, ended.holding) == (False, False)


def test_nothing_is_released_that_was_not_held() -> None:
    assert after(sent(MADE, NOW), word(OrderState.RELEASED)).state is OrderState.SENT


@pytest.mark.promise("P-orders-11")
def test_without_a_word_the_hub_assumes_and_a_late_word_corrects_it() -> None:
    out = sent(MADE, NOW)
    end_us = MADE.expires_us
    assert overdue(out, end_us + GRACE_US - 1) is None
    assumed = overdue(out, end_us + GRACE_US)
    assert assumed is not None
    assert (assumed.state, assumed.code, assumed.assumed) == (OrderState.EXPIRED, NO_WORD, True)
    corrected = after(assumed, word(OrderState.VERIFIED))
    assert (corrected.state, corrected.assumed, corrected.code) == (OrderState.VERIFIED, False, "")
    taken = after(out, word(OrderState.TAKEN))
    assert overdue(taken, end_us + GRACE_US) is None
    lost = overdue(taken, end_us + SETTLING_US)
    assert lost is not None
    assert (lost.state, lost.assumed) == (OrderState.FAILED, True)
    assert after(lost, word(OrderState.VERIFIED)).state is OrderState.VERIFIED


def test_what_never_went_out_is_expired_for_sure() -> None:
    ended = overdue(MADE, MADE.expires_us)
    assert ended is not None
    assert (ended.state, ended.assumed) == (OrderState.EXPIRED, False)


def test_a_cancelled_order_that_waits_is_over_and_one_that_went_out_is_asked_for() -> None:
    assert cancelled(MADE, "bob", NOW).state is OrderState.CANCELLED
    asked = cancelled(sent(MADE, NOW), "bob", NOW)
    assert (asked.state, asked.open, asked.cancelled_by) == (OrderState.SENT, True, "bob")
    assumed = overdue(asked, MADE.expires_us + GRACE_US)
    assert assumed is not None
    assert assumed.state is OrderState.CANCELLED


@given(
    st.lists(
        st.tuples(st.sampled_from(STATES), st.sampled_from(["", "already"]))
        | st.sampled_from(["late", "cancel"])
    ),
    st.booleans(),
)
def test_any_story_leaves_an_order_that_is_open_or_ended(story: list[object], held: bool) -> None:  # noqa: FBT001
    record = sent(HELD if held else MADE, NOW)
    for step in story:
        before = record
        if step == "late":
            record = (overdue(record, NOW + 10**12) if record.open else None) or record
        elif step == "cancel":
            record = cancelled(record, "bob", NOW) if record.open else record
        else:
            assert isinstance(step, tuple)
            record = told(record, word(*step), NOW) or record
        if not before.open and not before.assumed:
            assert record == before  # what is over stays as it is
        assert record.open == (record.ended_us is None)
        waits = record.state in {OrderState.SENT, OrderState.TAKEN}
        assert record.open == (waits or record.holding)
