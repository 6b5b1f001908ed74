"""What units refused: cut again from the plan, kept for a while, and learned anew where it cannot be read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.sources.modbus.learned import KEPT_US, STATE, Cut, Learned, applied, learned
from edge_agent.sources.modbus.plan import Limits, Reading, Why, spans, split
from tests.edge_agent.sources.modbus.register_points import readings

WIDE = Limits(2000, 100, ())


@given(readings(most=20), st.randoms())
def test_cuts_learned_one_by_one_give_the_same_requests_from_the_plan(
    of: list[Reading], random: object
) -> None:
    """The slow twin is what a link does: refuse a request, go on with its pieces."""
    pieces, cuts = list(spans(of, WIDE)), {}
    for _ in range(4):
        place = random.randrange(len(pieces))  # type: ignore[attr-defined]
        made = split(pieces[place])
        if len(made) > 1:
            cuts[Cut.of("bus", 1, pieces[place])] = 0
            pieces[place : place + 1] = made
    found = applied(cuts, "bus", 1, spans(of, WIDE))
    assert [(span.table, span.addr, span.count) for span in found] == [
        (span.table, span.addr, span.count) for span in pieces
    ]
    assert all((span.why is Why.REFUSED) == (span not in spans(of, WIDE)) for span in found)
    assert applied(cuts, "bus", 2, spans(of, WIDE)) == spans(of, WIDE), "another unit is another matter"


@given(readings(most=10))
def test_what_is_kept_is_read_again_and_forgotten_in_time(of: list[Reading]) -> None:
    kept: dict[str, bytes] = {}
    memory = Learned(told=kept.update)
    for number, span in enumerate(spans(of, WIDE)):
        memory.add(Cut.of("bus", number, span), 5)
    assert learned(kept[STATE], 6).cuts == memory.cuts
    assert learned(kept[STATE], 5 + KEPT_US).cuts == {}


@pytest.mark.parametrize(
    "saved", [b"", b"{", b"[1]", b'[["bus", 1, "nothing", 0, 1, 2]]', json.dumps([[]]).encode()]
)
def test_what_cannot_be_read_is_learned_again(saved: bytes, caplog: pytest.LogCaptureFixture) -> None:
    assert learned(saved, 0).cuts == {}
    assert "learned again" in caplog.text
