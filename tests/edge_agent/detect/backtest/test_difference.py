"""The difference of two sides: every alert is told of once, and by its own name."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.detect.backtest.difference import What, difference
from edge_agent.detect.backtest.episodes import Episode
from edge_agent.detect.backtest.span import Span

SPAN = Span(100, 1000, ZoneInfo("UTC"))


def episode(
    start_us: int, cleared_us: int | None, *, delay_us: int = 0, severity: int = 1, device: str = "a"
) -> Episode:
    return Episode("rule", 1, device, start_us, start_us + delay_us, cleared_us, severity)


@pytest.mark.parametrize(
    ("live", "draft", "what"),
    [
        ([(200, 300)], [(200, 300)], ["same"]),
        ([(200, 300)], [], ["lost"]),
        ([], [(200, 300)], ["gained"]),
        ([(200, 300)], [(250, 300)], ["moved"]),
        ([(200, 300)], [(200, None)], ["moved"]),
        ([(200, 300)], [(301, 400)], ["lost", "gained"]),
        ([(200, 300), (400, 500)], [(200, 500)], ["moved", "lost"]),
        ([(200, 500)], [(200, 300), (400, 500)], ["moved", "gained"]),
        ([(50, 300)], [(50, 300)], []),
        ([(50, 300)], [(150, 300)], ["moved"]),
        ([(50, 300)], [], []),
        ([(200, 200)], [(200, 200)], ["same"]),
    ],
)
def test_pairs_are_what_a_person_would_say(
    live: list[tuple[int, int | None]], draft: list[tuple[int, int | None]], what: list[str]
) -> None:
    pairs = difference([episode(*one) for one in live], [episode(*one) for one in draft], SPAN)
    assert [str(pair.what) for pair in pairs] == what


@pytest.mark.parametrize(
    "other", [episode(200, 300, severity=2), episode(200, 300, delay_us=5), episode(199, 300, delay_us=1)]
)
def test_another_face_is_a_move(other: Episode) -> None:
    (pair,) = difference([episode(200, 300)], [other], SPAN)
    assert pair.what is What.MOVED


def test_alerts_of_another_device_or_rule_are_no_pair() -> None:
    mine, other = episode(200, 300), episode(200, 300, device="b")
    assert [pair.what for pair in difference([mine], [other], SPAN)] == [What.LOST, What.GAINED]


spans = st.lists(st.integers(100, 999), unique=True, max_size=20).map(
    lambda edges: [episode(*pair) for pair in zip(*[iter(sorted(edges))] * 2, strict=False)]
)


@given(spans, spans)
def test_each_alert_of_both_sides_is_in_one_pair(live: list[Episode], draft: list[Episode]) -> None:
    pairs = difference(live, draft, SPAN)
    assert sorted(p.live.start_us for p in pairs if p.live) == [one.start_us for one in live]
    assert sorted(p.draft.start_us for p in pairs if p.draft) == [one.start_us for one in draft]
    for pair in pairs:
        if pair.live and pair.draft:
            assert pair.live.start_us <= pair.draft.cleared_us
            assert pair.draft.start_us <= pair.live.cleared_us
        assert (pair.what is What.GAINED) == (pair.live is None)
        assert (pair.what is What.LOST) == (pair.draft is None)


@given(spans)
def test_the_same_on_both_sides_is_no_difference(live: list[Episode]) -> None:
    assert {pair.what for pair in difference(live, live, SPAN)} <= {What.SAME}
