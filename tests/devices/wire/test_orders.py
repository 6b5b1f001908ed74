"""Orders and outcomes on the wire: what goes in comes out, and nothing else does."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from devices.model.errors import Garbled
from devices.wire.messages import Kind, Message, decode, encode
from devices.wire.orders import (
    MAX_ARGS,
    MAX_DATA,
    MOST_ORDERS,
    TOLD,
    Bundle,
    Freeze,
    Order,
    OrderKind,
    Outcome,
    bundle_from,
    bundle_message,
    outcomes_from,
    outcomes_message,
)

IDS = st.text("0123456789abcdef", min_size=32, max_size=32)
NUMBERS = st.floats(allow_nan=False, allow_infinity=False)
ORDERS = st.builds(
    Order,
    IDS,
    st.sampled_from(OrderKind),
    st.text("abc-1", min_size=1, max_size=20),
    st.dictionaries(st.text(max_size=5), NUMBERS | st.none() | st.text(max_size=9), max_size=3),
    st.integers(0, 1 << 50),
    st.booleans(),
)
OUTCOMES = st.builds(
    Outcome,
    IDS,
    st.sampled_from(sorted(TOLD)),
    st.integers(0, 1 << 50),
    st.text("abc", max_size=9),
    st.text(max_size=20),
    st.none() | NUMBERS,
    st.none() | NUMBERS,
    st.text(max_size=20),
)
ONE = Order("0" * 32, OrderKind.WRITE, "ac-1", {"point": "setpoint_c", "value": 26.0}, 1000)


@given(st.lists(ORDERS, max_size=3), st.lists(IDS, max_size=3), st.integers(0, 99), st.booleans())
def test_what_the_hub_says_arrives(orders: list[Order], cancel: list[str], number: int, frozen: bool) -> None:  # noqa: FBT001
    said = Bundle("edge", 5, Freeze(number, frozen), tuple(orders), tuple(cancel))
    assert bundle_from(decode(encode(bundle_message(said))), "edge") == said


@given(st.lists(OUTCOMES, max_size=3))
def test_what_an_agent_says_arrives(outcomes: list[Outcome]) -> None:
    assert outcomes_from(decode(encode(outcomes_message("edge", 1, 2, outcomes))), "edge") == outcomes


def test_words_for_another_agent_are_refused() -> None:
    with pytest.raises(Garbled, match="edge-2"):
        bundle_from(bundle_message(Bundle("edge", 5, Freeze(), (ONE,))), "edge-2")
    with pytest.raises(Garbled, match="edge-2"):
        outcomes_from(outcomes_message("edge", 1, 2, []), "edge-2")


@pytest.mark.parametrize(
    "change",
    [
        {"id": "0" * 31},
        {"id": "X" * 32},
        {"kind": "format"},
        {"target": ""},
        {"target": "a" * 65},
        {"args": "[]"},
        {"args": "{"},
        {"args": '{"value": NaN}'},
        {"args": '{"a": "' + "x" * MAX_ARGS + '"}'},
        {"args": "[" * 4000},
        {"expires_us": -1},
        {"expires_us": True},
        {"expires_us": 1 << 62},
    ],
)
def test_an_order_that_is_not_whole_is_refused(change: dict[str, Any]) -> None:
    message = bundle_message(Bundle("edge", 5, Freeze(), (ONE,)))
    message.header["orders"][0] |= change
    with pytest.raises(Garbled):
        bundle_from(message, "edge")


@pytest.mark.parametrize(
    "change",
    [
        {"orders": [1]},
        {"orders": None},
        {"cancel": ["x"]},
        {"cancel": ["0" * 32] * (MOST_ORDERS + 1)},
        {"freeze": {"number": 1}},
        {"freeze": {"number": 1, "frozen": 1}},
        {"freeze": {"number": -1, "frozen": True}},
        {"time_us": "now"},
    ],
)
def test_a_bundle_that_is_not_whole_is_refused(change: dict[str, Any]) -> None:
    message = bundle_message(Bundle("edge", 5, Freeze(), (ONE,)))
    message.header.update(change)
    with pytest.raises(Garbled):
        bundle_from(message, "edge")


@pytest.mark.parametrize(
    "change",
    [
        {"state": "queued"},
        {"state": "sent"},
        {"state": "eaten"},
        {"before": "26"},
        {"after": float("nan")},
        {"after": True},
        {"code": "x" * 25},
        {"text": "x" * 301},
        {"data": "x" * (MAX_DATA + 1)},
        {"time_us": None},
    ],
)
def test_an_outcome_that_is_not_whole_is_refused(change: dict[str, Any]) -> None:
    message = outcomes_message("edge", 1, 2, [Outcome("0" * 32, min(TOLD), 1)])
    message.header["outcomes"][0] |= change
    with pytest.raises(Garbled):
        outcomes_from(message, "edge")


def test_another_kind_of_message_is_refused() -> None:
    with pytest.raises(Garbled):
        bundle_from(Message(Kind.RULES, bundle_message(Bundle("edge", 5, Freeze())).header), "edge")
